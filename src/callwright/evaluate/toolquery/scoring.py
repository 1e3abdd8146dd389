"""AgentBoard's progress: the largest share of subgoals found so far, compared as a multiset.

A subgoal is the cleaned result of a call or the final answer. Comparison is Python's `==`, so 18 equals 18.0.
Weather results with coordinates are the same where these are less than 50 km apart and the rest is equal.

>>> matched(["a", "a", 2], ["a", 2.0, "b"], "movie")
2
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from callwright.evaluate.toolquery.tasks import DomainName
from callwright.record import Json

NEAR_KM = 50.0
"""Closer than this, two places are the same."""
_EARTH_KM = 6371.0
_MOVIE_DROPPED = frozenset(
    {"overview", "biography", "vote_average", "genres", "revenue", "budget", "release_date"}
)
"""What a movie result may differ in: prose, and figures that the live service changes."""
_TEMPERATURES = frozenset({"temperature_2m_max", "temperature_2m_min", "temperature_2m_mean"})


def cleaned(result: Json, domain: DomainName) -> Json:
    """Return a tool's result as the subgoal it counts as; `result` is not changed.

    Movie results lose the dropped keys at the top level and in the items of a list; weather results lose the
    daily temperatures, all three if the first is there; academia results stay as they are.
    """
    if domain == "movie":
        if isinstance(result, list):
            return [_without(item, _MOVIE_DROPPED) for item in result]
        return _without(result, _MOVIE_DROPPED)
    if domain == "weather" and type(result) is dict:
        daily = result.get("daily")
        if isinstance(daily, dict) and "temperature_2m_max" in daily:
            return {**result, "daily": _without(daily, _TEMPERATURES)}
    return result


def _without(value: Json, keys: frozenset[str]) -> Json:
    return {k: v for k, v in value.items() if k not in keys} if isinstance(value, dict) else value


def matched(subgoals: Sequence[Json], found: Sequence[Json], domain: DomainName) -> int:
    """Return how many subgoals were found; what was found counts for one subgoal only."""
    left = list(found)
    count = 0
    for subgoal in subgoals:
        for number, candidate in enumerate(left):
            if _same(subgoal, candidate, domain):
                del left[number]
                count += 1
                break
    return count


def _same(subgoal: Json, found: Json, domain: DomainName) -> bool:
    if domain == "weather" and _located(subgoal):
        # A located subgoal is found by a located result only.
        return _located(found) and _near(subgoal, found) and _rest(subgoal) == _rest(found)
    return bool(subgoal == found)


def _located(value: Json) -> bool:
    return type(value) is dict and "latitude" in value and "longitude" in value


def _rest(value: Json) -> Json:
    return _without(value, frozenset({"latitude", "longitude"}))


def _near(one: Json, other: Json) -> bool:
    """Tell whether two places are the same; coordinates that are no numbers are no place.

    AgentBoard breaks off the episode there.
    """
    try:
        return distance_km(_place(one), _place(other)) < NEAR_KM
    except (TypeError, ValueError, OverflowError):
        return False


def _place(value: Json) -> tuple[float, float]:
    return value["latitude"], value["longitude"]


def distance_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the haversine distance of two (latitude, longitude) pairs in degrees; the earth has 6,371 km."""
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, place)) for place in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return _EARTH_KM * 2 * math.atan2(math.sqrt(half), math.sqrt(1 - half))
