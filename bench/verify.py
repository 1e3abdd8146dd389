"""Verified rows a second, and wrong verdicts: ours beside distilabel 1.5.3, on the same rows, in one run.

The 5,000 rows call 51 functions of a library that is made here, 1 to 3 calls a row; 4,000 are clean, and
1,000 carry one planted defect, or look odd and are right, of the kinds in `KINDS`. Whether a row is right is
known from how it was made. Measured: our static checks on the clean rows (one process); lines to lines, every
call executed twice, by two workers with an isolated process each; distilabel's `APIGenExecutionChecker` as a
step, called directly, and in its pipeline. A verdict is wrong if a row with a defect is kept, a right row is
dropped, or a right row is kept with another result than the function gives.

    python -m venv /tmp/peer && /tmp/peer/bin/pip install distilabel==1.5.3 requests beautifulsoup4
    python bench/verify.py [repeats] [/tmp/peer/bin/python]   # 3 unless told; without the peer only ours
"""

from __future__ import annotations

import gc
import itertools
import json
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from callwright import engine
from callwright.record import Dropped, Message, Task, Tool, ToolCall, Trajectory, decode, encode
from callwright.toolbox import Executor, Toolbox, import_python
from callwright.verify import Execute, VerifyStep, verdicts
from callwright.verify.lines import Chunk, ToLines
from callwright.verify.step import STRETCH

Labelled = tuple[str, bool, Trajectory]
"""Kind, whether the row is right, and the row."""
CLEAN, PLANTED, WORKERS = 4_000, 1_000, 2

FAMILIES: tuple[tuple[str, str, str, str], ...] = (
    # name, parameters, body, words of a request
    ("shipping_cost", "weight: float, zone: int, express: bool = False",
     "return round((2 + weight * zone) * (1.5 if express else 1), 2)",
     "What does it cost to ship {weight} kg to zone {zone}, express {express}?"),
    ("full_name", "first: str, last: str", "return f'{first} {last}'", "Join the names {first} and {last}."),
    ("mean_of", "values: list[float]", "return sum(values) / len(values)", "What is the mean of {values}?"),
    ("discount", "price: float, percent: int", "return round(price * (100 - percent) / 100, 2)",
     "Take {percent} percent off {price}."),
    ("repeat_text", "text: str, times: int = 2", "return text * times", "Repeat {text} {times} times."),
    ("seat_count", "rows: int, seats: int", "return rows * seats",
     "A hall has {rows} rows of {seats} seats."),
    ("is_longer", "one: str, other: str", "return len(one) > len(other)", "Is {one} longer than {other}?"),
    ("initials", "names: list[str]", "return ''.join(n[0] for n in names)", "Give the initials of {names}."),
    ("to_fahrenheit", "celsius: float", "return celsius * 9 / 5 + 32", "Convert {celsius} degrees celsius."),
    ("loan_rate", "amount: float, months: int, rate: float",
     "return round(amount * (1 + rate / 100) / months, 2)",
     "A loan of {amount} over {months} months at {rate} percent."),
    ("room_size", "length: float, width: float", "return {'area': length * width}",
     "How large is a room of {length} by {width} metres?"),
    ("rank_of", "scores: list[int], mine: int", "return sorted(scores, reverse=True).index(mine) + 1 "
     "if mine in scores else None or 0", "Among {scores}, what is the rank of {mine}?"),
    ("label", "title: str, color: Literal['red', 'green', 'blue'] = 'red'", "return f'{title}/{color}'",
     "Label {title} in {color}."),
    ("split_bill", "total: float, people: int", "return round(total / people, 2)",
     "Split a bill of {total} among {people} people."),
    ("code_of", "city: str, number: int", "return city[:3].upper() + str(number)",
     "Make a code of {city} and {number}."),
    ("countdown", "start: int, step: int = 1", "return list(range(start, 0, -step))[:20]",
     "Count down from {start} in steps of {step}."),
    ("fare", "distance: float, night: bool = False", "return round(3 + distance * (2 if night else 1.5), 2)",
     "What is the fare for {distance} km, night {night}?"),
)  # fmt: skip
FAILING = '''
def always_raises(city: str) -> str:
    """Look a city up and fail."""
    raise LookupError(city)


def returns_an_error(city: str) -> dict:
    """Look a city up and return an error."""
    return {"error": f"no entry for {city}"}
'''


