"""Tools with one mistake of each kind that a Python file admits; test_linting knows what lint says."""

import itertools
from typing import Annotated, Any, Literal

_counter = itertools.count()


def process(city: str) -> dict:
    """Tell the weather of tomorrow.

    Args:
        city: City of interest, in English.
    """
    return {"city": city}


def fetch_tides(arg1: Annotated[str, "Harbour to look at, as sailors call it."]) -> dict:
    """Tell when the water is high."""
    return {"at": arg1}


def rename_port(name: str) -> str:
    return f"Port {name}"


def hoist(flag: str) -> str:
    """Raise a flag.

    Args:
        flag: The flag.
    """
    return flag


def anchor(depth_of_water: Annotated[int, range(1, 100)]) -> str:
    """Let the anchor go where it holds."""
    return f"anchored at {depth_of_water}"


def tell_crew(what: Any) -> str:
    """Pass something on to everybody aboard.

    Args:
        what: Whatever there is to say.
    """
    return str(what)


def stow_cargo(crates: list) -> int:
    """Put crates below deck and count them.

    Args:
        crates: What is brought aboard.
    """
    return len(crates)


def sign_on(sailor: dict) -> str:
    """Take a sailor into the crew.

    Args:
        sailor: Everything that is known about the person.
    """
    return "signed on"


def plan_voyage(days: int, speed: int, wind: str, departure_date: str, rations: int = 0) -> str:
    """Say where a voyage may lead to.

    Args:
        days: How long it may take.
        speed: Knots, between 1 and 12.
        wind: Where it comes from, one of: north, east, south, west.
        departure_date: When the ship leaves.
        rations: How much food there is for each sailor.
    """
    return f"{days * speed} miles {wind} from {departure_date}, {rations}"


def trim_sails(angle: Annotated[int, range(1, 90)] = 120, jib: str | None = None) -> int:
    """Set the sails to the wind.

    Args:
        angle: Degrees off the bow.
        jib: Name of the headsail.
    """
    return angle + len(jib or "")


def find_harbour(country: Annotated[str, "Where to look, in English."]) -> str:
    """Find a safe harbour near the coast."""
    return country


def search_harbour(country: Annotated[str, "Where to look, in English."]) -> str:
    """Search a safe harbour near the coast today."""
    return country


def raise_alarm(reason: Annotated[str, "What happened, in a word."]) -> str:
    """Ring the bell for everybody on board."""
    return reason


def end_watch(reason: Annotated[str, "What happened, in a word."]) -> str:
    """Ring the bell for everybody on board."""
    return reason


Paper = Annotated[bool, "Whether this paper of the harbour master is there."]


def load_manifest(
    lading: Paper, crew: Paper, health: Paper, customs: Paper, tonnage: Paper, registry: Paper,
    insurance: Paper, pilotage: Paper, radio: Paper, charter: Paper, stores: Paper, ballast: Paper,
    waste: Paper, security: Paper, clearance: Paper, log: Paper,
) -> bool:  # fmt: skip
    """Say whether all is ready to go."""
    return all(locals().values())


def chart_course(route: list[list[list[list[list[Literal["port", "starboard"]]]]]]) -> int:
    """Count the turns of a course.

    Args:
        route: Turns of legs of days of weeks of months.
    """
    return len(route)


def repair_hull(planks: Annotated[int, range(1, 10)]) -> int:
    """Mend the hull with planks.

    Args:
        planks: How many of them.
    """
    raise RuntimeError(f"no nails for {planks} planks")


def fish(rods: Annotated[int, range(1, 21)]) -> int:
    """Catch fish with some rods.

    Args:
        rods: How many of them.
    """
    if rods > 3:
        raise ValueError("nothing bites")
    return rods


def roll_dice(sides: Annotated[int, range(2, 1000)]) -> int:
    """Play for a share of the rum.

    Args:
        sides: How many the die has.
    """
    return next(_counter) * sides


def ask_pilot(question: Annotated[str, "What to ask, as a sentence."]) -> dict:
    """Get advice from the pilot."""
    return {"error": "the pilot is asleep"} if len(question) % 2 else {"advice": "wait"}


def log_entry(text: Annotated[str, "What to write down, as a sentence."]) -> str:
    """Write something into the log book."""
    return ""


def count_barrels(deck: Annotated[int, range(1, 4)]) -> str:
    """Count the barrels on a deck.

    >>> count_barrels(2)
    '5'

    Args:
        deck: Which one, from the top.
    """
    return deck * 2  # type: ignore[return-value]
