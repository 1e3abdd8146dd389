"""How a number is traced: said in some form or unit, or implied by what was said.

What is implied counts half: a limit ("fewer than 5" for 4), a year counted from another, the days between two
dates, a constant of nature.
"""

from __future__ import annotations

from itertools import product
from math import pi

from callwright.record import Json
from callwright.verify.evidence import Evidence, words_of

_FROM_START = frozenset({"offset", "skip", "start", "begin", "cursor", "index", "page", "at", "from"})
_AT_REST = frozenset({"rest", "stationary", "standstill", "dropped", "drop"})
_OF_MOTION = frozenset({"velocity", "speed"})
_MOST = frozenset({"max", "maximum", "maximal", "highest", "most", "all", "full", "largest", "biggest"})
_LEAST = frozenset({"min", "minimum", "minimal", "lowest", "least", "smallest"})
_CONSTANTS: dict[str, tuple[float, ...]] = {
    "gravity": (9.8, 9.81, 9.80665), "gravitational": (9.8, 9.81, 9.80665, 6.674e-11),
    "light": (299792458.0, 3e8), "planck": (6.626e-34,), "boltzmann": (1.381e-23,),
    "avogadro": (6.022e23,), "permittivity": (8.854e-12,), "permeability": (1.2566e-6,),
    "mu": (1.2566e-6,), "gas": (8.314,), "pi": (pi,), "elementary": (1.602e-19,),
}  # fmt: skip
"""Constants of nature, by a word of the parameter's name or description."""
_ROUNDED = 5
"""Digits up to which a constant may be rounded."""
_SECONDS = (1, 60, 3600)
_MANY = 200
"""More numbers or dates than that are a table; what lies between two of them says nothing."""


def amount(value: float, schema: dict[str, Json], name: str, evidence: Evidence) -> float | None:
    """Return the trust in a number, 1 or 0.5; None where nothing supports it."""
    if 0 <= value < 1e15 and value == (whole := int(value)) and evidence.says(str(whole)):
        return 1.0
    try:
        number = float(value)
    except OverflowError:
        return None
    if evidence.has_number(number):
        return 1.0
    if 1 <= number <= 12 and number.is_integer() and int(number) in evidence.months:
        return 1.0
    if number < 0 and evidence.has_number(-number):
        return 0.5  # "5 degrees below zero", "74° W"
    if number == 1 and evidence.words & {"a", "an"}:
        return 0.5
    if isinstance(value, int) and _is_next_to_a_limit(number, evidence):
        return 0.5
    return 0.5 if _is_implied(number, schema, name, evidence) else None


def _is_implied(number: float, schema: dict[str, Json], name: str, evidence: Evidence) -> bool:
    named = set(words_of(name))
    if number == 0:
        at_rest = named & _OF_MOTION and evidence.words & _AT_REST
        return bool(at_rest or (named and named <= _FROM_START))
    if number.is_integer() and (_is_counted_year(number, evidence) or _lies_between(number, evidence)):
        return True
    if 13 <= number <= 23 and (number, 0) in evidence.times:
        return True  # "11 PM" as an hour of the day
    if _is_bound(number, schema, evidence) or _is_constant(number, schema, named):
        return True
    return bool({"pi", "π"} & evidence.words) and any(
        abs(number - k * pi) <= 1e-3 * abs(number) for k in {1.0, 2.0, 0.5, *list(evidence.numbers)[:_MANY]}
    )


def _is_constant(number: float, schema: dict[str, Json], named: set[str]) -> bool:
    described = schema.get("description")
    about = named | set(words_of(described) if isinstance(described, str) else ())
    known = (constant for word in about & _CONSTANTS.keys() for constant in _CONSTANTS[word])
    digits = len(f"{number:.15g}".partition("e")[0].replace(".", "").strip("0-"))
    close = 1e-3 if digits <= _ROUNDED else 1e-9
    return any(abs(number - constant) <= close * constant for constant in known)


def _is_next_to_a_limit(number: float, evidence: Evidence) -> bool:
    """Tell whether a whole number is the last one that a strict limit lets pass ("fewer than 5")."""
    below, above = evidence.limits
    return number + 1 in below or number - 1 in above


def _is_counted_year(number: float, evidence: Evidence) -> bool:
    """Tell whether a year was said in short ("'19", "the 90s"), or counted from one that was said."""
    if not 1900 <= number < 2101:
        return False
    days = evidence.days
    if number in days.years or number % 100 in days.short_years:
        return True
    shifts = {*days.phrases.years, *days.counted_years}
    return any(number - year in shifts or year - number in days.counted_years for year in days.years)


def _lies_between(number: float, evidence: Evidence) -> bool:
    """Tell whether a number is how far two days or two times of day are apart."""
    if not 0 < number <= 86400:
        return False
    if number <= 366 and number in evidence.days.spans():
        return True
    minutes = [hour * 60 + minute for hour, minute in evidence.times]
    if len(minutes) > _MANY:
        return False
    gaps = {(b - a) * 60 for a, b in product(minutes, minutes) if b > a}
    return any(number * unit in gaps for unit in _SECONDS)


def _is_bound(number: float, schema: dict[str, Json], evidence: Evidence) -> bool:
    return bool(
        (number == schema.get("maximum") and _MOST & evidence.words)
        or (number == schema.get("minimum") and _LEAST & evidence.words)
    )
