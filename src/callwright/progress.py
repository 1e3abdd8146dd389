"""What a person sees while stages run: one line per stage, a bar with the time left, plain lines in a log.

Everything goes to stderr; data goes to files. On a terminal the current stage is a live bar; elsewhere each
stage prints one line when it starts and one when it ends, and a long one reports every half minute.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
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
            self._live.update(self._task, completed=done, total=total or None, note=tail)
        elif time.monotonic() - self._last > QUIET_SECONDS:
            self._last = time.monotonic()
            share = f"{done / total:.0%}" if total else "…"
            self._console.print(f"    {self._name}: {share} {tail}", highlight=False)


class Display:
    """Prints stages as they run."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[Bar]:
        """Show the stage `name` while the block runs."""
        if not self.console.is_terminal:
            self.console.print(f"  … {name}", highlight=False)
            yield Bar(self.console, None, None, name)
            return
        columns = (
            TextColumn("  "), SpinnerColumn(), TextColumn("{task.description:<22}"), BarColumn(bar_width=28),
            TimeElapsedColumn(), TextColumn("{task.fields[note]}"),
        )  # fmt: skip
        with Progress(*columns, console=self.console, transient=True) as live:
            yield Bar(self.console, live, live.add_task(name, total=None, note=""), name)

    def done(self, name: str, seconds: float, text: str, *, reused: bool = False) -> None:
        """Print the line that a finished stage leaves behind."""
        taken = "reused" if reused else clock(seconds)
        self.console.print(f"  [green]✓[/] {name:<22} [dim]{taken:>12}[/]  {text}", highlight=False)

    def say(self, text: str = "") -> None:
        """Print a line as it is."""
        self.console.print(text, highlight=False)
