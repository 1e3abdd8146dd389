"""Postings of more documents than fit into memory: sorted blocks on disk that are merged term by term.

A block holds what some documents in a row contribute, term after term in sorted order. Documents only grow,
so the postings of a term are those of its blocks, one after another.
"""

from __future__ import annotations

import heapq
import itertools
import struct
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, NamedTuple

from callwright.evaluate.webshop.ranking import weight

POSTINGS = 4_000_000
"""Postings that are held in memory before a block is written: about 100 MB."""
_HEAD = struct.Struct("<II")
_MOST = 0xFFFF


class Merged(NamedTuple):
    """All postings of a term, as arrays of 32-bit numbers."""

    documents: array[int]
    weights: array[float]
    top: float


class Blocks:
    """Collects the terms of documents, which have to come in rising order."""

    def __init__(self, folder: Path, limit: int = POSTINGS) -> None:
        self._folder = folder
        self._limit = limit
        self._paths: list[Path] = []
        self._held: dict[str, tuple[array[int], array[int]]] = {}
        self._size = 0

    def add(self, document: int, terms: Sequence[str]) -> None:
        """Take in a document's terms."""
        for term, frequency in Counter(terms).items():
            documents, frequencies = self._held.setdefault(term, (array("I"), array("H")))
            documents.append(document)
            frequencies.append(min(frequency, _MOST))
            self._size += 1
        if self._size >= self._limit:
            self._write()

    def _write(self) -> None:
        path = self._folder / f"block_{len(self._paths)}"
        with path.open("wb") as stream:
            named = sorted((term.encode(), *held) for term, held in self._held.items())
            for term, documents, frequencies in named:
                stream.write(_HEAD.pack(len(term), len(documents)) + term)
                stream.write(documents)
                stream.write(frequencies)
        self._paths.append(path)
        self._held.clear()
        self._size = 0

    def merged(self, lengths: Sequence[int], mean_length: float) -> Iterator[tuple[str, Merged]]:
        """Yield every term with its postings, in order; the blocks are removed at the end."""
        if self._held:
            self._write()
        streams = [path.open("rb") for path in self._paths]
        try:
            parts = heapq.merge(*map(_parts, streams), key=itemgetter(0))
            for term, group in itertools.groupby(parts, key=itemgetter(0)):
                documents, weights = array("I"), array("f")
                for _, places, frequencies in group:
                    documents.extend(places)
                    pairs = zip(frequencies, places, strict=True)
                    weights.extend(weight(f, lengths[d], mean_length) for f, d in pairs)
                yield term.decode(), Merged(documents, weights, max(weights))
        finally:
            for stream in streams:
                stream.close()
            for path in self._paths:
                path.unlink(missing_ok=True)


def _parts(stream: BinaryIO) -> Iterator[tuple[bytes, array[int], array[int]]]:
    while head := stream.read(_HEAD.size):
        length, size = _HEAD.unpack(head)
        term = stream.read(length)
        documents, frequencies = array("I"), array("H")
        documents.frombytes(stream.read(size * documents.itemsize))
        frequencies.frombytes(stream.read(size * frequencies.itemsize))
        yield term, documents, frequencies
