"""Rows of worlds are verified by execution: each call runs again from the state that its row names."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from callwright.errors import ConfigError
from callwright.record import Dropped, Json, Message, Tool, ToolCall, Trajectory, encode
from callwright.settings import VerifySettings
from callwright.store import dropped_path, read
from callwright.verification import verified
from callwright.worlds import World, open_world


def row(world: World, request: str, name: str, state: Json = None, **arguments: Json) -> Trajectory:
    tool: Tool = next(tool for tool in world.tools if tool.name == name)
    return Trajectory(
        id=f"{request}/{name}",
        tools=(tool,),
        messages=(
            Message(role="user", content=request),
            Message(role="assistant", tool_calls=(ToolCall(name=name, arguments=arguments),)),
        ),
        extra={} if state is None else {"state": state},
    )


def kept_and_dropped(
    folder: Path, rows: list[Trajectory], **settings: Any
) -> tuple[list[Any], list[Dropped]]:
    path, out = folder / "rows.jsonl", folder / "out.jsonl"
    path.write_bytes(b"".join(encode(t) + b"\n" for t in rows))
    verified(path, out, VerifySettings(**settings))
    dropped = [
        msgspec.json.decode(line, type=Dropped) for line in dropped_path(out).read_bytes().splitlines()
    ]
    return list(read(out)), dropped


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_row_of_a_back_end_runs_from_its_own_state(bfcl: None, tmp_path: Path, workers: int) -> None:
    world = open_world("bfcl:TicketAPI")
    state: Any = next(s for s in world.states if s and s["TicketAPI"]["current_user"])
    ticket = state["TicketAPI"]["ticket_queue"][0]["id"]
    rows = [
        row(world, f"Show me ticket {ticket}.", "get_ticket", state, ticket_id=ticket),
        row(world, "Show me ticket 3.", "get_ticket", state, ticket_id=3),
        row(world, f"Show me the ticket {ticket}.", "get_ticket", ticket_id=ticket),
        row(world, "Open a ticket: the lid is cracked.", "create_ticket", state, title="the lid is cracked"),
    ]
    kept, dropped = kept_and_dropped(tmp_path, rows, tools="bfcl:TicketAPI", workers=workers)
    assert [t.id for t in kept] == [rows[0].id, rows[3].id]
    assert [d.reason for d in dropped] == ["error-result", "error-result"]
    told = msgspec.json.encode(kept[1].extra).decode()
    assert "TicketAPI.ticket_queue[" in told
    assert '"isolation":"none"' in told.replace(" ", "")


def test_a_row_of_a_domain_runs_over_its_database(tmp_path: Path) -> None:
    world = open_world("tau:home")
    rows = [
        row(world, "Card C-106 pays 2 dollars.", "pay_fine", card="C-106", amount=2),
        row(world, "Card C-101 pays 2 dollars.", "pay_fine", card="C-101", amount=2),
    ]
    kept, dropped = kept_and_dropped(tmp_path, rows, tools="tau:home")
    assert [t.id for t in kept] == [rows[0].id]
    assert [d.reason for d in dropped] == ["execution-failed"]
    assert "amount must be above 0 and at most 0.0" in dropped[0].detail


def test_known_code_is_not_said_to_be_kept_in(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="tau:home runs in this process and can not be kept in"):
        kept_and_dropped(tmp_path, [], tools="tau:home", isolation="bwrap")
