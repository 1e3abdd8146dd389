"""Rows for the tests of pairs: two tools, requests for one, two or three calls, and requests for none."""

from callwright.pair import Ready
from callwright.record import Json, Message, Task, Tool, ToolCall, Trajectory

WEATHER = Tool(
    name="get_weather",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        },
        "required": ["city"],
    },
)
EVENTS = Tool(
    name="search_events",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}, "free": {"type": "boolean"}},
        "required": ["city", "free"],
    },
)
CITIES = ("Oslo", "Lima", "Cairo", "Kyoto", "Quito", "Turin")


def weather(city: str, days: Json = 2, **more: Json) -> ToolCall:
    """Return a call of the first tool."""
    return ToolCall(name="get_weather", arguments={"city": city, "days": days, **more})


def events(city: str, **more: Json) -> ToolCall:
    """Return a call of the second tool."""
    return ToolCall(name="search_events", arguments={"city": city, "free": True, **more})


def saying(*calls: ToolCall, text: str = "") -> Message:
    """Return a turn of the assistant."""
    return Message(role="assistant", content=text, tool_calls=calls)


def asking(request: str, *calls: ToolCall, row_id: str = "row") -> Trajectory:
    """Return a row whose request is answered by calls."""
    return Trajectory(
        id=row_id,
        task=Task(expects="call"),
        tools=(WEATHER, EVENTS),
        messages=(Message(role="user", content=request), saying(*calls)),
    )


def call_row(k: int, calls: int = 1) -> Trajectory:
    """Return a row with calls of its own."""
    cities = [CITIES[(k + j) % len(CITIES)] for j in range(calls)]
    made = tuple(
        ToolCall(name="get_weather", arguments={"city": c, "days": k % 9 + 1}, id=f"c{j}")
        for j, c in enumerate(cities)
    )
    request = f"Weather in {' and '.join(cities)} for {k % 9 + 1} days?"
    return asking(request, *made, row_id=f"row{k}-{calls}")


def silent_row(k: int, expects: str = "no_call") -> Trajectory:
    """Return a row in which no call is right."""
    return Trajectory(
        id=f"silent{k}",
        task=Task(expects=expects),  # type: ignore[arg-type]
        tools=(WEATHER, EVENTS),
        messages=(
            Message(role="user", content=f"Who won the cup in {1990 + k}?"),
            saying(text="None of my tools knows that."),
        ),
    )


def ready(t: Trajectory) -> Ready:
    """Return a row as sources get it, if its last message is to be preferred."""
    return Ready(t, t)
