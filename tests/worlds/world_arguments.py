"""Arguments for tools, made of what a world says can be known: by the names of the parameters."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from callwright.record import Json, Tool

ALIASES: Mapping[str, str] = {
    "file_name1": "file_name", "file_name2": "file_name", "source": "file_name", "cityA": "zipcode",
    "cityB": "zipcode", "username_to_follow": "username", "username_to_unfollow": "username",
    "user_name": "username", "first_name": "user_first_name", "last_name": "user_last_name",
    "location": "city", "stock": "symbol", "stocks": "symbol",
}  # fmt: skip
"""Parameter → the member or table in which its value stands under another name."""
OPTIONAL: Mapping[str, tuple[str, ...]] = {"retrieve_invoice": ("booking_id",), "echo": ("file_name",)}
"""Parameters that a call makes no sense without."""
SPOKEN: Mapping[str, Json] = {
    "access_token": "000000", "dir_name": "fresh_folder", "destination": "fresh_name", "pattern": "a",
    "keyword": "e", "content": "Hello there.", "description": "It rattles.", "title": "New chair",
    "resolution": "Done.", "updates": {"priority": 2}, "message": "See you at noon.",
    "comment_content": "Nice.", "mentioned_usernames": ["@falcon"], "grant_type": "read_write",
    "client_id": "c1", "client_secret": "s1", "refresh_token": "r1", "travel_class": "economy",
    "travel_date": "2026-05-01", "insurance_type": "medical", "insurance_cost": 20.0,
    "date_of_birth": "1988-04-12", "passport_number": "US4412", "card_number": "5100200030004000",
    "expiration_date": "03/2029", "card_verification_number": 321, "base_currency": "USD",
    "target_currency": "EUR", "value": 12.0, "base": 2.0, "precision": 5, "unit_in": "km",
    "unit_out": "m", "a": 7.0, "b": 2.0, "exponent": 3.0, "number": 16.0, "numbers": [3.0, 1.0, 2.0],
    "part": 3.0, "whole": 4.0, "order_type": "Buy", "price": 1.5, "amount": 2, "min_price": 0.0,
    "max_price": 500.0, "threshold": 1.0, "ignitionMode": "START", "fuelAmount": 1.0, "unlock": True,
    "temperature": 21.0, "pedalPosition": 1.0, "speed": 60.0, "activate": True,
    "distanceToNextVehicle": 40.0, "messages": ["ok"], "distance": 10.0, "liter": 10.0, "gallon": 2.0,
    "option": "fuel", "setHeadlights.mode": "on", "activateParkingBrake.mode": "engage",
    "touch.file_name": "new.txt", "set_navigation.destination": "7 Mill Lane, Denver, CO",
    "set_budget_limit.budget_limit": 900.0, "estimate_distance.cityA": "83214",
    "estimate_distance.cityB": "74532", "imperial_si_conversion.unit_out": "miles",
    "place_order.price": 1.5, "place_order.amount": 2, "send_message.message": "See you at noon.",
    "fund_account.amount": 25.0, "withdraw_funds.amount": 25.0, "comment": "Nice.",
    "trading_login.username": "falcon_rosa", "password": "falcon-ripple-321",
    "create_ticket.description": "It rattles.", "create_ticket.title": "New chair",
    "post_tweet.content": "Hello.", "echo.content": "Hello there.", "add_contact.user_name": "Margarete",
    "setCruiseControl.distanceToNextVehicle": 40.0, "resolve_ticket.resolution": "Done.",
    "register_credit_card.card_number": "5100200030004000", "book_flight.travel_date": "2026-05-01",
}  # fmt: skip
"""What comes out of nobody's records; ``tool.parameter`` beats the data, ``parameter`` does not."""


def arguments(tool: Tool, data: Json, rng: random.Random) -> dict[str, Json]:
    """Return the required arguments, as many of them as possible out of one record."""
    needed = [*tool.parameters.get("required", ()), *OPTIONAL.get(tool.name, ())]
    sought = {ALIASES.get(name, name): name for name in needed}
    records = list(_records(data))
    shared = [len(sought.keys() & record.keys()) for record in records]
    best = [record for record, n in zip(records, shared, strict=True) if n and n == max(shared)]
    found: dict[str, Json] = dict(rng.choice(best)) if best else {}
    return {name: _value(tool, name, found, data, rng) for name in needed}


def _value(tool: Tool, name: str, record: Mapping[str, Json], data: Json, rng: random.Random) -> Json:
    if tool.name == "echo" and name == "file_name":
        return next(f["file_name"] for f in data["files"] if f["parent"] == data["working_directory"])
    if tool.name == "rmdir":
        return next(f["folder"] for f in data["folders"] if not f["items"])
    key, wanted = ALIASES.get(name, name), tool.parameters["properties"][name]
    if f"{tool.name}.{name}" in SPOKEN:
        return SPOKEN[f"{tool.name}.{name}"]
    known = [record[key]] if key in record else list(_under(data, key))
    known = [item for value in known for item in (value if isinstance(value, list) else [value])]
    known = [value for value in known if value is not None]
    if not known:
        assert name in SPOKEN, f"nothing to say for {tool.name}.{name}"
        return SPOKEN[name]
    value = rng.choice(known)
    return [value] if wanted["type"] == "array" else value


def _records(data: Json) -> Iterator[dict[str, Json]]:
    if isinstance(data, dict):
        yield data
    for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _records(item)


def _under(data: Any, key: str) -> Iterator[Json]:
    for record in _records(data):
        if key in record:
            yield record[key]
