"""What ``--against`` names: the names of benchmarks, and the JSON values in their files.

>>> list(named(["bfcl", "/data/airline/tasks.json", "/data/retail/tasks.json"]))
['bfcl', 'airline/tasks', 'retail/tasks']
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import msgspec

from callwright import assets
from callwright.errors import ConfigError, DataError
from callwright.record import Json
from callwright.store import read_lines


def named(benchmarks: Sequence[str]) -> dict[str, str]:
    """Return benchmarks by names that are theirs alone: files with the folders that tell them apart.

    Raises ConfigError for an empty one; a list that a slip has emptied would keep out nothing, in silence.
    """
    if not all(map(str.strip, benchmarks)):
        raise ConfigError(
            "a benchmark without a name",
            expected="bfcl or files, separated by commas",
            got=repr(",".join(benchmarks)),
        )
    parts = {one: _parts(one) for one in benchmarks}
    names = {}
    for one, own in parts.items():
        depths = range(1, len(own) + 1)
        alone = (d for d in depths if sum(other[-d:] == own[-d:] for other in parts.values()) == 1)
        depth = next(alone, 0)
        name = "/".join(own[-depth:]) if depth else one
        # A name that is no UTF-8 could not be written to a report.
        names[name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")] = one
    return names


def values(path: Path) -> Iterator[tuple[str, Json]]:
    """Yield place and value of each line of JSON lines or text, or the one value of a JSON file.

    The first line tells lines from one value that is spread over them; names say this too rarely.
    """
    lines = read_lines(path)
    if ".txt" in path.suffixes:
        for number, line in lines:
            yield str(number), {"question": line.decode("utf-8", "replace")}
        return
    first = next(lines, None)
    if first is None:
        return
    if not _is_json(first[1]):
        whole = b"\n".join([first[1], *(line for _, line in lines)])
        yield "", _decoded(whole, str(path))
        return
    second = next(lines, None)
    if second is None:
        yield "" if ".json" in path.suffixes else str(first[0]), _decoded(first[1], str(path))
        return
    for number, line in chain((first, second), lines):
        yield str(number), _decoded(line, f"{path}:{number}")


def _is_json(text: bytes) -> bool:
    try:
        msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return False
    return True


def _decoded(text: bytes, place: str) -> Json:
    try:
        return msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        hint = "texts of one line each go into a .txt file"
        raise DataError("is not JSON", place=place, got=str(error), hint=hint) from None


def stem(path: Path) -> str:
    """Return the name of a file up to the first dot."""
    return path.name.partition(".")[0] or path.name


def _parts(benchmark: str) -> tuple[str, ...]:
    """Return the folders of a file, without the root, and its name without what follows the first dot."""
    if benchmark == assets.BFCL.name:
        return (benchmark,)
    path = Path(benchmark).absolute()
    return (*path.parent.parts[1:], stem(path))
