"""Raw files: find them, open them, and take them apart into rows.

A file may be a JSON array, one JSON object, or JSON lines, whatever its name says, and may be compressed
(.gz, .zst). Lines are streamed; an array is read as a whole. A broken element of an array costs that
element only: its neighbours are salvaged.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import IO

import msgspec
import zstandard

from callwright.errors import DataError
from callwright.unify.rows import BadRow, Element, File

SUFFIXES = (".jsonl", ".ndjson", ".json")
COMPRESSIONS = (".gz", ".zst")
_LINE_SUFFIXES = (".jsonl", ".ndjson")
_UNREADABLE = (OSError, EOFError, zlib.error, zstandard.ZstdError)
_HEAD = 1 << 20
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_decode = msgspec.json.decode


def walk(paths: Sequence[Path], notes: list[str]) -> list[File]:
    """Return the data files that `paths` mean: files, folders (recursively, sorted) and glob patterns.

    Files of a folder that can not hold rows are left out and noted.
    """
    found: list[tuple[Path, str, bool]] = []
    for path in paths:
        if path.is_dir():
            found += [(file, uri, False) for file, uri in _of_folder(path, notes)]
        elif path.is_file():
            found.append((path, path.name, True))
        else:
            found += [(file, file.name, True) for file in _of_pattern(path)]
    once: dict[Path, tuple[Path, str, bool]] = {}
    for path, uri, explicit in found:
        if path.resolve() in once:
            notes.append(f"{uri}: named twice, read once")
        else:
            once[path.resolve()] = (path, uri, explicit)
    return _with_stems(list(once.values()))


def rows(file: File) -> Iterator[Element]:
    """Yield the elements of a file as rows: what most sources do."""
    return elements(file.path)


def elements(path: Path) -> Iterator[Element]:
    """Yield the rows of a file in order; raises `DataError` for one that can not be read at all."""
    try:
        with _open(path) as stream:
            yield from _elements(stream, path)
    except _UNREADABLE as error:
        raise DataError("can not be read", place=str(path), got=str(error)) from error


def peek(path: Path, count: int = 8) -> list[Element]:
    """Return the first rows of a file without reading all of it."""
    try:
        with _open(path) as stream:
            head = stream.read(_HEAD)
    except _UNREADABLE as error:
        raise DataError("can not be read", place=str(path), got=str(error)) from error
    _refuse_binary(head, path)
    text = _strip_bom(head)
    if len(head) == _HEAD and text.lstrip()[:1] == b"[":
        first = list(islice(_salvage(text), count + 1))[:-1]
        if first:
            return first[:count]
    return list(islice(elements(path), count))


def plain_name(path: Path) -> str:
    """Return the file's name without the suffixes of its format."""
    name = path.name
    for suffix in (*COMPRESSIONS, *SUFFIXES):
        name = name.removesuffix(suffix)
    return name


def _of_folder(folder: Path, notes: list[str]) -> Iterator[tuple[Path, str]]:
    for file in sorted(folder.rglob("*")):
        uri = file.relative_to(folder).as_posix()
        if file.is_dir() or any(part.startswith(".") for part in Path(uri).parts):
            continue
        name = file.name
        for suffix in COMPRESSIONS:
            name = name.removesuffix(suffix)
        if name.endswith(SUFFIXES):
            yield file, uri
        else:
            notes.append(f"{uri}: passed over, its name says that it holds no rows")


def _of_pattern(path: Path) -> list[Path]:
    if not re.search(r"[*?\[]", str(path)):
        raise DataError("no such file or folder", place=str(path))
    parts = path.parts
    first = next(i for i, part in enumerate(parts) if re.search(r"[*?\[]", part))
    found = sorted(p for p in Path(*parts[:first]).glob(str(Path(*parts[first:]))) if p.is_file())
    if not found:
        raise DataError("no file matches the pattern", place=str(path))
    return found


