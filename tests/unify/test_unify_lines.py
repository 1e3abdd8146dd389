"""Batches of lines hold what `unify` yields, byte for byte, whichever processes or engine made them."""

import json
from itertools import chain
from pathlib import Path

import pytest

from callwright.record import Trajectory, encode
from callwright.unify import SOURCES, unify, unify_lines

GOLDEN = Path(__file__).parent.parent / "golden"


def raw_of(name: str) -> Path:
    folder = GOLDEN / name
    return folder / "raw" if (folder / "raw").is_dir() else next(folder.glob("raw.*"))


def written(paths: list[Path], **how: object) -> tuple[bytes, bytes, int]:
    """Return kept and dropped lines and the number of rows that were read."""
    batches = list(unify_lines(paths, **how))  # type: ignore[arg-type]
    for batch in batches:
        assert batch.rows == sum(batch.reasons.values()) + sum(batch.licenses.values())
        assert batch.kept.count(b"\n") == sum(batch.licenses.values())
        assert batch.dropped.count(b"\n") == sum(batch.reasons.values())
    kept, dropped = b"".join(b.kept for b in batches), b"".join(b.dropped for b in batches)
    return kept, dropped, sum(b.rows for b in batches)


@pytest.mark.parametrize("name", SOURCES)
def test_lines_are_the_encoded_rows(name: str) -> None:
    rows = list(unify([raw_of(name)], name))
    kept = b"".join(encode(row) + b"\n" for row in rows if isinstance(row, Trajectory))
    dropped = b"".join(encode(row) + b"\n" for row in rows if not isinstance(row, Trajectory))
    assert written([raw_of(name)], source=name) == (kept, dropped, len(rows))


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Files of several layouts, of which one has thousands of rows and some broken ones."""
    folder = tmp_path_factory.mktemp("many")
    lines = list(chain.from_iterable(raw_of(n).read_bytes().splitlines() for n in ("xlam_60k",))) * 400
    (folder / "big.jsonl").write_bytes(b"\n".join(lines))
    rows = [
        json.loads(line) for line in raw_of("openai_chat").read_bytes().splitlines() if line.startswith(b"{")
    ]
    (folder / "array.json").write_text(json.dumps(rows * 300), encoding="utf-8")
    return [folder / "big.jsonl", folder / "array.json", raw_of("toolalpaca")]


def test_two_workers_write_what_one_writes(many: list[Path]) -> None:
    one = written(many)
    assert one[2] > 1500
    assert written(many, workers=2) == one


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.filterwarnings("ignore")
def test_ray_writes_what_one_process_writes(many: list[Path]) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'callwright[ray]'")
    local, spread = written(many), written(many, engine="ray", workers=2)
    ray.shutdown()
    assert sorted(spread[0].splitlines()) == sorted(local[0].splitlines())
    assert spread == local
