"""The converse verb put together: a world, what calls its tools, and the conversations that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from callwright.errors import ConfigError, ToolsError
from callwright.models.http import shown_spec
from callwright.settings import ConverseSettings, plain
from callwright.store import Report, Sink, refuse_to_overwrite
from callwright.synthesis import SPLITS, ask_of, beside, files_of
from callwright.synthesize.dialogue import SCRIPT, Cast, Conversations
from callwright.toolbox import Limits
from callwright.verify.judge import JudgeStep, open_committee
from callwright.worlds import open_world


def conversed(
    name: str, out: Path, config: ConverseSettings, progress: Callable[[int, int, str], None]
) -> tuple[Report, Sequence[str]]:
    """Write conversations over the tools of a name; return the report, and what people are told."""
    refuse_to_overwrite(out, files_of(name))
    families, values = SPLITS[config.split]
    world = open_world(name, isolation=config.isolation, seed=config.seed, values=values)
    if not world.executable:
        raise ToolsError(
            "nothing to call", place=name, expected="tools that can be executed",
            hint="a Python file, bfcl:CLASS or tau:DOMAIN@FOLDER",
        )  # fmt: skip
    with ExitStack() as stack:
        calls = stack.enter_context(world.caller(Limits(isolation=config.isolation, timeout=config.timeout)))
        made = Conversations(
            world, calls.play, seed=config.seed, families=families, values=values,
            cast=_cast(out, config, stack),
        )  # fmt: skip
        limit = 3 * config.accept + 50 if config.max_candidates is None else config.max_candidates
        sink = stack.enter_context(Sink(out, "converse", plain(config)))
        for row in made(config.accept, limit):
            sink.put(row)
            progress(made.talks.accepted, config.accept, f"{made.talks.candidates:,} candidates")
        sink.note("tools", {"from": name, "sha256": world.sha256, "count": len(world.tools)})
        sink.note("conversations", made.talks.to_json())
        sink.note("coverage", made.coverage.to_json())
    told = [made.coverage.text(), made.talks.text()]
    if made.talks.accepted < config.accept:
        told.append(
            f"{made.talks.accepted:,} of {config.accept:,} conversations: {limit:,} candidates were tried"
        )
    return sink.report, told


def _cast(out: Path, config: ConverseSettings, stack: ExitStack) -> Cast:
    """Return the models that take part; what they say is kept beside `out`."""
    if config.user != SCRIPT and config.agent == SCRIPT and not config.judge:
        raise ConfigError(
            "nobody to talk to", place="--user", expected="an --agent that is a MODEL too, or a --judge",
        )  # fmt: skip
    agent, user = (
        None if spec == SCRIPT else ask_of(spec, beside(out, who), stack)
        for who, spec in (("agent", config.agent), ("user", config.user))
    )
    judge = JudgeStep(open_committee(config.judge, journal=beside(out, "judge"))) if config.judge else None
    return Cast(agent, user, judge, (shown_spec(config.agent), shown_spec(config.user)))