def library(path: Path) -> None:
    """Write the 51 functions, three of each family, and two that fail."""
    parts = ['"""Functions for a benchmark."""\n\nfrom typing import Literal\n']
    for (name, parameters, body, _), k in itertools.product(FAMILIES, range(3)):
        about = name.replace("_", " ").capitalize()
        parts.append(f'\n\ndef {name}_{k}({parameters}):\n    """{about}."""\n    {body}\n')
    path.write_text("".join(parts) + "\n" + FAILING, encoding="utf-8")


# --- rows


WORDS = "amber basil cedar delta ember fjord grove hazel indigo juniper krill lemon maple nutmeg olive"


def value(schema: dict[str, Any], rng: random.Random) -> Any:
    """Return a value of a schema."""
    if "enum" in schema:
        return rng.choice(schema["enum"])
    kind = schema["type"]
    if kind == "array":
        return [value(schema["items"], rng) for _ in range(rng.randint(2, 4))]
    made: dict[str, Callable[[], Any]] = {
        "string": lambda: rng.choice(WORDS.split()),
        "integer": lambda: rng.randint(2, 40),
        "number": lambda: rng.randint(20, 4000) / 10 + 0.05,
        "boolean": lambda: rng.random() < 0.5,
    }
    return made[kind]()


def said(v: Any) -> str:
    """Return a value as a request names it."""
    return ", ".join(map(said, v)) if isinstance(v, list) else str(v)


def clean_row(number: int, tools: list[Tool], rng: random.Random) -> Trajectory:
    """Return a request, two to five tools, and one to three calls whose values all stand in the request."""
    offered = rng.sample(tools, rng.randint(3, 5))
    calls, texts = [], []
    for tool in offered[: rng.choice((1, 1, 2, 2, 3))]:
        arguments = {name: value(s, rng) for name, s in tool.parameters["properties"].items()}
        calls.append(ToolCall(name=tool.name, arguments=arguments))
        wording = next(f[3] for f in FAMILIES if tool.name.startswith(f[0]))
        texts.append(wording.format(**{k: said(v) for k, v in arguments.items()}))
    rng.shuffle(offered)
    return Trajectory(
        id=str(number),
        task=Task(expects="call"),
        tools=tuple(offered),
        messages=(
            Message(role="user", content=" ".join(texts)),
            Message(role="assistant", tool_calls=tuple(calls)),
        ),
    )


def spoiled(change: Callable[[ToolCall], ToolCall]) -> Callable[[Trajectory], Trajectory]:
    """Return a change of the first call of a row."""

    def apply(t: Trajectory) -> Trajectory:
        first, *rest = t.messages[1].tool_calls
        return replace(t, messages=(t.messages[0], replace(t.messages[1], tool_calls=(change(first), *rest))))

    return apply


def other(call: ToolCall, **arguments: Any) -> ToolCall:
    """Return the call with other arguments."""
    return replace(call, arguments=arguments)


def calling(name: str) -> Callable[[ToolCall], ToolCall]:
    return lambda c: replace(c, name=name, arguments={"city": "amber"})


def first_to(v: Any) -> Callable[[ToolCall], ToolCall]:
    """Return a change of the first argument."""

    def apply(c: ToolCall) -> ToolCall:
        name, *_ = c.arguments
        return other(c, **{**c.arguments, name: v(c.arguments[name]) if callable(v) else v})

    return apply


def _not_offered(t: Trajectory) -> Trajectory:
    called = {call.name for call in t.messages[1].tool_calls}
    return replace(t, tools=tuple(tool for tool in t.tools or () if tool.name not in called))


