"""Tools that a data set keeps in a file of its own, next to the rows or in a folder of tool lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from callwright.errors import DataError
from callwright.record import Json
from callwright.unify import files
from callwright.unify.rows import BadRow
from callwright.unify.tools import Known, read_tool

_LEVELS = 4


@lru_cache(maxsize=4096)
def find(folder: Path, names: tuple[str, ...], library: str) -> Path | None:
    """Return the file of tools for the rows in `folder`, or None.

    Looked at: the folder itself; ``tools/<library>`` in it and in the four folders above; folders beside
    or inside it that are named after tools or the library. The first of `names` that exists wins.
    """
    here = folder.resolve()
    above = list(here.parents)[:_LEVELS]
    spots = [here, *(place / "tools" / library for place in (here, *above))]
    spots += [*_named(here, library), *above[:1], *_named(here.parent, library)]
    candidates = (spot / name for spot in spots for name in names)
    return next((c for c in candidates if c.is_file()), None)


def _named(folder: Path, library: str) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name.lower() in ("tool", "tools", library):
            yield path


@lru_cache(maxsize=16)
def read(path: Path, translate: Callable[[Json], Json]) -> tuple[tuple[Known, dict[str, Json]], ...]:
    """Return every tool of a list with its raw definition, after `translate` gave it the usual field names.

    Raises `DataError` for a definition that can not be read: without it, calls would seem to be unknown.
    """
    found = []
    for element in files.elements(path):
        try:
            if element.error:
                raise element.error
            # What else a definition says is for the source to choose from, which gets it whole.
            found.append((read_tool(translate(element.value))._replace(rest=None), element.value))
        except (BadRow, TypeError, AttributeError) as error:
            raise DataError(
                "tool can not be read", place=f"{path}:{element.number}", got=str(error)
            ) from None
    return tuple(found)
