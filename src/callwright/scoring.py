"""Score a model on a benchmark or a suite file, by name: what `evaluate` and `build` have in common."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from callwright.benchmarks import WORLDS, Opened, mode_of
from callwright.engine import Row
from callwright.errors import ConfigError
from callwright.evaluate.answers import Asker, fingerprint_of, opened
from callwright.evaluate.bfcl import run as bfcl
from callwright.evaluate.bfcl.conversations import conversations
from callwright.evaluate.bfcl.data import (
    FORMAT_SENSITIVITY,
    PYTHON_NON_LIVE,
    SEVERAL_TURNS,
    expanded,
    require_known,
)
from callwright.evaluate.bfcl.format_sensitivity import run_format_sensitivity
from callwright.evaluate.effects import with_effects
from callwright.evaluate.results import Result, with_conditions
from callwright.evaluate.sessions import Who
from callwright.evaluate.suite import cases_of, run_gold, run_suite
from callwright.evaluate.summary import Summary, save
from callwright.evaluate.taubench.trials import pass_hat, trials_of
from callwright.evaluate.worlds import Worlds, followed, played, recited
from callwright.grading import BFCL, judged
from callwright.models import EMBEDDED, Model
from callwright.record import Json, Trajectory
from callwright.settings import EvaluateSettings
from callwright.store import Sink, read, sha256_file
from callwright.suites import in_column, own_suite
from callwright.toolbox import Limits, caller, import_tools
from callwright.weights import model_of

GOLD = "gold"
POLICY = "policy:"
"""What a spec begins with that names a policy of a benchmark instead of a model."""
SUITE, TAUBENCH = "suite", "taubench"
_A_COLUMN = 30
"""Requests in a column of a suite, unless a limit is given."""
Progress = Callable[[int, int], None]
_REMEMBERED = 2 << 30
"""Bytes of a conversation's keys and values that a local model keeps from one reply to the next."""


def score(benchmark: str, out: Path, settings: EvaluateSettings, spec: str, progress: Progress) -> Summary:
    """Score the model `spec`, or the reference answers if it is "gold", and write the run into `out`."""
    check(benchmark, spec, settings)
    if benchmark in WORLDS:
        return score_worlds(benchmark, out, settings, spec, progress)
    if benchmark == BFCL:
        return score_bfcl(out, settings, spec, progress)
    if benchmark == SUITE:
        return score_own_tools(out, settings, spec, progress)
    if spec == GOLD:
        suite = Path(benchmark)
        return run_gold(cases_of(read(suite, "evaluate")), out, conditions=_of_suite(suite))
    model, fingerprint = model_of(spec), fingerprint_of(spec)
    return score_suite(model, Path(benchmark), out, settings.max_tokens, fingerprint, progress)


def check(benchmark: str, spec: str, settings: EvaluateSettings) -> None:
    """Raise for what can be seen to be wrong before a model is opened."""
    if benchmark not in (BFCL, *WORLDS, SUITE) and not Path(benchmark).is_file():
        known = f"{', '.join((BFCL, *WORLDS, SUITE))} or a file of suite rows"
        raise ConfigError("no such benchmark", place=benchmark, expected=known)
    if not spec:
        raise ConfigError("no model to score", expected="--model or --gold")
    if benchmark == BFCL:
        for category in _categories(settings):
            require_known(category)
    if settings.trials > 1 and benchmark != TAUBENCH:
        raise ConfigError("every task is played once", place="--trials", expected=f"the benchmark {TAUBENCH}")
    if spec.startswith(POLICY):
        if benchmark not in WORLDS:
            raise ConfigError("policies play episodes only", place=benchmark, expected=" | ".join(WORLDS))
    elif spec not in (GOLD, EMBEDDED) and not Path(spec).is_dir():
        model_of(spec)  # a server or a script: opening it costs nothing


def score_bfcl(out: Path, settings: EvaluateSettings, spec: str, progress: Progress) -> Summary:
    """Score a model, or BFCL's own answers, on categories of BFCL."""
    categories = _categories(settings)
    prompting: Any = mode_of(settings, ("native", "official"))
    if FORMAT_SENSITIVITY in categories:
        return _format_sensitivity(out, settings, spec, categories, progress)
    single = [name for name in categories if name not in SEVERAL_TURNS]
    talks = partial(
        conversations,
        [name for name in categories if name in SEVERAL_TURNS],
        limit=settings.limit,
        style=prompting,
        output_format=settings.output_format,
    )
    if spec == GOLD:
        return bfcl.run_gold(single, out, talks(lambda worlds, limit: recited(worlds, limit=limit)))
    about: dict[str, Json] = {
        "model": spec, "fingerprint": fingerprint_of(spec), "max_tokens": settings.max_tokens
    }  # fmt: skip
    return bfcl.run_bfcl(
        model_of(spec),
        out,
        single,
        limit=settings.limit,
        output_format=settings.output_format,
        prompting=prompting,
        max_tokens=settings.max_tokens,
        fingerprint=fingerprint_of(spec),
        progress=progress,
        more=lambda: with_conditions(talks(partial(_ask, out, settings, spec, progress)), about),
    )


