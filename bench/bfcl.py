"""Time BFCL scoring from process start: ours beside the official functions, in one run on one machine.

Both score right answers to all 3,641 single-turn rows: as text, which takes the decoders of three languages,
and as function calls. The official side is given every advantage: its decoders and checker only, with all
that they import but do not use replaced by empty modules; the official command line needs several seconds for
its imports alone. The wheel must be in the cache, and tree-sitter installed for the texts (the extra `bfcl`).

    python bench/bfcl.py [repeats]
"""

# What only the parent needs is imported in its functions: the processes that are timed must not pay for it.
import json
import sys
from pathlib import Path
from typing import NamedTuple

ORACLE = Path(__file__).parent.parent / "tests" / "evaluate"
KINDS = {"text": "text, three languages", "calls": "function calls"}


def score_ours(kind: str, answers: Path) -> tuple[int, int]:
    from callwright.evaluate.bfcl.data import SINGLE_TURN, language_of, load
    from callwright.evaluate.bfcl.decoders import decode_function_calls, decode_text
    from callwright.evaluate.bfcl.score import judge

    given = json.loads(answers.read_text(encoding="utf-8"))
    rows = load(SINGLE_TURN).rows
    if kind == "calls":
        return len(rows), sum(judge(row, decode_function_calls(given[row.id])).valid for row in rows)
    decoded = ((row, decode_text(given[row.id], language_of(row.category))) for row in rows)
    return len(rows), sum(judge(row, calls).valid for row, calls in decoded)


def score_official(kind: str, answers: Path, folder: Path) -> tuple[int, int]:
    sys.path.insert(0, str(ORACLE))
    from bfcl_oracle import import_official, judge, load

    official = import_official(folder)
    given = json.loads(answers.read_text(encoding="utf-8"))
    rows = load(folder)
    return len(rows), sum(judge(official, row, kind, given[i])[1] for i, row in rows.items())


class Timed(NamedTuple):
    wall: float
    cpu: float
    score: str


def timed(*arguments: str) -> Timed:
    import resource
    import subprocess
    import time

    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Timed(wall, cpu, done.stdout.strip())


def write_answers(folder: Path) -> None:
    from callwright.evaluate.bfcl.data import SINGLE_TURN, language_of, load
    from callwright.evaluate.bfcl.gold import gold_calls, gold_function_calls, gold_text
    from callwright.evaluate.bfcl.gold_source import as_strings

    texts, calls = {}, {}
    for row in load(SINGLE_TURN).rows:
        calls[row.id] = gold_function_calls(row)
        if language_of(row.category) == "python":
            texts[row.id] = gold_text(row)
            continue
        ((name, given),) = as_strings(row, gold_calls(row))[0].items()
        texts[row.id] = f"[{name}({', '.join(f'{k}={quoted(v)}' for k, v in given.items())})]"
    for kind, answers in (("text", texts), ("calls", calls)):
        (folder / f"{kind}.json").write_text(json.dumps(answers), encoding="utf-8")


def quoted(source: str) -> str:
    code = source.startswith(("new ", "[", "{")) or source.replace(".", "").replace("_", "").isalnum()
    return source if code else json.dumps(source)


def main(repeats: int) -> None:
    import tempfile
    import zipfile

    from callwright import assets

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
            wheel.extractall(folder)
        write_answers(folder)
        for kind, title in KINDS.items():
            compare(kind, title, folder, repeats)


def compare(kind: str, title: str, folder: Path, repeats: int) -> None:
    import statistics

    ours, official = [], []
    answers = str(folder / f"{kind}.json")
    for _ in range(repeats):  # alternating, so that a noisy machine disturbs both alike
        ours.append(timed("ours", kind, answers))
        official.append(timed("official", kind, answers, str(folder)))
    assert len({run.score for run in ours + official}) == 1, "the two disagree"
    rows, right = ours[0].score.split()
    print(f"{title}: {right} of {rows} right, by both; median of {repeats} runs, process start included")
    a, b = (statistics.median(run.wall for run in runs) for runs in (ours, official))
    c, d = (statistics.median(run.cpu for run in runs) for runs in (ours, official))
    print(f"  ours      {a:6.3f} s   {c:6.3f} s CPU   (best {min(run.wall for run in ours):.3f} s)")
    print(f"  official  {b:6.3f} s   {d:6.3f} s CPU   (stubbed; decoders and checker only)")
    print(f"  ratio     {b / a:6.2f} ×   {d / c:6.2f} ×")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ours", kind, answers]:
            print(*score_ours(kind, Path(answers)))
        case ["official", kind, answers, folder]:
            print(*score_official(kind, Path(answers), Path(folder)))
        case [*rest]:
            main(int(rest[0]) if rest else 9)
