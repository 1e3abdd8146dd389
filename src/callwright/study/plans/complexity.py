"""Accuracy against what is asked: tools offered, calls, arguments, earlier exchanges."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec
from msgspec.structs import replace

from callwright.record import Message, Observation, Tool, ToolCall, Trajectory
from callwright.store import row_seed
from callwright.study.design import Contrast, Study
from callwright.study.materials import Materials
from callwright.study.plans.verification import dirty
from callwright.suites import in_column
from callwright.synthesize import UNSEEN_TOOLS
from callwright.toolbox import Limits, caller, import_tools

OFFERED = (1, 4, 10, 20)
EXCHANGES = (0, 1, 3)
SIZES = (0.25, 0.5, 1.0, 2.0)
"""Training rows of the arms, over those of the settings."""
DOSE = 0.4


def complexity(m: Materials) -> Study:
    """Compare few and many right rows with rows of which many are wrong, on harder and harder requests."""

    def rows(size: float, share: float) -> Callable[[int], Path]:
        number = round(size * m.settings.rows)
        return lambda seed: m.first(dirty(m, seed, share), number)

    sizes = [(size, round(size * m.settings.rows)) for size in SIZES]
    right = [m.arm(f"{n} right", f"{n} rows, every one right", rows(size, 0.0)) for size, n in sizes]
    mixed = [
        m.arm(f"{n}, {DOSE:.0%} wrong", f"{n} rows, {DOSE:.0%} of them wrong", rows(size, DOSE))
        for size, n in sizes[1:]
    ]
    number = m.settings.questions // 2
    usual = right[SIZES.index(1.0)]
    return Study(
        name="complexity",
        title="Accuracy against the complexity of what is asked",
        question="Where do more rows, or better ones, stop making up for a small model?",
        arms=[usual, *(arm for arm in right if arm is not usual), *mixed],
        exams=[
            m.exam("by calls and arguments"),
            m.exam(
                "by tools offered",
                rows=lambda: offers(m, number),
                number=number // len(OFFERED) * len(OFFERED),
            ),
            m.exam(
                "by earlier exchanges",
                rows=lambda: talks(m, number),
                number=number // len(EXCHANGES) * len(EXCHANGES),
            ),
        ],
        contrasts=[
            Contrast("four times the rows", [right[1].name, mixed[0].name], [right[3].name, mixed[2].name]),
            Contrast("every row right", [arm.name for arm in mixed], [arm.name for arm in right[1:]]),
        ],
        notes=[
            "The same requests are asked with each number of tools, and after each number of exchanges. An "
            "exchange is an earlier request, its right calls and what the tools answered. Training has "
            "single exchanges only.",
        ],
    )


def offers(m: Materials, number: int) -> Path:
    """Return the same requests with more and more tools on offer."""
    told = {"levels": list(OFFERED), "number": number // len(OFFERED), "tools": str(m.tools)}
    return m.lab.rows("offered", with_offers, m.questions(), **told)


def talks(m: Materials, number: int) -> Path:
    """Return the same requests after more and more exchanges."""
    told = {"levels": list(EXCHANGES), "number": number // len(EXCHANGES), "tools": str(m.tools)}
    return m.lab.rows("exchanges", after_exchanges, m.questions(), **told)


def with_offers(
    rows: Iterable[Trajectory], *, levels: Sequence[int], number: int, tools: str
) -> Iterator[Trajectory]:
    """Yield requests for one tool, each with every number of tools: its own first, then others, shuffled."""
    known = import_tools(tools).tools
    others = {tool.name: tool for tool in (*known, *UNSEEN_TOOLS)}
    for row in islice((row for row in rows if len(_called(row)) == 1), number):
        rng = random.Random(row_seed(0, row.id))
        (called,) = _called(row)
        (own,) = (tool for tool in row.tools or () if tool.name == called)
        rest = [tool for name, tool in others.items() if name != called]
        rng.shuffle(rest)
        for level in levels:
            offered: list[Tool] = [own, *rest[: level - 1]]
            rng.shuffle(offered)
            named = in_column(row, f"{level} tools" if level > 1 else "1 tool")
            yield replace(named, tools=tuple(offered))


def after_exchanges(
    rows: Iterable[Trajectory], *, levels: Sequence[int], number: int, tools: str
) -> Iterator[Trajectory]:
    """Yield requests after so many exchanges with the same tools, which are really called."""
    every = [row for row in rows if len(_called(row)) == 1]
    with caller(import_tools(tools), Limits()) as call:
        for at, row in enumerate(every[:number]):
            earlier = [every[(at + step) % len(every)] for step in range(1, max(levels) + 1)]
            told = [_exchange(one, number, call.many(_calls(one))) for number, one in enumerate(earlier)]
            for level in levels:
                offered = {tool.name: tool for one in (row, *earlier[:level]) for tool in one.tools or ()}
                before = tuple(message for one in told[:level] for message in one)
                named = in_column(row, f"after {level}")
                yield replace(named, tools=tuple(offered.values()), messages=(*before, *row.messages))


def _exchange(row: Trajectory, number: int, observed: Sequence[Observation]) -> list[Message]:
    """Return a request, its calls, their results and a closing word."""
    calls = [replace(call, id=f"call-{number}-{k}") for k, call in enumerate(_calls(row))]
    results = [
        Message(role="tool", name=call.name, tool_call_id=call.id,
                content=msgspec.json.encode(seen.value).decode())
        for call, seen in zip(calls, observed, strict=True)
    ]  # fmt: skip
    asked = Message(role="user", content=row.messages[0].content)
    answer = Message(role="assistant", tool_calls=tuple(calls))
    return [asked, answer, *results, Message(role="assistant", content="Done.")]


def _calls(row: Trajectory) -> tuple[ToolCall, ...]:
    return row.messages[-1].tool_calls


def _called(row: Trajectory) -> set[str]:
    return {call.name for call in _calls(row)}
