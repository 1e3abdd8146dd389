"""What can go wrong, named after the boundary that was crossed.

::

    CallwrightError
    ├── UserError          the caller can mend it: one line on stderr, exit code 2, no traceback
    │   ├── ConfigError    an option or a config key
    │   ├── DataError      a file or a row that can not be read
    │   ├── ToolsError     a toolbox that can not be imported
    │   ├── AssetError     a pinned asset that is neither cached nor reachable
    │   ├── ExtraMissing   an optional dependency that is not installed
    │   └── RunError       a run directory that does not belong to this command
    │       └── RunInUse   another process is at work in it
    ├── GateError          data that must not go on, such as a secret: exit code 1
    ├── ModelError         a model did not answer: an outage, never a wrong answer
    └── WorkerError        a worker process died in our own code

A new error is a subclass with one sentence; it carries the place, what was expected, what was
found and the way out, and it survives pickling, because workers raise it across processes.
"""

from __future__ import annotations


class CallwrightError(Exception):
    """Root of every error that callwright raises on purpose."""

    def __init__(
        self,
        what: str,
        *,
        place: str = "",
        expected: str = "",
        got: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(what)
        self.what = what
        self.place = place
        self.expected = expected
        self.got = got
        self.hint = hint

    def __str__(self) -> str:
        """One line: ``place: what: expected X, got Y (hint)``."""
        line = f"{self.place}: {self.what}" if self.place else self.what
        details = []
        if self.expected:
            details.append(f"expected {self.expected}")
        if self.got:
            details.append(f"got {self.got}")
        if details:
            line += ": " + ", ".join(details)
        if self.hint:
            line += f" ({self.hint})"
        return line

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.what, self.place, self.expected, self.got, self.hint))


def _rebuild(
    kind: type[CallwrightError], what: str, place: str, expected: str, got: str, hint: str
) -> CallwrightError:
    return kind(what, place=place, expected=expected, got=got, hint=hint)


class UserError(CallwrightError):
    """A mistake that the caller can mend; the command line prints it as one line and exits with 2."""


class ConfigError(UserError):
    """An option, a config key or the value of either is not usable."""


class DataError(UserError):
    """A data file or a row of it can not be read."""


class ToolsError(UserError):
    """A toolbox can not be imported or holds no usable tool."""


class AssetError(UserError):
    """A pinned asset is neither in the cache nor reachable."""


class ExtraMissing(UserError):
    """A capability needs an optional dependency that is not installed."""


class RunError(UserError):
    """A run directory belongs to another command, or to none."""


class RunInUse(RunError):
    """Another process is at work in a run directory."""


class GateError(CallwrightError):
    """Data must not go on: a gate that the user can open was closed."""


class ModelError(CallwrightError):
    """A model did not answer. An outage is never scored as a wrong answer."""


class WorkerError(CallwrightError):
    """A worker process died while running our own code."""
