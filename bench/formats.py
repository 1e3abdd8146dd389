"""Output formats beside `json`, and augmentation: how many a CPU second, in one run.

Every format renders and parses the same 2,000 replies of one to three calls; `json` is `dumps` and `loads`
of the same calls, the least that any text costs. Augmentation varies the clean rows of bench/verify.py: "as
usual" is the default policy of the command line, "everything" does all that keeps the calls to every row,
"verified" is what the verb does, each variant checked again.

    python bench/formats.py [repeats]         # 5 unless told
    python bench/formats.py laws [examples]   # the laws of all formats on 100,000 generated replies each
"""

import gc
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from callwright.augment import DEFAULT_POLICY, OPERATIONS, AugmentStep, policy_of
from callwright.augmentation import CheckedVariants, tools_of
from callwright.formats import FORMATS, Format, Malformed, Reply, Unrenderable
from callwright.record import ToolCall, Trajectory
from callwright.toolbox import import_python
from verify import library, rows_of

REPLIES, ROWS = 2_000, 3_000


def main() -> None:
    """Print a line per format and per policy."""
    if sys.argv[1:2] == ["laws"]:
        laws(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
        return
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows = made()
    gc.collect()
    gc.freeze()  # what is measured is no walk over the rows of the bench
    calling = (message.tool_calls for row in rows for message in row.messages if message.tool_calls)
    bare = ([ToolCall(name=call.name, arguments=call.arguments) for call in calls] for calls in calling)
    replies = [Reply("", tuple(calls)) for calls in islice(bare, REPLIES)]
    formats(replies, repeats)
    augmentation(rows, repeats)


def made() -> list[Trajectory]:
    """Return the clean rows of bench/verify.py."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "library.py"
        library(path)
        return [row for kind, _, row in rows_of(import_python(path)) if kind == "clean"][:ROWS]


def formats(replies: Sequence[Reply], repeats: int) -> None:
    """Print how many replies a format writes and reads a second, and that as a share of json's."""
    plain = [[{"name": c.name, "arguments": c.arguments} for c in reply.calls] for reply in replies]
    written = [json.dumps(each, ensure_ascii=False) for each in plain]
    least = (
        rate(lambda: [json.dumps(each, ensure_ascii=False) for each in plain], len(replies), repeats),
        rate(lambda: [json.loads(each) for each in written], len(replies), repeats),
    )
    print(f"{'':<16}{'writes':>10}{'reads':>10}   of json's   (replies a CPU second)")
    print(f"{'json':<16}{least[0]:>10,.0f}{least[1]:>10,.0f}   1.00  1.00")
    for form in FORMATS.values():
        print_rates(form, replies, least, repeats)


def print_rates(form: Format, replies: Sequence[Reply], least: tuple[float, float], repeats: int) -> None:
    """Print the line of one format."""
    texts = [form.render(reply) for reply in replies]
    assert [form.parse(text) for text in texts] == list(replies)
    writes = rate(lambda: [form.render(reply) for reply in replies], len(replies), repeats)
    reads = rate(lambda: [form.parse(text) for text in texts], len(replies), repeats)
    print(f"{form.name:<16}{writes:>10,.0f}{reads:>10,.0f}   {writes / least[0]:.2f}  {reads / least[1]:.2f}")


def augmentation(rows: Sequence[Trajectory], repeats: int) -> None:
    """Print how many variants a second come out under three policies, and how many of them are dropped."""
    pool = tools_of(rows)
    everything = ",".join(f"{name}=1" for name in OPERATIONS if name not in ("irrelevant", "unclear"))
    usual = AugmentStep(seed=1, policy=policy_of(DEFAULT_POLICY), keep_original=False, pool=pool)
    steps: dict[str, Callable[[Sequence[Trajectory]], Any]] = {
        "order": AugmentStep(seed=1, policy=policy_of("order"), keep_original=False),
        "as usual": usual,
        "everything": AugmentStep(seed=1, policy=policy_of(everything), keep_original=False, pool=pool),
        "as usual, verified": CheckedVariants(usual, originals=False),
    }
    print(f"\n{'augmentation':<24}{'variants a CPU second':>22}{'dropped':>10}")
    for name, step in steps.items():
        dropped = sum(not isinstance(row, Trajectory) for row in step(rows))
        made = rate(partial(exhaust, step, rows), len(rows), repeats)
        print(f"{name:<24}{made:>22,.0f}{dropped:>10,}")


def exhaust(step: Callable[[Sequence[Trajectory]], Any], rows: Sequence[Trajectory]) -> None:
    """Let a step make all that it makes of rows, and keep none of it."""
    for _ in step(rows):
        pass


def rate(work: Callable[[], object], count: int, repeats: int) -> float:
    """Return how many of `count` things a CPU second does, the median of the repeats."""
    times = []
    for _ in range(repeats):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return count / statistics.median(times)


HOSTILE = (
    "<tool_call>", "</tool_call>", "<tool_calls>", "<|im_end|>", "</think>", "[/INST]", "</s>",
    "### Response:", '"}}', "\\", "'", '"', "\n", "\r\n", "\x00\x1f\x7f\x85\u2028\ufeff", "```", "[[calls]]",
    "- name:", "# end", "...", "tools.", "call=", "[end]", "---", "Action:", "Final Answer:", "&amp;",
    "Tool call: use ", "**Tool call:**", "<function=", "[TOOL_CALLS]", "ключ 鍵 🗝", "true", "null", "1e5",
    "~", "0x1F", " ", "", "{", "}", "[", "]", ":", ",", "=", "#",
)  # fmt: skip
"""What arguments are made of: the syntax of every format, and what breaks parsers."""


def laws(examples: int) -> None:
    """Print, per format, how many generated replies came back as they were, and how many it refuses."""
    print(f"{'format':<16}{'replies':>10}{'came back':>12}{'refused':>10}{'wrong':>8}{'seconds':>9}")
    for name, form in FORMATS.items():
        rng = random.Random(f"laws {name}")
        counts = {"back": 0, "refused": 0, "wrong": 0}
        started = time.monotonic()
        for _ in range(examples):
            counts[verdict(form.render, form.parse, reply(rng))] += 1
        print(
            f"{name:<16}{examples:>10,}{counts['back']:>12,}{counts['refused']:>10,}{counts['wrong']:>8,}"
            f"{time.monotonic() - started:>9.1f}",
            flush=True,
        )
        assert not counts["wrong"]


def verdict(render: Callable[[Reply], str], parse: Callable[[str], Reply | Malformed], said: Reply) -> str:
    """Return what became of a reply; also cuts its text once, which may not make another call of it."""
    try:
        text = render(said)
    except Unrenderable:
        return "refused"
    cut = parse(text[: len(text) // 2])
    if isinstance(cut, Reply) and repr(cut.calls) != repr(said.calls[: len(cut.calls)]):
        return "wrong"
    return "back" if repr(parse(text)) == repr(said) else "wrong"


def reply(rng: random.Random) -> Reply:
    """Return a reply: text, or calls, seldom both."""
    calls = tuple(
        ToolCall(
            name=rng.choice(("f", "weather.get", "a-b", "mcp/x:y", text(rng) or "g")),
            arguments=fields(rng, 0),
        )
        for _ in range(rng.choice((0, 1, 1, 1, 2, 3)))
    )
    return Reply(text(rng) if not calls or rng.random() < 0.2 else "", calls)


def text(rng: random.Random) -> str:
    """Return a text out of hostile pieces and any characters that UTF-8 has."""
    pieces = (
        rng.choice(HOSTILE)
        if rng.random() < 0.6
        else chr(rng.choice((rng.randrange(32, 127), rng.randrange(0xD800))))
        for _ in range(rng.randrange(6))
    )
    return "".join(pieces)


def value(rng: random.Random, depth: int) -> Any:
    """Return a JSON value."""
    kind = rng.randrange(7 if depth < 3 else 5)
    if kind < 2:
        return text(rng)
    if kind == 2:
        return rng.choice((0, -1, 7, 10**20, rng.randrange(-(10**6), 10**6)))
    if kind == 3:
        return rng.choice((0.0, -0.0, 1e16, 1e-7, rng.uniform(-1e6, 1e6)))
    if kind == 4:
        return rng.choice((None, True, False))
    return fields(rng, depth + 1) if kind == 5 else [value(rng, depth + 1) for _ in range(rng.randrange(4))]


def fields(rng: random.Random, depth: int) -> dict[str, Any]:
    """Return an object."""
    keys = (rng.choice(("a", "city", "from", "odd key", "größe", text(rng))) for _ in range(rng.randrange(4)))
    return {key: value(rng, depth) for key in keys}


if __name__ == "__main__":
    main()
