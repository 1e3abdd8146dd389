"""ToolBench at home: fifteen APIs with real code, thirty queries with answers that can be checked, no data.

The layout, the names, the searches and the measures are ToolBench's; success is real: the final answer has
to hold the expected values, which nobody finds without calling the APIs. Its scores are those of the variant
``toolbench-home`` and of nothing else.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from callwright.evaluate.toolbench import home_apis as code
from callwright.evaluate.toolbench.apis import Api, Parameter, offer
from callwright.evaluate.toolbench.home_queries import QUESTIONS, Question
from callwright.evaluate.toolbench.queries import Queries, Query
from callwright.evaluate.toolbench.responses import OK, Response
from callwright.evaluate.toolbench.world import DEFAULT_METHOD, ToolBench
from callwright.record import Json, ToolCall
from callwright.store import sha256_text

NAME = "toolbench-home"
_REFUSED = 11
_Function = Callable[..., Json]


def _needed(name: str, description: str, example: Json, kind: str = "STRING") -> Parameter:
    return Parameter(name, kind, description, example, True)


_CITY = _needed("city", "A city", "Albrook")
_DAY = _needed("day", "Year-month-day", "2024-05-31", "DATE (YYYY-MM-DD)")
_MONEY = _needed("from", "Code of the currency", "EUR"), _needed("to", "Code of the other currency", "USD")
_CARD = Parameter("discount_card", "BOOLEAN", "Whether all have a discount card", False, False)
_TABLE: tuple[tuple[_Function, str, str, str, tuple[Parameter, ...]], ...] = (
    (code.rail_connections, "Rail Planner", "Connections", "Direct trains between two cities",
     (_needed("from", "Where to start", "Albrook"), _needed("to", "Where to go", "Brenfield"))),
    (code.rail_seat_price, "Rail Planner", "Seat Price", "What seats on a train cost in euros",
     (_needed("train", "The train's number", "K114"), _needed("travellers", "How many", 2, "NUMBER"), _CARD)),
    (code.rail_station, "Rail Planner", "Station", "A station by its code",
     (_needed("code", "Three letters", "ALB"),)),
    (code.weather_daily, "Weather Archive", "Daily", "High, low and rain of a day in a city", (_CITY, _DAY)),
    (code.weather_monthly, "Weather Archive", "Monthly Mean", "Mean temperature of a month in a city",
     (_CITY, _needed("month", "1 to 12", 5, "NUMBER"))),
    (code.currency_convert, "Currency Desk", "Convert", "An amount in another currency",
     (_needed("amount", "A decimal number", "12.50"), *_MONEY)),
    (code.currency_rates, "Currency Desk", "Rates", "What one unit of a currency is worth",
     (_needed("base", "Code of the currency", "EUR"),)),
    (code.books_search, "Book Shelf", "Search", "Books by title or author",
     (_needed("query", "Part of a title or of an author's name", "river"),)),
    (code.books_details, "Book Shelf", "Details", "Author, year and pages of a book",
     (_needed("id", "As the search returns it", "B17"),)),
    (code.parcel_track, "Parcel Office", "Track", "Status, place, weight and zone of a parcel",
     (_needed("code", "The code on the receipt", "PX-4471"),)),
    (code.parcel_postage, "Parcel Office", "Postage", "Postage in euros",
     (_needed("weight_g", "Grams", 500, "NUMBER"), _needed("zone", "north, south or overseas", "north"))),
    (code.dates_between, "Date Tools", "Days Between", "Days from one date to another",
     (_needed("start", "Year-month-day", "2024-01-01"), _needed("end", "Year-month-day", "2024-12-31"))),
    (code.dates_weekday, "Date Tools", "Weekday", "The weekday of a date", (_DAY,)),
    (code.recipe_scale, "Recipe Box", "Scale", "Ingredients of a dish for so many portions",
     (_needed("dish", "A dish of the box", "plum tart"), _needed("portions", "How many", 4, "NUMBER"))),
    (code.recipe_list, "Recipe Box", "List Dishes", "The dishes of the box", ()),
)  # fmt: skip
_APIS = {
    function.__name__: (Api("Home", tool, name, text, parameters), function)
    for function, tool, name, text, parameters in _TABLE
}


class HomeTools:
    """The back end that runs the APIs' code."""

    name = "code"

    def __init__(self) -> None:
        self._functions = {api.key: function for api, function in _APIS.values()}

    def answer(self, api: Api, arguments: dict[str, Json]) -> Response | None:
        """Return what the function returns, or the words with which it refuses."""
        function = self._functions.get(api.key)
        if function is None:
            return None
        try:
            return Response("", function(**arguments), OK)
        except (ValueError, OverflowError) as error:
            return Response(str(error), "", _REFUSED)


def home_apis() -> tuple[Api, ...]:
    """Return the fifteen APIs."""
    return tuple(api for api, _ in _APIS.values())


def home_queries() -> Queries:
    """Return the thirty queries; each offers its own APIs and three or four others."""
    queries = tuple(_query(number, question) for number, question in enumerate(QUESTIONS, start=1))
    text = msgspec.json.encode([*home_apis(), *QUESTIONS])
    return Queries(NAME, queries, (), {NAME: sha256_text(text)})


def home_world(
    *, method: str = DEFAULT_METHOD, seed: int = 0, official: bool = True, output_format: str = ""
) -> ToolBench:
    """Return the home variant as a world."""
    return ToolBench(
        home_queries(),
        method=method,
        seed=seed,
        official=official,
        backend=HomeTools(),
        output_format=output_format,
    )


def _query(number: int, question: Question) -> Query:
    used = list(dict.fromkeys(name for name, _ in question.calls))
    every = list(_APIS)
    # Others are taken from fixed places of the list, so that they differ from query to query.
    others = [name for name in every[number * 4 % 15 :] + every[: number * 4 % 15] if name not in used]
    shown = sorted([*used, *others[:4]], key=every.index)
    apis = tuple(_APIS[name][0] for name in shown)
    functions = offer(apis)
    solution = []
    for name, arguments in question.calls:
        tool = functions.function_of(_APIS[name][0].key)
        if tool is not None:
            solution.append(ToolCall(name=tool.name, arguments=dict(arguments)))
    return Query(
        id=f"home/{number}",
        query_id=str(number),
        subset="home",
        text=question.text,
        apis=apis,
        relevant=tuple(_APIS[name][0].key for name in used),
        expected=question.expected,
        solution=tuple(solution),
    )
