"""The 16 tools of the retail domain: orders are cancelled, modified, returned and exchanged.

Written from the documented behaviour of tau-bench's tools. Amounts that they do not round are not rounded
here either: the hash of the database sees the last bit of a sum.
"""

from __future__ import annotations

from collections.abc import Sequence

from callwright.evaluate.taubench.anywhere import calculate, think, transfer_to_human_agents
from callwright.evaluate.taubench.database import Database, Record
from callwright.evaluate.taubench.tools import Answer, Function, Refused, require, shown

_REASONS = ("no longer needed", "ordered by mistake")


def find_user_id_by_email(db: Database, /, email: str) -> Answer:
    """Return the id of the user with this e-mail address, in any case."""
    wanted = email.lower()
    for user_id, user in db.items("users"):
        if user["email"].lower() == wanted:
            return Answer(user_id)
    raise Refused("user not found")


def find_user_id_by_name_zip(db: Database, /, first_name: str, last_name: str, zip: str) -> Answer:
    """Return the id of the first user of this name, in any case, and zip code."""
    first, last = first_name.lower(), last_name.lower()
    for user_id, user in db.items("users"):
        name = user["name"]
        same_name = name["first_name"].lower() == first and name["last_name"].lower() == last
        if same_name and user["address"]["zip"] == zip:
            return Answer(user_id)
    raise Refused("user not found")


def get_user_details(db: Database, /, user_id: str) -> Answer:
    """Return a user's profile."""
    return Answer(shown(require(db, "users", user_id, "user not found")))


def get_order_details(db: Database, /, order_id: str) -> Answer:
    """Return an order."""
    return Answer(shown(_order(db, order_id)))


def get_product_details(db: Database, /, product_id: str) -> Answer:
    """Return a product with all its variants."""
    return Answer(shown(require(db, "products", product_id, "product not found")))


def list_all_product_types(db: Database, /) -> Answer:
    """Return the id of every product by its name, in the order of the names."""
    ids = {product["name"]: product["product_id"] for _, product in db.items("products")}
    return Answer(shown(dict(sorted(ids.items()))))


def cancel_pending_order(db: Database, /, order_id: str, reason: str) -> Answer:
    """Cancel a pending order and refund all that was paid, at once where it was paid by gift card."""
    order = _order(db, order_id)
    if order["status"] != "pending":
        raise Refused("non-pending order cannot be cancelled")
    if reason not in _REASONS:
        raise Refused("invalid reason")
    user = _customer(db, order)
    refunds = []
    for payment in order["payment_history"]:
        method = payment["payment_method_id"]
        refunds.append(_transaction("refund", payment["amount"], method))
        if "gift_card" in method:
            user = _with_balance(user, method, payment["amount"])
    order = {
        **order,
        "status": "cancelled",
        "payment_history": [*order["payment_history"], *refunds],
        "cancel_reason": reason,
    }
    return _saved(order, user)


def modify_pending_order_address(
    db: Database,
    /,
    order_id: str,
    address1: str,
    address2: str,
    city: str,
    state: str,
    country: str,
    zip: str,
) -> Answer:
    """Send a pending order somewhere else."""
    order = _pending(db, order_id)
    address = _address(address1, address2, city, state, country, zip)
    return _saved({**order, "address": address})


def modify_pending_order_items(
    db: Database, /, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
) -> Answer:
    """Put other variants of the same products into a pending order; the difference is paid or refunded."""
    order = _pending(db, order_id)
    difference = _price_difference(db, order, item_ids, new_item_ids)
    user = _customer(db, order)
    method = _method(user, payment_method_id)
    if method["source"] == "gift_card":
        if method["balance"] < difference:
            raise Refused("insufficient gift card balance to pay for the new item")
        user = _with_balance(user, payment_method_id, -difference)
    kind = "payment" if difference > 0 else "refund"
    payment = _transaction(kind, abs(difference), payment_method_id)
    order = {
        **order,
        "items": _replaced(db, order["items"], item_ids, new_item_ids),
        "status": "pending (item modified)",
        "payment_history": [*order["payment_history"], payment],
    }
    return _saved(order, user)


def modify_pending_order_payment(db: Database, /, order_id: str, payment_method_id: str) -> Answer:
    """Let a pending order be paid by another method, and refund the first one."""
    order = _pending(db, order_id)
    user = _customer(db, order)
    method = _method(user, payment_method_id)
    history = order["payment_history"]
    if len(history) > 1 or history[0]["transaction_type"] != "payment":
        raise Refused("there should be exactly one payment for a pending order")
    before, amount = history[0]["payment_method_id"], history[0]["amount"]
    if before == payment_method_id:
        raise Refused("the new payment method should be different from the current one")
    if method["source"] == "gift_card":
        if method["balance"] < amount:
            raise Refused("insufficient gift card balance to pay for the order")
        user = _with_balance(user, payment_method_id, -amount)
    if "gift_card" in before:
        user = _with_balance(user, before, amount)
    new = [_transaction("payment", amount, payment_method_id), _transaction("refund", amount, before)]
    return _saved({**order, "payment_history": [*history, *new]}, user)


def modify_user_address(
    db: Database, /, user_id: str, address1: str, address2: str, city: str, state: str, country: str, zip: str
) -> Answer:
    """Change a user's default address."""
    user = require(db, "users", user_id, "user not found")
    user = {**user, "address": _address(address1, address2, city, state, country, zip)}
    return Answer(shown(user), {("users", user_id): user})


