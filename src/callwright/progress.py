"""What a person sees while stages run: one line per stage, a bar with the time left, plain lines in a log.

Everything goes to stderr; data goes to files. On a terminal the current stage is a live bar; elsewhere each
stage prints one line when it starts and one when it ends, and a long one reports every half minute.
"""

from __future__ import annotations

import os
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

QUIET_SECONDS = 30.0


def clock(seconds: float) -> str:
    """Return a duration as people say it.

    >>> clock(75), clock(3.2)
    ('1 min 15 s', '3.2 s')
    """
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def legible(text: str) -> str:
    """Return `text` with control and bidirectional-override characters made visible.

    Names of files and words of models end up on a terminal, which must not take orders from them.

    >>> legible("a\x1b[2Jb")
    'a\\u001b[2Jb'
    """
    return "".join(c if _is_plain(c) else f"\\u{ord(c):04x}" for c in text)


def _is_plain(c: str) -> bool:
    return c.isprintable() or c in "\n\t" or unicodedata.category(c) == "Zs"  # a wide space is still a space


def speaks() -> bool:
    """Tell whether this process is to say what it does: a launcher starts several that do the same."""
    return os.environ.get("RANK", "0") == "0"


class Bar:
    """The current stage's line: tell it how far it is, and what there is to say."""

    def __init__(self, console: Console, live: Progress | None, task: TaskID | None, name: str) -> None:
        self._console = console
        self._live = live
        self._task = task
        self._name = name
        self._last = time.monotonic()

    def update(self, done: float, total: float, note: str = "", seconds_left: float | None = None) -> None:
        """Show `done` of `total`; `note` and the time left stand behind the bar."""
        tail = note + (f" · {clock(seconds_left)} left" if seconds_left is not None else "")
        if self._live is not None and self._task is not None:
            self._live.update(self._task, completed=done, total=total or None, note=legible(tail))
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._last = time.monotonic()
            share = f"{done / total:.0%}" if total else "…"
            _print(self._console, f"    {self._name}: {share} {tail}")


class Display:
    """Prints stages as they run."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, quiet=not speaks())

    @contextmanager
    def stage(self, name: str, *, announced: bool = True) -> Iterator[Bar]:
        """Show the stage `name` while the block runs; a log tells of it at once only if it is `announced`."""
        if not self.console.is_terminal:
            if announced:
                self.say(f"  … {name}")
            yield Bar(self.console, None, None, name)
            return
        columns = (
            TextColumn("  "), SpinnerColumn(), TextColumn("{task.description:<22}", markup=False),
            BarColumn(bar_width=28), TimeElapsedColumn(), TextColumn("{task.fields[note]}", markup=False),
        )  # fmt: skip
        with Progress(*columns, console=self.console, transient=True) as live:
            yield Bar(self.console, live, live.add_task(legible(name), total=None, note=""), name)

    def done(self, name: str, seconds: float, text: str, *, reused: bool = False) -> None:
        """Print the line that a finished stage leaves behind."""
        taken = "reused" if reused else clock(seconds)
        line = f"  [green]✓[/] {escape(f'{name:<22}')} [dim]{taken:>12}[/]  {escape(text)}"
        self.console.print(legible(line), highlight=False, soft_wrap=True)

    def say(self, text: str = "") -> None:
        """Print a line as it is."""
        _print(self.console, text)


def _print(console: Console, text: str) -> None:
    # Never as markup: a path may hold brackets, and so may what a model says.
    console.print(legible(text), highlight=False, markup=False, soft_wrap=True)
