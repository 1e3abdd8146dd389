"""The thirty questions of `home`: what is asked, what a right answer holds, and calls that find it."""

from __future__ import annotations

from typing import NamedTuple

from callwright.record import Json


class Question(NamedTuple):
    """One question with its solution."""

    text: str
    expected: tuple[str, ...]
    calls: tuple[tuple[str, dict[str, Json]], ...]
    """(function of `home_apis`, arguments) in order."""


def _q(text: str, expected: tuple[str, ...], *calls: tuple[str, dict[str, Json]]) -> Question:
    return Question(text, expected, calls)


QUESTIONS: tuple[Question, ...] = (
    _q("Which direct trains run from Albrook to Brenfield?", ("K114", "K118"),
       ("rail_connections", {"is_from": "Albrook", "to": "Brenfield"})),
    _q("When does the direct train from Castora reach Elvedon?", ("12:02",),
       ("rail_connections", {"is_from": "Castora", "to": "Elvedon"})),
    _q("Six of us want seats on train R211, all with a discount card. What is the total in euros?",
       ("142.88",),
       ("rail_seat_price", {"train": "R211", "travellers": 6, "discount_card": True})),
    _q("How many platforms does the station with the code BRN have, and in which city is it?",
       ("11", "Brenfield"), ("rail_station", {"code": "BRN"})),
    _q("Four colleagues take the direct train from Castora to Elvedon. What do their seats cost together?",
       ("185.60",), ("rail_connections", {"is_from": "Castora", "to": "Elvedon"}),
       ("rail_seat_price", {"train": "S301", "travellers": 4})),
    _q("What would three seats on train K118 cost in Swedish kronor (SEK)?", ("646.38",),
       ("rail_seat_price", {"train": "K118", "travellers": 3}),
       ("currency_convert", {"amount": "56.7", "is_from": "EUR", "to": "SEK"})),
    _q("How warm did it get in Castora on 19 July 2024, and how much rain fell?", ("34", "9"),
       ("weather_daily", {"city": "Castora", "day": "2024-07-19"})),
    _q("What was the lowest temperature in Dunmere on 31 January 2023?", ("-9",),
       ("weather_daily", {"city": "Dunmere", "day": "2023-01-31"})),
    _q("What is the mean temperature in Elvedon in August?", ("23.75",),
       ("weather_monthly", {"city": "Elvedon", "month": 8})),
    _q("Compare the mean temperatures of Dunmere in February and of Elvedon in August.", ("-3.25", "23.75"),
       ("weather_monthly", {"city": "Dunmere", "month": 2}),
       ("weather_monthly", {"city": "Elvedon", "month": 8})),
    _q("I have 250 British pounds. How many Japanese yen is that?", ("47529.07",),
       ("currency_convert", {"amount": "250", "is_from": "GBP", "to": "JPY"})),
    _q("What is one Swiss franc worth in US dollars, to four decimals?", ("1.1368",),
       ("currency_rates", {"base": "CHF"})),
    _q("How much is 95.25 euros in US dollars?", ("102.87",),
       ("currency_convert", {"amount": "95.25", "is_from": "EUR", "to": "USD"})),
    _q("Which books by Tomas Vell are on the shelf?", ("A Grammar of Rivers", "The Glass Surveyor"),
       ("books_search", {"query": "Vell"})),
    _q("How many pages does 'Night Ferry to Dunmere' have?", ("533",),
       ("books_search", {"query": "Night Ferry"}), ("books_details", {"is_id": "B31"})),
    _q("Who wrote the book with the id B44, and when did it appear?", ("Petra Hallow", "2011"),
       ("books_details", {"is_id": "B44"})),
    _q("How many pages do the two books by Ida Morrow have together?", ("945",),
       ("books_search", {"query": "Morrow"}), ("books_details", {"is_id": "B17"}),
       ("books_details", {"is_id": "B31"})),
    _q("Where is the parcel with the code PX-7316?", ("Dunmere sorting hall",),
       ("parcel_track", {"code": "PX-7316"})),
    _q("What does it cost to send 2,340 grams to the zone south?", ("14.40",),
       ("parcel_postage", {"weight_g": 2340, "zone": "south"})),
    _q("What is the postage for the parcel PX-6093, given its weight and zone?", ("100.70",),
       ("parcel_track", {"code": "PX-6093"}), ("parcel_postage", {"weight_g": 4800, "zone": "overseas"})),
    _q("What is the postage of parcel PX-6093 in US dollars?", ("108.76",),
       ("parcel_track", {"code": "PX-6093"}), ("parcel_postage", {"weight_g": 4800, "zone": "overseas"}),
       ("currency_convert", {"amount": "100.7", "is_from": "EUR", "to": "USD"})),
    _q("What is the status of parcel PX-6093?", ("held at customs",),
       ("parcel_track", {"code": "PX-6093"})),
    _q("How many days lie between 14 March 2021 and 2 November 2024?", ("1329",),
       ("dates_between", {"start": "2021-03-14", "end": "2024-11-02"})),
    _q("On which weekday does 17 August 2031 fall?", ("Sunday",), ("dates_weekday", {"day": "2031-08-17"})),
    _q("How much barley and how much stock does barley soup for 22 people need?", ("990", "6600"),
       ("recipe_scale", {"dish": "barley soup", "portions": 22})),
    _q("Which dishes are in the recipe box?", ("barley soup", "plum tart", "lentil pie"),
       ("recipe_list", {})),
    _q("How many grams of butter does a plum tart for 30 people need?", ("562.5",),
       ("recipe_scale", {"dish": "plum tart", "portions": 30})),
    _q("Two of us with discount cards take train K120. What do we pay in US dollars?", ("84.73",),
       ("rail_seat_price", {"train": "K120", "travellers": 2, "discount_card": True}),
       ("currency_convert", {"amount": "78.45", "is_from": "EUR", "to": "USD"})),
    _q("How many days passed from 21 June 1987 to 10 February 2003, and which weekday was the second date?",
       ("5713", "Monday"), ("dates_between", {"start": "1987-06-21", "end": "2003-02-10"}),
       ("dates_weekday", {"day": "2003-02-10"})),
    _q("Book seven seats on the direct train from Dunmere to Elvedon: what is the price, and is Elvedon's "
       "station (code ELV) step-free and with how many platforms?", ("67.20", "9"),
       ("rail_connections", {"is_from": "Dunmere", "to": "Elvedon"}),
       ("rail_seat_price", {"train": "S305", "travellers": 7}), ("rail_station", {"code": "ELV"})),
)  # fmt: skip
