"""The synthesize verb put together: tools and what calls them, generators and their journals, the budget."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

from callwright.blend.shares import parse_shares
from callwright.errors import ConfigError
from callwright.evaluate.answers import Answer, Asker, Request, fingerprint_of, opened
from callwright.models import Completion, Prompt
from callwright.models.http import shown_spec
from callwright.models.prices import split_price
from callwright.record import Trajectory
from callwright.settings import SynthesizeSettings, plain
from callwright.store import Report, Sink, read_some, refuse_to_overwrite, report_path
from callwright.synthesize import STYLES
from callwright.synthesize.account import Account, Spent, why_not
from callwright.synthesize.diversity import diversity
from callwright.synthesize.families import Families
from callwright.synthesize.generate import Budget, Checks, Run, budget_of, request_of
from callwright.synthesize.grammar import NAME as GRAMMAR
from callwright.synthesize.grammar import Grammar
from callwright.synthesize.paraphrase import Paraphraser
from callwright.synthesize.pools import Half
from callwright.synthesize.propose import open_workshop
from callwright.synthesize.replicas import Replicas, processes_for
from callwright.synthesize.scenes import Scenes
from callwright.synthesize.seeds import Seeds
from callwright.synthesize.slots import Generator
from callwright.synthesize.writer import Writer
from callwright.toolbox import Limits
from callwright.verify import Execute
from callwright.verify.judge import JudgeStep, open_committee
from callwright.weights import model_of
from callwright.worlds import World, open_world

MAX_TOKENS = 1024
"""Tokens that an answer of a generator may take."""
SPLITS: Mapping[str, tuple[Families, Half]] = {
    "train": ("train", "train"),
    "held_out_phrasing": ("test", "train"),
    "held_out_values": ("train", "test"),
    "test": ("test", "test"),
}
"""Which phrasing families and which half of the values each split is made of."""


def synthesized(
    name: str, out: Path, config: SynthesizeSettings, progress: Callable[[int, int, str], None]
) -> tuple[Report, Sequence[str]]:
    """Write rows for the tools that `name` stands for; return the report, and what people are told.

    `progress` is called with rows accepted, rows wanted, and a note on candidates and what was spent. Answers
    of models are kept beside `out`: called again, a run that was stopped pays for nothing twice.
    """
    refuse_to_overwrite(out, files_of(name, config.seeds))
    with ExitStack() as stack:
        families, values = SPLITS[config.split]
        world = open_world(name, isolation=config.isolation, seed=config.seed, values=values)
        scenes = Scenes(world.states, world.data) if world.states != (None,) or world.data(None) else None
        shop = open_workshop(
            world.tools, seed=config.seed, families=families, values=values, scenes=scenes,
            licence=world.licence,
        )  # fmt: skip
        account = Account()
        seeds = Seeds(_seed_rows(config.seeds), config.seed)
        specs = _specs(config)
        replicas = stack.enter_context(Replicas(shop, _processes(specs, config.accept)))
        generators = [
            _generator(spec, out, replicas, seeds, account, bool(config.judge), stack) for spec in specs
        ]
        run = Run(
            generators,
            shop,
            styles_of(config.styles),
            _checks(world, out, config, replicas, stack),
            _budget(config),
            seeds,
        )
        run.account = account
        sink = stack.enter_context(Sink(out, "synthesize", plain(config)))
        texts: list[str] = []
        for row in run(config.accept):
            sink.put(row)
            if isinstance(row, Trajectory):
                texts.append(request_of(row))
            progress(account.accepted, config.accept, account.note())
        sink.note(
            "tools",
            {"from": name, "sha256": world.sha256, "count": len(world.tools), "licence": world.licence},
        )
        sink.note("account", account.to_json())
        sink.note("coverage", shop.coverage.to_json())
        sink.note("diversity", diversity(texts).to_json())
    told = [account.text(), shop.coverage.text(), *why_not(account, config.accept)]
    return sink.report, told


def files_of(name: str, *others: Path | None) -> list[Path]:
    """Return the files that are read: the one that `name` may stand for, and those that are given."""
    return [*filter(Path.is_file, [Path(name)]), *filter(None, others)]


def _specs(config: SynthesizeSettings) -> tuple[str, ...]:
    twice = [spec for spec in config.generator if config.generator.count(spec) > 1]
    if twice:
        raise ConfigError("the same generator twice", place="--generator", got=shown_spec(twice[0]))
    if config.budget_usd is not None and not any(split_price(spec)[1] for spec in config.generator):
        raise ConfigError(
            "nothing tells what tokens cost", place="--budget-usd",
            expected="--generator MODEL@IN/OUT, dollars per million tokens",
        )  # fmt: skip
    return config.generator or (GRAMMAR,)


def styles_of(text: str) -> dict[str, float]:
    """Return the shares that a text like ``simple=.5,parallel=.5`` names; the usual ones for none."""
    return parse_shares(text, place="--styles") or dict(STYLES)


def _budget(config: SynthesizeSettings) -> Budget:
    return budget_of(config.accept, config.max_candidates, config.budget_tokens, config.budget_usd)


def _seed_rows(path: Path | None) -> Iterator[Trajectory]:
    if path is None:
        return
    for row in read_some(path, "synthesize"):
        if isinstance(row, Trajectory):
            yield row


def _processes(specs: Sequence[str], accept: int) -> int:
    """Return how many processes write candidates: one beside models, which are waited for."""
    return processes_for(accept) if specs == (GRAMMAR,) else 1


def _checks(
    world: World, out: Path, config: SynthesizeSettings, replicas: Replicas, stack: ExitStack
) -> Checks:
    """Return what rows have to pass: execution where there is something to call, and the judges named."""
    play: Execute | None = None
    if world.executable:
        limits = Limits(isolation=config.isolation, timeout=config.timeout)
        play = stack.enter_context(world.caller(limits)).play
    if not config.judge:
        return Checks(play, static=replicas.static)
    committee = open_committee(config.judge, journal=beside(out, "judge"))
    return Checks(play, JudgeStep(committee), static=replicas.static)


def _generator(
    spec: str, out: Path, replicas: Replicas, seeds: Seeds, account: Account, judged: bool, stack: ExitStack
) -> Generator:
    """Return the generator that a spec names: grammar, grammar+MODEL (a paraphraser), or a MODEL."""
    shop = replicas.shop
    if spec == GRAMMAR:
        return Grammar(shop, replicas.fill)
    paraphrases = spec.startswith(f"{GRAMMAR}+")
    bare, price = split_price(spec.removeprefix(f"{GRAMMAR}+"))
    name = f"{GRAMMAR}+{shown_spec(bare)}" if paraphrases else shown_spec(bare)
    spent = account.spent[name] = Spent(price=price)
    ask = ask_of(bare, beside(out, re.sub(r"[^\w.-]+", "_", name)), stack)
    if paraphrases:
        return Paraphraser(name, ask, Grammar(shop), spent)
    # Without a judge nothing but tracing can vouch for a value that a model made up.
    return Writer(name, ask, shop, seeds, spent, min_grounding=0.0 if judged else 1.0)


class Asked(Protocol):
    """A question of any room: a prompt, and the name under which its answer is kept."""

    @property
    def id(self) -> str: ...
    @property
    def prompt(self) -> Prompt: ...


def ask_of(
    spec: str, journal: Path, stack: ExitStack, *, max_tokens: int = MAX_TOKENS,
    progress: Callable[[int, int], None] | None = None,
) -> Callable[[Sequence[Asked]], list[Completion | None]]:  # fmt: skip
    """Return what asks the model of a spec; answers are kept in `journal` until `stack` is closed."""
    book = stack.enter_context(opened(journal))
    asker = Asker(model_of(spec), book, max_tokens=max_tokens, fingerprint=fingerprint_of(spec))

    def ask(questions: Sequence[Asked]) -> list[Completion | None]:
        answers = asker.ask([Request(one.id, one.prompt) for one in questions], progress)
        return [_completion(answers[one.id]) for one in questions]

    return ask


def _completion(answer: Answer) -> Completion | None:
    if answer.finish == "too-long":
        return None
    return Completion(answer.text, answer.prompt_tokens, answer.completion_tokens, answer.finish)


def beside(out: Path, name: str) -> Path:
    """Return the place of a journal."""
    return out.with_name(f"{report_path(out).name.removesuffix('.report.json')}.{name}.jsonl")
