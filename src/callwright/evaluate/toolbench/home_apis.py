"""Fifteen small APIs of seven invented services, as plain functions over tables: the same answer every time.

Parameters carry the names that models see (``is_from`` for ``from``). What can not be answered raises
ValueError with the words that the caller gets to read.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar

from callwright.record import Json

T = TypeVar("T")

_STATIONS = {
    "ALB": ("Albrook", 4, True), "BRN": ("Brenfield", 11, True), "CAS": ("Castora", 7, False),
    "DUN": ("Dunmere", 2, False), "ELV": ("Elvedon", 9, True),
}  # fmt: skip
_TRAINS = (
    ("K114", "Albrook", "Brenfield", "07:42", "09:15", "23.50"),
    ("K118", "Albrook", "Brenfield", "12:10", "13:58", "18.90"),
    ("R207", "Brenfield", "Castora", "10:05", "11:20", "14.20"),
    ("R211", "Brenfield", "Dunmere", "14:30", "16:47", "31.75"),
    ("S301", "Castora", "Elvedon", "08:25", "12:02", "46.40"),
    ("S305", "Dunmere", "Elvedon", "17:15", "18:01", "9.60"),
    ("K120", "Elvedon", "Albrook", "06:50", "11:11", "52.30"),
)
_CLIMATE = {"Albrook": 11, "Brenfield": 14, "Castora": 21, "Dunmere": 6, "Elvedon": 17}
_SEASON = (-9, -7, -3, 1, 5, 8, 10, 9, 6, 1, -4, -8)
_RATES = {"EUR": "1", "USD": "1.08", "GBP": "0.86", "JPY": "163.5", "CHF": "0.95", "SEK": "11.4"}
_BOOKS = {
    "B17": ("The Salt Lantern", "Ida Morrow", 1987, 412),
    "B23": ("A Grammar of Rivers", "Tomas Vell", 2003, 268),
    "B31": ("Night Ferry to Dunmere", "Ida Morrow", 1994, 533),
    "B44": ("Clockwork Orchards", "Petra Hallow", 2011, 197),
    "B58": ("The Glass Surveyor", "Tomas Vell", 1999, 345),
}
_PARCELS = {
    "PX-4471": ("in transit", "Castora depot", 1250, "north"),
    "PX-5820": ("delivered", "Elvedon", 300, "south"),
    "PX-6093": ("held at customs", "Brenfield port", 4800, "overseas"),
    "PX-7316": ("in transit", "Dunmere sorting hall", 760, "north"),
}
_ZONES = {"north": ("4.20", "0.55"), "south": ("3.60", "0.45"), "overseas": ("11.90", "1.85")}
_DISHES = {
    "barley soup": (4, {"barley": (180, "g"), "carrots": (3, "pieces"), "stock": (1200, "ml")}),
    "plum tart": (8, {"flour": (240, "g"), "plums": (20, "pieces"), "butter": (150, "g")}),
    "lentil pie": (6, {"lentils": (330, "g"), "potatoes": (900, "g"), "milk": (180, "ml")}),
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def rail_connections(is_from: Json, to: Json) -> Json:
    """Return the trains between two cities."""
    origin, target = _city(is_from), _city(to)
    found = [
        {"train": train, "departs": departs, "arrives": arrives, "price_eur": float(price)}
        for train, start, end, departs, arrives, price in _TRAINS
        if (start, end) == (origin, target)
    ]
    if not found:
        raise ValueError(f"no direct train from {origin} to {target}")
    return found


def rail_seat_price(train: Json, travellers: Json, discount_card: Json = False) -> Json:
    """Return what seats on a train cost; a discount card takes a quarter off."""
    prices = {each[0].lower(): (each[0], each[5]) for each in _TRAINS}
    name, price = _found(prices, train, "train")
    seats = _whole(travellers, "travellers", 1, 50)
    total = Decimal(price) * seats
    if str(discount_card).lower() in ("true", "1"):
        total = total * 3 / 4
    return {"train": name, "travellers": seats, "total_eur": _money(total)}


def rail_station(code: Json) -> Json:
    """Return a station by its code of three letters."""
    stations = {key.lower(): (key, *value) for key, value in _STATIONS.items()}
    key, city, platforms, step_free = _found(stations, code, "station")
    return {"code": key, "city": city, "platforms": platforms, "step_free": step_free}


def weather_daily(city: Json, day: Json) -> Json:
    """Return the weather of a day."""
    name, when = _city(city), _date(day)
    high = _CLIMATE[name] + _SEASON[when.month - 1] + when.day * 7 % 5
    rain = (when.toordinal() * (_CLIMATE[name] + 3)) % 17
    return {"city": name, "date": when.isoformat(), "high_c": high, "low_c": high - 8, "rain_mm": rain}


def weather_monthly(city: Json, month: Json) -> Json:
    """Return the mean temperature of a month."""
    name, number = _city(city), _whole(month, "month", 1, 12)
    mean = _CLIMATE[name] + _SEASON[number - 1] - 2.25
    return {"city": name, "month": number, "mean_c": mean}


def currency_convert(amount: Json, is_from: Json, to: Json) -> Json:
    """Return an amount in another currency."""
    value = _amount(amount)
    source, target = _currency(is_from), _currency(to)
    result = value / Decimal(_RATES[source]) * Decimal(_RATES[target])
    return {"amount": float(value), "from": source, "to": target, "result": _money(result)}


def currency_rates(base: Json) -> Json:
    """Return what one unit of a currency is worth in all others."""
    code = _currency(base)
    one = Decimal(_RATES[code])
    rates = {name: round(float(Decimal(rate) / one), 4) for name, rate in _RATES.items() if name != code}
    return {"base": code, "rates": rates}


def books_search(query: Json) -> Json:
    """Return the books whose title or author holds a text."""
    text = str(query).strip().lower()
    found = [
        {"book_id": key, "title": title}
        for key, (title, author, *_) in _BOOKS.items()
        if text and (text in title.lower() or text in author.lower())
    ]
    return {"matches": len(found), "books": found}


def books_details(is_id: Json) -> Json:
    """Return all that is known of a book."""
    books = {key.lower(): (key, *value) for key, value in _BOOKS.items()}
    key, title, author, year, pages = _found(books, is_id, "book")
    return {"book_id": key, "title": title, "author": author, "year": year, "pages": pages}


def parcel_track(code: Json) -> Json:
    """Return where a parcel is."""
    parcels = {key.lower(): (key, *value) for key, value in _PARCELS.items()}
    key, status, place, grams, zone = _found(parcels, code, "parcel")
    return {"code": key, "status": status, "location": place, "weight_g": grams, "zone": zone}


def parcel_postage(weight_g: Json, zone: Json) -> Json:
    """Return the postage of a parcel: a base price and so much per 100 g begun."""
    grams = _whole(weight_g, "weight_g", 1, 30_000)
    base, step = _found(_ZONES, zone, "zone")
    return {"weight_g": grams, "postage_eur": _money(Decimal(base) + -(-grams // 100) * Decimal(step))}


def dates_between(start: Json, end: Json) -> Json:
    """Return the number of days from one date to another."""
    return {"days": (_date(end) - _date(start)).days}


def dates_weekday(day: Json) -> Json:
    """Return the weekday of a date."""
    return {"weekday": _WEEKDAYS[_date(day).weekday()]}


def recipe_scale(dish: Json, portions: Json) -> Json:
    """Return the ingredients of a dish for so many portions."""
    serves, ingredients = _found(_DISHES, dish, "dish")
    wanted = _whole(portions, "portions", 1, 400)
    scaled = {
        name: {"amount": float(round(Decimal(amount) * wanted / serves, 1)), "unit": unit}
        for name, (amount, unit) in ingredients.items()
    }
    return {"dish": str(dish).strip().lower(), "portions": wanted, "ingredients": scaled}


def recipe_list() -> Json:
    """Return the dishes that there are recipes of, and how many they serve."""
    return [{"dish": dish, "serves": serves} for dish, (serves, _) in _DISHES.items()]


def _city(value: Json) -> str:
    cities = {name.lower(): name for name in _CLIMATE}
    return _found(cities, value, "city")


def _currency(value: Json) -> str:
    return _found({code.lower(): code for code in _RATES}, value, "currency")


def _found(table: dict[str, T], value: Json, what: str) -> T:
    text = str(value).strip().lower()
    if text not in table:
        raise ValueError(f"unknown {what} {str(value)[:40]!r}")
    return table[text]


def _date(value: Json) -> date:
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        raise ValueError(f"{str(value)[:40]!r} is no date like 2024-05-31") from None


def _whole(value: Json, what: str, low: int, high: int) -> int:
    number = float(value)
    if not (number.is_integer() and low <= number <= high):
        raise ValueError(f"{what} must be a whole number from {low} to {high}")
    return int(number)


def _amount(value: Json) -> Decimal:
    number = float(value)
    if not 0 <= number <= 1e9:
        raise ValueError("the amount must be from 0 to 1000000000")
    return Decimal(str(number))


def _money(value: Decimal) -> float:
    return float(value.quantize(Decimal("0.01"), ROUND_HALF_UP))
