"""The tools of a small travel assistant: a model for a toolbox of your own.

Every public function here becomes a tool. Its name, types and docstring are all that a model can get to see;
its body runs, in isolation, to check each call that is made up for training. So a tool is

* typed: every parameter has a type, and the type says what is legal (`Literal` for a closed set of values,
  `Annotated[int, range(1, 10)]` for the bounds 1 to 9, a default for what may be left out);
* described: the first sentence says what it does, `Args` what a parameter means (shown if it gives a form);
* honest: it raises `ValueError` when a request makes no sense, for example a stay that ends before it starts;
* repeatable: equal arguments give equal results, with no clock, no randomness and no network:
  where real tools would ask a booking system, these compute a believable answer.
"""

import datetime
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

Currency = Literal["EUR", "USD", "GBP", "JPY", "CHF", "SEK"]

PER_EURO = {"EUR": 1.0, "USD": 1.08, "GBP": 0.85, "JPY": 161.5, "CHF": 0.96, "SEK": 11.3}
KILOMETRES_PER_HOUR = {"walking": 5, "cycling": 15, "driving": 60, "train": 110}


@dataclass
class Driver:
    """Who will be at the wheel."""

    name: str
    """Full name as on the driving licence."""
    age: Annotated[int, range(18, 100)]
    """Age in years."""


def search_flights(
    origin: str,
    destination: str,
    date: datetime.date,
    passengers: Annotated[int, range(1, 10)] = 1,
    cabin: Literal["economy", "premium", "business", "first"] = "economy",
    nonstop: bool = False,
) -> list[dict]:
    """Search for flights.

    Args:
        origin: City of departure.
        destination: City of arrival.
        date: Day of departure.
        passengers: Number of people who travel.
        cabin: Class of service.
        nonstop: Whether to leave out connections.
    """
    if origin.casefold() == destination.casefold():
        raise ValueError("origin and destination must differ")
    fare = {"economy": 1, "premium": 1.6, "business": 3, "first": 5}[cabin] * passengers
    seeds = [_number(origin, destination, date, part) for part in ("morning", "noon", "evening")]
    return [
        {"flight": f"CW{seed % 900 + 100}", "stops": seed % 2, "price": round((60 + seed % 340) * fare, 2)}
        for seed in seeds
        if not (nonstop and seed % 2)
    ]


def book_hotel(
    city: str,
    check_in: datetime.date,
    check_out: datetime.date,
    guests: Annotated[int, range(1, 7)] = 2,
    breakfast: bool = False,
) -> dict:
    """Book a hotel room.

    Args:
        city: City of the hotel.
        check_in: First night of the stay.
        check_out: Day of departure.
        guests: Number of people in the room.
        breakfast: Whether breakfast is included.
    """
    nights = _days_between(check_in, check_out)
    price = nights * (70 + _number(city) % 110 + 15 * (guests - 1) + 12 * guests * breakfast)
    return {"booking_id": f"H{_number(city, check_in, guests):010d}", "nights": nights, "price": price}


def cancel_booking(booking_id: str, reason: str | None = None) -> dict:
    """Cancel a booking.

    Args:
        booking_id: Number of the booking, for example H0001234567.
        reason: Why it is cancelled.
    """
    if len(booking_id) < 4:
        raise ValueError(f"{booking_id!r} is too short for a booking number")
    return {"booking_id": booking_id, "refund_percent": 100 if reason else 80}


def rent_car(
    city: str,
    pick_up: datetime.date,
    drop_off: datetime.date,
    driver: Driver,
    size: Literal["compact", "family", "van"] = "compact",
) -> dict:
    """Rent a car.

    Args:
        city: City of pick-up and return.
        pick_up: First day of the rental.
        drop_off: Day of return.
        driver: Person who drives.
        size: Size of the car.
    """
    surcharge = 1.25 if driver.age < 25 else 1.0
    per_day = {"compact": 32, "family": 48, "van": 75}[size] + _number(city) % 10
    return {"driver": driver.name, "price": round(_days_between(pick_up, drop_off) * per_day * surcharge, 2)}


