"""Score a model on a benchmark or a suite file, by name: what `evaluate` and `build` have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from callwright.errors import ConfigError
from callwright.evaluate.answers import fingerprint_of
from callwright.evaluate.bfcl import run as bfcl
from callwright.evaluate.bfcl.data import require_known
from callwright.evaluate.results import Summary
from callwright.evaluate.suite import cases_of, run_gold, run_suite
from callwright.models import EMBEDDED, Model
from callwright.settings import EvaluateSettings
from callwright.store import read
from callwright.weights import model_of

GOLD = "gold"
BFCL = "bfcl"


def score(
    benchmark: str, out: Path, settings: EvaluateSettings, spec: str, progress: Callable[[int, int], None]
) -> Summary:
    """Score the model `spec`, or the reference answers if it is "gold", and write the run into `out`."""
    check(benchmark, spec, settings)
    categories = _categories(settings)
    if spec == GOLD:
        if benchmark == BFCL:
            return bfcl.run_gold(categories, out)
        return run_gold(cases_of(read(Path(benchmark), "evaluate")), out)
    model, fingerprint = model_of(spec), fingerprint_of(spec)
    if benchmark == BFCL:
        return bfcl.run_bfcl(
            model,
            out,
            categories,
            limit=settings.limit,
            max_tokens=settings.max_tokens,
            fingerprint=fingerprint,
            progress=progress,
        )
    return score_suite(model, Path(benchmark), out, settings.max_tokens, fingerprint, progress)


def check(benchmark: str, spec: str, settings: EvaluateSettings) -> None:
    """Raise for what can be seen to be wrong before a model is opened."""
    if benchmark != BFCL and not Path(benchmark).is_file():
        raise ConfigError("no such benchmark", place=benchmark, expected=f"{BFCL} or a file of suite rows")
    if not spec:
        raise ConfigError("no model to score", expected="--model or --gold")
    if benchmark == BFCL:
        for category in _categories(settings):
            require_known(category)
    if spec not in (GOLD, EMBEDDED) and not Path(spec).is_dir():
        model_of(spec)  # a server or a script: opening it costs nothing


def _categories(settings: EvaluateSettings) -> list[str]:
    return [c.strip() for c in settings.categories.split(",") if c.strip()]


def score_suite(
    model: Model,
    suite: Path,
    out: Path,
    max_tokens: int,
    fingerprint: str,
    progress: Callable[[int, int], None],
) -> Summary:
    """Score a model on a file of suite rows."""
    cases = cases_of(read(suite, "evaluate"))
    return run_suite(cases, model, out, max_tokens=max_tokens, fingerprint=fingerprint, progress=progress)
