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

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import islice

import msgspec

from callwright.record import Dropped, Message, Tool, Trajectory
from callwright.synthesize import COLUMNS, UNSEEN_TOOLS, synthesize
from callwright.verify import Execute as Play
from callwright.verify import settle, verify

Settle = Callable[[Trajectory], Trajectory | Dropped]
SUITE_SEED = 1_000_003
"""Added to the run's seed, so that a suite never repeats the draws of a training set."""
_ONE_CALL = {"simple": 1.0}
_NO_CALL = {"irrelevant": 1.0}


def new_requests(
    tools: Sequence[Tool], *, accept: int, seed: int, settle: Settle, settle_unseen: Settle,
    avoid: Collection[str] = (),
) -> dict[str, list[Trajectory]]:  # fmt: skip
    """Return the first four columns, `accept` rows each; `avoid` are requests that a model was trained on.

    `settle` verifies rows for the user's tools, `settle_unseen` those for tools that have no code.
    """
    seed += SUITE_SEED
    columns = {
        name: _rows(
            synthesize(
                tools, accept=accept, seed=seed, families=families, values=values, avoid=avoid, settle=settle
            )
        )
        for name, (families, values) in COLUMNS.items()
    }
    known = {tool.name for tool in tools}
    unseen = [tool for tool in UNSEEN_TOOLS if tool.name not in known]
    columns["held_out_tools"] = _rows(synthesize(unseen, accept=accept, seed=seed, settle=settle_unseen))
    return columns


def own_suite(tools: Sequence[Tool], play: Play, *, accept: int, seed: int) -> Iterator[Trajectory]:
    """Yield the rows of all six columns for tools that `play` can call."""
    without_code, with_code = partial(_settled, play=None), partial(_settled, play=play)
    columns = new_requests(
        tools, accept=accept, seed=seed, settle=with_code, settle_unseen=without_code
    ) | requests_without_a_call(tools, accept=accept, seed=seed, settle=without_code)
    for name, rows in columns.items():
        for row in rows:
            yield in_column(row, name)


def _settled(row: Trajectory, *, play: Play | None) -> Trajectory | Dropped:
    return settle(row, verify(row, execute=play))


def requests_without_a_call(
    tools: Sequence[Tool], *, accept: int, seed: int, settle: Settle
) -> dict[str, list[Trajectory]]:
    """Return the columns in which no call is right, at most `accept` rows each.

    There are fewer where no tool has a required value that a request could do without.
    """
    seed += SUITE_SEED
    irrelevant = synthesize(
        tools, accept=accept, seed=seed, families="test", values="test", styles=_NO_CALL, settle=settle
    )
    columns = {"irrelevant": _rows(irrelevant)}
    columns["missing_argument"] = list(islice(_missing(tools, accept, seed), accept))
    return {name: rows for name, rows in columns.items() if rows}


def _rows(made: Iterator[Trajectory | Dropped]) -> list[Trajectory]:
    return [row for row in made if isinstance(row, Trajectory)]


def _missing(tools: Sequence[Tool], accept: int, seed: int) -> Iterator[Trajectory]:
    """Yield requests for a tool that lack one of its required values."""
    shortened = [(tool, name, short) for tool in tools for name, short in _without_one(tool)]
    if not shortened:
        return
    each = -(-accept // len(shortened))
    columns = [
        iter(
            _rows(
                synthesize(
                    [short], accept=each, seed=seed + k, families="test", values="test", styles=_ONE_CALL
                )
            )
        )
        for k, (_, _, short) in enumerate(shortened)
    ]
    for _ in range(each):
        for (tool, name, _), rows in zip(shortened, columns, strict=True):
            row = next(rows, None)
            if row is not None:
                yield _asking_back(row, tool, name)


def _without_one(tool: Tool) -> Iterator[tuple[str, Tool]]:
    """Yield the tool without each required parameter that has neither a default nor a list of values."""
    properties = tool.parameters.get("properties") or {}
    required = tool.parameters.get("required") or []
    for name in required:
        about = properties.get(name) or {}
        if len(required) < 2 or "default" in about or "enum" in about or about.get("type") == "boolean":
            continue
        rest = {
            **tool.parameters,
            "properties": {key: value for key, value in properties.items() if key != name},
            "required": [key for key in required if key != name],
        }
        yield name, msgspec.structs.replace(tool, parameters=rest)


def _asking_back(row: Trajectory, tool: Tool, name: str) -> Trajectory:
    """Return the row with the whole tool, to which the right answer is a question."""
    question = f"What {name.replace('_', ' ')} should I use?"
    answer = Message(role="assistant", content=question)
    messages = [m for m in row.messages if m.role in ("system", "user")]
    return msgspec.structs.replace(
        row,
        id=f"{row.id}/without-{name}",
        task=msgspec.structs.replace(row.task, expects="clarify"),
        tools=tuple(tool if each.name == tool.name else each for each in row.tools or (tool,)),
        messages=(*messages, answer),
    )


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
