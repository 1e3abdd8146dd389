"""Toolboxes that the tests of synthesize share: a plain one and a hostile one."""

from callwright.record import Json, Tool


def tool(name: str, description: str, required: str = "", **properties: Json) -> Tool:
    schema = {"type": "object", "properties": properties, "required": required.split()}
    return Tool(name=name, description=description, parameters=schema)


TEXT = {"type": "string"}
DATE = {"type": "string", "format": "date"}
CURRENCY = {"type": "string", "enum": ["EUR", "USD", "GBP"]}

PLAIN = (
    tool(
        "book_table", "Book a table at a restaurant.", "restaurant date time guests",
        restaurant=TEXT, date=DATE,
        time={"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"},
        guests={"type": "integer", "minimum": 1, "maximum": 12},
        outdoors={"type": "boolean", "default": False},
    ),
    tool("get_weather", "Get the weather forecast for a city on a given date.", "city", city=TEXT, date=DATE),
    tool(
        "convert_money", "Convert an amount of money from one currency to another.",
        "amount from_currency to_currency",
        amount={"type": "number"}, from_currency=CURRENCY, to_currency=CURRENCY,
    ),
    tool(
        "cancel_order", "Cancel an order by its id.", "order_id",
        order_id={"type": "string", "pattern": "^ORD-[0-9]{4}$"},
        reason=TEXT,
    ),
    tool(
        "send_email", "Send an email to a recipient.", "to subject body",
        to={"type": "string", "format": "email"}, subject=TEXT, body=TEXT,
        attachments={"type": "array", "items": {"type": "string"}, "maxItems": 3},
    ),
    tool(
        "book_stay", "Book a hotel room.", "city check_in check_out",
        city=TEXT, check_in=DATE, check_out=DATE, room_type={"enum": ["single", "double", "family_suite"]},
    ),
    tool(
        "search_products", "Search products.", "query",
        query=TEXT, min_price={"type": "number", "minimum": 0}, max_price={"type": "number", "minimum": 0},
        in_stock_only={"type": "boolean"},
    ),
)  # fmt: skip

_DEEP: Json = TEXT
for _ in range(3):
    _DEEP = {"type": "object", "properties": {"inner": _DEEP}, "required": ["inner"]}
_TOO_DEEP: Json = TEXT
for _ in range(12):
    _TOO_DEEP = {"type": "object", "properties": {"inner": _TOO_DEEP}, "required": ["inner"]}

_THIRTY = [f"p{i}" for i in range(30)]

HOSTILE = (
    tool("ping", ""),
    tool("x", "", "a b", a={}, b={"type": ["null", "integer"]}),
    tool("thirty", "Does thirty things", " ".join(_THIRTY), **dict.fromkeys(_THIRTY, TEXT)),
    tool("__weird--NAME..v2", "???", "ключ", ключ=TEXT, 日付=DATE),
    tool("deep", "Go deep.", "tree", tree=_DEEP),
    tool("emoji 🚀", "Запусти ракету 🚀 {v} {q} {} %s \ue000\ue001", "цель", цель=TEXT),
    tool("long", "word " * 4000, "value", value={"type": "number", "minimum": 3, "maximum": 3}),
    tool("refs", "Use a reference.", "who", who={"$ref": "#/$defs/Person"}),
    tool("newline", "\n\n  Get the\n thing.\n\nArgs:\n  a: b", "thing", thing=TEXT),
    tool("constant", "Set the mode.", "mode", mode={"const": "fixed_mode"}),
    tool("mixed_enum", "Pick one.", "choice", choice={"enum": [1, 2.5, "three", True]}),
    tool("free", "Store metadata.", "metadata", metadata={"type": "object"}),
    tool("rows", "Add rows.", "rows", rows={"type": "array", "minItems": 2, "items": {
        "type": "object", "properties": {"sku": TEXT, "count": {"type": "integer", "minimum": 1}},
        "required": ["sku", "count"]}}),
)  # fmt: skip
"""Tools that the grammar must put into words without falling over."""
REFS = {
    "Person": {
        "type": "object",
        "properties": {"name": TEXT, "age": {"type": "integer"}},
        "required": ["name"],
    }
}
HOSTILE[7].parameters["$defs"] = REFS

IMPOSSIBLE = (
    tool("too_deep", "Go too deep.", "tree", tree=_TOO_DEEP),
    tool("no_number", "Set the level.", "level", level={"type": "integer", "minimum": 5, "maximum": 4}),
    tool("look_around", "Check the code.", "code", code={"type": "string", "pattern": "^(?=x)y$"}),
    tool("endless", "Write a novel.", "novel", novel={"type": "string", "minLength": 100000}),
)  # fmt: skip
"""Tools that nobody can make up a call for: dropped with a reason, never an exception."""
