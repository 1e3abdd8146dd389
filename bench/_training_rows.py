"""Rows and preference pairs of a wanted length, for the benchmarks of training.

Requests are synthesized for the tools of BFCL's conversations, and each offers as many of these as its length
wants: about nine of them for 512 tokens, twenty for 1,024. As in a build, some rows share their tools.
"""

import random
from pathlib import Path
from typing import Any

import msgspec

from callwright.pair import Corruptions, pair
from callwright.record import Tool, Trajectory, encode
from callwright.synthesize import synthesize
from callwright.train.tokens import Row, tokenize_row
from callwright.worlds import open_world

SEED = 7


def rows_of(tokenizer: Any, *, tokens: int, count: int, alike: int) -> list[Trajectory]:
    """Return rows of about so many tokens, of which `alike` at a time are offered the same tools."""
    tools = open_world("bfcl").tools
    made = [row for row in synthesize(tools, accept=count, seed=SEED) if isinstance(row, Trajectory)]
    draw = random.Random(SEED)
    found: list[Trajectory] = []
    for start in range(0, count, alike):
        group = made[start : start + alike]
        called = {call.name for row in group for message in row.messages for call in message.tool_calls}
        kit = {tool.name: tool for tool in tools if tool.name in called}
        for tool in draw.sample(tools, len(tools)):
            if _length(tokenizer, group[0], kit) >= tokens:
                break
            kit.setdefault(tool.name, tool)
        found += [_offered(row, kit) for row in group]
    return found


def pairs_of(tokenizer: Any, *, tokens: int, count: int) -> list[Trajectory]:
    """Return pairs whose prompts have about so many tokens, each with tools of its own."""
    rows = rows_of(tokenizer, tokens=tokens, count=2 * count, alike=1)
    made = pair(rows, [Corruptions(SEED)])
    return [row for row in made if isinstance(row, Trajectory)][:count]


def write(path: Path, rows: list[Trajectory]) -> Path:
    """Write rows to a file, and return it."""
    path.write_bytes(b"".join(encode(row) + b"\n" for row in rows))
    return path


def _offered(row: Trajectory, kit: dict[str, Tool]) -> Trajectory:
    return msgspec.structs.replace(row, tools=tuple(kit.values()))


def _length(tokenizer: Any, row: Trajectory, kit: dict[str, Tool]) -> int:
    made = tokenize_row(_offered(row, kit), tokenizer, max_length=1 << 20)
    return len(made.input_ids) if isinstance(made, Row) else 1 << 20
