"""The tools of a small lending library: a model for tools of your own that share a state.

The public methods of a public class are tools, as functions are in tools.py. What they share is an instance;
every conversation gets one of its own, so nothing is kept from one to the next. Such a class

* can be made without arguments, and then holds enough to work with: here 40 books and 12 members;
* keeps its state in public attributes, whose changes are recorded, path by path;
* says in a `ValueError` why it does not do what is asked, and then leaves everything as it was;
* knows no clock and no chance: here it is always the same day.

`POLICY` holds the rules that the tools do not enforce, for whoever calls them; `_scenarios` returns other
states to start from, as JSON, in which whatever is named replaces the attribute of that name.
"""

import random
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from typing import Annotated, Literal

Genre = Literal["novel", "crime", "science", "history", "travel", "cooking", "children", "poetry"]

TODAY = date(2026, 3, 2)
LOAN = timedelta(days=21)
EXTENSION = timedelta(days=14)
BOOKS_AT_MOST = 4
POLICY = """You work at the desk of a lending library. Today is Monday, 2 March 2026.

- Find out who the member is before you lend, extend or reserve anything; serve one member per conversation.
- Say what you are going to do and wait for a yes before you change anything.
- Never tell a member who else has borrowed or reserved a book, or what somebody else owes.
- If a book is not in the house, offer to reserve it.
- Change an e-mail address only for the member who is asking."""


@dataclass
class Book:
    """A title of the catalogue."""

    title: str
    author: str
    genre: Genre
    copies: int
    """Copies in the house."""
    reserved_by: list[str] = field(default_factory=list)
    """Ids of members, in the order in which they get it."""


@dataclass
class Loan:
    """A book that a member has at home."""

    due: date
    extended: bool = False


@dataclass
class Member:
    """Somebody with a card."""

    name: str
    email: str
    fine: float = 0.0
    """What is owed, in euros."""
    loans: dict[str, Loan] = field(default_factory=dict)
    """By the id of the book."""


