"""Suites that are made for the user's own tools: in every column the requests are new in another respect.

| column | what is new |
|---|---|
| in_distribution | nothing but the request |
| held_out_phrasing | the phrasing |
| held_out_values | the values |
| held_out_tools | the tools |
| irrelevant | no tool serves the request |
| missing_argument | a required value is missing: the model has to ask |
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import msgspec

from callwright.record import Dropped, Tool, Trajectory
from callwright.synthesize import COLUMNS, UNSEEN_TOOLS, synthesize
from callwright.synthesize.missing import askable
from callwright.verify import Execute

SUITE_SEED = 1_000_003
"""Added to the run's seed, so that a suite never repeats the draws of a training set."""
_WITHOUT_A_CALL = {"irrelevant": "irrelevant", "missing_argument": "missing"}
"""Columns in which no call is right, and the style that each is made of."""
TRAINED = {"simple": 0.27, "multiple": 0.29, "parallel": 0.12, "parallel_multiple": 0.12, "irrelevant": 0.20}
"""Styles of a build's training set and of the first four columns: a small model needs more requests without a
call than the usual tenth, or it answers every request with one."""


def new_requests(
    tools: Sequence[Tool], *, accept: int, seed: int, play: Execute, avoid: Collection[str] = ()
) -> dict[str, list[Trajectory]]:
    """Return the first four columns, `accept` rows each; `avoid` are requests that a model was trained on.

    `play` calls the user's tools; those of the fourth column have no code.
    """
    seed += SUITE_SEED
    columns = {
        name: _rows(
            synthesize(
                tools, accept=accept, seed=seed, styles=TRAINED, families=families, values=values,
                avoid=avoid, play=play,
            )
        )
        for name, (families, values) in COLUMNS.items()
    }  # fmt: skip
    known = {tool.name for tool in tools}
    unseen = [tool for tool in UNSEEN_TOOLS if tool.name not in known]
    columns["held_out_tools"] = _rows(synthesize(unseen, accept=accept, seed=seed, styles=TRAINED))
    return columns


def own_suite(tools: Sequence[Tool], play: Execute, *, accept: int, seed: int) -> Iterator[Trajectory]:
    """Yield the rows of all six columns for tools that `play` can call."""
    columns = new_requests(tools, accept=accept, seed=seed, play=play)
    for name, rows in (columns | requests_without_a_call(tools, accept=accept, seed=seed)).items():
        for row in rows:
            yield in_column(row, name)


def requests_without_a_call(tools: Sequence[Tool], *, accept: int, seed: int) -> dict[str, list[Trajectory]]:
    """Return the columns in which no call is right, at most `accept` rows each.

    A column is absent where no tool has a required value that a request could do without.
    """
    seed += SUITE_SEED
    columns: dict[str, list[Trajectory]] = {}
    for name, style in _WITHOUT_A_CALL.items():
        if style == "missing" and not any(True for tool in tools for _ in askable(tool)):
            continue
        columns[name] = _rows(
            synthesize(tools, accept=accept, seed=seed, families="test", values="test", styles={style: 1.0})
        )
    return {name: rows for name, rows in columns.items() if rows}


def _rows(made: Iterator[Trajectory | Dropped]) -> list[Trajectory]:
    return [row for row in made if isinstance(row, Trajectory)]


def in_column(row: Trajectory, column: str) -> Trajectory:
    """Return a row as one of a suite's column, asked in the model's own format."""
    about = {"column": column, "style": style_of(row)}
    task = msgspec.structs.replace(row.task, output_format="")
    return msgspec.structs.replace(
        row, id=f"{column}/{row.id}", task=task, extra={**row.extra, "suite": about}
    )


def style_of(row: Trajectory) -> str:
    """Return the style that a row was made in, or how many calls it has."""
    made = row.extra.get("synthesize")
    if isinstance(made, dict):
        return str(made.get("style", ""))
    calls = max((len(m.tool_calls) for m in row.messages), default=0)
    return ("no call", "one call")[calls] if calls < 2 else "several calls"
