"""The worlds that are read from files: AgentGym's rows with recorded calls, and AgentBoard's own rows.

>>> open_replay(Path("toolquery")).conditions["tasks"]      # doctest: +SKIP
414
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from callwright.errors import ConfigError
from callwright.evaluate.toolquery.academia import HOW, academia, read_graph
from callwright.evaluate.toolquery.actions import Interface
from callwright.evaluate.toolquery.outcomes import Domain
from callwright.evaluate.toolquery.recordings import movie, read_recordings
from callwright.evaluate.toolquery.tasks import DomainName, Task, read_tasks
from callwright.evaluate.toolquery.toolspecs import read_tools
from callwright.evaluate.toolquery.weather import weather
from callwright.evaluate.toolquery.world import DEFAULT_STEPS, ToolQuery
from callwright.record import Json

RECORDED: tuple[DomainName, ...] = ("movie", "weather")
_SINGLE = "one per task, the final answer: progress is success, but for answers that were never finished with"


def open_replay(
    data: Path,
    *,
    interface: Interface = "react",
    output_format: str = "",
    max_steps: int = DEFAULT_STEPS,
    all_tasks: bool = False,
    tell_date: bool = True,
) -> ToolQuery:
    """Return the movie and weather questions that recorded calls answer.

    `data` holds `<domain>_tasks.jsonl`, `<domain>_calls.jsonl` and `tool_specs/<domain>_raw.json`. Tasks
    whose recorded run failed are left out unless `all_tasks`: nobody knows whether recordings suffice for
    them.
    """
    tasks: list[Task] = []
    domains: dict[DomainName, Domain] = {}
    sha256: dict[str, Json] = {}
    for name in RECORDED:
        read = read_tasks(data / f"{name}_tasks.jsonl")
        sha256[f"{name}_tasks"] = read.sha256
        tasks += [task for task in read.tasks if all_tasks or task.solved]
        domains[name] = _recorded(data, name, sha256)
    return ToolQuery(
        tasks,
        domains,
        variant=f"replay-{'all' if all_tasks else 'solved'}",
        about={"data_sha256": sha256, "seed": None, "subgoals": _SINGLE},
        interface=interface,
        output_format=output_format,
        max_steps=max_steps,
        tell_date=tell_date,
    )


def open_rows(
    rows: Path,
    *,
    data: Path | None = None,
    graph: Path | None = None,
    interface: Interface = "react",
    output_format: str = "",
    max_steps: int = DEFAULT_STEPS,
    tell_date: bool = False,
) -> ToolQuery:
    """Return the questions of AgentBoard's `data/tool-query/test.jsonl`, or of a file of the same layout.

    Movie and weather questions are answered from the recordings in `data` (see `open_replay`), academia
    questions over `graph` (see `academia.read_graph`). Raises ConfigError where what a question needs is not
    given. Date and place of a question are to be asked for, because their answers may be subgoals.
    """
    read = read_tasks(rows)
    sha256: dict[str, Json] = {"rows": read.sha256}
    domains: dict[DomainName, Domain] = {}
    for name in dict.fromkeys(task.domain for task in read.tasks):
        if name == "academia":
            if graph is None:
                raise ConfigError("no graph for the academia questions", place=str(rows), hint=HOW)
            net, sha256["graph"] = read_graph(graph)
            domains[name] = academia(net)
        elif data is None:
            raise ConfigError(f"no recordings for the {name} questions", place=str(rows), hint="give data")
        else:
            domains[name] = _recorded(data, name, sha256)
    return ToolQuery(
        read.tasks,
        domains,
        variant="rows",
        about={"data_sha256": sha256, "seed": None, "subgoals": _subgoals(read.tasks)},
        interface=interface,
        output_format=output_format,
        max_steps=max_steps,
        tell_date=tell_date,
    )


def _recorded(data: Path, name: DomainName, sha256: dict[str, Json]) -> Domain:
    tools, sha256[f"{name}_tools"] = read_tools(data / "tool_specs" / f"{name}_raw.json")
    recordings = read_recordings(data / f"{name}_calls.jsonl", tools)
    sha256[f"{name}_calls"] = recordings.sha256
    return movie(tools, recordings) if name == "movie" else weather(tools, recordings)


def _subgoals(tasks: Sequence[Task]) -> str:
    return _SINGLE if all(len(task.subgoals) == 1 for task in tasks) else "as in the rows"
