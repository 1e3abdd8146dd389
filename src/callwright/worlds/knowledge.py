"""What a person can know of BFCL's back ends: the records that a state holds, and what the classes know.

Every table is a record or a list of records. These name their members as the tools name their parameters
(`ticket_id`, `card_id`), so that a value is found by the name of the parameter that it is for. What a class
knows of the world, such as its airports, is asked of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any

from callwright.evaluate.bfcl.backends import backend, copied
from callwright.record import Json

CITIES = (
    "Rivermist", "Stonebrook", "Maplecrest", "Silverpine", "Shadowridge", "Sunset Valley", "Oakendale",
    "Willowbend", "Crescent Hollow", "Autumnville", "Pinehaven", "Greenfield", "San Francisco", "Los Angeles",
    "New York", "Chicago", "Boston", "London", "Paris", "Beijing", "Hong Kong", "Rome", "Tokyo",
)  # fmt: skip
"""Cities of which the travel and the vehicle class have heard."""
COMPANIES = (
    "Apple", "Google", "Tesla", "Microsoft", "Nvidia", "Zeta Corp", "Alpha Tech", "Omega Industries",
    "Quasar Ltd.", "Neptune Systems", "Synex Solutions", "Amazon", "Gorilla",
)  # fmt: skip
SECTORS = ("Technology", "Automobile")


def known(name: str, instance: Any) -> Json:
    """Return what can be known of a back end, as tables of records and values."""
    tables = _TABLES.get(name)
    return copied(tables(instance)) if tables else {}


def _files(system: Any) -> Json:
    places = list(_walk(system.root, f"/{system.root.name}"))
    return {
        "working_directory": f"/{system.root.name}",
        "folders": [
            {"folder": item.name, "path": path, "parent": parent, "items": len(item.contents)}
            for item, path, parent in places
            if hasattr(item, "contents")
        ],
        "files": [
            {"file_name": item.name, "parent": parent, "content": item.content}
            for item, _, parent in places
            if not hasattr(item, "contents")
        ],
    }


def _walk(folder: Any, path: str) -> Iterator[tuple[Any, str, str]]:
    for name, item in folder.contents.items():
        yield item, f"{path}/{name}", path
        if hasattr(item, "contents"):
            yield from _walk(item, f"{path}/{name}")


def _messages(api: Any) -> Json:
    inbox = [(receiver, text) for entry in api.inbox for receiver, text in entry.items()]
    return {
        "users": [{"user": user, "user_id": user_id} for user, user_id in api.user_map.items()],
        "messages": [{"receiver_id": receiver, "message": text} for receiver, text in inbox],
        "current_user": api.current_user,
    }


def _tweets(api: Any) -> Json:
    return {
        "account": {
            "username": api.username, "password": api.password, "authenticated": api.authenticated,
        },
        "tweets": [_renamed(tweet, "id", "tweet_id") for tweet in api.tweets.values()],
        "following": [{"username": username} for username in api.following_list],
        "retweets": [
            {"username": username, "tweet_id": tweet_id}
            for username, ids in api.retweets.items()
            for tweet_id in ids
        ],
    }  # fmt: skip


def _tickets(api: Any) -> Json:
    users = dict.fromkeys([api.current_user, *(ticket.get("created_by") for ticket in api.ticket_queue)])
    return {
        "users": [{"username": user} for user in users if user],
        "tickets": [_renamed(ticket, "id", "ticket_id") for ticket in api.ticket_queue],
        "current_user": api.current_user,
    }


def _trading(bot: Any) -> Json:
    orders = [order for order in bot.orders.values() if isinstance(order, dict)]
    return {
        "account": {**bot.account_info, "authenticated": bot.authenticated},
        "market_status": bot.market_status,
        "orders": [_renamed(order, "id", "order_id") for order in orders],
        "stocks": [{"symbol": symbol, **stock} for symbol, stock in bot.stocks.items()],
        "watch_list": [{"symbol": symbol} for symbol in bot.watch_list],
        "transactions": bot.transaction_history,
        "companies": [{"name": name, **bot.get_symbol_by_name(name)} for name in COMPANIES],
        "sectors": [{"sector": sector} for sector in SECTORS],
    }


def _travel(api: Any) -> Json:
    return {
        "traveler": {
            "user_first_name": api.user_first_name, "user_last_name": api.user_last_name,
            "access_token": api.access_token, "budget_limit": api.budget_limit,
        },
        "cards": [{"card_id": key, **card} for key, card in api.credit_card_list.items()],
        "bookings": [{"booking_id": key, **booking} for key, booking in api.booking_record.items()],
        "routes": list(_routes()),
        "cities": [
            {"city": city, "airport": api.get_nearest_airport_by_city(city)["nearest_airport"]}
            for city in CITIES
        ],
    }  # fmt: skip


@cache
def _routes() -> tuple[Json, ...]:
    """Return the connections that have a price."""
    api: Any = backend("TravelAPI")()
    api._load_scenario({})
    return tuple(
        {"travel_from": start, "travel_to": end}
        for start, end in product(api.list_all_airports(), repeat=2)
        if _has_price(api, start, end)
    )


def _has_price(api: Any, start: str, end: str) -> bool:
    try:
        api.get_flight_cost(start, end, "2026-01-01", "economy")
    except ValueError:
        return False
    return True


def _vehicle(car: Any) -> Json:
    state = {name: value for name, value in vars(car).items() if name[0] != "_" and name != "long_context"}
    doors = [{"door": door, "status": status} for door, status in car.doorStatus.items()]
    return {"vehicle": state, "doors": doors, "cities": _towns()}


@cache
def _towns() -> list[Json]:
    car: Any = backend("VehicleControlAPI")()
    codes = {city: car.get_zipcode_based_on_city(city)["zipcode"] for city in CITIES}
    return [{"city": city, "zipcode": code} for city, code in codes.items() if code != "00000"]


def _renamed(record: Mapping[str, Json], old: str, new: str) -> dict[str, Json]:
    return {new if key == old else key: value for key, value in record.items()}


_TABLES: Mapping[str, Callable[[Any], Json]] = {
    "GorillaFileSystem": _files,
    "MessageAPI": _messages,
    "TwitterAPI": _tweets,
    "TicketAPI": _tickets,
    "TradingBot": _trading,
    "TravelAPI": _travel,
    "VehicleControlAPI": _vehicle,
}