def return_delivered_order_items(
    db: Database, /, order_id: str, item_ids: list[str], payment_method_id: str
) -> Answer:
    """Ask for the return of items of a delivered order."""
    order = _order(db, order_id)
    if order["status"] != "delivered":
        raise Refused("non-delivered order cannot be returned")
    _method(_customer(db, order), payment_method_id)
    original = order["payment_history"][0]["payment_method_id"]
    if "gift_card" not in payment_method_id and payment_method_id != original:
        raise Refused("payment method should be either the original payment method or a gift card")
    if _lacking(order, item_ids):
        raise Refused("some item not found")
    order = {
        **order,
        "status": "return requested",
        "return_items": sorted(item_ids),
        "return_payment_method_id": payment_method_id,
    }
    return _saved(order)


def exchange_delivered_order_items(
    db: Database, /, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
) -> Answer:
    """Ask for the exchange of items of a delivered order against other variants of the same products."""
    order = _order(db, order_id)
    if order["status"] != "delivered":
        raise Refused("non-delivered order cannot be exchanged")
    difference = round(_price_difference(db, order, item_ids, new_item_ids), 2)
    method = _method(_customer(db, order), payment_method_id)
    if method["source"] == "gift_card" and method["balance"] < difference:
        raise Refused("insufficient gift card balance to pay for the price difference")
    order = {
        **order,
        "status": "exchange requested",
        "exchange_items": sorted(item_ids),
        "exchange_new_items": sorted(new_item_ids),
        "exchange_payment_method_id": payment_method_id,
        "exchange_price_difference": difference,
    }
    return _saved(order)


TOOLS: dict[str, Function] = {
    tool.__name__: tool
    for tool in (
        calculate, cancel_pending_order, exchange_delivered_order_items, find_user_id_by_email,
        find_user_id_by_name_zip, get_order_details, get_product_details, get_user_details,
        list_all_product_types, modify_pending_order_address, modify_pending_order_items,
        modify_pending_order_payment, modify_user_address, return_delivered_order_items, think,
        transfer_to_human_agents,
    )
}  # fmt: skip


def _order(db: Database, order_id: str) -> Record:
    return require(db, "orders", order_id, "order not found")


def _pending(db: Database, order_id: str) -> Record:
    order = _order(db, order_id)
    if order["status"] != "pending":
        raise Refused("non-pending order cannot be modified")
    return order


def _customer(db: Database, order: Record) -> Record:
    return require(db, "users", order["user_id"], "user not found")


def _method(user: Record, payment_method_id: str) -> Record:
    method: Record | None = user["payment_methods"].get(payment_method_id)
    if method is None:
        raise Refused("payment method not found")
    return method


def _with_balance(user: Record, gift_card: str, added: float) -> Record:
    """Return the user with an amount added to a gift card, its balance rounded to cents."""
    methods = user["payment_methods"]
    card = methods[gift_card]
    card = {**card, "balance": round(card["balance"] + added, 2)}
    return {**user, "payment_methods": {**methods, gift_card: card}}


def _transaction(kind: str, amount: float, payment_method_id: str) -> Record:
    return {"transaction_type": kind, "amount": amount, "payment_method_id": payment_method_id}


def _address(address1: str, address2: str, city: str, state: str, country: str, zip_code: str) -> Record:
    return {
        "address1": address1,
        "address2": address2,
        "city": city,
        "state": state,
        "country": country,
        "zip": zip_code,
    }


def _lacking(order: Record, item_ids: Sequence[str]) -> list[str]:
    """Return the items that are asked for more often than the order holds them."""
    held = [item["item_id"] for item in order["items"]]
    return [each for each in item_ids if item_ids.count(each) > held.count(each)]


def _price_difference(
    db: Database, order: Record, item_ids: Sequence[str], new_item_ids: Sequence[str]
) -> float:
    """Return what the new items cost beyond the old ones; refuses a pair that can not be swapped."""
    if lacking := _lacking(order, item_ids):
        raise Refused(f"{lacking[0]} not found")
    if len(item_ids) != len(new_item_ids):
        raise Refused("the number of items to be exchanged should match")
    difference = 0
    for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
        item = next(item for item in order["items"] if item["item_id"] == item_id)
        variant = _variants(db, item).get(new_item_id)
        if variant is None or not variant["available"]:
            raise Refused(f"new item {new_item_id} not found or available")
        difference += variant["price"] - item["price"]
    return difference


def _variants(db: Database, item: Record) -> Record:
    variants: Record = require(db, "products", item["product_id"], "product not found")["variants"]
    return variants


def _replaced(
    db: Database, items: list[Record], item_ids: Sequence[str], new_item_ids: Sequence[str]
) -> list[Record]:
    """Return the items of an order with each old one, the first of its id, made the new one."""
    items = list(items)
    for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
        place, item = next((i, item) for i, item in enumerate(items) if item["item_id"] == item_id)
        variant = _variants(db, item)[new_item_id]
        new = {"item_id": new_item_id, "price": variant["price"], "options": variant["options"]}
        items[place] = {**item, **new}
    return items


def _saved(order: Record, user: Record | None = None) -> Answer:
    """Return the order as it is shown, and what changed."""
    changes = {("orders", order["order_id"]): order}
    if user is not None:
        changes["users", order["user_id"]] = user
    return Answer(shown(order), changes)
