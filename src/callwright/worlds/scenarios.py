"""Initial states for BFCL's back ends that are not the benchmark's: made up from a seed, as they load them.

>>> states = initial_states(("TicketAPI",), 2, seed=1)
>>> states == initial_states(("TicketAPI",), 2, seed=1), states[0] != states[1]
(True, True)
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from callwright.record import Json
from callwright.store import row_seed
from callwright.synthesize import pools
from callwright.synthesize.pools import Half
from callwright.worlds.draw import Draw
from callwright.worlds.file_systems import file_system
from callwright.worlds.world import State

ROUTES: Mapping[tuple[str, str], int] = {
    ("SFO", "LAX"): 200, ("SFO", "JFK"): 500, ("SFO", "BOS"): 450, ("LAX", "ORD"): 500, ("LAX", "HND"): 430,
    ("JFK", "BOS"): 250, ("JFK", "PEK"): 1000, ("ORD", "LAX"): 180, ("RMS", "JFK"): 210, ("LHR", "CDG"): 100,
}  # fmt: skip
"""Some of the travel class's connections and their prices, for what was booked before."""
_CLASSES = {"economy": 1, "business": 2, "first": 5}
_SYMBOLS = ("AAPL", "GOOG", "TSLA", "MSFT", "NVDA", "ALPH", "OMEG", "QUAS", "NEPT", "SYNX", "ZETA", "AMZN")
"""Stocks whose companies the trading class knows by name."""


def initial_states(
    classes: Sequence[str], n: int, *, seed: int = 0, values: Half = "train"
) -> tuple[State, ...]:
    """Return `n` states that hold one of each class; the one state None where no class has any."""
    made = [name for name in classes if name in SCENARIOS]
    if not made:
        return (None,)
    return tuple({name: _scenario(name, k, seed, values) for name in made} for k in range(n))


def _scenario(name: str, number: int, seed: int, values: Half) -> dict[str, Json]:
    rng = random.Random(row_seed(seed, f"{name}/{values}/{number}"))
    return SCENARIOS[name](Draw(rng, values))


def _messages(draw: Draw) -> dict[str, Json]:
    first = draw.rng.randint(20, 900)
    users = {name: f"USR{first + k:03d}" for k, name in enumerate(draw.some(pools.FIRST_NAMES, 4, 8))}
    ids = list(users.values())
    inbox = [{draw.rng.choice(ids): draw.sentence()} for _ in range(draw.rng.randint(3, 8))]
    return {
        "random_seed": draw.number(6),
        "user_count": first + len(users) - 1,
        "user_map": users,
        "inbox": inbox,
        "message_count": len(inbox),
        "current_user": draw.rng.choice(ids) if draw.chance(0.8) else None,
    }


def _tweets(draw: Draw) -> dict[str, Json]:
    me, *others = draw.handles(draw.rng.randint(4, 7))
    first = draw.number(3)
    tweets = {
        str(first + k): {
            "id": first + k,
            "username": me if draw.chance(0.4) else draw.rng.choice(others),
            "content": draw.sentence(),
            "tags": [f"#{word.replace(' ', '')}" for word in draw.some(pools.TOPICS, 0, 3)],
            "mentions": [f"@{draw.rng.choice(others)}"] if draw.chance(0.3) else [],
        }
        for k in range(draw.rng.randint(3, 8))
    }
    return {
        "username": me,
        "password": f"{draw.one(pools.WORDS)}-{draw.one(pools.WORDS)}-{draw.number(3)}",
        "authenticated": draw.chance(0.7),
        "tweets": tweets,
        "comments": {},  # loaded ones are kept under texts, and looked up by numbers
        "retweets": {me: [first]} if draw.chance(0.3) else {},
        "following_list": others[: draw.rng.randint(1, len(others))],
        "tweet_counter": first + len(tweets),
    }


def _tickets(draw: Draw) -> dict[str, Json]:
    users = draw.handles(3)
    first = draw.number(4)
    queue = [
        {
            "id": first + k,
            "title": draw.one(pools.SUBJECTS),
            "description": f"{draw.one(pools.DETAILS).capitalize()}. {draw.sentence()}",
            "status": draw.rng.choice(("Open", "Open", "Resolved", "Closed")),
            "priority": draw.rng.randint(1, 5),
            "created_by": draw.rng.choice(users),
        }
        for k in range(draw.rng.randint(3, 8))
    ]
    for ticket in queue:
        if ticket["status"] == "Resolved":
            ticket["resolution"] = draw.sentence()
    return {
        "ticket_queue": queue,
        "ticket_counter": first + len(queue),
        "current_user": users[0] if draw.chance(0.7) else None,
    }


def _trading(draw: Draw) -> dict[str, Json]:
    symbols = draw.rng.sample(_SYMBOLS, draw.rng.randint(5, 8))
    symbols += [symbol for symbol in draw.some(pools.SYMBOLS, 2, 4) if symbol not in symbols]
    stocks = {symbol: _stock(draw) for symbol in symbols}
    first = draw.number(5)
    orders = {str(first + k): _order(draw, first + k, stocks) for k in range(draw.rng.randint(2, 5))}
    return {
        "random_seed": draw.number(6),
        "orders": orders,
        "account_info": {
            "account_id": draw.number(5),
            "balance": draw.amount(500, 60_000),
            "binding_card": draw.number(16),
        },
        "authenticated": draw.chance(0.75),
        "market_status": "Open" if draw.chance(0.7) else "Closed",
        "order_counter": first + len(orders),
        "stocks": stocks,
        "watch_list": draw.rng.sample(symbols, draw.rng.randint(1, 4)),
        "transaction_history": [_transaction(draw) for _ in range(draw.rng.randint(0, 4))],
    }


