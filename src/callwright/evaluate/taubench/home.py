"""A domain of our own, to try everything without data: a lending library with 6 members and 8 titles.

It goes through the same machinery as the official domains and is named for what it is: a score here says
that an agent can follow a short policy, and is comparable with nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from callwright.evaluate.taubench.anywhere import transfer_to_human_agents
from callwright.evaluate.taubench.database import Database, Record, Tables
from callwright.evaluate.taubench.domain import ENDS, Action, Domain, TauTask
from callwright.evaluate.taubench.tools import Answer, Function, Refused, require, shown
from callwright.record import Tool
from callwright.store import sha256_text

POLICY = """# Library desk policy

Today is 2025-03-10. You help members of a lending library to borrow, extend and give back books and to
pay fines.

- Find the member by card number before anything else; serve one member per conversation.
- List what you are going to do and wait for a yes before you change anything.
- Make one tool call at a time, and do not write to the member in the same reply.
- A member who owes a fine can not borrow or extend before the fine is paid in full.
- A member may have 3 books at a time. A loan runs 21 days and can be extended once, by 14 days.
- A book of which no copy is in the house can be reserved, unless the member has it on loan.
- Hand over to a human only if the member asks for something that these tools can not do."""

_LOANS_AT_MOST, _TODAY, _DUE = 3, "2025-03-10", "2025-03-31"


def find_member(db: Database, /, card: str) -> Answer:
    """Return the member with a card number."""
    return Answer(shown(_member(db, card)))


def find_book(db: Database, /, title: str) -> Answer:
    """Return the book with a title, in any case."""
    for _, book in db.items("books"):
        if book["title"].lower() == title.lower():
            return Answer(shown(book))
    raise Refused("book not found")


def lend_book(db: Database, /, card: str, book_id: str) -> Answer:
    """Lend a copy to a member."""
    member, book = _member(db, card), _book(db, book_id)
    _require_no_fine(member)
    if book_id in member["loans"]:
        raise Refused("member has this book already")
    if len(member["loans"]) >= _LOANS_AT_MOST:
        raise Refused("member has 3 books already")
    if book["copies_in"] < 1:
        raise Refused("no copy in the house")
    loan = {"due": _DUE, "extended": False}
    waiting = [each for each in book["reserved_by"] if each != card]
    return _saved(
        {**member, "loans": {**member["loans"], book_id: loan}},
        {**book, "copies_in": book["copies_in"] - 1, "reserved_by": waiting},
    )


def extend_loan(db: Database, /, card: str, book_id: str) -> Answer:
    """Extend a loan by 14 days."""
    member, book = _member(db, card), _book(db, book_id)
    loan = _loan(member, book_id)
    _require_no_fine(member)
    if loan["extended"]:
        raise Refused("loan was extended before")
    if book["reserved_by"]:
        raise Refused("book is reserved by another member")
    loan = {"due": _two_weeks_later(loan["due"]), "extended": True}
    return _saved({**member, "loans": {**member["loans"], book_id: loan}})


def give_back(db: Database, /, card: str, book_id: str) -> Answer:
    """Take a book back; a late one costs 2 dollars."""
    member, book = _member(db, card), _book(db, book_id)
    late = _loan(member, book_id)["due"] < _TODAY
    loans = {key: loan for key, loan in member["loans"].items() if key != book_id}
    fine = member["fine"] + 2.0 * late
    return _saved({**member, "loans": loans, "fine": fine}, {**book, "copies_in": book["copies_in"] + 1})


def reserve_book(db: Database, /, card: str, book_id: str) -> Answer:
    """Put a member on the list for a book of which no copy is in the house."""
    member, book = _member(db, card), _book(db, book_id)
    if book["copies_in"] > 0:
        raise Refused("a copy is in the house")
    if book_id in member["loans"] or card in book["reserved_by"]:
        raise Refused("member has or reserved this book already")
    book = {**book, "reserved_by": [*book["reserved_by"], card]}
    return Answer(shown(book), {("books", book_id): book})


def pay_fine(db: Database, /, card: str, amount: float) -> Answer:
    """Note that a member paid a part or all of the fine."""
    member = _member(db, card)
    if not 0 < amount <= member["fine"]:
        raise Refused(f"amount must be above 0 and at most {member['fine']}")
    return _saved({**member, "fine": round(float(member["fine"] - amount), 2)})


def _member(db: Database, card: str) -> Record:
    return require(db, "members", card, "member not found")


def _book(db: Database, book_id: str) -> Record:
    return require(db, "books", book_id, "book not found")


def _loan(member: Record, book_id: str) -> Record:
    if book_id not in member["loans"]:
        raise Refused("member does not have this book")
    loan: Record = member["loans"][book_id]
    return loan


def _require_no_fine(member: Record) -> None:
    if member["fine"] > 0:
        raise Refused(f"member owes {member['fine']} dollars")


def _two_weeks_later(date: str) -> str:
    return (datetime.fromisoformat(date) + timedelta(days=14)).date().isoformat()


def _saved(member: Record, book: Record | None = None) -> Answer:
    changes = {("members", member["card"]): member}
    if book is not None:
        changes["books", book["book_id"]] = book
    return Answer(shown(member), changes)


TOOLS: dict[str, Function] = {
    tool.__name__: tool
    for tool in (
        find_member, find_book, lend_book, extend_loan, give_back, reserve_book, pay_fine,
        transfer_to_human_agents,
    )
}  # fmt: skip
_ARGUMENTS = {
    "card": ("string", "Card number of the member, such as 'C-104'."),
    "title": ("string", "Title of the book."),
    "book_id": ("string", "Id of the book, such as 'B3'."),
    "amount": ("number", "Amount in dollars."),
    "summary": ("string", "What the member wants."),
}


def _documented(name: str, *arguments: str) -> Tool:
    properties = {
        each: dict(zip(("type", "description"), _ARGUMENTS[each], strict=True)) for each in arguments
    }
    parameters = {"type": "object", "properties": properties, "required": list(arguments)}
    return Tool(name=name, description=str(TOOLS[name].__doc__), parameters=parameters)


_OFFERED = (
    _documented("find_member", "card"),
    _documented("find_book", "title"),
    _documented("lend_book", "card", "book_id"),
    _documented("extend_loan", "card", "book_id"),
    _documented("give_back", "card", "book_id"),
    _documented("reserve_book", "card", "book_id"),
    _documented("pay_fine", "card", "amount"),
    _documented("transfer_to_human_agents", "summary"),
)


_ON_TIME, _LATE = {"due": "2025-03-20", "extended": False}, {"due": "2025-03-01", "extended": False}
_EXTENDED = {"due": "2025-03-25", "extended": True}
_BOOKS: tuple[tuple[str, str, int, list[str]], ...] = (
    ("B1", "The Tide Clock", 2, []),
    ("B2", "Salt Roads", 0, []),
    ("B3", "A Field of Glass", 1, ["C-105"]),
    ("B4", "Winter Bees", 3, []),
    ("B5", "The Lamplighter", 0, ["C-102"]),
    ("B6", "Paper Rivers", 1, []),
    ("B7", "North of Nowhere", 1, []),
    ("B8", "The Quiet Engine", 2, []),
)
_MEMBERS: tuple[tuple[str, str, float, dict[str, Record]], ...] = (
    ("C-101", "Ada Brook", 0.0, {"B2": _ON_TIME}),
    ("C-102", "Ben Costa", 4.5, {}),
    ("C-103", "Cleo Dahl", 0.0, {"B3": _EXTENDED}),
    ("C-104", "Dev Evans", 0.0, {"B5": _LATE, "B1": _ON_TIME}),
    ("C-105", "Edda Frank", 0.0, {"B4": _ON_TIME, "B6": _ON_TIME, "B8": _ON_TIME}),
    ("C-106", "Finn Green", 2.0, {"B7": _ON_TIME}),
)
_TABLES: Tables = {
    "books": {
        key: {"book_id": key, "title": title, "copies_in": copies, "reserved_by": reserved}
        for key, title, copies, reserved in _BOOKS
    },
    "members": {
        card: {"card": card, "name": name, "fine": fine, "loans": loans}
        for card, name, fine, loans in _MEMBERS
    },
}

_TASKS: tuple[tuple[str, str, tuple[str, ...], tuple[str, ...]], ...] = (
    # card, what the member wants, what has to be done, what has to be told
    ("C-101", "You want to borrow Winter Bees.", ("lend_book B4",), ()),
    ("C-101", "You want to keep Salt Roads for two more weeks and to know the new due date.",
     ("extend_loan B2",), ("2025-04-03",)),
    ("C-102", "You want to know what you owe. You want to pay all of it and then to borrow Paper Rivers.",
     ("pay_fine 4.5", "lend_book B6"), ("4.5",)),
    ("C-102", "You want to borrow Winter Bees today. You do not want to pay anything today.", (), ()),
    ("C-103", "You want to keep A Field of Glass longer. If that is not possible, you want to give it back.",
     ("give_back B3",), ()),
    ("C-103", "You want to borrow Salt Roads. If all copies are out, you want to reserve it.",
     ("reserve_book B2",), ()),
    ("C-104", "You want to give back The Lamplighter. You want to pay what it costs.",
     ("give_back B5", "pay_fine 2"), ("2",)),
    ("C-104", "You want to give back The Tide Clock and to borrow The Quiet Engine.",
     ("give_back B1", "lend_book B8"), ()),
    ("C-105", "You want to borrow North of Nowhere. You want to give back Paper Rivers if you have to.",
     ("give_back B6", "lend_book B7"), ()),
    ("C-105", "You want to know how many books you have.", (), ("3",)),
    ("C-106", "You want to pay your fine and to extend North of Nowhere.",
     ("pay_fine 2", "extend_loan B7"), ()),
    ("C-106", "You want to sell old books to the library.", ("transfer_to_human_agents",), ()),
)  # fmt: skip


def _task(number: int, card: str, wish: str, done: Sequence[str], told: tuple[str, ...]) -> TauTask:
    name = dict(entry[:2] for entry in _MEMBERS)[card]
    instruction = f"You are {name}, card {card}. {wish}"
    actions = (Action("find_member", {"card": card}), *(_action(card, *step.split()) for step in done))
    return TauTask(instruction, actions, told, user_id=card, id=f"library-{number}")


def _action(card: str, name: str, value: str = "") -> Action:
    if name in ENDS:
        return Action(name, {"summary": "The member wants something else."})
    if name == "pay_fine":
        return Action(name, {"card": card, "amount": float(value)})
    return Action(name, {"card": card, "book_id": value})


def library() -> Domain:
    """Return the domain; its hash covers policy, tools, records and tasks."""
    tasks = tuple(_task(number, *entry) for number, entry in enumerate(_TASKS))
    return Domain(
        name="library",
        variant="tau-home/library",
        policy=POLICY,
        offered=_OFFERED,
        functions=TOOLS,
        database=Database(_TABLES),
        tasks=tasks,
        sha256=sha256_text(repr((POLICY, _OFFERED, _TABLES, tasks))),
    )
