"""Score a model on suite rows: on a file of them, or on requests that are made for the user's own tools."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from callwright.errors import ConfigError, DataError
from callwright.evaluate.answers import fingerprint_of
from callwright.evaluate.constrained import SCORE as CONSTRAINED
from callwright.evaluate.effects import with_effects
from callwright.evaluate.suite import Case, cases_of, run_gold, run_suite, some_of
from callwright.evaluate.summary import Summary
from callwright.evaluate.worlds import spread
from callwright.models import Model
from callwright.progress import legible
from callwright.record import Json, Trajectory
from callwright.settings import EvaluateSettings
from callwright.store import Sink, read, refuse_to_overwrite, sha256_file
from callwright.suites import in_column, own_suite
from callwright.toolbox import Limits, caller, import_tools
from callwright.weights import model_of

GOLD = "gold"
_A_COLUMN = 30
"""Requests in a column of a suite, unless a limit is given."""
Progress = Callable[[int, int], None]


def score_suite(
    model: Model,
    suite: Path,
    out: Path,
    max_tokens: int,
    fingerprint: str,
    progress: Progress,
    *,
    constrain: bool = False,
    limit: int | None = None,
) -> Summary:
    """Score a model on a file of suite rows, on `limit` of each column if one is given."""
    return run_suite(
        cases_in(suite, limit),
        model,
        out,
        max_tokens=max_tokens,
        fingerprint=fingerprint,
        progress=progress,
        constrain=constrain,
        conditions=suite_conditions(suite),
    )


def cases_in(suite: Path, limit: int | None = None) -> list[Case]:
    """Return the cases in a file of suite rows, at most `limit` of each column; raises DataError for none."""
    cases = some_of(cases_of(read(suite, "evaluate")), limit)
    if not cases:
        raise DataError("no row to score", place=str(suite))
    return cases


def suite_conditions(suite: Path) -> dict[str, Json]:
    """Return what the scores of a file of suite rows depend on."""
    return {"variant": f"suite/{legible(suite.name)}", "data_sha256": sha256_file(suite)}


def score_own_tools(out: Path, settings: EvaluateSettings, spec: str, progress: Progress) -> Summary:
    """Score a model on requests that are made for the user's tools; they stay in ``suite.jsonl``.

    Every expected call is executed, and so is what was called in its place: equal effect is a score of its
    own. Cases that were written by hand are taken from the file `settings.data`, as they are.
    """
    if settings.tools is None:
        raise ConfigError("a suite is made for tools", expected="--tools FILE")
    box = import_tools(str(settings.tools))
    with caller(box, Limits()) as call:
        suite = out / "suite.jsonl"
        refuse_to_overwrite(suite, [path for path in (settings.data, settings.tools) if path])
        made = own_suite(box.tools, call.play, accept=settings.limit or _A_COLUMN, seed=settings.seed)
        # What can not be graded is said before anything is asked.
        written = _written(settings.data, settings.limit) if settings.data else []
        with Sink(suite, "suite", {"seed": settings.seed, "tools_sha256": box.sha256}) as sink:
            for row in (*made, *written):
                sink.put(row)
        cases = cases_of(read(suite, "evaluate"))
        also = partial(with_effects, runnable={tool.name for tool in box.tools}, play=call.play)
        about = {
            **suite_conditions(suite),
            "variant": f"suite/{legible(settings.tools.name)}",
            "tools_sha256": box.sha256,
            "seed": settings.seed,
        }
        if spec == GOLD:
            return run_gold(cases, out, also=also, conditions=about)
        return run_suite(
            cases,
            model_of(spec),
            out,
            max_tokens=settings.max_tokens,
            fingerprint=fingerprint_of(spec),
            progress=progress,
            also=also,
            constrain=settings.mode == CONSTRAINED,
            conditions=about,
        )


def _written(data: Path, limit: int | None) -> list[Trajectory]:
    """Return at most `limit` of the user's own cases as a column; raises DataError where one is none."""
    rows = [*read(data, "evaluate")]
    if not cases_of(rows):
        raise DataError("no row to score", place=str(data))
    return [in_column(row, "written") for row in spread(rows, limit) if isinstance(row, Trajectory)]
