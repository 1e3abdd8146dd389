"""Clean rows to plant defects in, for users who bring none: small, of every kind, over the specimen tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from callwright.record import Json, Message, Source, Task, Tool, ToolCall, Trajectory

TOOLS_FILE = Path(__file__).with_name("specimen_tools.py")
FAILING: dict[str, str] = {
    # specimen tool → the code that its result deserves
    "look_up_and_raise": "execution-failed",
    "look_up_and_report_an_error": "error-result",
    "look_up_and_print_a_traceback": "error-result",
    "look_up_nothing": "empty-result",
    "look_up_everything": "oversize-result",
    "look_up_by_counting": "nondeterministic",
    "look_up_another_shape": "result-schema",
    "look_up_for_ever": "execution-failed",
    "look_up_and_leave": "execution-failed",
    "look_up_and_write": "execution-failed",
}

_Call = tuple[str, dict[str, Json]]


def clean_rows(tools: Sequence[Tool]) -> Iterator[Trajectory]:
    """Yield clean rows; `tools` are the specimen tools as imported."""
    offered = tuple(tool for tool in tools if tool.name not in FAILING)
    for name, messages, task in _TALKS:
        yield Trajectory(
            id=f"specimen/{name}",
            source=Source(dataset="specimens"),
            task=task,
            tools=offered,
            messages=messages,
        )


def failing_rows(tools: Sequence[Tool]) -> Iterator[tuple[str, Trajectory]]:
    """Yield rows whose only defect is what their tool does, each with the code that says so."""
    by_name: Mapping[str, Tool] = {tool.name: tool for tool in tools}
    for name, code in FAILING.items():
        request = "Look up Oslo."
        yield (
            code,
            Trajectory(
                id=f"specimen/{name}",
                source=Source(dataset="specimens"),
                tools=(by_name[name],),
                messages=(_user(request), _asks((name, {"city": "Oslo"}))),
            ),
        )


def _user(text: str) -> Message:
    return Message(role="user", content=text)


def _says(text: str) -> Message:
    return Message(role="assistant", content=text)


def _asks(*calls: _Call, thought: str | None = None, ids: bool = False) -> Message:
    made = tuple(
        ToolCall(name=name, arguments=arguments, id=f"call_{k}" if ids else None)
        for k, (name, arguments) in enumerate(calls)
    )
    return Message(role="assistant", reasoning=thought, tool_calls=made)


def _result(text: str, **fields: str) -> Message:
    return Message(role="tool", content=text, **fields)  # type: ignore[arg-type]


_OSLO: _Call = ("get_forecast", {"city": "Oslo", "days": 3})
_EUROS: _Call = ("convert_currency", {"amount": 250, "source": "EUR", "target": "SEK"})
_TRAINS: _Call = ("find_trains", {"origin": "Lyon", "destination": "Turin", "date": "2026-05-04"})
_CONTACT: _Call = (
    "add_contact",
    {"name": "Ada Brandt", "email": "ada@brandt.example", "phones": ["555-0137", "555-0199"]},
)
_PARCEL: _Call = (
    "send_parcel",
    {"weight": 2.5, "to": {"street": "Hafenweg 4", "city": "Kiel"}, "insured": True},
)
_BOTH = _user("The weather in Oslo for 3 days, and 250 EUR in SEK.")
_ANY, _CALL = Task(), Task(expects="call")

_TALKS: tuple[tuple[str, tuple[Message, ...], Task], ...] = (
    ("one-call", (_user("What will the weather be in Oslo for the next 3 days?"), _asks(_OSLO)), _CALL),
    ("an-enum", (_user("Weather in Cairo, in fahrenheit please."),
                 _asks(("get_forecast", {"city": "Cairo", "unit": "fahrenheit"}))), _CALL),
    ("money", (_user("How much is 250 EUR in SEK?"), _asks(_EUROS)), _CALL),
    ("a-date", (_user("Find trains from Lyon to Turin on 2026-05-04."), _asks(_TRAINS)), _CALL),
    ("a-list", (_user("Add Ada Brandt, ada@brandt.example, phones 555-0137 and 555-0199."), _asks(_CONTACT)),
     _CALL),
    ("an-object", (_user("Send a parcel of 2.5 kg, insured, to Hafenweg 4 in Kiel."), _asks(_PARCEL)), _CALL),
    ("two-calls", (_BOTH, _asks(_OSLO, _EUROS)), _CALL),
    ("same-tool-twice", (_user("Compare the weather in Oslo with Bergen, 3 days each."),
                         _asks(_OSLO, ("get_forecast", {"city": "Bergen", "days": 3}))), _CALL),
    ("with-system", (Message(role="system", content="Be brief."),
                     _user("Trains from Lyon to Turin, 2026-05-04"), _asks(_TRAINS)), _CALL),
    ("to-the-end", (_user("What will the weather be in Oslo for 3 days?"), _asks(_OSLO, ids=True),
                    _result('{"degrees": [4, 6, 5]}', tool_call_id="call_0", name="get_forecast"),
                    _says("Oslo gets 4, 6 and 5 degrees over the next 3 days.")), _ANY),
    ("two-results", (_BOTH, _asks(_OSLO, _EUROS, ids=True),
                     _result('{"degrees": [4, 6, 5]}', tool_call_id="call_0", name="get_forecast"),
                     _result("2,850.0", tool_call_id="call_1", name="convert_currency"),
                     _says("In Oslo it will be 4 to 6 degrees, and 250 EUR are 2,850 SEK.")), _ANY),
    ("two-steps", (_user("Is it warmer in Oslo or in Bergen over the next 3 days?"),
                   _asks(_OSLO, thought="I look up Oslo first."),
                   _result('{"degrees": [4, 6, 5]}'),
                   _asks(("get_forecast", {"city": "Bergen", "days": 3}), thought="Now Bergen, to compare."),
                   _result('{"degrees": [8, 9, 7]}'),
                   _says("Bergen is warmer: 7 to 9 degrees against 4 to 6 in Oslo.")), _ANY),
    ("two-turns", (_user("How much is 250 EUR in SEK?"), _asks(_EUROS), _result("2850.0"),
                   _says("250 EUR are 2850 SEK."), _user("And the weather in Oslo for 3 days?"),
                   _asks(_OSLO)), _ANY),
    ("no-call", (_user("Write me a poem about the sea."), _says("I can only help with travel and money.")),
     Task(expects="no_call")),
    ("a-question", (_user("Find me a train to Turin on 2026-05-04."), _says("From which city do you leave?")),
     Task(expects="clarify")),
)  # fmt: skip
