"""How the command line ends: an exit code, and one line that says why where something went wrong.

0 done, 1 problems found, 2 misuse, 130 interrupted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import typer

from callwright.console import err, say
from callwright.errors import CallwrightError, DataError, UserError
from callwright.progress import legible

INTERRUPTED = 130
# Typer carries a click of its own or uses the real one, by version; the error's rank is the same in both.
_Misuse: type[Any] = typer.BadParameter.__mro__[2]


def ended(run: Callable[[], Any]) -> int:
    """Run the command and return its exit code; what is wrong is said in one line, never by a traceback."""
    try:
        code = run()
        if code == INTERRUPTED:  # typer turns Ctrl-C into this
            raise KeyboardInterrupt
    except _Misuse as error:
        return _misuse(error)
    except UserError as error:
        return _failed(str(error), 2)
    except CallwrightError as error:
        return _failed(str(error), 1)
    except KeyboardInterrupt:
        return _failed("interrupted; the same command goes on with whatever was kept", INTERRUPTED)
    except UnicodeEncodeError as error:
        return _failed(str(_unwritable(error)), 2)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _failed(f"{place}{error.strerror or error}", 2)
    return int(code or 0)


def _unwritable(error: UnicodeEncodeError) -> DataError:
    """Return the line for a name that is no UTF-8; raises the error if it is about other text."""
    if not re.match("[\udc80-\udcff]", error.object[error.start :]):  # what Python makes of such a byte
        raise error
    place = error.object[max(0, error.start - 100) : error.end + 50]
    return DataError("can not be written down", place=place, expected="a name in UTF-8", hint="rename it")


def _misuse(error: Any) -> int:
    """Print what typer found wrong with the command, in the one line that every mistake gets."""
    text = error.format_message()
    if "\n" in text:  # a group without a verb: its help
        say(text)
        return 2
    where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
    return _failed(f"{text.rstrip('.')}{where}", 2)


def _failed(text: str, code: int) -> int:
    line = legible(" ".join(text.split()))
    err.print(f"error: {line}", highlight=False, markup=False, soft_wrap=True, style="red")
    return code
