"""The benchmarks of several turns by name: which worlds they are, and what plays them without a model.

Each takes the parts that are asked for from `categories`, the user's data from `data`, the way of asking from
`mode`; what is left out is the benchmark's own default. Without data each has a part that needs none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from callwright.errors import ConfigError
from callwright.evaluate.sessions import Policy, World
from callwright.evaluate.taubench.domain import DomainName
from callwright.models.http import shown_spec
from callwright.settings import EvaluateSettings

HOME = "home"
"""The part of a benchmark that needs no data."""


@dataclass(frozen=True)
class Opened:
    """A benchmark, ready to be played."""

    worlds: tuple[World[Any], ...]
    policies: Mapping[str, Callable[[World[Any]], Policy]] = field(default_factory=dict)
    """What can play the agent without a model, by name."""
    notes: tuple[str, ...] = ()
    """What a reader of the scores has to know."""


USED: dict[str, tuple[str, ...]] = {
    "bfcl": ("categories", "mode", "output_format"),
    "webshop": ("categories", "data", "mode", "output_format", "max_steps"),
    "toolbench": ("categories", "data", "mode", "output_format", "simulator", "judge"),
    "toolquery": ("categories", "data", "mode", "output_format", "max_steps"),
    "taubench": ("categories", "data", "mode", "output_format", "max_steps", "trials", "simulator"),
    "suite": ("data", "tools", "mode"),
}
"""The settings that a benchmark heeds, beside `ALWAYS`."""
ALWAYS = ("limit", "max_tokens", "seed")
_NOTHING = {"judge": "nothing for a judge to do", "trials": "every task is played once"}


def refuse_unused(settings: EvaluateSettings, used: Collection[str], by: str) -> None:
    """Raise ConfigError for a setting that was given and is none of those `used`; `by` says by whom."""
    usual = EvaluateSettings()
    for each in fields(settings):
        if each.name in used or getattr(settings, each.name) == getattr(usual, each.name):
            continue
        known = [name for name, own in USED.items() if each.name in own] if by in USED else []
        raise ConfigError(
            _NOTHING.get(each.name, f"has no effect on {by}"),
            place=f"--{each.name.replace('_', '-')}",
            expected=f"the benchmark {' | '.join(known)}" if known else "",
            hint="leave it out",
        )


def named_parts(settings: EvaluateSettings, default: str) -> list[str]:
    """Return the parts that are asked for by their names; raises ConfigError for none, and for one twice."""
    told = default if settings.categories is None else settings.categories
    asked = [part.strip() for part in told.split(",") if part.strip()]
    if not asked:
        raise ConfigError("no part of the benchmark", place="--categories", got=repr(told))
    twice = next((part for part, times in Counter(asked).items() if times > 1), None)
    if twice is not None:
        raise ConfigError("a part is named twice", place="--categories", got=repr(twice))
    return asked


def parts(settings: EvaluateSettings, known: tuple[str, ...], default: str) -> list[str]:
    """Return the parts that are asked for; raises ConfigError for one that is not known."""
    asked = named_parts(settings, default)
    for part in asked:
        if part not in known:
            raise ConfigError("no such part of the benchmark", got=repr(part), expected=" | ".join(known))
    return asked


def needed(settings: EvaluateSettings, part: str) -> Path:
    """Return the folder of data; raises ConfigError where a part needs one and none is given."""
    if settings.data is None:
        hint = f"--categories {HOME} needs none"
        raise ConfigError(f"{part} needs data", expected="--data FOLDER", hint=hint)
    return settings.data


def mode_of(settings: EvaluateSettings, known: tuple[str, ...]) -> str:
    """Return how the benchmark is asked; the first of the known ways is the default."""
    if settings.mode and settings.mode not in known:
        raise ConfigError("no such mode", place="--mode", got=repr(settings.mode), expected=" | ".join(known))
    return settings.mode or known[0]


def webshop(settings: EvaluateSettings) -> Opened:
    """Return WebShop: invented products, the 1,000 of the original, or a prepared catalogue."""
    from callwright.evaluate.webshop.nouns import DEFAULT_TAGGER
    from callwright.evaluate.webshop.policies import policies
    from callwright.evaluate.webshop.variants import SPLITS, VARIANTS, WITH_SPLITS
    from callwright.evaluate.webshop.world import open_world

    known = (*VARIANTS, *(f"{name}/{split}" for name in WITH_SPLITS for split in SPLITS))
    mode, *more = mode_of(settings, SHOPPING).split("/")
    asked: Any = {"mode": mode, "interface": "text" if "text" in more else "tool-calls"}
    worlds = []
    for part in parts(settings, known, "1k-synthetic" if settings.data else HOME):
        variant, _, split = part.partition("/")
        told: Any = {**asked, "split": split or "test"}
        world = open_world(
            variant,
            None if variant == HOME else needed(settings, variant),
            tagger=SPACY if "spacy" in more else DEFAULT_TAGGER,
            steps=settings.max_steps,
            output_format=settings.output_format,
            **told,
        )
        worlds.append(world)
    return Opened(tuple(worlds), {name: _always(each) for name, each in policies(settings.seed).items()})


def _always(policy: Policy) -> Callable[[World[Any]], Policy]:
    """Return what gives every world the same policy."""
    return lambda _: policy


SHOPPING = tuple(
    mode + interface + tagger
    for tagger in ("", "/spacy")
    for interface in ("", "/text")
    for mode in ("princeton", "agentboard")
)
"""An environment's rules, how an agent acts in it, and what finds the nouns of a title."""
SPACY = "spacy:en_core_web_sm"


