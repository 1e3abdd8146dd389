"""Score a model on a benchmark or a suite file, by name: what `evaluate` and `build` have in common."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from callwright.benchmarks import WORLDS, Opened, mode_of
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
from callwright.evaluate.constrained import SCORE as CONSTRAINED
from callwright.evaluate.results import Result, with_conditions
from callwright.evaluate.sessions import Who
from callwright.evaluate.suite import cases_of, run_gold
from callwright.evaluate.summary import Summary, save
from callwright.evaluate.taubench.trials import pass_hat, trials_of
from callwright.evaluate.worlds import Worlds, followed, played, recited
from callwright.grading import BFCL, judged
from callwright.models import EMBEDDED, Model
from callwright.models.http import shown_spec
from callwright.record import Json
from callwright.settings import EvaluateSettings
from callwright.store import read
from callwright.suite_scoring import GOLD, Progress, score_own_tools, score_suite, suite_conditions
from callwright.weights import model_of

POLICY = "policy:"
"""What a spec begins with that names a policy of a benchmark instead of a model."""
SUITE, TAUBENCH = "suite", "taubench"
_MODES = ("native", CONSTRAINED)
_BFCL_MODES = ("native", "official", CONSTRAINED)
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
        return run_gold(cases_of(read(suite, "evaluate")), out, conditions=suite_conditions(suite))
    return score_suite(
        model_of(spec),
        Path(benchmark),
        out,
        settings.max_tokens,
        fingerprint_of(spec),
        progress,
        constrain=settings.mode == CONSTRAINED,
    )


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
    if benchmark not in WORLDS:
        mode_of(settings, _BFCL_MODES if benchmark == BFCL else _MODES)
        if settings.mode == CONSTRAINED:
            _check_constrained(spec, settings)
    if settings.trials > 1 and benchmark != TAUBENCH:
        raise ConfigError("every task is played once", place="--trials", expected=f"the benchmark {TAUBENCH}")
    if spec.startswith(POLICY):
        if benchmark not in WORLDS:
            raise ConfigError("policies play episodes only", place=benchmark, expected=" | ".join(WORLDS))
    elif spec not in (GOLD, EMBEDDED) and not Path(spec).is_dir():
        model_of(spec)  # a server or a script: opening it costs nothing


def _check_constrained(spec: str, settings: EvaluateSettings) -> None:
    """Raise where answers can not be held to a grammar."""
    if FORMAT_SENSITIVITY in (settings.categories or ""):
        raise ConfigError("its wordings are not held to a grammar", place=FORMAT_SENSITIVITY)
    if spec != EMBEDDED and not Path(spec).is_dir():
        raise ConfigError("only a local model is held to a grammar", place=f"--mode {CONSTRAINED}", got=spec)


def score_bfcl(out: Path, settings: EvaluateSettings, spec: str, progress: Progress) -> Summary:
    """Score a model, or BFCL's own answers, on categories of BFCL."""
    categories = _categories(settings)
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
        return bfcl.run_gold(single, out, talks(lambda worlds, limit: recited(worlds, limit=limit)))
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


def _categories(settings: EvaluateSettings) -> list[str]:
    told = settings.categories or ",".join(PYTHON_NON_LIVE)
    return expanded([c.strip() for c in told.split(",") if c.strip()])


def score_worlds(
    benchmark: str, out: Path, settings: EvaluateSettings, spec: str, progress: Progress
) -> Summary:
    """Score whoever `spec` names on a benchmark of several turns."""
    play = WORLDS[benchmark](settings)
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
    if settings.judge:
        results, told["judged"] = judged(benchmark, results, out, settings)
    return save(results, out, told)


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
