"""Make a catalogue on disk from the official files of 1.18 million products, in flat memory.

The files are read entry by entry, products go into SQLite, postings into blocks that are sorted, written out
and merged. Everything is written into a folder beside the final one and renamed when it is whole, so a
catalogue that can be opened is complete; what a killed run left is removed by the next one.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random

import msgspec

from callwright.errors import DataError, RunError
from callwright.evaluate.webshop import goals as making
from callwright.evaluate.webshop.analysis import terms
from callwright.evaluate.webshop.blocks import Blocks
from callwright.evaluate.webshop.goals import HumanInstruction
from callwright.evaluate.webshop.listing import items, members
from callwright.evaluate.webshop.prepared import (
    ASINS,
    DATABASE,
    DOCUMENTS,
    GOALS,
    MANIFEST,
    VERSION,
    WEIGHTS,
    Manifest,
)
from callwright.evaluate.webshop.products import MAX_ASIN, Product, product_of
from callwright.evaluate.webshop.variants import HUMAN, INSTRUCTIONS, PRODUCTS, asin_of, read_human
from callwright.store import sha256_file, sha256_text, write_json_atomic
from callwright.store.files import PART, try_lock, write_error

_BATCH = 2_000
"""Products that are written at a time."""
_TABLES = """
CREATE TABLE told (asin TEXT PRIMARY KEY, attributes BLOB) WITHOUT ROWID;
CREATE TABLE product (number INTEGER PRIMARY KEY, asin TEXT, category TEXT, query TEXT, body BLOB);
CREATE TABLE term (term TEXT PRIMARY KEY, first INTEGER, size INTEGER, top REAL) WITHOUT ROWID;
"""
_INDEXES = """
DROP TABLE told;
CREATE UNIQUE INDEX by_asin ON product (asin);
CREATE INDEX by_category ON product (category);
CREATE INDEX by_query ON product (query);
"""


def official_files(folder: Path) -> tuple[Path, Path, Path]:
    """Return products, instructions and human instructions in a folder of downloads, plain or as .gz."""
    found = []
    for name in (f"{PRODUCTS}.json", f"{INSTRUCTIONS}.json", f"{HUMAN}.json"):
        plain, packed = folder / name, folder / f"{name}.gz"
        if not plain.is_file() and not packed.is_file():
            raise DataError("a file of WebShop is missing", place=str(folder), expected=name)
        found.append(plain if plain.is_file() else packed)
    return found[0], found[1], found[2]


def prepare(
    products: Path,
    instructions: Path,
    human: Path,
    out: Path,
    *,
    progress: Callable[[int], None] | None = None,
) -> Manifest:
    """Make the catalogue `out` from items_shuffle.json, items_ins_v2.json and items_human_ins.json.

    `progress` is called with the number of products read. Raises DataError for a file that is not what it
    should be, and RunError if `out` exists or is being made by another process.
    """
    if out.exists():
        raise RunError("there is something already", place=str(out), hint="choose another folder")
    told = read_human(human)
    sources = {path.name: _digest(path) for path in (products, instructions, human)}
    part = out.with_name(out.name + PART)
    with _locked(out):
        shutil.rmtree(part, ignore_errors=True)
        try:
            part.mkdir()
            manifest = _Making(part, progress).run(products, instructions, told, sources)
            part.rename(out)
        except (OSError, sqlite3.OperationalError) as error:
            problem = error if isinstance(error, OSError) else OSError(str(error))
            raise write_error(out, problem) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return manifest


def _digest(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError as error:
        raise DataError("can not be read", place=str(path), got=error.strerror or str(error)) from None


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    lock = out.with_name(out.name + ".lock")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        stream = lock.open("wb")
    except OSError as error:
        raise write_error(out, error) from None
    with stream:
        if not try_lock(stream.fileno()):
            raise RunError("another process is making this catalogue", place=str(out))
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


class _Making:
    """The steps of making a catalogue in a folder, and what they hand to each other."""

    def __init__(self, folder: Path, progress: Callable[[int], None] | None) -> None:
        self._folder = folder
        self._progress = progress
        self._database = sqlite3.connect(folder / DATABASE, isolation_level=None)
        # A folder that is not renamed is thrown away: nothing needs to survive a crash before that.
        self._database.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _TABLES)
        self._lengths = array("I")
        self._chance = Random(making.PRICE_SEED)

    def run(
        self,
        products: Path,
        instructions: Path,
        human: dict[str, list[HumanInstruction]],
        sources: dict[str, str],
    ) -> Manifest:
        """Make everything and return the manifest, which is written last."""
        try:
            self._tell(instructions)
            asked = self._products(products, human)
            if not self._lengths:
                raise DataError("no product in it", place=str(products))
            goals = making.human_goals(asked, human, self._chance)
            (self._folder / GOALS).write_bytes(msgspec.json.encode(goals))
            mean = sum(self._lengths) / len(self._lengths)
            words, postings = self._write_index(mean)
            self._database.executescript(_INDEXES)
        finally:
            self._database.close()
        digest = sha256_text("\n".join(sources.values()))
        manifest = Manifest(VERSION, len(self._lengths), words, postings, mean, sources, digest)
        _sync(self._folder)
        write_json_atomic(self._folder / MANIFEST, manifest)
        return manifest

    def _tell(self, instructions: Path) -> None:
        """Put the attributes of all products where they can be asked for."""
        entries = members(instructions)
        while batch := list(islice(entries, _BATCH)):
            self._database.execute("BEGIN")
            rows = [(asin, msgspec.json.encode(_attributes(row, asin))) for asin, row in batch]
            self._database.executemany("INSERT OR REPLACE INTO told VALUES (?, ?)", rows)
            self._database.execute("COMMIT")

    def _products(self, source: Path, human: dict[str, list[HumanInstruction]]) -> list[Product]:
        """Write products and blocks of postings; return the products that humans were asked about."""
        self._blocks = Blocks(self._folder)
        seen: set[str] = set()
        asked = []
        rows = ((asin, raw) for raw in items(source) if (asin := asin_of(raw)))
        with (self._folder / ASINS).open("wb") as names:
            while batch := list(islice(rows, _BATCH)):
                self._database.execute("BEGIN")
                for asin, raw in batch:
                    if asin in seen:
                        continue
                    seen.add(asin)
                    product = self._put(asin, raw)
                    names.write(asin.encode().ljust(MAX_ASIN))
                    if asin in human:
                        asked.append(product)
                self._database.execute("COMMIT")
                if self._progress:
                    self._progress(len(self._lengths))
        return asked

    def _put(self, asin: str, raw: object) -> Product:
        told = self._database.execute("SELECT attributes FROM told WHERE asin = ?", (asin,)).fetchone()
        attributes = msgspec.json.decode(told[0], type=tuple[str, ...] | None) if told else None
        product = product_of(raw, attributes, self._chance)
        number = len(self._lengths)
        body = msgspec.msgpack.encode(product)
        self._database.execute(
            "INSERT INTO product VALUES (?, ?, ?, ?, ?)",
            (number, asin, product.category, product.query, body),
        )
        words = terms(product.text)
        self._lengths.append(len(words))
        self._blocks.add(number, words)
        return product

    def _write_index(self, mean: float) -> tuple[int, int]:
        """Merge the blocks into the final postings; return how many terms and postings there are."""
        first = words = 0
        with (self._folder / DOCUMENTS).open("wb") as places, (self._folder / WEIGHTS).open("wb") as weights:
            self._database.execute("BEGIN")
            for term, posting in self._blocks.merged(self._lengths, mean):
                size = len(posting.documents)
                places.write(posting.documents)
                weights.write(posting.weights)
                self._database.execute(
                    "INSERT INTO term VALUES (?, ?, ?, ?)", (term, first, size, posting.top)
                )
                first, words = first + size, words + 1
            self._database.execute("COMMIT")
        return words, first


def _attributes(row: object, asin: str) -> tuple[str, ...] | None:
    try:
        return msgspec.convert(row, making.Instruction).attributes
    except msgspec.ValidationError as error:
        raise DataError("not an instruction of WebShop", place=asin, got=str(error)) from None


def _sync(folder: Path) -> None:
    for path in folder.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