def prepare(benchmark: str, out: Path, settings: EvaluateSettings, progress: Callable[[int], None]) -> int:
    """Build WebShop's catalogue from the downloads in ``settings.data``; return how many products it has."""
    if benchmark != "webshop":
        raise ConfigError("nothing to prepare", place=benchmark, expected="webshop")
    if settings.data is None:
        raise ConfigError("a catalogue is made of downloads", expected="--data FOLDER")
    from callwright.evaluate.webshop import prepare as making

    return making.prepare(*making.official_files(settings.data), out, progress=progress).documents


def toolbench(settings: EvaluateSettings) -> Opened:
    """Return ToolBench: fifteen APIs with real code, or the official queries and answers for them.

    `data` is the folder of queries, `server_cache` in it or beside it the recorded answers; what is not
    recorded is invented from the schemas, or by the simulator.
    """
    from callwright.evaluate.toolbench.cache import Cache
    from callwright.evaluate.toolbench.home import home_world
    from callwright.evaluate.toolbench.queries import read_queries
    from callwright.evaluate.toolbench.world import ToolBench

    method = mode_of(settings, ("DFSDT", "CoT@1", "CoT@2", "CoT@3"))
    worlds: list[World[Any]] = []
    notes: list[str] = []
    for part in parts(settings, ("official", HOME), "official" if settings.data else HOME):
        if part == HOME:
            worlds.append(home_world(method=method, seed=settings.seed, output_format=settings.output_format))
            continue
        folder = needed(settings, part)
        queries = read_queries(folder)
        recorded = next((p for p in (folder / CACHE, folder.parent / CACHE) if p.is_dir()), None)
        world = ToolBench(
            queries,
            method=method,
            seed=settings.seed,
            cache=Cache(recorded) if recorded else None,
            model_for="all" if settings.simulator else "nothing",
            output_format=settings.output_format,
        )
        notes += [str(problem) for problem in queries.problems]
        notes += [f"{query}: {reason}" for query, reason in world.unreachable().items()]
        worlds.append(world)
    return Opened(tuple(worlds), {}, tuple(notes))


CACHE = "server_cache"


def toolquery(settings: EvaluateSettings) -> Opened:
    """Return ToolQuery: recorded movie and weather questions, and a generated academia graph."""
    from callwright.evaluate.toolquery.academia import GRAPH
    from callwright.evaluate.toolquery.academia_questions import generated_academia
    from callwright.evaluate.toolquery.baselines import finish_at_once, random_calls
    from callwright.evaluate.toolquery.replay import open_replay, open_rows
    from callwright.evaluate.toolquery.world import DEFAULT_STEPS

    told: dict[str, Any] = {
        "interface": mode_of(settings, ("unified", "react")),
        "output_format": settings.output_format,
        "max_steps": settings.max_steps or DEFAULT_STEPS,
    }
    worlds: list[World[Any]] = []
    named = parts(settings, ("replay", "replay-all", "rows", HOME), "replay" if settings.data else HOME)
    if {"replay", "replay-all"} <= {*named}:
        raise ConfigError("replay-all holds what replay holds", place="--categories", expected="one of them")
    for part in named:
        if part == HOME:
            worlds.append(generated_academia(seed=settings.seed, **told))
        elif part == "rows":
            data = needed(settings, part)
            worlds.append(open_rows(data / "test.jsonl", data=data, graph=data / GRAPH, **told))
        else:
            worlds.append(open_replay(needed(settings, part), all_tasks=part == "replay-all", **told))
    policies = {
        "finish": lambda world: finish_at_once(world),
        "random": lambda world: random_calls(world, settings.seed),
    }
    return Opened(tuple(worlds), policies)


def taubench(settings: EvaluateSettings) -> Opened:
    """Return tau-bench: retail and airline of version 1, and a lending library of our own."""
    from callwright.evaluate.taubench.baselines import refuse
    from callwright.evaluate.taubench.domain import load
    from callwright.evaluate.taubench.home import library
    from callwright.evaluate.taubench.session import MAX_STEPS, TauWorld

    mode_of(settings, ("native",))
    names = (*get_args(DomainName), HOME)
    domains = [
        library() if part == HOME else load(needed(settings, part), part)  # type: ignore[arg-type]
        for part in parts(settings, names, "retail,airline" if settings.data else HOME)
    ]
    worlds = tuple(
        TauWorld(
            domain,
            user="model" if settings.simulator else "scripted",
            user_name=shown_spec(settings.simulator or ""),
            max_steps=settings.max_steps or MAX_STEPS,
            output_format=settings.output_format,
            trial=trial,
        )
        for trial in range(settings.trials)
        for domain in domains
    )
    return Opened(worlds, {"refuse": _always(refuse)})


WORLDS: dict[str, Callable[[EvaluateSettings], Opened]] = {
    "webshop": webshop,
    "toolbench": toolbench,
    "toolquery": toolquery,
    "taubench": taubench,
}
"""A benchmark's name and how it is opened."""
