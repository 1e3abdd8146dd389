"""The pair verb put together: a model and its journal, failures, corruption, and what executes calls."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from callwright.errors import ConfigError, ToolsError
from callwright.models.http import shown_spec
from callwright.pair import Balance, Corruptions, Failures, Generations, Source, pair, read_dropped
from callwright.record import Json
from callwright.settings import PairSettings, plain
from callwright.store import Report, Sink, read_some, refuse_to_overwrite
from callwright.synthesis import ask_of, beside
from callwright.toolbox import Limits
from callwright.verify import Execute
from callwright.worlds import open_world

Show = Callable[[int, int, str], None]


def paired(data: Path, out: Path, config: PairSettings, progress: Show) -> tuple[Report, Sequence[str]]:
    """Write the rows of a file with a rejected answer each; return the report, and what people are told.

    `progress` is called with rows done and 0, or with answers that came and all that are waited for, and a
    note. Answers are kept beside `out`: called again, a run that was stopped asks nothing twice.
    """
    refuse_to_overwrite(out, filter(None, [config.failures]))
    balance, notes = Balance(config.max_share), dict[str, Json]()
    with ExitStack() as stack:
        play = _play(config, stack, notes)
        asked = _generations(config, out, play, progress, stack)
        failures = Failures(read_dropped(config.failures)) if config.failures else None
        corruptions = Corruptions(config.seed) if config.corruption else None
        sources: list[Source] = [each for each in (asked, failures, corruptions) if each is not None]
        if not sources:
            raise ConfigError(
                "no source of wrong answers", place="--no-corruption", expected="--model or --failures"
            )
        sink = stack.enter_context(Sink(out, "pair", plain(config)))
        rows = pair(read_some(data, "pair"), sources, balance=balance, play=play)
        for done, row in enumerate(rows, start=1):
            sink.put(row)
            progress(done, 0, f"{done:,} rows, {balance.pairs:,} pairs")
        notes["balance"] = balance.to_json()
        for name, source in (("model", asked), ("failures", failures)):
            if source is not None:
                notes[name] = source.to_json()
        for name, note in notes.items():
            sink.note(name, note)
    return sink.report, [balance.text(), *_told(asked, failures)]


def _play(config: PairSettings, stack: ExitStack, notes: dict[str, Json]) -> Execute | None:
    """Return what executes calls, if the settings name tools; it is open until `stack` is closed."""
    if config.tools is None:
        return None
    world = open_world(config.tools, isolation=config.isolation, seed=config.seed)
    if not world.executable:
        raise ToolsError("nothing to call", place=config.tools, expected="tools that can be executed")
    notes["tools"] = {"from": config.tools, "sha256": world.sha256, "count": len(world.tools)}
    limits = Limits(isolation=config.isolation, timeout=config.timeout)
    return stack.enter_context(world.caller(limits)).play


def _generations(
    config: PairSettings, out: Path, play: Execute | None, progress: Show, stack: ExitStack
) -> Generations | None:
    if config.model is None:
        return None
    name = shown_spec(config.model)
    ask = ask_of(
        config.model, beside(out, re.sub(r"[^\w.-]+", "_", name)), stack, max_tokens=config.max_tokens,
        progress=lambda done, count: progress(done, count, f"{done:,} of {count:,} answers"),
    )  # fmt: skip
    return Generations(ask, name, play)


def _told(asked: Generations | None, failures: Failures | None) -> list[str]:
    """Return a line on the answers of the model, and one on the failures."""
    lines = []
    if asked is not None:
        lines.append(f"answers of the model: {_counts(dict(asked.outcomes.most_common()))}")
    if failures is not None:
        found = failures.to_json()
        told = f"failures: {found['read']:,} read, {found['joined']:,} joined a row"
        lines.append("; ".join(filter(None, [told, _counts(found["left_out"])])))
    return lines


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