def _format_sensitivity(
    out: Path, settings: EvaluateSettings, spec: str, categories: list[str], progress: Progress
) -> Summary:
    if spec == GOLD or len(categories) > 1:
        raise ConfigError(
            f"{FORMAT_SENSITIVITY} is no part of the score and has no reference",
            place="--categories", expected=f"{FORMAT_SENSITIVITY} alone, and a model",
        )  # fmt: skip
    return run_format_sensitivity(
        model_of(spec),
        out,
        limit=settings.limit,
        max_tokens=settings.max_tokens,
        fingerprint=fingerprint_of(spec),
        progress=progress,
    )


def _categories(settings: EvaluateSettings) -> list[str]:
    told = settings.categories or ",".join(PYTHON_NON_LIVE)
    return expanded([c.strip() for c in told.split(",") if c.strip()])


def score_worlds(
    benchmark: str, out: Path, settings: EvaluateSettings, spec: str, progress: Progress
) -> Summary:
    """Score whoever `spec` names on a benchmark of several turns."""
    play = WORLDS[benchmark](settings)
    about: dict[str, Json] = {"model": spec, "limit": settings.limit}
    if spec == GOLD:
        results = recited(play.worlds, limit=settings.limit)
    elif spec.startswith(POLICY):
        policy = _policy(benchmark, play, spec.removeprefix(POLICY))
        results = followed(play.worlds, policy, limit=settings.limit)
    else:
        about |= {"fingerprint": fingerprint_of(spec), "max_tokens": settings.max_tokens}
        if settings.simulator:
            about |= {"simulator": settings.simulator}
        results = _ask(out, settings, spec, progress, play.worlds, settings.limit)
    told: dict[str, Json] = {"benchmark": benchmark, **about}
    if play.notes:
        told["notes"] = list(play.notes)
    results = with_conditions(results, about)
    if settings.trials > 1:
        told["pass_hat"] = [each._asdict() for each in pass_hat(trials_of(results), seed=settings.seed)]
    if settings.judge:
        results, told["judged"] = judged(benchmark, results, out, settings)
    return save(results, out, told)


def _policy(benchmark: str, play: Opened, name: str) -> Any:
    if name not in play.policies:
        known = " | ".join(POLICY + each for each in play.policies) or "a model"
        raise ConfigError(f"{benchmark} has no such policy", got=repr(name), expected=known)
    return play.policies[name]


def _ask(
    out: Path,
    settings: EvaluateSettings,
    spec: str,
    progress: Progress,
    worlds: Worlds,
    limit: int | None,
) -> list[Result]:
    """Ask the model, and the simulator where there is one; each has a journal of its own."""
    if not worlds:
        return []
    with ExitStack() as stack:

        def asker(name: str, file: str) -> Asker:
            book, model = stack.enter_context(opened(out / file)), model_of(name, remember=_REMEMBERED)
            return Asker(model, book, max_tokens=settings.max_tokens, fingerprint=fingerprint_of(name))

        askers: dict[Who, Asker] = {"agent": asker(spec, "answers.jsonl")}
        if settings.simulator:
            askers["user"] = askers["tools"] = asker(settings.simulator, "simulator.jsonl")
        return played(worlds, askers, limit=limit, progress=progress)


def score_suite(
    model: Model,
    suite: Path,
    out: Path,
    max_tokens: int,
    fingerprint: str,
    progress: Progress,
) -> Summary:
    """Score a model on a file of suite rows."""
    cases = cases_of(read(suite, "evaluate"))
    return run_suite(
        cases,
        model,
        out,
        max_tokens=max_tokens,
        fingerprint=fingerprint,
        progress=progress,
        conditions=_of_suite(suite),
    )


def _of_suite(suite: Path) -> dict[str, Json]:
    return {"variant": f"suite/{suite.name}", "data_sha256": sha256_file(suite)}


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
        made = own_suite(box.tools, call.play, accept=settings.limit or _A_COLUMN, seed=settings.seed)
        written = [*read(settings.data, "evaluate")] if settings.data else []
        cases_of(written)  # one that can not be graded is said before anything is asked
        with Sink(suite, "suite", {"seed": settings.seed, "tools_sha256": box.sha256}) as sink:
            for row in (*made, *map(_written, written)):
                sink.put(row)
        cases = cases_of(read(suite, "evaluate"))
        also = partial(with_effects, runnable={tool.name for tool in box.tools}, play=call.play)
        about = {
            **_of_suite(suite),
            "variant": f"suite/{settings.tools.name}",
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
            conditions=about,
        )


def _written(row: Row) -> Row:
    return in_column(row, "written") if isinstance(row, Trajectory) else row
