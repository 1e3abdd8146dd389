"""A call for each tool of a world that has to work, made of nothing but what the world says can be known."""

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from world_arguments import arguments

from callwright.evaluate.bfcl.backends import function_docs
from callwright.record import Episode, Json, ToolCall
from callwright.worlds import State, World


class Sample(NamedTuple):
    """A world, episodes of one call each, and which tools change something."""

    world: World
    episodes: tuple[Episode, ...]
    writes: frozenset[str]


LIBRARY = str(Path(__file__).parents[2] / "examples" / "library.py")
ADDRESS = {
    "address1": "7 Mill Lane", "address2": "", "city": "Denver", "state": "CO", "country": "USA",
    "zip": "80203",
}  # fmt: skip
BFCL_WRITES = frozenset(
    {
        "cp", "mkdir", "mv", "rm", "rmdir", "touch", "echo", "add_contact", "delete_message",
        "message_login", "send_message", "authenticate_twitter", "comment", "follow_user",
        "mention", "post_tweet", "retweet", "unfollow_user", "close_ticket", "create_ticket",
        "edit_ticket", "logout", "resolve_ticket", "ticket_login", "add_to_watchlist",
        "cancel_order", "fund_account", "place_order", "remove_stock_from_watchlist",
        "trading_login", "trading_logout", "withdraw_funds", "authenticate_travel", "book_flight",
        "cancel_booking", "purchase_insurance", "register_credit_card", "set_budget_limit",
        "activateParkingBrake", "adjustClimateControl", "fillFuelTank", "lockDoors",
        "pressBrakePedal", "releaseBrakePedal", "setCruiseControl", "setHeadlights",
        "set_navigation", "startEngine"
    }
)  # fmt: skip


Calls = Iterator[tuple[str, dict[str, Json]]]


def of_bfcl(world: World) -> Sample:
    """Return calls in many states: whether one works depends on who is logged in, what is locked …"""
    episodes = []
    for number, state in enumerate(world.states[:24]):
        data, rng = world.data(state), random.Random(number)
        for name in data:
            names = {doc["name"] for doc in function_docs(name)}
            own = {name: state[name]} if state and name in state else None
            for tool in world.tools:
                if tool.name in names:
                    call = ToolCall(name=tool.name, arguments=arguments(tool, data[name], rng))
                    episodes.append(Episode((call,), own))
    return Sample(world, tuple(episodes), BFCL_WRITES)


def _home(data: Any) -> Calls:
    books, members = data["books"], data["members"]
    free = next(book for book in books.values() if book["copies_in"])
    gone = next(book for book in books.values() if not book["copies_in"])
    lender = next(m for m in members.values() if not m["fine"] and len(m["loans"]) < 3 and m["loans"])
    debtor = next(m for m in members.values() if m["fine"])
    yield "find_member", {"card": lender["card"]}
    yield "find_book", {"title": free["title"]}
    yield "lend_book", {"card": lender["card"], "book_id": free["book_id"]}
    yield "extend_loan", {"card": lender["card"], "book_id": next(iter(lender["loans"]))}
    yield "give_back", {"card": lender["card"], "book_id": next(iter(lender["loans"]))}
    yield "reserve_book", {"card": debtor["card"], "book_id": gone["book_id"]}
    yield "pay_fine", {"card": debtor["card"], "amount": debtor["fine"]}
    yield "transfer_to_human_agents", {"summary": "wants to sell books"}


def _retail(data: Any) -> Calls:
    users, orders = data["users"], data["orders"]
    pending = _swap(data, "pending")
    delivered = _swap(data, "delivered")
    user_id, user = next(iter(users.items()))
    yield "calculate", {"expression": "2 * (3 + 4)"}
    yield "find_user_id_by_email", {"email": user["email"]}
    yield "find_user_id_by_name_zip", {**user["name"], "zip": user["address"]["zip"]}
    yield "get_order_details", {"order_id": user["orders"][0]}
    yield "get_product_details", {"product_id": next(iter(data["products"]))}
    yield "get_user_details", {"user_id": user_id}
    yield "list_all_product_types", {}
    yield "think", {"thought": "hm"}
    yield "transfer_to_human_agents", {"summary": "wants a person"}
    yield "cancel_pending_order", {"order_id": pending["order_id"], "reason": "no longer needed"}
    yield "modify_pending_order_address", {"order_id": pending["order_id"], **ADDRESS}
    yield "modify_pending_order_items", pending
    yield "modify_user_address", {"user_id": user_id, **ADDRESS}
    yield "exchange_delivered_order_items", delivered
    yield "return_delivered_order_items", {k: v for k, v in delivered.items() if k != "new_item_ids"}
    order, method = next(
        (order, method)
        for order in orders.values()
        if order["status"] == "pending" and len(order["payment_history"]) == 1
        for method in users[order["user_id"]]["payment_methods"]
        if "gift_card" not in method and method != order["payment_history"][0]["payment_method_id"]
    )
    yield "modify_pending_order_payment", {"order_id": order["order_id"], "payment_method_id": method}


def _swap(data: Any, status: str) -> dict[str, Json]:
    """Return how to swap one item of an order for another variant, paid as the order was."""
    return next(
        {
            "order_id": order["order_id"],
            "item_ids": [item["item_id"]],
            "new_item_ids": [new],
            "payment_method_id": order["payment_history"][0]["payment_method_id"],
        }
        for order in data["orders"].values()
        if order["status"] == status and "gift_card" not in order["payment_history"][0]["payment_method_id"]
        for item in order["items"]
        for new, variant in data["products"][item["product_id"]]["variants"].items()
        if variant["available"] and new != item["item_id"]
    )


