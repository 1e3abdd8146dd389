"""Set two runs over the same rows side by side: what changed, how sure that is, and which rows it was.

>>> compare(before, after)["simple"].difference      # doctest: +SKIP
0.42
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from callwright.errors import DataError
from callwright.evaluate.results import Measure, Result, read_results
from callwright.evaluate.several_trials import TaskDifference, difference, task_of
from callwright.evaluate.stats import (
    PairedDifference,
    minimum_detectable_difference,
    paired_difference,
    rows_needed,
    shown_p,
)

ALL = "all"
Difference = PairedDifference | TaskDifference
"""Of rows, or of tasks where there are several trials of one."""


class Comparison(NamedTuple):
    """The difference over all rows, per column, and the rows that changed sides."""

    all: Difference
    columns: dict[str, Difference]
    fixed: tuple[str, ...]
    """Ids of rows that were wrong before and are right after."""
    broken: tuple[str, ...]
    conditions: dict[str, str]
    """What the two runs did not have in common beside the model, in words, by its name."""


def compare_files(before: Path, after: Path, *, measure: Measure = "correct") -> Comparison:
    """Compare two result files (or run folders that hold one)."""
    return compare(read_results(_results_in(before)), read_results(_results_in(after)), measure=measure)


def compare(before: Sequence[Result], after: Sequence[Result], *, measure: Measure = "correct") -> Comparison:
    """Compare two runs; raises DataError naming the first row that is not the same in both."""
    _require_same_rows(before, after)
    both = _in_order(before, after)
    columns: dict[str, list[tuple[Result, Result]]] = {}
    for a, b in both:
        columns.setdefault(a.column, []).append((a, b))
    return Comparison(
        _difference(both, measure),
        {column: _difference(pairs, measure) for column, pairs in columns.items()},
        tuple(a.id for a, b in both if _right(b, measure) and not _right(a, measure)),
        tuple(a.id for a, b in both if _right(a, measure) and not _right(b, measure)),
        _differing(both),
    )


def _difference(pairs: Sequence[tuple[Result, Result]], measure: Measure) -> Difference:
    """Compare rows; where a task was tried several times, tasks."""
    tasks: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for a, b in pairs:
        tasks.setdefault(task_of(a), []).append((_right(a, measure), _right(b, measure)))
    if len(tasks) == len(pairs):
        return paired_difference(*([own[0][side] for own in tasks.values()] for side in (0, 1)))
    return difference(*([[pair[side] for pair in own] for own in tasks.values()] for side in (0, 1)))


def table(comparison: Comparison) -> str:
    """Return the comparison as a text table, one line per column and one for all rows, and what to heed."""
    header = f"{'column':<28}{'n':>6}{'before':>9}{'after':>9}{'difference':>12}{'95 % interval':>20}{'p':>9}"
    lines = [_line(name, difference) for name, difference in comparison.columns.items()]
    told = [f"Not the same in both runs: {name} ({how})." for name, how in comparison.conditions.items()]
    return "\n".join([header, *lines, _line(ALL, comparison.all), power(comparison.all), *told])


def power(d: Difference) -> str:
    """Say how large a difference so many rows show, and how many it takes to show the one that was seen."""
    if isinstance(d, TaskDifference):
        n, what, discordant = d.tasks, "tasks", d.square
    else:
        n, what, discordant = d.n, "rows", (d.fixed + d.broken) / max(d.n, 1)
    if not discordant:
        return f"The runs agree on all {n:,} {what}."
    shown = minimum_detectable_difference(n, discordant)
    told = f"{n:,} {what} show a difference of {100 * shown:.1f} points in four of five cases"
    if not d.difference:
        return told + "."
    needed = rows_needed(abs(d.difference), discordant)
    return f"{told}; for one of {100 * abs(d.difference):.1f} it takes {needed:,}."


def _line(name: str, d: Difference) -> str:
    interval = f"{100 * d.low:+.1f} … {100 * d.high:+.1f}"
    n = f"{d.tasks}x{d.n / d.tasks:.3g}" if isinstance(d, TaskDifference) else f"{d.n}"
    return (
        f"{name:<28}{n:>6}{100 * d.before:>9.1f}{100 * d.after:>9.1f}{100 * d.difference:>+12.1f}"
        f"{interval:>20}{shown_p(d.p):>9}"
    )


def _require_same_rows(before: Sequence[Result], after: Sequence[Result]) -> None:
    for side, rows in (("first", before), ("second", after)):
        row_id, times = next(iter(Counter(map(_id, rows)).most_common(1)), ("", 0))
        if times > 1:
            raise DataError("two rows have the same id", place=f"the {side} run", got=repr(row_id))
    for a, b in zip_longest(sorted(before, key=_id), sorted(after, key=_id)):
        if a is None or b is None or a.id != b.id:
            missing = b if a is None or (b is not None and b.id < a.id) else a
            side = "second" if missing is a else "first"
            raise DataError(f"the runs are over different rows: {missing.id} is missing from the {side}")
        same = {"column": (a.column, b.column), "request": (a.request, b.request), "gold": (a.gold, b.gold)}
        for name, (mine, theirs) in same.items():
            if mine != theirs:
                raise DataError(
                    f"the runs are over different rows: {name} differs",
                    place=a.id, expected=str(mine)[:80], got=str(theirs)[:80],
                )  # fmt: skip


def _in_order(before: Sequence[Result], after: Sequence[Result]) -> list[tuple[Result, Result]]:
    by_id = {result.id: result for result in after}
    return [(result, by_id[result.id]) for result in before]


def _differing(pairs: Sequence[tuple[Result, Result]]) -> dict[str, str]:
    """Return the conditions that differ, and how: from what to what, or in how many rows."""
    told = {}
    names = dict.fromkeys(name for pair in pairs for row in pair for name in row.conditions)
    for name in names:
        if name in _MODEL:
            continue
        values = [(a.conditions.get(name), b.conditions.get(name)) for a, b in pairs]
        different = [f"{a} → {b}" for a, b in values if a != b]
        if different and len(set(different)) == 1 and len(different[0]) <= _SHORT:
            told[name] = different[0]
        elif different:
            told[name] = f"in {len(different):,} of {len(pairs):,} rows"
    return told


_MODEL = ("model", "fingerprint")
_SHORT = 80


def _id(result: Result) -> str:
    return result.id


def _right(result: Result, measure: Measure) -> bool:
    return result.strict if measure == "strict" else result.correct


def _results_in(path: Path) -> Path:
    return path / "results.jsonl" if path.is_dir() else path
