"""The 14 tools of the airline domain: reservations are booked, updated and cancelled, flights are searched.

Written from the documented behaviour of tau-bench's tools, oddities included: a reservation that is not there
is a user who is not found, an update of flights leaves the reservation's cabin as it was, seats are never
taken, a fourth new reservation replaces the third, and the second leg of a search with one stop shows the
seats of the day on which the first departs.
"""

from __future__ import annotations

from collections.abc import Sequence

from callwright.evaluate.taubench.anywhere import calculate, think, transfer_to_human_agents
from callwright.evaluate.taubench.database import Database, Record
from callwright.evaluate.taubench.tools import Answer, Function, Refused, require, shown
from callwright.record import Json

_NOW = "2024-05-15T15:00:00"
_NEW_RESERVATIONS = ("HATHAT", "HATHAU", "HATHAV")
_NEW_CERTIFICATES = ("certificate_3221322", "certificate_3221323", "certificate_3221324")
_INSURANCE, _BAGGAGE = 30, 50
"""Dollars per passenger, and per bag that is not free."""
_AIRPORTS = {
    "SFO": "San Francisco", "JFK": "New York", "LAX": "Los Angeles", "ORD": "Chicago", "DFW": "Dallas",
    "DEN": "Denver", "SEA": "Seattle", "ATL": "Atlanta", "MIA": "Miami", "BOS": "Boston", "PHX": "Phoenix",
    "IAH": "Houston", "LAS": "Las Vegas", "MCO": "Orlando", "EWR": "Newark", "CLT": "Charlotte",
    "MSP": "Minneapolis", "DTW": "Detroit", "PHL": "Philadelphia", "LGA": "LaGuardia",
}  # fmt: skip


def get_user_details(db: Database, /, user_id: str) -> Answer:
    """Return a user's profile."""
    return Answer(shown(require(db, "users", user_id, "user not found")))


def get_reservation_details(db: Database, /, reservation_id: str) -> Answer:
    """Return a reservation."""
    return Answer(shown(require(db, "reservations", reservation_id, "user not found")))


def list_all_airports(db: Database, /) -> Answer:
    """Return the city of every airport."""
    return Answer(shown(_AIRPORTS))


def search_direct_flight(db: Database, /, origin: str, destination: str, date: str) -> Answer:
    """Return the flights between two airports that can be booked for a date."""
    found = [
        _on(flight, date)
        for _, flight in db.items("flights")
        if flight["origin"] == origin and flight["destination"] == destination and _open(flight, date)
    ]
    return Answer(shown(found))


def search_onestop_flight(db: Database, /, origin: str, destination: str, date: str) -> Answer:
    """Return the pairs of flights that lead from one airport to another and can be booked for a date."""
    first = [flight for _, flight in db.items("flights") if flight["origin"] == origin]
    second = [flight for _, flight in db.items("flights") if flight["destination"] == destination]
    found = []
    for before in first:
        arrival = before["scheduled_arrival_time_est"]
        for after in second:
            if before["destination"] != after["origin"]:
                continue
            next_date = f"2024-05-{int(date[-2:]) + 1}" if "+1" in arrival else date
            if arrival > after["scheduled_departure_time_est"]:
                continue
            if _open(before, date) and _open(after, next_date):
                found.append([{**_on(before, date), "date": date}, {**_on(after, date), "date": next_date}])
    return Answer(shown(found))


def book_reservation(
    db: Database,
    /,
    user_id: str,
    origin: str,
    destination: str,
    flight_type: str,
    cabin: str,
    flights: list[Record],
    passengers: list[Record],
    payment_methods: list[Record],
    total_baggages: int,
    nonfree_baggages: int,
    insurance: str,
) -> Answer:
    """Book flights for some passengers; what is paid has to be the price exactly."""
    user = require(db, "users", user_id, "user not found")
    booked = [_booked(db, flight, cabin, len(passengers)) for flight in flights]
    price = _price(booked, len(passengers), nonfree_baggages, insurance)
    methods = _paid(user["payment_methods"], payment_methods, price)
    free = (each for each in _NEW_RESERVATIONS if db.find("reservations", each) is None)
    reservation_id = next(free, _NEW_RESERVATIONS[-1])
    reservation = {
        "reservation_id": reservation_id,
        "user_id": user_id,
        "origin": origin,
        "destination": destination,
        "flight_type": flight_type,
        "cabin": cabin,
        "flights": booked,
        "passengers": passengers,
        "payment_history": payment_methods,
        "created_at": _NOW,
        "total_baggages": total_baggages,
        "nonfree_baggages": nonfree_baggages,
        "insurance": insurance,
    }
    reservations = [*user["reservations"], reservation_id]
    return _saved(reservation, {**user, "payment_methods": methods, "reservations": reservations})


