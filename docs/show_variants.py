"""Rows beside their variants, for docs/formats.md: one operation at a time, made when the page is."""

from __future__ import annotations

import html

from callwright.augment import OPERATIONS, AugmentStep, policy_of
from callwright.formats import plain_messages
from callwright.record import Message, Tool, ToolCall, Trajectory

SEEDS = {"format": 3}
"""Where another seed than 1 shows more."""


DESCRIPTIONS = {
    "city": "Where the restaurant is.",
    "guests": "How many seats.",
    "station": "Name of the station.",
    "colour": "Colour of the paint.",
}


def tool(name: str, description: str, **properties: str) -> Tool:
    """Return a tool whose parameters are all required."""
    schema = {
        "type": "object",
        "properties": {
            key: {"type": kind, "description": DESCRIPTIONS[key]} for key, kind in properties.items()
        },
        "required": list(properties),
    }
    return Tool(name=name, description=description, parameters=schema)


BOOK = tool("book_table", "Reserve seats in a restaurant.", city="string", guests="integer")
RADIO = tool("tune_radio", "Tune the radio to a station.", station="string")
PAINT = tool("paint_wall", "Paint one wall of the house.", colour="string")
ROW = Trajectory(
    id="row",
    tools=(BOOK, RADIO),
    messages=(
        Message(role="user", content="Please reserve seats for 14 people tonight in Zagreb"),
        Message(
            role="assistant",
            tool_calls=(ToolCall(name="book_table", arguments={"city": "Zagreb", "guests": 14}),),
        ),
    ),
)


def examples() -> str:
    """Return a row beside a variant per operation, as a table of what the model sees and writes."""
    rows = []
    for name in OPERATIONS:
        step = AugmentStep(
            seed=SEEDS.get(name, 1), policy=policy_of(name), keep_original=False, pool=(PAINT,)
        )
        (variant,) = step([ROW])
        if not isinstance(variant, Trajectory) or variant.extra["augment"]["done"] != [name]:
            raise ValueError(f"{name} does nothing to the example")
        rows.append(f"<tr><th>{name}</th><td>{_shown(ROW)}</td><td>{_shown(variant)}</td></tr>")
    return "\n".join(["<table>", "<tr><th></th><th>row</th><th>variant</th></tr>", *rows, "</table>"])


def _shown(t: Trajectory) -> str:
    text = "\n".join(f"{message.role}:\n{message.content}" for message in plain_messages(t))
    # A blank line would end the table for Markdown.
    return "<pre>" + html.escape(text, quote=False).replace("\n\n", "\n&#8203;\n") + "</pre>"