def _airline(data: Any) -> Calls:
    users, flights = data["users"], data["flights"]
    number, flight, date, day = next(
        (number, flight, date, day)
        for number, flight in flights.items()
        for date, day in flight["dates"].items()
        if day["status"] == "available" and day["available_seats"]["economy"] > 5
    )
    reservation, payment_id = next(
        (reservation, method)
        for reservation in data["reservations"].values()
        for method in users[reservation["user_id"]]["payment_methods"]
        if "credit_card" in method
    )
    payer, card = next(
        (key, method)
        for key, user in users.items()
        for method in user["payment_methods"]
        if "credit_card" in method
    )
    route = {"origin": flight["origin"], "destination": flight["destination"]}
    reserved = {"reservation_id": reservation["reservation_id"]}
    yield "calculate", {"expression": "120 / 4"}
    yield "get_reservation_details", reserved
    yield "get_user_details", {"user_id": payer}
    yield "list_all_airports", {}
    yield "search_direct_flight", {**route, "date": date}
    yield "search_onestop_flight", {**route, "date": date}
    yield "think", {"thought": "hm"}
    yield "transfer_to_human_agents", {"summary": "wants a person"}
    yield "cancel_reservation", reserved
    yield "send_certificate", {"user_id": payer, "amount": 50}
    yield "update_reservation_baggages", {
        **reserved, "total_baggages": 9, "nonfree_baggages": 9, "payment_id": payment_id
    }  # fmt: skip
    yield "update_reservation_passengers", {
        **reserved, "passengers": [{**each, "first_name": "Mia"} for each in reservation["passengers"]]
    }  # fmt: skip
    leg = [{"flight_number": number, "date": date}]
    yield "update_reservation_flights", {
        **reserved, "cabin": "economy", "flights": leg, "payment_id": payment_id
    }  # fmt: skip
    yield "book_reservation", {
        "user_id": payer, **route, "flight_type": "one_way", "cabin": "economy", "flights": leg,
        "passengers": [{"first_name": "Mia", "last_name": "Li", "dob": "1990-04-05"}],
        "payment_methods": [{"payment_id": card, "amount": day["prices"]["economy"]}], "total_baggages": 0,
        "nonfree_baggages": 0, "insurance": "no",
    }  # fmt: skip


def _library(data: Any) -> Calls:
    books, members = data["Library"]["books"], data["Library"]["members"]
    free = next(key for key, book in books.items() if book["copies"] > len(book["reserved_by"]))
    lender = next(
        k for k, m in members.items() if not m["fine"] and len(m["loans"]) < 4 and free not in m["loans"]
    )
    debtor = next(key for key, member in members.items() if member["fine"])
    had, lent = next((key, book_id) for key, member in members.items() for book_id in member["loans"])
    holder, kept = next(
        (key, book_id)
        for key, member in members.items()
        for book_id, loan in member["loans"].items()
        if not member["fine"] and not loan["extended"] and not books[book_id]["reserved_by"]
    )
    gone = next(key for key, book in books.items() if not book["copies"])
    waiter = next(
        k for k, m in members.items() if gone not in m["loans"] and k not in books[gone]["reserved_by"]
    )
    awaited, first = next((key, book["reserved_by"][0]) for key, book in books.items() if book["reserved_by"])
    yield "search_books", {"author": books[free]["author"]}
    yield "get_book", {"book_id": free}
    yield "find_member", {"name": members[lender]["name"].upper()}
    yield "get_member", {"member_id": lender}
    yield "list_overdue", {}
    yield "lend_book", {"member_id": lender, "book_id": free}
    yield "return_book", {"member_id": had, "book_id": lent}
    yield "extend_loan", {"member_id": holder, "book_id": kept}
    yield "reserve_book", {"member_id": waiter, "book_id": gone}
    yield "cancel_reservation", {"member_id": first, "book_id": awaited}
    yield "pay_fine", {"member_id": debtor, "amount": members[debtor]["fine"]}
    yield "change_email", {"member_id": lender, "email": "new@example.org"}


READS: Mapping[str, frozenset[str]] = {
    "tau:home": frozenset({"find_member", "find_book", "transfer_to_human_agents"}),
    "tau:retail": frozenset(
        {"calculate", "think", "transfer_to_human_agents", "find_user_id_by_email",
         "find_user_id_by_name_zip", "get_order_details", "get_product_details", "get_user_details",
         "list_all_product_types"}
    ),
    "tau:airline": frozenset(
        {"calculate", "think", "transfer_to_human_agents", "get_reservation_details", "get_user_details",
         "list_all_airports", "search_direct_flight", "search_onestop_flight"}
    ),
    "library": frozenset({"search_books", "get_book", "find_member", "get_member", "list_overdue"}),
}  # fmt: skip
_CALLS: Mapping[str, Callable[[Any], Calls]] = {
    "tau:home": _home, "tau:retail": _retail, "tau:airline": _airline, "library": _library,
}  # fmt: skip


def of_records(name: str, world: World) -> Sample:
    """Return a call per tool and state, for the worlds whose calls are written out above."""
    states: tuple[State, ...] = world.states
    episodes = [
        Episode((ToolCall(name=tool, arguments=given),), state)
        for state in states[:8]
        for tool, given in _CALLS[name](world.data(state))
    ]
    return Sample(world, tuple(episodes), frozenset(t.name for t in world.tools) - READS[name])
