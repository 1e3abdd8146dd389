"""What one call comes to inside the isolated process: a status and a text, whatever the tool does."""

from __future__ import annotations

import contextvars
from collections.abc import Callable
from typing import Any

from callwright.toolbox.child import results

RESULT, RAISED, REFUSED, OVERSIZE, MEMORY = b"v", b"e", b"r", b"o", b"m"
MAX_ERROR = 500
"""Characters of an exception's message."""


def answer(
    call: Callable[[Any], object], arguments: Any, limit: int, context: contextvars.Context | None = None
) -> tuple[bytes, bytes]:
    """Call a tool and return the status and the text of its answer, of at most `limit` bytes.

    Without a `context` the call has one of its own: the precision of `decimal`, say, is nobody else's.
    """
    try:
        value = (contextvars.Context() if context is None else context).run(call, arguments)
        return RESULT, results.encode(value, limit).encode("ascii")
    except results.Oversize:
        return OVERSIZE, f"the result is longer than {limit} bytes".encode()
    except MemoryError:
        return MEMORY, b"MemoryError: out of memory"
    except BaseException as error:  # SystemExit and KeyboardInterrupt are a tool's answer too
        return RAISED, message(error)


def message(error: BaseException) -> bytes:
    """Return the kind and the text of an exception, cut to a reasonable length."""
    name = type(error).__name__
    try:
        text = f"{name}: {error}" if str(error) else name
    except BaseException:  # its __str__ is the tool's code
        text = name
    return text[:MAX_ERROR].encode("utf-8", "replace")
