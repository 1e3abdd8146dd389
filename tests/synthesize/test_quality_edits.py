"""An edit does what it says: written where lint says, it makes the finding go away."""

import json
import re
from pathlib import Path

import msgspec
import pytest
from synthesize_tools import tool

from callwright.record import Json, Tool
from callwright.synthesize.quality import Finding, findings
from callwright.toolbox import import_python

WHAT = "As the harbour master calls it."
BY_SCHEMA = (
    "no-type",
    "no-item-type",
    "no-bounds",
    "bounds-in-prose",
    "enum-in-prose",
    "no-format",
    "bad-default",
)
"""Codes whose edit is an annotation in Python."""

PLACES: dict[str, Json] = {
    "days": {"type": "integer", "description": WHAT},
    "price": {"type": "number", "description": WHAT},
    "discount_percent": {"type": "number", "description": WHAT, "minimum": 0},
    "speed": {"type": "integer", "description": "Knots, between 1 and 12."},
    "weight": {"type": "number", "description": "Must be positive."},
    "wind": {"type": "string", "description": "Where it blows from, one of: north, south."},
    "sailing_date": {"type": "string", "description": WHAT},
    "contact_email": {"type": "string", "description": WHAT},
    "website_url": {"type": "string", "description": WHAT},
    "ship_uuid": {"type": "string", "description": WHAT},
    "at": {"type": "string", "description": "Start as HH:MM."},
    "country": {"type": "string", "description": "Two-letter code."},
    "what": {"description": WHAT},
    "number_of_masts": {"description": WHAT},
    "rig": {"description": WHAT, "allowed_values": ["sloop", "ketch"]},
    "crew_names": {"type": "array", "description": WHAT},
    "percent": {"type": "array", "items": {"type": "number"}, "description": WHAT},
    "angle": {"type": "integer", "description": WHAT, "maximum": 89, "minimum": 1, "default": 120},
    "unit": {"enum": ["knots", "miles"], "description": WHAT, "default": "KNOTS"},
    "sailor": {"type": "string"},
    "is_urgent": {"type": "boolean"},
    "harbour_city": {"type": "string", "description": "The harbour city."},
    "mast": {"type": "integer", "minimum": 5, "maximum": 1, "description": WHAT},
}


def steering(name: str) -> Tool:
    needed = "" if "default" in PLACES[name] else name
    return tool("steer_ship", "Turn the ship towards a harbour.", needed, **{name: PLACES[name]})


def codes(one: Tool) -> set[str]:
    return {finding.issue.code for finding in findings([one])}


def at(value: Json, path: str) -> Json:
    """Return what stands at a JSON path, made of names and of positions in brackets."""
    for name, index in re.findall(r"([^.\[\]]+)|\[(\d+)\]", path):
        value = value[int(index)] if index else value[name]
    return value


@pytest.mark.parametrize("name", PLACES)
def test_a_piece_of_json_put_at_its_path_mends_what_was_found(name: str) -> None:
    one = steering(name)
    found = list(findings([one]))
    assert found
    document: Json = {"tools": [msgspec.to_builtins(one)]}
    for finding in found:
        at(document, finding.issue.path).update(json.loads(f"{{{finding.issue.expected}}}"))
    mended = msgspec.convert(document["tools"][0], Tool)
    assert not codes(mended) & {finding.issue.code for finding in found}


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (Tool(name="rename_port"), "no-description"),
        (Tool(name="weather", description="The weather."), "restated-name"),
        (Tool(name="list_ports", original_name="list ports!", description=WHAT), "illegal-name"),
        (Tool(name="run", description="Starts the big engine."), "vague-name"),
    ],
)
def test_edits_of_a_tool_mend_it(one: Tool, code: str) -> None:
    (finding,) = [f for f in findings([one]) if f.issue.code == code]
    document = (
        msgspec.to_builtins(one) | {"original_name": None} | json.loads(f"{{{finding.issue.expected}}}")
    )
    assert code not in codes(msgspec.convert(document, Tool))


HEAD = """
import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from annotated_types import Ge, Gt, Interval, Le
from pydantic import Field

"""


def test_a_line_of_python_put_into_the_signature_mends_what_was_found(tmp_path: Path) -> None:
    pytest.importorskip("pydantic")
    found: dict[str, Finding] = {}
    for name in PLACES:
        said = [f for f in findings([steering(name)], "python") if f.issue.code in BY_SCHEMA]
        found |= dict(zip([name], said, strict=False))
    assert {f.issue.code for f in found.values()} == set(BY_SCHEMA)
    functions = [
        f'def steer_{name}({finding.issue.expected}) -> str:\n    """Turn the ship.\n\n    Args:\n'
        f'        {name}: {PLACES[name]["description"]}\n    """\n    return str({name})\n'
        for name, finding in found.items()
    ]
    (tmp_path / "tools.py").write_text(HEAD + "\n\n".join(functions), encoding="utf-8")
    for one in import_python(tmp_path / "tools.py").tools:
        finding = found[one.name.removeprefix("steer_")]
        assert finding.issue.code not in codes(one), finding.text()
