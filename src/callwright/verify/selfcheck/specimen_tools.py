"""Tools for the self-check: some that answer, and some that fail, each in the way its name says.

This file is executed in isolation only, like a user's.
"""

import datetime
import os
import time
from dataclasses import dataclass
from typing import Annotated, Literal

_calls = 0


@dataclass
class Address:
    """Where something is."""

    street: str
    """Street and number."""
    city: str
    """Town or city."""
    floor: int | None = None
    """Floor, where there are several."""


def get_forecast(
    city: str,
    days: Annotated[int, range(1, 15)] = 3,
    unit: Literal["celsius", "fahrenheit"] = "celsius",
) -> dict[str, object]:
    """Forecast the weather of a city.

    Args:
        city: City to look up.
        days: Number of days.
        unit: Unit of the temperatures.
    """
    degrees = [(len(city) * 7 + day) % 30 for day in range(days)]
    return {"city": city, "unit": unit, "degrees": degrees}


def convert_currency(amount: float, source: str, target: str) -> float:
    """Convert an amount of money.

    Args:
        amount: Amount in the source currency.
        source: Currency code to convert from.
        target: Currency code to convert to.
    """
    return round(amount * (1 + len(source + target) / 10), 2)


def find_trains(origin: str, destination: str, date: datetime.date, direct: bool = False) -> list[str]:
    """Find trains between two cities.

    Args:
        origin: City of departure.
        destination: City of arrival.
        date: Day of travel.
        direct: Whether to leave out connections.
    """
    return [
        f"{origin}-{destination} {date.isoformat()} {hour}:05"
        for hour in (8, 12, 17)
        if hour != 12 or not direct
    ]


def add_contact(name: str, email: str, phones: list[str] | None = None) -> dict[str, object]:
    """Add a person to the address book.

    Args:
        name: Full name.
        email: E-mail address.
        phones: Telephone numbers.
    """
    return {"id": sum(map(ord, name + email)), "name": name, "phones": len(phones or [])}


def send_parcel(weight: float, to: Address, insured: bool = False) -> str:
    """Send a parcel.

    Args:
        weight: Weight in kilograms.
        to: Address of the receiver.
        insured: Whether the parcel is insured.
    """
    return f"{to.city}: {weight} kg{', insured' if insured else ''}"


def look_up_and_raise(city: str) -> str:
    """Look a city up and fail with an exception."""
    raise LookupError(f"no entry for {city}")


def look_up_and_report_an_error(city: str) -> dict[str, object]:
    """Look a city up and return an error in place of an answer."""
    return {"error": f"no entry for {city}", "code": 404}


def look_up_and_print_a_traceback(city: str) -> str:
    """Look a city up and return the text of an exception."""
    return f"Traceback (most recent call last):\n  File 'db.py', line 3\nKeyError: {city!r}"


def look_up_nothing(city: str) -> list[str]:
    """Look a city up and return nothing."""
    return []


def look_up_everything(city: str) -> str:
    """Look a city up and return more than anybody can use."""
    return city * 2_000_000


def look_up_by_counting(city: str) -> int:
    """Look a city up and answer differently each time."""
    global _calls
    _calls += 1
    return _calls


def look_up_another_shape(city: str) -> int:
    """Look a city up and return a text where a number is declared."""
    return city  # type: ignore[return-value]


def look_up_for_ever(city: str) -> str:
    """Look a city up and never come back."""
    while True:
        time.sleep(0.01)


def look_up_and_leave(city: str) -> str:
    """Look a city up and end the process."""
    os._exit(3)


def look_up_and_write(city: str) -> str:
    """Look a city up and try to leave a file behind."""
    with open("look-up.txt", "w", encoding="utf-8") as file:
        file.write(city)
    return city
