"""The weather tools over their recordings: what depends on the day of the question is decided here.

AgentBoard asks one archive for past, current and coming weather, so these calls are one request where
quantity, place and days are the same, and a recording of one answers the others. Before it asks, it refuses
days on the wrong side of the question's date and spans of more than 30 days; a recorded refusal belongs to
the question that it was recorded for, so refusals are decided anew for every question.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from callwright.evaluate.toolquery.outcomes import Answer, Domain, Outcome, failed, missed, value
from callwright.evaluate.toolquery.recordings import Key, Recordings
from callwright.evaluate.toolquery.tasks import Task
from callwright.record import Json, Tool

MAX_SPAN = timedelta(days=30)
_TOO_LONG = (
    "Error: Sorry, at present, we support a maximum time span of 30 days between start_date and end_date in "
    "a single query. Your input exceeds this range. You can split your current query into multiple "
    "sub-queries that meet our criteria."
)
_LEVELS = ((20, "good"), (40, "fair"), (60, "moderate"), (80, "poor"), (100, "very poor"))


class _Question(NamedTuple):
    """Which quantity a tool asks the archive for, and on which side of today its days have to be."""

    quantity: str
    side: Literal["historical", "current", "forecast"]


_FORECAST = ("temp", "rain", "snow")
_MEASURED = (*_FORECAST, "air_quality_index")
_QUESTIONS = {
    **{f"get_historical_{quantity}": _Question(quantity, "historical") for quantity in _MEASURED},
    **{f"get_current_{quantity}": _Question(quantity, "current") for quantity in _MEASURED},
    **{f"get_{quantity}_forecast": _Question(quantity, "forecast") for quantity in _FORECAST},
}


def weather(tools: tuple[Tool, ...], recordings: Recordings) -> Domain:
    """Return the weather tools over their recordings."""
    archive = _archive(recordings)

    def begin(task: Task) -> Answer:
        def answer(name: str, arguments: Json) -> Outcome:
            if name == "get_user_current_date":
                return value(task.date)
            if name == "get_user_current_location":
                return value(task.location)
            if name == "get_air_quality_level":
                return value(_level(arguments["air_quality_index"]))
            if (question := _QUESTIONS.get(name)) is None:
                return recordings.answer(name, arguments)
            key = recordings.key(name, arguments)
            start, end = _days(arguments, question)
            if refusal := _refusal(start, end, question, task.date):
                return failed(refusal)
            return archive.get(_request(key, question)) or missed(name)

        return answer

    return Domain(
        name="weather",
        tools=tools,
        begin=begin,
        some_call=lambda draw: draw.choice(recordings.steps),
        hint="Get the coordinates of a place from get_latitude_longitude, never from memory.",
    )


def _archive(recordings: Recordings) -> dict[Key, Outcome]:
    """Return what the archive answered, by request; refusals belong to a question's date and are left out."""
    archive: dict[Key, Outcome] = {}
    for name, arguments in recordings.steps:
        question = _QUESTIONS.get(name)
        if question is None:
            continue
        key = recordings.key(name, arguments)
        outcome = recordings.look_up(key)
        if outcome is not None and not outcome.text.startswith("Error: "):
            archive.setdefault(_request(key, question), outcome)
    return archive


def _request(key: Key, question: _Question) -> Key:
    latitude, longitude, *days = key[1]
    return question.quantity, (latitude, longitude, days[0], days[-1])


def _days(arguments: Json, question: _Question) -> tuple[Json, Json]:
    if question.side == "current":
        return arguments["current_date"], arguments["current_date"]
    return arguments["start_date"], arguments["end_date"]


def _refusal(start: Json, end: Json, question: _Question, today: str) -> str:
    """Return why a call is refused before anything is asked; raises for text that is no date."""
    if question.side == "historical":
        wrong, wanted = datetime.__ge__, "earlier"
    else:
        wrong, wanted = datetime.__le__, "later"
    if question.side != "current":
        for name, day in (("start_date", start), ("end_date", end)):
            if day is not None and wrong(_day(day), _day(today)):
                return f"Error: {name} should be {wanted} than current_date"
    return _TOO_LONG if _day(end) - _day(start) > MAX_SPAN else ""


_day: Callable[[str], datetime] = lambda text: datetime.strptime(text, "%Y-%m-%d")  # noqa: E731


def _level(index: Json) -> str:
    """Return AgentBoard's word for an air quality index.

    Its steps begin one above where the last one ended, so that 20.5 and 21 are "extremely poor".
    """
    for upper, word in _LEVELS:
        if index <= upper and (upper == 20 or index > upper - 19):
            return word
    return "extremely poor"
