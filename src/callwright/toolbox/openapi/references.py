"""Follow ``$ref`` inside a specification and to files beside it, never to the network.

>>> documents = Documents(Path("openapi.yaml"))                                  # doctest: +SKIP
>>> documents.resolve({"$ref": "#/components/schemas/Pet"}, documents.start)     # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from callwright.errors import ToolsError
from callwright.record import Json
from callwright.toolbox.openapi.document import read_document

MAX_FILES = 500
MAX_CHAIN = 50


class Undescribable(ValueError):
    """Why one operation can not become a tool; the others can."""


class Spot(NamedTuple):
    """Where a value stands: a file and a JSON pointer into it."""

    file: Path
    pointer: str


class Found(NamedTuple):
    """What a reference leads to, and the file whose references it may hold."""

    value: Json
    spot: Spot

    @property
    def file(self) -> Path:
        """Return the file that it stands in."""
        return self.spot.file


class Documents:
    """The files of one specification, read when a reference first names them."""

    def __init__(self, path: Path) -> None:
        self.start = path.resolve()
        value, data = read_document(path)
        self._values: dict[Path, Json] = {self.start: value}
        self._digests: dict[Path, str] = {self.start: hashlib.sha256(data).hexdigest()}
        self._failures: dict[Path, str] = {}

    @property
    def root(self) -> Json:
        """The content of the specification itself."""
        return self._values[self.start]

    @property
    def sha256(self) -> str:
        """The SHA-256 of the specification's bytes; with files beside it, of all their digests and names."""
        if len(self._digests) == 1:
            return self._digests[self.start]
        folder = self.start.parent
        lines = (f"{digest}  {path.relative_to(folder)}\n" for path, digest in sorted(self._digests.items()))
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    def resolve(self, value: Json, file: Path, pointer: str = "") -> Found:
        """Return `value`, or what it leads to if it is a reference; raises Undescribable."""
        found = Found(value, Spot(file, pointer))
        for _ in range(MAX_CHAIN):
            if not isinstance(found.value, dict) or not isinstance(found.value.get("$ref"), str):
                return found
            found = self.find(found.value["$ref"], found.file)
        raise Undescribable(f"$ref {_shown(value['$ref'])} leads to no end")

    def find(self, ref: str, file: Path) -> Found:
        """Return what the text of one reference in `file` names; raises Undescribable."""
        address, _, fragment = ref.partition("#")
        target = self._file(address, file, ref) if address else file
        pointer = unquote(fragment)
        if pointer and not pointer.startswith("/"):
            raise Undescribable(f"$ref {_shown(ref)} is no JSON pointer")
        value = self._values[target]
        for part in pointer.split("/")[1:]:
            value = _step(value, part.replace("~1", "/").replace("~0", "~"), ref)
        return Found(value, Spot(target, pointer))

    def _file(self, address: str, file: Path, ref: str) -> Path:
        if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", address):
            raise Undescribable(f"$ref {_shown(ref)} lies on the network")
        folder = self.start.parent
        try:
            target = (file.parent / unquote(address)).resolve()
        except (OSError, ValueError, RuntimeError):
            raise Undescribable(f"$ref {_shown(ref)} names no file") from None
        if not target.is_relative_to(folder):
            raise Undescribable(f"$ref {_shown(ref)} lies outside the specification's folder")
        if target not in self._values:
            self._load(target, ref)
        return target

    def _load(self, target: Path, ref: str) -> None:
        if len(self._values) >= MAX_FILES:
            raise Undescribable(f"the references lead to more than {MAX_FILES} files")
        if target not in self._failures:
            try:
                self._values[target], data = read_document(target)
                self._digests[target] = hashlib.sha256(data).hexdigest()
                return
            except ToolsError as error:
                self._failures[target] = error.what
        raise Undescribable(f"$ref {_shown(ref)}: {self._failures[target]}")


def _step(value: Json, part: str, ref: str) -> Json:
    if isinstance(value, dict) and part in value:
        return value[part]
    if isinstance(value, list) and part.isascii() and part.isdigit() and int(part[:9]) < len(value):
        return value[int(part[:9])]
    raise Undescribable(f"$ref {_shown(ref)} leads nowhere")


def _shown(ref: Json) -> str:
    return " ".join(str(ref)[:100].split())