def _stock(draw: Draw) -> dict[str, Json]:
    price = draw.amount(20, 900)
    return {
        "price": price,
        "percent_change": draw.amount(-4, 4),
        "volume": draw.amount(0.1, 9, 3),
        "MA(5)": round(price * draw.rng.uniform(0.97, 1.03), 2),
        "MA(20)": round(price * draw.rng.uniform(0.92, 1.08), 2),
    }


def _order(draw: Draw, number: int, stocks: Mapping[str, dict[str, Json]]) -> dict[str, Json]:
    symbol = draw.rng.choice(tuple(stocks))
    return {
        "id": number,
        "order_type": draw.rng.choice(("Buy", "Sell")),
        "symbol": symbol,
        "price": round(stocks[symbol]["price"] * draw.rng.uniform(0.9, 1.1), 2),
        "amount": draw.rng.randint(1, 60),
        "status": draw.rng.choice(("Open", "Open", "Pending", "Completed", "Cancelled")),
    }


def _transaction(draw: Draw) -> dict[str, Json]:
    return {
        "type": draw.rng.choice(("deposit", "withdrawal")),
        "amount": draw.amount(20, 3000),
        "timestamp": f"{draw.date(2024, 8)} {draw.clock()}:00",
    }


def _travel(draw: Draw) -> dict[str, Json]:
    first, last = draw.person().split(" ", 1)
    cards = {
        str(draw.number(12)): {
            "card_number": str(draw.number(16)),
            "expiration_date": f"{draw.rng.randint(1, 12):02d}/{draw.rng.randint(2027, 2031)}",
            "cardholder_name": f"{first} {last}",
            "card_verification_number": draw.number(3),
            "balance": draw.amount(2000, 30_000),
        }
        for _ in range(draw.rng.randint(1, 3))
    }
    known = draw.chance(0.8)
    return {
        "random_seed": draw.number(6),
        "credit_card_list": cards,
        "booking_record": {
            str(draw.number(7)): _booking(draw, tuple(cards)) for _ in range(draw.rng.randint(1, 3))
        },
        "access_token": str(draw.number(6)) if known else None,
        "token_type": "Bearer" if known else None,
        "token_expires_in": draw.rng.randint(2, 60) if known else None,
        "token_scope": "read_write" if known else None,
        "user_first_name": first,
        "user_last_name": last,
        "budget_limit": draw.amount(500, 2000) if draw.chance(0.5) else None,
    }


def _booking(draw: Draw, cards: tuple[str, ...]) -> dict[str, Json]:
    start, end = draw.rng.choice(tuple(ROUTES))
    travel_class, factor = draw.rng.choice(tuple(_CLASSES.items()))
    date = draw.date(2026)
    doubled = sum(map(int, date.replace("-", ""))) % 2 == 0  # the class's price depends on the date so
    return {
        "card_id": draw.rng.choice(cards),
        "travel_date": date,
        "travel_from": start,
        "travel_to": end,
        "travel_class": travel_class,
        "travel_cost": float(ROUTES[start, end] * factor * (2 if doubled else 1)),
        "transaction_id": str(draw.number(8)),
    }


def _vehicle(draw: Draw) -> dict[str, Json]:
    doors = ("driver", "passenger", "rear_left", "rear_right")
    running, pressed, parked = draw.chance(0.3), draw.chance(0.5), draw.chance(0.5)
    shut = running or draw.chance(0.35)
    tires = (
        "frontLeftTirePressure",
        "frontRightTirePressure",
        "rearLeftTirePressure",
        "rearRightTirePressure",
    )
    return {
        "random_seed": draw.number(6),
        "fuelLevel": draw.amount(0.5, 45, 1),
        "batteryVoltage": draw.amount(11, 13.8, 1),
        "engineState": "running" if running else "stopped",
        "doorStatus": {
            door: "locked" if shut or draw.chance(0.5) else "unlocked" for door in doors
        },
        "acTemperature": draw.amount(16, 30, 1),
        "fanSpeed": draw.rng.randrange(10, 101, 5),
        "acMode": draw.rng.choice(("auto", "cool", "heat", "defrost")),
        "humidityLevel": draw.amount(20, 80, 1),
        "headLightStatus": draw.rng.choice(("on", "off")),
        "parkingBrakeStatus": "engaged" if parked else "released",
        "parkingBrakeForce": 500.0 if parked else 0.0,
        "slopeAngle": draw.amount(0, 12, 1),
        "brakePedalStatus": "pressed" if pressed else "released",
        "brakePedalForce": 1000.0 if pressed else 0.0,
        "distanceToNextVehicle": draw.amount(5, 200, 1),
        "cruiseStatus": "inactive",
        "destination": "None",
        **{tire: draw.amount(26, 38, 1) for tire in tires},
    }  # fmt: skip


SCENARIOS: Mapping[str, Callable[[Draw], dict[str, Json]]] = {
    "GorillaFileSystem": file_system,
    "MessageAPI": _messages,
    "TwitterAPI": _tweets,
    "TicketAPI": _tickets,
    "TradingBot": _trading,
    "TravelAPI": _travel,
    "VehicleControlAPI": _vehicle,
}
"""The classes that have a state, and what makes one up; MathAPI has none."""
