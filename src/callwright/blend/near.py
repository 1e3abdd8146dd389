"""An index that finds the kept rows of the same facts and almost the same words.

Texts are compared by the Jaccard overlap of their sets of three-word shingles, as hashes of 4 bytes. Rows
meet only rows of their own block (equal facts, see `keys`): a few are compared one by one, and only a crowd
of `CROWD` or more needs candidates from MinHash signatures and locality-sensitive hashing. Every candidate
is confirmed on the shingles themselves, because candidates alone merge far too much.

Where tools answered in both, rows must overlap twice: in what was asked, and in that with the answers.

What a row costs: 4 bytes a shingle, 40 bytes for a block of its own, 1.5 to 2.4 kB once it stands in a crowd.

    >>> index = Near(0.5)
    >>> index.add(index.look(0, ["please tell me the weather in Oslo"]))
    >>> index.look(0, ["tell me the weather in Oslo, please"]).same
    [0]
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable
from itertools import repeat
from typing import NamedTuple

from rensa import RMinHash, RMinHashLSH
from xxhash import xxh32_digest

from callwright.blend.table import Table
from callwright.blend.words import grams, words

SHINGLE = 3
"""Words of a shingle; requests for a tool are too short for five."""
CROWD = 16
"""Rows of a block that are compared one by one."""
MOST = 1024
"""Shingles of a row that count. Of a longer row, about 6,000 characters, those with the smallest hashes do,
which is a fair sample: its overlap is then an estimate, off by one or two hundredths."""
BANDS = 16
MISSED = 0.002
"""Probability at which the index may miss a pair that lies right at the threshold; it falls steeply above."""
CHECKS = 1000
"""Candidates that are looked at for one row; more are counted in `unchecked`."""
_HAIR = 1e-9
"""What floating point may be off by where two sizes are compared."""


class Look(NamedTuple):
    """One row before the index: its block, its shingles and the kept rows that say almost the same."""

    block: int
    pieces: set[bytes]
    whole: set[bytes]
    """The shingles with those of the tools' answers; empty where there are none."""
    sketch: RMinHash | None
    same: list[int]


class Pieces:
    """Sets of shingles by number, in the order in which they came: 4 bytes a shingle, 8 bytes a set."""

    def __init__(self) -> None:
        self._pieces = array("I")
        self._ends = array("Q", [0])

    def __len__(self) -> int:
        return len(self._ends) - 1

    def append(self, pieces: Iterable[bytes]) -> None:
        """Take a set; it gets the next number."""
        self._pieces.frombytes(b"".join(pieces))
        self._ends.append(len(self._pieces))

    def size(self, number: int) -> int:
        """Return how many shingles a set has."""
        return self._ends[number + 1] - self._ends[number]

    def __getitem__(self, number: int) -> set[int]:
        return set(self._pieces[self._ends[number] : self._ends[number + 1]])

    def hashes(self, number: int) -> list[bytes]:
        """Return the shingles of a set as they came."""
        data = self._pieces[self._ends[number] : self._ends[number + 1]].tobytes()
        return [data[k : k + 4] for k in range(0, len(data), 4)]


class Near:
    """Kept rows by what they say; numbers are given in the order of `add`."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.unchecked = 0
        """Candidates that were left out because a row had more than `CHECKS`."""
        self._pieces = Pieces()
        self._whole = Pieces()
        self._alone = Table()
        self._mates: dict[int, array[int]] = {}
        self._rows = rows_per_band(threshold)
        self._index = RMinHashLSH(threshold, BANDS * self._rows, BANDS)

    def look(self, block: int, texts: Iterable[str], results: Iterable[str] = ()) -> Look:
        """Return the row's shingles with the rows of its block that overlap by the threshold or more."""
        seed = block & 0xFFFFFFFF
        pieces = shingles(texts, seed)
        answered = shingles(results, seed)
        whole = _sample(pieces | answered) if answered else set()
        sketch = None
        if len(mates := self._mates.get(block, ())) >= CROWD:
            sketch = self._sketch(pieces)
            found = sorted(self._index.query(sketch))
        else:
            alone = self._alone.get(block)
            found = list(mates) if mates else [] if alone is None else [alone]
        same = self._confirmed(pieces, whole, found) if found and pieces else []
        return Look(block, pieces, whole, sketch, same)

    def add(self, row: Look) -> None:
        """Take a row in; it gets the next number."""
        number = len(self._pieces)
        self._pieces.append(row.pieces)
        self._whole.append(row.whole)
        if row.sketch is not None:
            self._index.insert(number, row.sketch)
            return
        first = self._alone.get(row.block)
        if first is None:
            self._alone.put(row.block, number)
            return
        mates = self._mates.setdefault(row.block, array("Q", [first]))
        mates.append(number)
        if len(mates) == CROWD:
            for mate in mates:
                self._index.insert(mate, self._sketch(self._pieces.hashes(mate)))

    def _confirmed(self, pieces: set[bytes], whole: set[bytes], found: list[int]) -> list[int]:
        self.unchecked += max(0, len(found) - CHECKS)
        said, told = _numbers(pieces), _numbers(whole)
        return [mate for mate in found[:CHECKS] if self._is_close(said, told, mate)]

    def _is_close(self, said: set[int], told: set[int], mate: int) -> bool:
        """Tell whether the words overlap, and, where tools answered in both rows, all of it as well."""
        if not self._overlaps(said, mate, self._pieces):
            return False
        return not told or not self._whole.size(mate) or self._overlaps(told, mate, self._whole)

    def _overlaps(self, here: set[int], mate: int, kept: Pieces) -> bool:
        low, high = len(here) * self.threshold - _HAIR, len(here) / self.threshold + _HAIR
        return low <= kept.size(mate) <= high and overlap(here, kept[mate]) >= self.threshold

    def _sketch(self, pieces: Iterable[bytes]) -> RMinHash:
        sketch = RMinHash(BANDS * self._rows, 0)
        sketch.update(list(pieces))
        return sketch


def shingles(texts: Iterable[str], seed: int = 0) -> set[bytes]:
    """Return hashes of all runs of three words; of a shorter text, one hash."""
    pieces: set[bytes] = set()
    for text in texts:
        if len(said := words(text)) >= SHINGLE:
            pieces.update(map(xxh32_digest, grams(said, SHINGLE), repeat(seed)))
        elif said:
            pieces.add(xxh32_digest(b" ".join(said), seed))
    return _sample(pieces)


def _sample(pieces: set[bytes]) -> set[bytes]:
    return pieces if len(pieces) <= MOST else set(sorted(pieces)[:MOST])


def _numbers(pieces: set[bytes]) -> set[int]:
    return set(array("I", b"".join(pieces)))


def overlap(a: set[int], b: set[int]) -> float:
    """Return the Jaccard overlap of two sets of shingles; of samples of long ones, what they estimate."""
    if max(len(a), len(b)) < MOST:
        shared = len(a & b)
        return shared / (len(a) + len(b) - shared)
    sample = set(sorted(a | b, key=_as_hashed)[:MOST])
    return len(a & b & sample) / len(sample)


def rows_per_band(threshold: float) -> int:
    """Return how many slots of a signature make a band: as many as still find a pair at the threshold."""
    rows = 1
    while rows < 16 and (1 - threshold ** (rows + 1)) ** BANDS <= MISSED:
        rows += 1
    return rows


def _as_hashed(piece: int) -> bytes:
    return piece.to_bytes(4, sys.byteorder)
