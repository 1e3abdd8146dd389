"""A catalogue on disk, for a million products: SQLite for products and terms, memory-mapped postings.

Opening it reads a few pages; a search touches only the postings of its words. `prepare` makes the folder:

=================  =====================================================================
catalogue.json     counts, mean length, sha256 of the sources; written last
products.sqlite    product(number, asin, category, query, body), term(term, first, size, top)
documents.u32      product numbers of all postings, term after term
weights.f32        their weights
asins.bin          all ASINs, ten bytes each
goals.json         the human goals, in final order
=================  =====================================================================
"""

from __future__ import annotations

import mmap
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import overload

import msgspec

from callwright.errors import DataError
from callwright.evaluate.webshop.goals import Goal
from callwright.evaluate.webshop.products import MAX_ASIN, Product
from callwright.evaluate.webshop.ranking import Posting
from callwright.evaluate.webshop.shop import Field

VERSION = 1
MANIFEST, DATABASE = "catalogue.json", "products.sqlite"
DOCUMENTS, WEIGHTS, ASINS, GOALS = "documents.u32", "weights.f32", "asins.bin", "goals.json"
_KEPT = 1 << 14
"""Products that are kept decoded."""


class Manifest(msgspec.Struct, forbid_unknown_fields=True):
    """What a prepared catalogue says of itself."""

    version: int
    documents: int
    terms: int
    postings: int
    mean_length: float
    sources: dict[str, str]
    """File name to sha256 of what the catalogue was made from."""
    sha256: str
    """Of all of them together."""


class PreparedCatalogue:
    """The catalogue in a folder that `prepare` made; close it, or use it in a `with`."""

    def __init__(self, folder: Path) -> None:
        manifest = _manifest(folder)
        self._folder = folder
        self.documents = manifest.documents
        self.sha256 = manifest.sha256
        self._documents = _mapped(folder / DOCUMENTS).cast("I")
        self._weights = _mapped(folder / WEIGHTS).cast("f")
        self.names: Sequence[str] = Names(_mapped(folder / ASINS))
        # A read-only file that nobody changes may be shared by threads; sqlite3 serialises them.
        address = f"{(folder / DATABASE).resolve().as_uri()}?mode=ro&immutable=1"
        self._database = sqlite3.connect(address, uri=True, check_same_thread=False)
        self.product: Callable[[int], Product] = lru_cache(maxsize=_KEPT)(self._product)
        self._product_of = msgspec.msgpack.Decoder(Product).decode

    def __enter__(self) -> PreparedCatalogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the files back."""
        self._database.close()

    def posting(self, term: str) -> Posting | None:
        """Return where a term occurs, None if it does nowhere."""
        # A lone surrogate can not be asked for, and no product holds one.
        name = term.encode("utf-8", "replace").decode()
        row = self._database.execute("SELECT first, size, top FROM term WHERE term = ?", (name,)).fetchone()
        if row is None:
            return None
        first, size, top = row
        return Posting(self._documents[first : first + size], self._weights[first : first + size], top)

    def _product(self, number: int) -> Product:
        row = self._database.execute("SELECT body FROM product WHERE number = ?", (number,)).fetchone()
        if row is None:
            raise DataError("no such product", place=str(self._folder), got=str(number))
        return self._product_of(row[0])

    def number(self, asin: str) -> int | None:
        """Return the number of a product, None if there is none."""
        row = self._database.execute("SELECT number FROM product WHERE asin = ?", (asin,)).fetchone()
        return None if row is None else int(row[0])

    def having(self, field: Field, value: str) -> list[int]:
        """Return the numbers of all products with that attribute, category or query."""
        if field == "attribute":  # nobody asks for this but by the original's hidden command
            rows = self._database.execute("SELECT number, body FROM product ORDER BY number")
            return [number for number, body in rows if value in self._product_of(body).attributes]
        question = f"SELECT number FROM product WHERE {field} = ? ORDER BY number"
        value = value.encode("utf-8", "replace").decode()
        return [int(number) for (number,) in self._database.execute(question, (value,))]

    def goals(self) -> list[Goal]:
        """Return the human goals, in final order."""
        try:
            return msgspec.json.decode((self._folder / GOALS).read_bytes(), type=list[Goal])
        except (OSError, msgspec.DecodeError) as error:
            raise DataError("can not be read", place=str(self._folder / GOALS), got=str(error)) from None


class Names(Sequence[str]):
    """ASINs by number, in a file."""

    def __init__(self, data: memoryview) -> None:
        self._data = data

    def __len__(self) -> int:
        return len(self._data) // MAX_ASIN

    @overload
    def __getitem__(self, number: int) -> str: ...
    @overload
    def __getitem__(self, number: slice) -> Sequence[str]: ...
    def __getitem__(self, number: int | slice) -> str | Sequence[str]:
        """Return one ASIN, or several."""
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        return bytes(self._data[number * MAX_ASIN : (number + 1) * MAX_ASIN]).decode().rstrip()


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    hint = "make it with `callwright evaluate webshop --prepare`"
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except OSError:
        raise DataError("no prepared catalogue", place=str(folder), expected=MANIFEST, hint=hint) from None
    except msgspec.DecodeError as error:
        raise DataError("not a prepared catalogue", place=str(path), got=str(error), hint=hint) from None
    if manifest.version != VERSION:
        got, expected = f"version {manifest.version}", f"version {VERSION}"
        raise DataError(
            "a catalogue of another version", place=str(path), got=got, expected=expected, hint=hint
        )
    sizes = {
        DOCUMENTS: 4 * manifest.postings,
        WEIGHTS: 4 * manifest.postings,
        ASINS: MAX_ASIN * manifest.documents,
    }
    for name, size in sizes.items():
        if not (folder / name).is_file() or (folder / name).stat().st_size != size:
            raise DataError("a catalogue that is not whole", place=str(folder / name), hint=hint)
    return manifest


def _mapped(path: Path) -> memoryview:
    with path.open("rb") as stream:
        return memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