def cancel_reservation(db: Database, /, reservation_id: str) -> Answer:
    """Cancel a reservation; what was paid is noted as refunded."""
    reservation = _reservation(db, reservation_id)
    paid = reservation["payment_history"]
    refunds = [{"payment_id": each["payment_id"], "amount": -each["amount"]} for each in paid]
    return _saved({**reservation, "payment_history": [*paid, *refunds], "status": "cancelled"})


def update_reservation_flights(
    db: Database, /, reservation_id: str, cabin: str, flights: list[Record], payment_id: str
) -> Answer:
    """Change the flights of a reservation; those that stay in the same cabin keep their price."""
    reservation = _reservation(db, reservation_id)
    seats = len(reservation["passengers"])
    new = []
    for flight in flights:
        kept = _kept(reservation, flight, cabin)
        new.append(_booked(db, flight, cabin, seats) if kept is None else {**flight, **kept})
    before = sum(flight["price"] for flight in reservation["flights"]) * seats
    price = sum(flight["price"] * seats for flight in new) - before
    user = _charged(db, reservation, payment_id, price)
    return _saved({**_with_payment(reservation, payment_id, price), "flights": new}, user)


def update_reservation_baggages(
    db: Database, /, reservation_id: str, total_baggages: int, nonfree_baggages: int, payment_id: str
) -> Answer:
    """Change the number of bags; those that are not free are paid, none is refunded."""
    reservation = _reservation(db, reservation_id)
    price = _BAGGAGE * max(0, nonfree_baggages - reservation["nonfree_baggages"])
    user = _charged(db, reservation, payment_id, price)
    bags = {"total_baggages": total_baggages, "nonfree_baggages": nonfree_baggages}
    return _saved({**_with_payment(reservation, payment_id, price), **bags}, user)


def update_reservation_passengers(db: Database, /, reservation_id: str, passengers: list[Record]) -> Answer:
    """Change who flies, but not how many."""
    reservation = _reservation(db, reservation_id)
    if len(passengers) != len(reservation["passengers"]):
        raise Refused("number of passengers does not match")
    return _saved({**reservation, "passengers": passengers})


def send_certificate(db: Database, /, user_id: str, amount: float) -> Answer:
    """Give a user a certificate; nothing happens once three were sent."""
    user = require(db, "users", user_id, "user not found")
    methods = user["payment_methods"]
    payment_id = next((each for each in _NEW_CERTIFICATES if each not in methods), None)
    if payment_id is None:
        return Answer("")
    new = {"source": "certificate", "amount": amount, "id": payment_id}
    user = {**user, "payment_methods": {**methods, payment_id: new}}
    text = f"Certificate {payment_id} added to user {user_id} with amount {amount}."
    return Answer(text, {("users", user_id): user})


TOOLS: dict[str, Function] = {
    tool.__name__: tool
    for tool in (
        book_reservation, calculate, cancel_reservation, get_reservation_details, get_user_details,
        list_all_airports, search_direct_flight, search_onestop_flight, send_certificate, think,
        transfer_to_human_agents, update_reservation_baggages, update_reservation_flights,
        update_reservation_passengers,
    )
}  # fmt: skip


def _reservation(db: Database, reservation_id: str) -> Record:
    return require(db, "reservations", reservation_id, "reservation not found")


def _open(flight: Record, date: str) -> bool:
    """Tell whether a flight can be booked for a date."""
    return date in flight["dates"] and flight["dates"][date]["status"] == "available"


