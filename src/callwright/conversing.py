"""The converse verb put together: a world, what calls its tools, and the conversations that are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from callwright.errors import ToolsError
from callwright.settings import ConverseSettings, plain
from callwright.store import Report, Sink
from callwright.synthesis import SPLITS
from callwright.synthesize.dialogue import Conversations
from callwright.toolbox import Limits
from callwright.worlds import open_world


def conversed(
    name: str, out: Path, config: ConverseSettings, progress: Callable[[int, int, str], None]
) -> tuple[Report, Sequence[str]]:
    """Write conversations over the tools of a name; return the report, and what people are told."""
    families, values = SPLITS[config.split]
    world = open_world(name, isolation=config.isolation, seed=config.seed, values=values)
    if not world.executable:
        raise ToolsError(
            "nothing to call", place=name, expected="tools that can be executed",
            hint="a Python file, bfcl:CLASS or tau:DOMAIN@FOLDER",
        )  # fmt: skip
    with world.caller(Limits(isolation=config.isolation, timeout=config.timeout)) as calls:
        made = Conversations(world, calls.play, seed=config.seed, families=families, values=values)
        limit = 3 * config.accept + 50 if config.max_candidates is None else config.max_candidates
        with Sink(out, "converse", plain(config)) as sink:
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
