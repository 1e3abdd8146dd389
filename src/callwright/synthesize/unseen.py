"""Eight tools of other walks of life, for the held-out-tools column of a suite.

Plain schemas without code: a library, a gym, house plants, recycling,
a choir and a museum. No training row is
ever made from them, and their names are long enough not to meet a user's own.
"""

from __future__ import annotations

from callwright.record import Json, Tool


def _tool(name: str, description: str, required: tuple[str, ...], **properties: Json) -> Tool:
    schema = {"type": "object", "properties": properties, "required": list(required)}
    return Tool(name=name, description=description, parameters=schema)


_DATE = {"type": "string", "format": "date"}

UNSEEN_TOOLS: tuple[Tool, ...] = (
    _tool(
        "library_renew_loan", "Renew a library loan.", ("loan_id",),
        loan_id={"type": "string", "pattern": "^LN-[0-9]{5}$", "description": "Number of the loan."},
        weeks={"type": "integer", "minimum": 1, "maximum": 4, "description": "For how many weeks."},
    ),
    _tool(
        "library_find_copies", "Find copies of a book.", ("book",),
        book={"type": "string", "description": "Title of the book."},
        branch={"type": "string", "enum": ["central", "riverside", "north", "university"],
                "description": "Branch of the library."},
        large_print={"type": "boolean", "default": False,
        "description": "Whether only large print is wanted."},
    ),
    _tool(
        "gym_join_class", "Book a place in a gym class.", ("activity", "date"),
        activity={"type": "string", "enum": ["yoga", "pilates", "boxing", "spinning", "aqua_fitness"],
                  "description": "Kind of class."},
        date={**_DATE, "description": "Day of the class."},
        guest_passes={"type": "integer", "minimum": 0, "maximum": 3, "description": "Guests who come along."},
    ),
    _tool(
        "gym_freeze_membership", "Freeze a gym membership.", ("member_number", "start_date", "end_date"),
        member_number={"type": "string", "pattern": "^G[0-9]{6}$", "description": "Number of the member."},
        start_date={**_DATE, "description": "First day of the break."},
        end_date={**_DATE, "description": "Last day of the break."},
    ),
    _tool(
        "plant_watering_plan", "Create a watering plan for house plants.", ("plants", "light"),
        plants={"type": "array", "minItems": 1, "maxItems": 4, "items": {
            "type": "string", "enum": ["monstera", "ficus", "orchid", "aloe", "fern", "cactus", "basil"]},
            "description": "Plants to care for."},
        light={"type": "string", "enum": ["low", "medium", "bright"], "description": "Light in the room."},
    ),
    _tool(
        "recycling_next_pickup", "Get the next pickup day for a kind of waste.", ("postal_code", "waste"),
        postal_code={"type": "string", "pattern": "^[0-9]{5}$",
        "description": "Postal code of the household."},
        waste={"type": "string", "enum": ["paper", "glass", "plastic", "garden_waste", "bulky_waste"],
               "description": "Kind of waste."},
    ),
    _tool(
        "choir_report_absence", "Report an absence from choir rehearsal.", ("singer", "date"),
        singer={"type": "string", "description": "Full name of the singer."},
        date={**_DATE, "description": "Day of the rehearsal."},
        reason={"type": "string", "description": "Why the singer is absent."},
    ),
    _tool(
        "museum_guided_tour", "Reserve a guided tour of the museum.", ("date", "time", "visitors"),
        date={**_DATE, "description": "Day of the visit."},
        time={"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$", 
              "description": "Start, as HH:MM."},
        visitors={"type": "integer", "minimum": 1, "maximum": 25, "description": "Number of visitors."},
        language={"type": "string", "enum": ["English", "French", "German", "Spanish"],
                  "description": "Language of the guide."},
    ),
)  # fmt: skip
"""Tools for the held-out-tools column."""
