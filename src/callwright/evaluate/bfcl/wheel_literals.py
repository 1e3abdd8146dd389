"""Constants of the official package, read from its source in the pinned wheel without running it."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

from callwright import assets
from callwright.errors import DataError


@cache
def literals(path: str) -> dict[str, Any]:
    """Return the module-level constants of a source file that are plain literals; others are left out."""
    found: dict[str, Any] = {}
    for node in ast.parse(assets.member(assets.BFCL, path)).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError:  # it refers to other names
                    pass
    return found


def literal(path: str, name: str) -> Any:
    """Return one constant; raises DataError where the source has none of that name."""
    try:
        return literals(path)[name]
    except KeyError:
        raise DataError("no such constant in the wheel", place=path, expected=name) from None
