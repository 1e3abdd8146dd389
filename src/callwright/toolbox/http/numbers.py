"""Make up numbers within bounds.

>>> import random
>>> integer({"minimum": 3, "exclusiveMaximum": 4}, random.Random(0))
3
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from fractions import Fraction

from callwright.record import Json

_USUAL = 1000
_LARGEST = 2**53


def integer(schema: Mapping[str, Json], rng: random.Random) -> int | None:
    """Return an integer that a schema allows, or None if there is none."""
    low, high = _bounds(schema, Fraction(1))
    step = Fraction(str(schema["multipleOf"])).numerator if "multipleOf" in schema else 1
    found = _multiple(low, high, Fraction(step), rng)
    return None if found is None else int(found)


def number(schema: Mapping[str, Json], rng: random.Random) -> float | int | None:
    """Return a number that a schema allows, or None if there is none."""
    step = Fraction(str(schema["multipleOf"])) if "multipleOf" in schema else Fraction(1, 100)
    low, high = _bounds(schema, step)
    found = _multiple(low, high, step, rng)
    if found is None and "multipleOf" not in schema and low is not None and high is not None:
        found = (low + high) / 2 if low <= high else None  # the bounds lie closer than a hundredth
    if found is None:
        return None
    return int(found) if found.denominator == 1 and abs(found) > _LARGEST else float(found)


def _bounds(schema: Mapping[str, Json], step: Fraction) -> tuple[Fraction | None, Fraction | None]:
    """Return the lowest and the highest number; those that are excluded are moved by a part of a step."""
    lows = [Fraction(str(schema["minimum"]))] if "minimum" in schema else []
    highs = [Fraction(str(schema["maximum"]))] if "maximum" in schema else []
    little = step / 1000
    if "exclusiveMinimum" in schema:
        lows.append(Fraction(str(schema["exclusiveMinimum"])) + little)
    if "exclusiveMaximum" in schema:
        highs.append(Fraction(str(schema["exclusiveMaximum"])) - little)
    return (max(lows) if lows else None), (min(highs) if highs else None)


def _multiple(
    low: Fraction | None, high: Fraction | None, step: Fraction, rng: random.Random
) -> Fraction | None:
    if low is None:
        low = min(Fraction(0), high - _USUAL * step) if high is not None and high < step else Fraction(0)
        low = max(low, step) if high is None or high >= step else low
    if high is None:
        high = max(low + _USUAL * step, Fraction(_USUAL) if low < _USUAL else low)
    first, last = math.ceil(low / step), math.floor(high / step)
    return None if first > last else rng.randint(first, last) * step
