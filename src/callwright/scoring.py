"""Score a model on a benchmark or a suite file, by name: what `evaluate` and `build` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from callwright.benchmarks import ALWAYS, USED, WORLDS, Opened, mode_of, refuse_unused
from callwright.errors import ConfigError, DataError
from callwright.evaluate.answers import Asker, fingerprint_of, opened
from callwright.evaluate.bfcl import run as bfcl
from callwright.evaluate.bfcl.conversations import conversations
from callwright.evaluate.bfcl.data import FORMAT_SENSITIVITY, SEVERAL_TURNS
from callwright.evaluate.bfcl.format_sensitivity import run_format_sensitivity
from callwright.evaluate.constrained import SCORE as CONSTRAINED
from callwright.evaluate.results import Result, with_conditions
from callwright.evaluate.sessions import Who
from callwright.evaluate.suite import run_gold
from callwright.evaluate.summary import Summary
from callwright.evaluate.taubench.trials import pass_hat, trials_of
from callwright.evaluate.worlds import Worlds, followed, played, recited
from callwright.formats import format_named
from callwright.grading import BFCL, bfcl_categories, check_model, save_judged
from callwright.models import EMBEDDED, Model
from callwright.models.http import shown_spec
from callwright.record import Json
from callwright.settings import EvaluateSettings
from callwright.store import refuse_to_overwrite
from callwright.suite_scoring import GOLD, Progress, cases_in, score_own_tools, score_suite, suite_conditions
from callwright.weights import model_of

POLICY = "policy:"
"""What a spec begins with that names a policy of a benchmark instead of a model."""
SUITE = "suite"
_MODES = ("native", CONSTRAINED)
_BFCL_MODES = ("native", "official", CONSTRAINED)
_REMEMBERED = 2 << 30
"""Bytes of a conversation's keys and values that a local model keeps from one reply to the next."""


def score(benchmark: str, out: Path, settings: EvaluateSettings, spec: str, progress: Progress) -> Summary:
    """Score the model `spec`, or the reference answers if it is "gold", and write the run into `out`."""
    check(benchmark, spec, settings)
    _spare(out, [Path(benchmark), Path(spec.removeprefix("scripted:")), settings.data, settings.tools])
    if benchmark in WORLDS:
        return score_worlds(benchmark, out, settings, spec, progress)
    if benchmark == BFCL:
        return score_bfcl(out, settings, spec, progress)
    if benchmark == SUITE:
        return score_own_tools(out, settings, spec, progress)
    suite = Path(benchmark)
    if spec == GOLD:
        return run_gold(cases_in(suite, settings.limit), out, conditions=suite_conditions(suite))
    return score_suite(
        model_of(spec),
        suite,
        out,
        settings.max_tokens,
        fingerprint_of(spec),
        progress,
        constrain=settings.mode == CONSTRAINED,
        limit=settings.limit,
    )


def _spare(out: Path, inputs: Sequence[Path | None]) -> None:
    """Raise ConfigError where the run would be written over a file that it reads."""
    files = [path for path in inputs if path is not None and path.is_file()]
    for name in ("answers.jsonl", "results.jsonl", "summary.json"):
        refuse_to_overwrite(out / name, files)


def check(benchmark: str, spec: str, settings: EvaluateSettings) -> None:
    """Raise for what can be seen to be wrong before a model is opened."""
    if benchmark not in (BFCL, *WORLDS, SUITE) and not Path(benchmark).is_file():
        known = f"{', '.join((BFCL, *WORLDS, SUITE))} or a file of suite rows"
        raise ConfigError("no such benchmark", place=benchmark, expected=known)
    if not spec:
        raise ConfigError("no model to score", expected="--model or --gold")
    _check_settings(benchmark, settings)
    if settings.mode == CONSTRAINED:
        _check_constrained(spec, settings)
    if spec == GOLD or spec.startswith(POLICY):
        if spec != GOLD and benchmark not in WORLDS:
            raise ConfigError("policies play episodes only", place=benchmark, expected=" | ".join(WORLDS))
        if settings.simulator:
            raise ConfigError("nobody speaks with a simulator", place="--simulator", expected="--model")
    else:
        check_model(spec)
    for other in filter(None, (settings.simulator, settings.judge)):
        check_model(other)


def _check_settings(benchmark: str, settings: EvaluateSettings) -> None:
    """Raise for settings that the benchmark does not know or would not heed."""
    named = benchmark in USED
    by = benchmark if named else "a file of suite rows"
    refuse_unused(settings, (*ALWAYS, *(USED[benchmark] if named else ("mode",))), by)
    categories = bfcl_categories(settings) if benchmark == BFCL else []
    if benchmark not in WORLDS:
        mode_of(settings, _BFCL_MODES if benchmark == BFCL else _MODES)
    format_named(settings.output_format)
    theirs = {"official", "react", "text"} & {*(settings.mode or "").split("/")}
    if settings.output_format and (theirs or FORMAT_SENSITIVITY in categories):
        raise ConfigError(
            "calls are written as the benchmark wants them", place="--output-format", hint="leave it out"
        )
    if FORMAT_SENSITIVITY in categories and settings.mode == "native":
        raise ConfigError("its wordings are the official ones", place=FORMAT_SENSITIVITY, got="--mode native")