def reserve_table(
    restaurant: str,
    date: datetime.date,
    time: datetime.time,
    guests: Annotated[int, range(1, 21)],
    outdoors: bool = False,
) -> dict:
    """Reserve a table.

    Args:
        restaurant: Name of the restaurant.
        date: Day of the visit.
        time: Time of arrival.
        guests: Number of people at the table.
        outdoors: Whether to sit outside.
    """
    if not 11 <= time.hour < 23:
        raise ValueError("tables can be reserved from 11:00 to 23:00")
    table = _number(restaurant, date, time) % 40 + 1
    return {"restaurant": restaurant, "table": table, "guests": guests, "outdoors": outdoors}


def find_restaurants(
    city: str,
    cuisine: Literal["italian", "japanese", "mexican", "indian", "french", "vegan"],
    limit: Annotated[int, range(1, 11)] = 3,
) -> list[dict]:
    """Find restaurants.

    Args:
        city: City to search.
        cuisine: Style of cooking.
        limit: Highest number of results.
    """
    seeds = [_number(city, cuisine, place) for place in range(limit)]
    return [{"name": f"{cuisine.title()} House {s % 90 + 10}", "stars": 3 + s % 21 / 10} for s in seeds]


def find_attractions(
    city: str, interests: list[Literal["museums", "parks", "music", "food", "history", "sports"]]
) -> list[str]:
    """Find attractions.

    Args:
        city: City to visit.
        interests: What the visitor likes.
    """
    if not interests:
        raise ValueError("name at least one interest")
    return [f"{city} {interest} tour {_number(city, interest) % 9 + 1}" for interest in interests]


def get_weather(city: str, date: datetime.date, unit: Literal["celsius", "fahrenheit"] = "celsius") -> dict:
    """Get the weather forecast.

    Args:
        city: City of interest.
        date: Day of the forecast.
        unit: Unit of the temperature.
    """
    seed = _number(city, date)
    celsius = seed % 35 - 5
    temperature = celsius if unit == "celsius" else round(celsius * 9 / 5 + 32)
    return {"temperature": temperature, "unit": unit, "sky": ("sunny", "cloudy", "rainy", "windy")[seed % 4]}


def convert_currency(amount: float, from_currency: Currency, to_currency: Currency) -> dict:
    """Convert money.

    Args:
        amount: Sum of money to convert.
        from_currency: Currency of the sum.
        to_currency: Currency to get.
    """
    if amount <= 0:
        raise ValueError("amount must be above zero")
    return {
        "amount": round(amount / PER_EURO[from_currency] * PER_EURO[to_currency], 2),
        "currency": to_currency,
    }


def split_bill(
    amount: float, people: Annotated[int, range(1, 51)], tip_percent: Annotated[int, range(5, 31)] = 10
) -> dict:
    """Split a bill.

    Args:
        amount: Sum of the bill.
        people: Number of people who pay.
        tip_percent: Tip in percent.
    """
    if amount <= 0:
        raise ValueError("amount must be above zero")
    total = amount * (100 + tip_percent) / 100
    return {"total": round(total, 2), "each": round(total / people, 2)}


def plan_route(stops: list[str], mode: Literal["walking", "cycling", "driving", "train"] = "driving") -> dict:
    """Plan a route.

    Args:
        stops: Places in the order of the visit, the first one being the start.
        mode: Means of transport.
    """
    if len(stops) < 2:
        raise ValueError("a route needs at least two stops")
    kilometres = sum(20 + _number(*leg) % 480 for leg in pairwise(stops))
    return {"kilometres": kilometres, "hours": round(kilometres / KILOMETRES_PER_HOUR[mode], 1)}


def check_visa(nationality: str, destination: str, days: Annotated[int, range(1, 366)]) -> dict:
    """Check whether a visa is needed.

    Args:
        nationality: Nationality of the traveller.
        destination: Country of the visit.
        days: Length of the stay in days.
    """
    free_days = (0, 30, 90)[_number(nationality, destination) % 3]
    return {"visa_needed": days > free_days, "visa_free_days": free_days}


def _number(*parts: object) -> int:
    """Return a number that depends on nothing but the parts: the stand-in for a database."""
    return zlib.crc32("|".join(str(part).casefold() for part in parts).encode())


def _days_between(start: datetime.date, end: datetime.date) -> int:
    if end <= start:
        raise ValueError(f"{end} is not after {start}")
    return (end - start).days
