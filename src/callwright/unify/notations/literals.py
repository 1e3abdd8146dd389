"""Python literals in texts of data sets, such as a list of tools that was printed with `repr`.

>>> python_value("[{'name': 'add', 'strict': False}]")
[{'name': 'add', 'strict': False}]
"""

from __future__ import annotations

from callwright.formats.python_calls import parse
from callwright.formats.reply import Malformed
from callwright.record import Json
from callwright.unify.rows import decode


def python_value(text: str) -> Json:
    """Return the JSON value that a Python literal stands for; raises `ValueError`, nothing is evaluated."""
    reply = parse(f"[_(_={text})]")
    if isinstance(reply, Malformed):
        raise ValueError(f"{reply.reason} at {max(0, reply.position - len('[_(_='))}")
    arguments = reply.calls[0].arguments
    if len(reply.calls) != 1 or arguments is None or list(arguments) != ["_"]:
        raise ValueError("expected one value")
    return arguments["_"]


def written_value(text: str) -> Json:
    """Return the value of a text that is JSON or, failing that, a Python literal; raises `ValueError`."""
    try:
        return decode(text)
    except ValueError:
        return python_value(text)