KINDS: dict[str, tuple[bool, Callable[[Trajectory], Trajectory]]] = {
    # kind → is it right?, the change
    "function that is not offered": (False, spoiled(lambda c: replace(c, name=c.name + "_v2"))),
    "function in another case": (False, spoiled(lambda c: replace(c, name=c.name.upper()))),
    "library function that the row does not offer": (False, _not_offered),
    "missing argument": (False, spoiled(lambda c: other(c, **dict(list(c.arguments.items())[1:])))),
    "missing argument, another in its place": (
        False, spoiled(lambda c: other(c, zz=1, **dict(list(c.arguments.items())[1:])))),
    "undeclared argument": (False, spoiled(lambda c: other(c, **c.arguments, zz="1"))),
    "argument renamed": (False, spoiled(lambda c: other(c, **{f"{k}_x": v for k, v in c.arguments.items()}))),
    "value as text": (False, spoiled(first_to(lambda v: v if isinstance(v, str) else json.dumps(v)))),
    "null": (False, spoiled(first_to(None))),
    "truth value": (False, spoiled(first_to(True))),
    "object": (False, spoiled(first_to({"a": 1}))),
    "list around a value": (False, spoiled(first_to(lambda v: [[v]]))),
    "not a number": (False, spoiled(first_to(float("inf")))),
    "no arguments at all": (
        False, spoiled(lambda c: replace(c, arguments=None, raw='{"a": ', parse_error="cut"))),
    "no name": (False, spoiled(lambda c: replace(c, name=""))),
    "same call twice": (False, lambda t: replace(t, messages=(t.messages[0], replace(
        t.messages[1], tool_calls=(*t.messages[1].tool_calls, t.messages[1].tool_calls[0]))))),
    "tool raises": (False, spoiled(calling("always_raises"))),
    "tool returns an error": (False, spoiled(calling("returns_an_error"))),
    "arguments in another order": (
        True, spoiled(lambda c: other(c, **dict(reversed(list(c.arguments.items())))))),
    "text that is Python": (True, spoiled(first_to(lambda v: "1 + 1" if isinstance(v, str) else v))),
    "text that is a name": (True, spoiled(first_to(lambda v: "print" if isinstance(v, str) else v))),
    "text that is a number": (True, spoiled(first_to(lambda v: "007" if isinstance(v, str) else v))),
    "text with quotes": (True, spoiled(first_to(lambda v: 'a "b" \'c\'' if isinstance(v, str) else v))),
    "text beyond ASCII": (True, spoiled(first_to(lambda v: "Zoë 東京 😀" if isinstance(v, str) else v))),
    "tools in another order": (True, lambda t: replace(t, tools=t.tools[::-1])),
    "default left out": (True, spoiled(lambda c: c)),
}  # fmt: skip


def rows_of(box: Toolbox) -> list[Labelled]:
    """Return (kind, is it right, row) for every row, in a fixed random order."""
    rng = random.Random(7)
    tools = [tool for tool in box.tools if tool.name not in ("always_raises", "returns_an_error")]
    failing = tuple(tool for tool in box.tools if tool not in tools)
    rows = [("clean", True, clean_row(i, tools, rng)) for i in range(CLEAN)]
    kinds = itertools.cycle(KINDS.items())
    while len(rows) < CLEAN + PLANTED:
        kind, (right, change) = next(kinds)
        before = clean_row(len(rows), tools, rng)
        if kind.startswith("tool "):
            before = replace(before, tools=(*before.tools, *failing))
        after = change(before)
        if not right and _same(before, after):
            right = True  # a text for a text: nothing was spoiled
        rows.append((kind, right, after))
    rng.shuffle(rows)
    return rows


def _same(one: Trajectory, other: Trajectory) -> bool:
    return one.messages == other.messages and one.tools == other.tools


# --- ours


def static_rate(lines: list[bytes]) -> float:
    """Return rows per CPU second of the static checks, on rows fresh from a file."""
    rows = [decode(line) for line in lines]
    gc.collect()
    gc.freeze()  # what the rows are made of was there before, and is not to be searched for garbage
    start = time.process_time()
    for k in range(0, len(rows), STRETCH):
        verdicts(rows[k : k + STRETCH])
    rate = len(rows) / (time.process_time() - start)
    gc.unfreeze()
    return rate


