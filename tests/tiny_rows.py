"""Rows for the training tests: one tool, one call each, lengths that differ."""

from pathlib import Path

import msgspec

from callwright.record import Message, Preference, Task, Tool, ToolCall, Trajectory, encode

WEATHER = Tool(
    name="get_weather",
    description="Get the weather of a city.",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
)


def trajectory(i: int) -> Trajectory:
    """One single-call row; rows differ in length."""
    city = ["Oslo", "Rome", "Lima", "Cairo", "New York"][i % 5] + f" {i}"
    call = ToolCall(name="get_weather", arguments={"city": city, "days": i}, id="call_0")
    question = f"What is the weather in {city} for the next {i} days?" + " Please." * (i % 7)
    return Trajectory(
        id=f"row/{i}",
        task=Task(expects="call"),
        tools=(WEATHER,),
        messages=(Message(role="user", content=question), Message(role="assistant", tool_calls=(call,))),
    )


def of_many_tools(i: int) -> Trajectory:
    """The same row in which the tool is one of five, so that not all rows begin alike."""
    tool = msgspec.structs.replace(WEATHER, description=f"Get the weather of a city, way {i % 5}.")
    return msgspec.structs.replace(trajectory(i), tools=(tool,))


def pair(i: int) -> Trajectory:
    """The same row with a rejected answer of another length."""
    wrong = ToolCall(name="get_weather", arguments={"city": "Paris, the capital"}, id="call_0")
    preference = Preference(
        rejected=Message(role="assistant", tool_calls=(wrong,)), error_class="wrong-value"
    )
    return msgspec.structs.replace(trajectory(i), preference=preference)


def write(path: Path, rows: list[Trajectory]) -> Path:
    """Write rows as JSONL."""
    path.write_bytes(b"".join(encode(r) + b"\n" for r in rows))
    return path
