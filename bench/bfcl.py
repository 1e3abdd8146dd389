"""Time BFCL scoring from process start: ours beside the official functions, in one run on one machine.

Both score right answers, as text, to all rows of the five Python categories. The official side is given every
advantage: its decoder and checker only, with everything they import but do not use replaced by empty modules;
the official command line needs several seconds for its imports alone. The wheel must be in the cache.

    python bench/bfcl.py [repeats]
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ORACLE = Path(__file__).parent.parent / "tests" / "evaluate"


def score_ours(texts: Path) -> tuple[int, int]:
    from callwright.evaluate.bfcl.data import load
    from callwright.evaluate.bfcl.decode import decode
    from callwright.evaluate.bfcl.score import judge

    answers = json.loads(texts.read_text(encoding="utf-8"))
    rows = load().rows
    return len(rows), sum(judge(row, decode(answers[row.id])).valid for row in rows)


def score_official(texts: Path, folder: Path) -> tuple[int, int]:
    sys.path.insert(0, str(ORACLE))
    from bfcl_oracle import CATEGORIES, import_official, judge, load

    official = import_official(folder)
    answers = json.loads(texts.read_text(encoding="utf-8"))
    rows = load(folder, CATEGORIES[:5])
    return len(rows), sum(judge(official, row, "text", answers[i])[1] for i, row in rows.items())


def timed(*arguments: str) -> tuple[float, str]:
    started = time.perf_counter()
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return time.perf_counter() - started, done.stdout.strip()


def main(repeats: int) -> None:
    from callwright import assets
    from callwright.evaluate.bfcl.data import load
    from callwright.evaluate.bfcl.gold import gold_text

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
            wheel.extractall(folder)
        texts = folder / "texts.json"
        texts.write_text(json.dumps({row.id: gold_text(row) for row in load().rows}), encoding="utf-8")
        ours, official = [], []
        for _ in range(repeats):  # alternating, so that a noisy machine disturbs both alike
            ours.append(timed("ours", str(texts)))
            official.append(timed("official", str(texts), str(folder)))
    assert len({score for _, score in ours + official}) == 1, "the two disagree"
    rows, right = ours[0][1].split()
    a, b = (statistics.median(seconds for seconds, _ in runs) for runs in (ours, official))
    print(f"{right} of {rows} right, by both; median of {repeats} runs, process start included")
    print(f"ours      {a:6.3f} s")
    print(f"official  {b:6.3f} s   (stubbed; decoder and checker only)")
    print(f"ratio     {b / a:6.2f} ×")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["ours", texts]:
            print(*score_ours(Path(texts)))
        case ["official", texts, folder]:
            print(*score_official(Path(texts), Path(folder)))
        case [*rest]:
            main(int(rest[0]) if rest else 9)
