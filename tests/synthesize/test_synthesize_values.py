"""Values are legal, belong to one half, and are said in words that mean them."""

import datetime
import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthesize_expressed import expresses

from callwright import schema
from callwright.record import Message, Tool, ToolCall, Trajectory
from callwright.synthesize import pools
from callwright.synthesize.kinds import kind_of, name_words, stated_examples, stated_values
from callwright.synthesize.params import parameters
from callwright.synthesize.pattern import like
from callwright.synthesize.pattern import sample as sample_pattern
from callwright.synthesize.surface import date_text, time_text
from callwright.synthesize.values import Unsamplable, number, sample
from callwright.verify import ground

POOLS = {n: v for n, v in vars(pools).items() if n.isupper() and isinstance(v, tuple)}


@pytest.mark.parametrize("name", sorted(POOLS))
def test_the_halves_of_a_pool_share_nothing_and_miss_nothing(name: str) -> None:
    pool = POOLS[name]
    train, test = set(pools.half(pool, "train")), set(pools.half(pool, "test"))
    assert train | test == set(pool)
    if len(pool) > pools.SHARED_UP_TO:
        assert not train & test
        assert min(len(train), len(test)) >= 2
    assert len(set(pool)) == len(pool)


@given(st.integers(-(10**6), 10**6) | st.text())
def test_a_value_belongs_to_exactly_one_half(value: object) -> None:
    assert pools.in_half(value, "train") != pools.in_half(value, "test")


@given(st.integers(0, 10**6), st.integers(0, 500), st.integers(9, 500))
def test_numbers_stay_in_bounds_and_in_their_half(seed: int, low: int, width: int) -> None:
    bounds = {"type": "integer", "minimum": low, "maximum": low + width}
    for which in ("train", "test"):
        value, _ = number("units", bounds, True, random.Random(seed), which)
        assert low <= value <= low + width
        assert pools.in_half(value, which)


@pytest.mark.parametrize(
    ("name", "extra", "kind"),
    [
        ("departure_city", {}, "city"), ("checkIn", {"format": "date"}, "date"), ("to", {}, "city"),
        ("origin", {"description": "IATA code of the airport"}, "airport"), ("orderId", {}, "id"),
        ("target_language", {}, "language"), ("currency", {}, "currency"), ("email", {}, "email"),
        ("when", {"description": "Start as HH:MM"}, "time"), ("phone_number", {}, "phone"),
        ("destination", {"description": "Country of the visit."}, "country"), ("body", {}, "message"),
    ],
)  # fmt: skip
def test_the_kind_of_a_parameter_is_read_from_its_name_and_description(
    name: str, extra: dict[str, str], kind: str
) -> None:
    assert kind_of(name, {"type": "string", **extra}) == kind


def test_names_fall_into_words() -> None:
    assert name_words("getHTTPUrl_v2") == ("get", "http", "url", "v2")
    assert name_words("check-in.date") == ("check", "in", "date")
    assert name_words("___") == ()


def test_descriptions_give_closed_sets_and_examples() -> None:
    assert stated_values("Sort order, one of 'asc', 'desc'") == ("asc", "desc")
    assert stated_values("The city to look up.") == ()
    assert stated_examples("Order number, e.g. ORD-1001") == ("ORD-1001",)
    assert stated_examples("Name, such as 'Anna' or 'Ben'.") == ("Anna", "Ben")


PATTERNS = [
    r"^ORD-[0-9]{4}$", r"^[A-Z]{3}\d{2,5}$", r"^(EU|US)-\w{4}$", r"^\+?\d{10}$", r"[a-f0-9]{8}", r"^a|b$",
    r"^([01]\d|2[0-3]):[0-5]\d$", r"^[^abc]{3}$", r"^\$\d+\.\d{2}$", r"^(?:x[yz])+$", r"^[A-Za-z_][\w-]*$",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_sampled_strings_match_their_pattern(pattern: str) -> None:
    rng = random.Random(1)
    made = [sample_pattern(pattern, rng) for _ in range(50)]
    assert all(text is not None and re.search(pattern, text) for text in made)


@settings(max_examples=200)
@given(st.text(max_size=30))
def test_no_pattern_makes_the_sampler_fall_over(pattern: str) -> None:
    made = sample_pattern(pattern, random.Random(0))
    assert made is None or re.search(pattern, made)


def test_like_keeps_the_shape_of_an_example() -> None:
    rng = random.Random(3)
    assert re.fullmatch(r"H\d{10}", like("H0001234567", rng))
    assert re.fullmatch(r"[A-Z]{2}[a-z]{2}-[A-Z]", like("ABcd-E", rng))


@given(st.dates(min_value=datetime.date(1900, 1, 1)), st.integers(0, 99))
def test_written_dates_mean_their_date(day: datetime.date, seed: int) -> None:
    iso = str(day)
    assert expresses(date_text(iso, random.Random(seed)), "date", iso)


@given(st.integers(0, 23), st.integers(0, 59), st.integers(0, 99))
def test_written_times_mean_their_time(hour: int, minute: int, seed: int) -> None:
    clock = f"{hour:02d}:{minute:02d}"
    assert expresses(time_text(clock, random.Random(seed)), "time", clock)


@pytest.mark.parametrize("which", ["train", "test"])
@pytest.mark.parametrize(
    "spec",
    [
        {"type": "string", "format": f}
        for f in ("date", "time", "date-time", "email", "uri", "uuid", "ipv4", "ipv6", "hostname", "duration")
    ]
    + [
        {"type": "string", "maxLength": 3},
        {"type": "string", "minLength": 40},
        {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 3}, "uniqueItems": True},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        {"type": "integer", "multipleOf": 25, "minimum": 100},
        {"anyOf": [{"type": "null"}, {"type": "boolean"}]},
        {"type": ["string", "null"]},
        {"$ref": "#/$defs/count", "anyOf": [{"minimum": 7}]},
        {"$ref": "#/properties/flag"},
    ],
)
def test_values_obey_their_schema(spec: dict[str, object], which: str) -> None:
    properties = {"item": spec, "flag": {"type": "boolean"}}
    whole = {"type": "object", "properties": properties, "$defs": {"count": {"type": "integer"}}}
    param = parameters(whole)[0]
    for seed in range(30):
        said = sample(param, random.Random(seed), which)  # type: ignore[arg-type]
        assert not list(schema.check(whole, {"item": said.value})), said
        assert said.text


@pytest.mark.parametrize(("code", "spoken"), [*pools.CURRENCIES.items(), *pools.LANGUAGES.items()])
def test_the_name_of_a_code_is_traced_to_it(code: str, spoken: str) -> None:
    """Else a paraphrase that keeps the name is dropped for a value that nobody told."""
    tool = Tool(name="f", parameters={"type": "object", "properties": {"code": {"type": "string"}}})
    call = ToolCall(name="f", arguments={"code": code})
    messages = (Message(role="user", content=f"All of it in {spoken}, please."),
                Message(role="assistant", tool_calls=(call,)))  # fmt: skip
    assert ground(Trajectory(id="t", tools=(tool,), messages=messages)).score == 1


def test_what_can_not_be_sampled_says_so() -> None:
    (param,) = parameters({"properties": {"x": {"type": "integer", "minimum": 2, "maximum": 1}}})
    with pytest.raises(Unsamplable):
        sample(param, random.Random(0), "train")