def _check_constrained(spec: str, settings: EvaluateSettings) -> None:
    """Raise where answers can not be held to a grammar."""
    if FORMAT_SENSITIVITY in (settings.categories or ""):
        raise ConfigError("its wordings are not held to a grammar", place=FORMAT_SENSITIVITY)
    if spec != EMBEDDED and not Path(spec).is_dir():
        raise ConfigError("only a local model is held to a grammar", place=f"--mode {CONSTRAINED}", got=spec)


def score_bfcl(out: Path, settings: EvaluateSettings, spec: str, progress: Progress) -> Summary:
    """Score a model, or BFCL's own answers, on categories of BFCL."""
    categories = bfcl_categories(settings)
    mode = mode_of(settings, _BFCL_MODES)
    prompting: Any = "native" if mode == CONSTRAINED else mode
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
        told = talks(lambda worlds, limit: recited(worlds, limit=limit))
        return bfcl.run_gold(single, out, told, limit=settings.limit)
    agent = _player(spec, remember=len(single) < len(categories))
    about: dict[str, Json] = {
        "model": shown_spec(spec), "fingerprint": agent.fingerprint, "max_tokens": settings.max_tokens
    }  # fmt: skip
    return bfcl.run_bfcl(
        agent.model,
        out,
        single,
        limit=settings.limit,
        output_format=settings.output_format,
        prompting=prompting,
        max_tokens=settings.max_tokens,
        fingerprint=agent.fingerprint,
        progress=progress,
        constrain=mode == CONSTRAINED,
        more=lambda: with_conditions(talks(partial(_ask, out, settings, agent, progress)), about),
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


def score_worlds(
    benchmark: str, out: Path, settings: EvaluateSettings, spec: str, progress: Progress
) -> Summary:
    """Score whoever `spec` names on a benchmark of several turns."""
    play = WORLDS[benchmark](settings)
    if not any(world.tasks for world in play.worlds):
        raise DataError("no task to play", place=str(settings.data or benchmark))
    about: dict[str, Json] = {"model": shown_spec(spec), "limit": settings.limit}
    if spec == GOLD:
        results = recited(play.worlds, limit=settings.limit)
    elif spec.startswith(POLICY):
        policy = _policy(benchmark, play, spec.removeprefix(POLICY))
        results = followed(play.worlds, policy, limit=settings.limit)
    else:
        agent = _player(spec)
        about |= {"fingerprint": agent.fingerprint, "max_tokens": settings.max_tokens}
        if settings.simulator:
            about |= {"simulator": shown_spec(settings.simulator)}
        results = _ask(out, settings, agent, progress, play.worlds, settings.limit)
    told: dict[str, Json] = {"benchmark": benchmark, **about}
    if play.notes:
        told["notes"] = list(play.notes)
    results = with_conditions(results, about)
    if settings.trials > 1:
        told["pass_hat"] = [each._asdict() for each in pass_hat(trials_of(results), seed=settings.seed)]
    return save_judged(results, out, told, settings)


def _policy(benchmark: str, play: Opened, name: str) -> Any:
    if name not in play.policies:
        known = " | ".join(POLICY + each for each in play.policies) or "a model"
        raise ConfigError(f"{benchmark} has no such policy", got=repr(name), expected=known)
    return play.policies[name]


class _Player(NamedTuple):
    """A model and what identifies its weights."""

    model: Model
    fingerprint: str


def _player(spec: str, *, remember: bool = True) -> _Player:
    return _Player(model_of(spec, remember=_REMEMBERED if remember else 0), fingerprint_of(spec))


def _ask(
    out: Path,
    settings: EvaluateSettings,
    agent: _Player,
    progress: Progress,
    worlds: Worlds,
    limit: int | None,
) -> list[Result]:
    """Ask the model, and the simulator where there is one; each has a journal of its own."""
    if not worlds:
        return []
    with ExitStack() as stack:

        def asker(player: _Player, file: str) -> Asker:
            book = stack.enter_context(opened(out / file))
            return Asker(player.model, book, max_tokens=settings.max_tokens, fingerprint=player.fingerprint)

        askers: dict[Who, Asker] = {"agent": asker(agent, "answers.jsonl")}
        if settings.simulator:
            askers["user"] = askers["tools"] = asker(_player(settings.simulator), "simulator.jsonl")
        return played(worlds, askers, limit=limit, progress=progress)