def executed_rate(box: Toolbox, lines: list[bytes]) -> float:
    """Return rows a second, wall time, from lines to lines, with every call executed twice.

    The clock starts when the first chunk is back: processes take a moment to start, whatever comes then.
    """
    numbered = list(enumerate(lines, start=1))
    tasks = [
        engine.Task("rows", Chunk("rows", numbered[k : k + STRETCH]))
        for k in range(0, len(numbered), STRETCH)
    ]
    step = VerifyStep(execute=partial(opened, Executor(box).play))
    done = engine.in_order(ToLines(step), tasks, workers=WORKERS)
    first = next(done).rows
    start = time.perf_counter()
    rows = sum(batch.rows for batch in done)
    assert first + rows == len(lines)
    return rows / (time.perf_counter() - start)


def judged(box: Toolbox, rows: Iterable[Trajectory]) -> list[Trajectory | Dropped]:
    """Return what becomes of the rows when every call is executed twice."""
    with Executor(box) as executor:
        return list(VerifyStep(execute=partial(opened, executor.play))(rows))


def opened(execute: Execute) -> AbstractContextManager[Execute]:
    """Return an executor that stays open: the step is called once for every chunk of rows."""
    return nullcontext(execute)


# --- the peer, in a process of its own


PEER = """
import json, sys, time, resource, warnings, logging
warnings.filterwarnings("ignore")
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import APIGenExecutionChecker
library, rows_file, how = sys.argv[1:4]
rows = [json.loads(line) for line in open(rows_file)]
if how != "pipeline":
    checker = APIGenExecutionChecker(libpath=library)
    checker.load()
    out, start = [], time.perf_counter()
    for k in range(0, len(rows), 50):
        batch = rows[k : k + 50]
        try:
            out += next(checker.process([dict(row) for row in batch]))
        except Exception:  # in its pipeline the whole batch would be lost; here the others get their verdict
            for row in batch:
                try:
                    out += next(checker.process([dict(row)]))
                except Exception:
                    out.append({"keep_row_after_execution_check": None})
    seconds = time.perf_counter() - start
else:
    with Pipeline() as pipeline:
        load = LoadDataFromDicts(data=rows, batch_size=50)
        check = APIGenExecutionChecker(libpath=library, input_batch_size=50)
        load >> check
    start = time.perf_counter()
    made = pipeline.run(use_cache=False)
    seconds = time.perf_counter() - start
    out = list(made["default"]["train"])
print(json.dumps({"seconds": seconds, "rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    "kept": [row.get("keep_row_after_execution_check") for row in out],
    "results": [row.get("execution_result") for row in out]}))
"""


def peer_row(t: Trajectory) -> dict[str, Any]:
    """Return a row as distilabel wants it."""
    answers = [
        {"name": c.name, "arguments": c.arguments} if c.arguments is not None else c.raw
        for c in t.messages[1].tool_calls
    ]
    tools = [
        {"name": x.name, "description": x.description, "parameters": x.parameters} for x in t.tools or ()
    ]
    return {
        "id": t.id, "query": t.messages[0].content,
        "answers": json.dumps(answers), "tools": json.dumps(tools),
    }  # fmt: skip