def _on(flight: Record, date: str) -> Record:
    """Return a flight as a search shows it, with what there is on one date."""
    return {**{key: value for key, value in flight.items() if key != "dates"}, **flight["dates"][date]}


def _booked(db: Database, wanted: Record, cabin: str, seats: int) -> Record:
    """Return a flight as a reservation lists it; refuses one that can not be booked."""
    number, date = wanted["flight_number"], wanted["date"]
    flight = require(db, "flights", number, f"flight {number} not found")
    if date not in flight["dates"]:
        raise Refused(f"flight {number} not found on date {date}")
    day = flight["dates"][date]
    if day["status"] != "available":
        raise Refused(f"flight {number} not available on date {date}")
    if day["available_seats"][cabin] < seats:
        raise Refused(f"not enough seats on flight {number}")
    price, origin, destination = day["prices"][cabin], flight["origin"], flight["destination"]
    return {**wanted, "price": price, "origin": origin, "destination": destination}


def _price(booked: Sequence[Record], seats: int, nonfree_baggages: int, insurance: str) -> float:
    """Return what a booking costs."""
    price: float = sum(flight["price"] * seats for flight in booked)
    if insurance == "yes":
        price += _INSURANCE * seats
    price += _BAGGAGE * nonfree_baggages
    return price


def _kept(reservation: Record, wanted: Record, cabin: str) -> Record | None:
    """Return price and airports of a flight that the reservation has already, in the same cabin."""
    for flight in reservation["flights"]:
        same = flight["flight_number"] == wanted["flight_number"] and flight["date"] == wanted["date"]
        if same and cabin == reservation["cabin"]:
            return {key: flight[key] for key in ("price", "origin", "destination")}
    return None


def _paid(methods: Record, payments: Sequence[Record], price: float) -> Record:
    """Return a user's payment methods after a booking: certificates are used up, gift cards charged."""
    for payment in payments:
        payment_id = payment["payment_id"]
        if payment_id not in methods:
            raise Refused(f"payment method {payment_id} not found")
        limited = methods[payment_id]["source"] in ("gift_card", "certificate")
        if limited and payment["amount"] > methods[payment_id]["amount"]:
            raise Refused(f"not enough balance in payment method {payment_id}")
    paid = sum(payment["amount"] for payment in payments)
    if paid != price:
        raise Refused(f"payment amount does not add up, total price is {price}, but paid {paid}")
    left = dict(methods)
    for payment in payments:
        payment_id = payment["payment_id"]
        if left[payment_id]["source"] == "gift_card":
            left[payment_id] = _less(left[payment_id], payment["amount"])
        elif left[payment_id]["source"] == "certificate":
            del left[payment_id]
    return left


def _charged(db: Database, reservation: Record, payment_id: str, price: float) -> Record | None:
    """Return the user after paying for an update, None where nothing of the user changes."""
    user = require(db, "users", reservation["user_id"], "user not found")
    methods = user["payment_methods"]
    if payment_id not in methods:
        raise Refused("payment method not found")
    method = methods[payment_id]
    if method["source"] == "certificate":
        raise Refused("certificate cannot be used to update reservation")
    if method["source"] != "gift_card":
        return None
    if method["amount"] < price:
        raise Refused("gift card balance is not enough")
    return {**user, "payment_methods": {**methods, payment_id: _less(method, price)}}


def _less(method: Record, amount: Json) -> Record:
    return {**method, "amount": method["amount"] - amount}


def _with_payment(reservation: Record, payment_id: str, price: float) -> Record:
    if price == 0:
        return reservation
    payment = {"payment_id": payment_id, "amount": price}
    return {**reservation, "payment_history": [*reservation["payment_history"], payment]}


def _saved(reservation: Record, user: Record | None = None) -> Answer:
    """Return the reservation as it is shown, and what changed."""
    changes = {("reservations", reservation["reservation_id"]): reservation}
    if user is not None:
        changes["users", reservation["user_id"]] = user
    return Answer(shown(reservation), changes)