def _with_stems(found: Sequence[tuple[Path, str, bool]]) -> list[File]:
    """Give each file a stem that no other has: its name, with its folders where names repeat."""
    names = Counter(plain_name(path) for path, _, _ in found)
    taken: Counter[str] = Counter()
    files = []
    for path, uri, explicit in found:
        stem = plain_name(path)
        if names[stem] > 1:
            stem = (Path(uri).parent / stem).as_posix()
        taken[stem] += 1
        if taken[stem] > 1:
            stem = f"{stem}~{taken[stem]}"
        files.append(File(path, uri, stem, explicit))
    return files


def _open(path: Path) -> IO[bytes]:
    if path.suffix == ".gz":
        return io.BufferedReader(gzip.GzipFile(path), 1 << 18)
    if path.suffix == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True)
        return io.BufferedReader(reader, 1 << 18)
    return path.open("rb", buffering=1 << 18)


def _refuse_binary(head: bytes, path: Path) -> None:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError("is UTF-16", place=str(path), expected="UTF-8", hint="save it as UTF-8")
    if b"\0" in head:
        raise DataError("is no text", place=str(path), expected="JSON or JSON lines", got="binary data")


def _strip_bom(text: bytes) -> bytes:
    return text.removeprefix(b"\xef\xbb\xbf")


def _elements(stream: IO[bytes], path: Path) -> Iterator[Element]:
    line = _strip_bom(stream.readline())
    while line and not line.strip():
        line = stream.readline()
    _refuse_binary(line[:4096], path)
    start = line.lstrip()[:1]
    if start == b"[":
        yield from _array(line + stream.read())
        return
    first = _element(0, line)
    says_lines = any(path.name.removesuffix(c).endswith(_LINE_SUFFIXES) for c in (*COMPRESSIONS, ""))
    if start and (first.error is None or says_lines):
        yield first
        yield from _lines(stream, 1)
    elif start:
        yield _element(0, line + stream.read())


def _lines(lines: Iterable[bytes], number: int) -> Iterator[Element]:
    for line in lines:
        if line.strip():
            yield _element(number, line)
            number += 1


def _array(text: bytes) -> Iterator[Element]:
    try:
        raws = _raw_list.decode(text)
    except (ValueError, RecursionError):
        first, _, rest = text.partition(b"\n")
        if rest.strip() and _element(0, first).error is None:  # lines, each of which is an array
            yield from _lines(text.split(b"\n"), 0)
        else:
            yield from _salvage(text)
        return
    for number, raw in enumerate(raws):
        yield _element(number, bytes(raw))


def _element(number: int, text: bytes) -> Element:
    try:
        return Element(number, _decode(text))
    except UnicodeDecodeError as error:
        return Element(number, _readable(text), BadRow("not-utf8", "", str(error)))
    except RecursionError:
        return Element(number, _readable(text), BadRow("too-deep", "", "nested too deeply"))
    except ValueError as error:
        return Element(number, _readable(text), BadRow("not-json", "", str(error)))


def _readable(text: bytes) -> str:
    return text.strip().decode("utf-8", "backslashreplace")


def _salvage(array: bytes) -> Iterator[Element]:
    """Yield the elements of a JSON array that is broken or cut off somewhere."""
    text = array.decode("utf-8", "surrogateescape")
    scan = json.JSONDecoder().raw_decode  # lenient: it finds where an element ends, also around NaN
    gap = re.compile(r"[\s,]*")
    position = text.index("[") + 1
    number = 0
    while True:
        separator = gap.match(text, position)
        position = separator.end() if separator else position
        rest = text[position : position + 1]
        if rest == "]" and not text[position + 1 :].strip():
            return
        if not rest:
            detail = "the file ends inside an array"
            yield Element(number, "", BadRow("not-json", "", detail))
            return
        try:
            _, end = scan(text, position)
        except (ValueError, RecursionError) as error:
            lost = text[position:].encode("utf-8", "surrogateescape")
            detail = f"nothing readable from here to the end of the file: {error}"
            yield Element(number, _readable(lost), BadRow("not-json", "", detail))
            return
        yield _element(number, text[position:end].encode("utf-8", "surrogateescape"))
        position = end
        number += 1