def peer(python: str, folder: Path, how: str) -> dict[str, Any]:
    """Run distilabel over the rows."""
    done = subprocess.run(
        [python, "-c", PEER, str(folder / "library.py"), str(folder / f"{how}.jsonl"), how],
        capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    try:
        answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        sys.exit(f"the peer failed: {done.stderr[-600:]}")
    return answer


def wrong_of_peer(rows: list[Labelled], answer: dict[str, Any], truth: list[Any]) -> Counter[str]:
    """Count wrong verdicts by kind; a right row kept with another result counts as wrong."""
    wrong: Counter[str] = Counter()
    for (kind, right, _), kept, results, expected in zip(
        rows, answer["kept"], answer["results"], truth, strict=True
    ):
        as_expected = results is not None and [str(r) for r in results] == [str(e) for e in expected]
        wrong[kind] += (bool(kept) != right) or (right and not as_expected)
    return wrong


# --- the table


def main() -> None:
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    python = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        library(folder / "library.py")
        box = import_python(folder / "library.py")
        rows = rows_of(box)
        calls = sum(len(t.messages[1].tool_calls) for _, _, t in rows)
        print(f"{len(rows):,} rows, {calls:,} calls, {len(box.tools) - 2} functions, {repeats} runs, medians")
        ours, wrong = measure_ours(box, rows, repeats)
        theirs = measure_peer(python, folder, box, rows, repeats, ours) if python else None
        if theirs is None:
            print("distilabel is not measured: name a Python that has it")
    print_verdicts(rows, wrong, theirs)


def measure_ours(box: Toolbox, rows: list[Labelled], repeats: int) -> tuple[float, Counter[str]]:
    """Print our rates; return rows a second with execution, and wrong verdicts by kind."""
    clean = [encode(t) for kind, _, t in rows if kind == "clean"]
    static = statistics.median(static_rate(clean) for _ in range(repeats))
    ours = statistics.median(executed_rate(box, clean * 5) for _ in range(repeats))
    with Executor(box) as executor:
        level = executor.isolation
    found = judged(box, [t for _, _, t in rows])
    wrong = Counter(
        kind for (kind, right, _), row in zip(rows, found, strict=True) if isinstance(row, Dropped) == right
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{'static checks':<32} {static:>10,.0f} rows a CPU second")
    what = f"executed twice ({level})"
    print(f"{what:<32} {ours:>10,.0f} rows a second, parent {peak} MiB")
    return ours, wrong


def measure_peer(
    python: str, folder: Path, box: Toolbox, rows: list[Labelled], repeats: int, ours: float
) -> Counter[str]:
    """Print distilabel's rates; return its wrong verdicts by kind.

    For the rates it gets the clean rows only: one row that it can not parse makes its pipeline fail.
    """
    with Executor(box) as executor:
        truth = [
            [o.value for o in executor.many(t.messages[1].tool_calls)] if right else []
            for _, right, t in rows
        ]
    wrong: Counter[str] = Counter()
    for how, times in (("verdicts", 1), ("step", repeats), ("pipeline", 1)):
        chosen = [row for row in rows if how == "verdicts" or row[0] == "clean"]
        text = "".join(json.dumps(peer_row(t)) + "\n" for _, _, t in chosen)
        (folder / f"{how}.jsonl").write_text(text, encoding="utf-8")
        answers = [peer(python, folder, how) for _ in range(times)]
        if how == "verdicts":
            wrong = wrong_of_peer(rows, answers[0], truth)
            continue
        rate = len(chosen) / statistics.median(a["seconds"] for a in answers)
        print(
            f"{f'distilabel 1.5.3, {how}':<32} {rate:>10,.0f} rows a second, {answers[0]['rss']} MiB; "
            f"ours, executed twice: {ours / rate:.1f} times as many"
        )
    return wrong


def print_verdicts(rows: list[Labelled], wrong: Counter[str], theirs: Counter[str] | None) -> None:
    """Print wrong verdicts by kind."""
    total = Counter(kind for kind, _, _ in rows)
    right = Counter(kind for kind, is_right, _ in rows if is_right)
    print(f"\n{'kind':<46} {'rows':>5} {'right':>5}  wrong: ours  distilabel")
    for kind in ["clean", *KINDS]:
        peers = "-" if theirs is None else str(theirs[kind])
        print(f"{kind:<46} {total[kind]:>5} {right[kind]:>5}  {wrong[kind]:>11}  {peers:>10}")
    peers = "-" if theirs is None else str(theirs.total())
    print(f"{'all':<46} {total.total():>5} {right.total():>5}  {wrong.total():>11}  {peers:>10}")


if __name__ == "__main__":
    main()