class Library:
    """Books, and the people who borrow them."""

    books: dict[str, Book]
    members: dict[str, Member]

    def __init__(self) -> None:
        self.books, self.members = _stocked(0)

    @staticmethod
    def _scenarios() -> list[dict]:
        return [
            {"books": _written(books), "members": _written(members)}
            for books, members in map(_stocked, range(1, 25))
        ]

    def search_books(
        self,
        title: str | None = None,
        author: str | None = None,
        genre: Genre | None = None,
        limit: Annotated[int, range(1, 21)] = 5,
    ) -> list[dict]:
        """Search the catalogue; books have to fit all that is given.

        Args:
            title: Words of the title.
            author: Name of the author, or a part of it.
            genre: Kind of book.
            limit: Highest number of results.
        """
        if title is None and author is None and genre is None:
            raise ValueError("give a title, an author or a genre")
        found = [
            {"book_id": book_id, "title": book.title, "author": book.author, "copies": book.copies}
            for book_id, book in self.books.items()
            if (title is None or title.casefold() in book.title.casefold())
            and (author is None or author.casefold() in book.author.casefold())
            and genre in (None, book.genre)
        ]
        return found[:limit]

    def get_book(self, book_id: str) -> dict:
        """Show a book and whether it is in the house.

        Args:
            book_id: Id of the book, for example B-107.
        """
        book = self._book(book_id)
        return {
            "title": book.title, "author": book.author, "genre": book.genre, "copies": book.copies,
            "waiting": len(book.reserved_by),
        }  # fmt: skip

    def find_member(self, name: str) -> dict:
        """Find a member's id by name.

        Args:
            name: Full name of the member.
        """
        for member_id, member in self.members.items():
            if member.name.casefold() == name.strip().casefold():
                return {"member_id": member_id, "name": member.name}
        raise ValueError(f"no member is named {name!r}; names have to be complete")

    def get_member(self, member_id: str) -> dict:
        """Show what a member has borrowed, reserved and owes.

        Args:
            member_id: Id of the member, for example M-2041.
        """
        member = self._member(member_id)
        return {
            "name": member.name,
            "email": member.email,
            "fine": member.fine,
            "loans": [
                {"book_id": book_id, "title": self.books[book_id].title, "due": loan.due}
                for book_id, loan in member.loans.items()
            ],
            "reserved": [key for key, book in self.books.items() if member_id in book.reserved_by],
        }

    def list_overdue(self) -> list[dict]:
        """List the loans that should have come back by now."""
        return [
            {"member_id": member_id, "book_id": book_id, "days_late": (TODAY - loan.due).days}
            for member_id, member in self.members.items()
            for book_id, loan in member.loans.items()
            if loan.due < TODAY
        ]

    def lend_book(self, member_id: str, book_id: str) -> dict:
        """Lend a book for three weeks.

        Args:
            member_id: Id of the member who borrows.
            book_id: Id of the book.
        """
        member, book = self._member(member_id), self._book(book_id)
        _require_no_fine(member)
        if book_id in member.loans:
            raise ValueError(f"{member.name} has this book already")
        if len(member.loans) >= BOOKS_AT_MOST:
            raise ValueError(f"{member.name} has {BOOKS_AT_MOST} books, which is the most that is allowed")
        ahead = (*book.reserved_by, member_id).index(member_id)
        if book.copies <= ahead:
            raise ValueError(f"no copy of {book.title!r} is free; it can be reserved")
        book.copies -= 1
        book.reserved_by = [other for other in book.reserved_by if other != member_id]
        member.loans[book_id] = Loan(TODAY + LOAN)
        return {"title": book.title, "due": member.loans[book_id].due}

    def return_book(self, member_id: str, book_id: str) -> dict:
        """Take a book back; each day that it is late costs 20 cents, up to 5 euros.

        Args:
            member_id: Id of the member who had it.
            book_id: Id of the book.
        """
        member, book = self._member(member_id), self._book(book_id)
        loan = _loan(member, book_id)
        fine = round(min(5.0, 0.2 * max(0, (TODAY - loan.due).days)), 2)
        del member.loans[book_id]
        book.copies += 1
        member.fine = round(member.fine + fine, 2)
        return {"title": book.title, "fine": fine, "owed": member.fine}

    def extend_loan(self, member_id: str, book_id: str) -> dict:
        """Extend a loan by two weeks, which is possible once.

        Args:
            member_id: Id of the member who has the book.
            book_id: Id of the book.
        """
        member, book = self._member(member_id), self._book(book_id)
        loan = _loan(member, book_id)
        _require_no_fine(member)
        if loan.extended:
            raise ValueError(f"the loan of {book.title!r} was extended before")
        if book.reserved_by:
            raise ValueError(f"somebody is waiting for {book.title!r}")
        loan.due += EXTENSION
        loan.extended = True
        return {"title": book.title, "due": loan.due}

    def reserve_book(self, member_id: str, book_id: str) -> dict:
        """Put a member on the waiting list of a book that is not in the house.

        Args:
            member_id: Id of the member who waits.
            book_id: Id of the book.
        """
        member, book = self._member(member_id), self._book(book_id)
        if book_id in member.loans or member_id in book.reserved_by:
            raise ValueError(f"{member.name} has or awaits this book already")
        if book.copies > len(book.reserved_by):
            raise ValueError(f"a copy of {book.title!r} is in the house; lend it")
        book.reserved_by.append(member_id)
        return {"title": book.title, "place": len(book.reserved_by)}

    def cancel_reservation(self, member_id: str, book_id: str) -> dict:
        """Take a member off the waiting list of a book.

        Args:
            member_id: Id of the member who waits no longer.
            book_id: Id of the book.
        """
        member, book = self._member(member_id), self._book(book_id)
        if member_id not in book.reserved_by:
            raise ValueError(f"{member.name} has not reserved {book.title!r}")
        book.reserved_by.remove(member_id)
        return {"title": book.title, "waiting": len(book.reserved_by)}

    def pay_fine(self, member_id: str, amount: float) -> dict:
        """Note a payment towards a member's fine.

        Args:
            member_id: Id of the member who pays.
            amount: Euros that are paid.
        """
        member = self._member(member_id)
        if member.fine == 0:
            raise ValueError(f"{member.name} owes nothing")
        if not 0 < amount <= member.fine:
            raise ValueError(f"the amount must be above 0 and at most {member.fine} euros")
        member.fine = round(member.fine - amount, 2)
        return {"paid": amount, "owed": member.fine}

    def change_email(self, member_id: str, email: str) -> dict:
        """Change a member's e-mail address.

        Args:
            member_id: Id of the member.
            email: The new address.
        """
        member = self._member(member_id)
        name, _, domain = email.partition("@")
        if not name or "." not in domain or " " in email:
            raise ValueError(f"{email!r} is no e-mail address")
        member.email = email
        return {"member_id": member_id, "email": email}

    def _book(self, book_id: str) -> Book:
        if book_id not in self.books:
            raise ValueError(f"no book has the id {book_id!r}; ids look like {next(iter(self.books))}")
        return self.books[book_id]

    def _member(self, member_id: str) -> Member:
        if member_id not in self.members:
            raise ValueError(f"no member has the id {member_id!r}; ids look like {next(iter(self.members))}")
        return self.members[member_id]


def _loan(member: Member, book_id: str) -> Loan:
    if book_id not in member.loans:
        raise ValueError(f"{member.name} does not have book {book_id}")
    return member.loans[book_id]


def _require_no_fine(member: Member) -> None:
    if member.fine > 0:
        raise ValueError(f"{member.name} owes {member.fine} euros, which have to be paid first")


_CATALOGUE: dict[Genre, str] = {
    "novel": "The Glass Orchard by Mara Lindqvist|Letters to the Harbour by Tomas Avelar|A House of Salt by "
    "Ines Okoro|The Second Winter by Jonas Hale|Paper Lanterns by Mei Sato",
    "crime": "The Ferry at Midnight by Ruth Calder|Nine Quiet Rooms by Pavel Dorn|The Botanist's Alibi by "
    "Ruth Calder|Cold Platform by Lena Virtanen|A Debt in Trieste by Carlo Beni",
    "science": "How Rivers Think by Amara Dike|The Patient Atom by Leo Marsh|Numbers in the Garden by Priya "
    "Raman|A Short Life of Stars by Leo Marsh|The Sleeping Brain by Nora Feld",
    "history": "Roads of Amber by Helga Strand|The Printers' Revolt by Emil Novik|Bread and Empire by Ana "
    "Quiroga|A City Under Siege by Emil Novik|The Last Caravan by Samir Haddad",
    "travel": "By Bus to Samarkand by Kit Morrow|Forty Islands by Elsa Brandt|The Slow Train South by Kit "
    "Morrow|Walking the Rim by Dora Pell|A Year Among Lighthouses by Elsa Brandt",
    "cooking": "One Pot, Four Seasons by Gina Rossi|The Lentil Almanac by Farid Aziz|Bread for Beginners by "
    "Olga Weiss|Pickles and Patience by Farid Aziz|The Small Oven by Gina Rossi",
    "children": "Otto and the Moon Thief by Pia Lund|The Badger Who Read by Sol Green|Seven Red Kites by Pia "
    "Lund|Mina Builds a Boat by Tariq Noor|The Night Zoo by Sol Green",
    "poetry": "Stones for My Pocket by Ivo Kral|The Weather Indoors by Beth Amari|Low Tide Psalms by Ivo "
    "Kral|Small Hours by Beth Amari|What the Owl Kept by June Tally",
}
_NAMES = (
    "Clara Voss", "Hamid Rezai", "Greta Olsen", "Luis Prado", "Naomi Clarke", "Piotr Zielak", "Sana Malik",
    "Theo Brandes", "Uma Desai", "Victor Lange", "Wanda Kubik", "Yara Mansour", "Arne Holm", "Bianca Serra",
    "Dmitri Kosta", "Ewa Lis", "Fumiko Abe", "Gareth Penn", "Hanna Ruiz", "Idris Bello",
)  # fmt: skip


def _stocked(seed: int) -> tuple[dict[str, Book], dict[str, Member]]:
    """Return the catalogue and 12 members with what they have at home and what they wait for."""
    rng = random.Random(seed)
    books = _books(rng)
    first = rng.randrange(1000, 9000)
    members = {f"M-{first + k}": _member(name, books, rng) for k, name in enumerate(rng.sample(_NAMES, 12))}
    for book_id, book in books.items():
        others = [member_id for member_id, member in members.items() if book_id not in member.loans]
        if book.copies == 0 and rng.random() < 0.5:
            book.reserved_by = rng.sample(others, rng.randint(1, 2))
    return books, members


def _books(rng: random.Random) -> dict[str, Book]:
    titles = [(genre, entry) for genre, entries in _CATALOGUE.items() for entry in entries.split("|")]
    books = {}
    for number, (genre, entry) in enumerate(titles):
        title, author = entry.split(" by ")
        books[f"B-{100 + number}"] = Book(title, author, genre, copies=rng.randint(1, 3))
    return books


def _member(name: str, books: dict[str, Book], rng: random.Random) -> Member:
    """Return a member who has taken up to three books out of the house."""
    member = Member(
        name, f"{name.lower().replace(' ', '.')}@example.org", rng.choice((0.0, 0.0, 0.0, 1.4, 3.2))
    )
    for book_id in rng.sample(list(books), rng.randint(0, 3)):
        if books[book_id].copies:
            books[book_id].copies -= 1
            due = TODAY + timedelta(days=rng.randint(-12, 20))
            member.loans[book_id] = Loan(due, extended=rng.random() < 0.3)
    return member


def _written(records: dict[str, Book] | dict[str, Member]) -> dict:
    """Return records as JSON has them."""
    return {
        key: asdict(
            record, dict_factory=lambda pairs: {k: str(v) if isinstance(v, date) else v for k, v in pairs}
        )
        for key, record in records.items()
    }
