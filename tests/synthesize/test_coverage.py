"""What was asked for is counted exactly, and what was not is steered towards."""

import random
from collections import Counter

from synthesize_tools import PLAIN, tool

from callwright.record import Trajectory
from callwright.synthesize import Account, synthesize
from callwright.synthesize.coverage import LEFT_OUT, Coverage, class_of, closed_classes
from callwright.synthesize.params import parameters

SHELF = tool(
    "shelve", "Put a book on a shelf.", "level",
    level={"type": "integer", "minimum": 0, "maximum": 9},
    color={"type": "string", "enum": ["red", "green", "blue"]},
    heavy={"type": "boolean"},
)  # fmt: skip


def test_the_closed_classes_of_a_parameter_are_known_beforehand() -> None:
    found = {p.name: closed_classes(p) for p in parameters(SHELF.parameters)}
    assert found == {
        "level": ("low", "middle", "high"),
        "color": ("red", "green", "blue", LEFT_OUT),
        "heavy": ("true", "false", LEFT_OUT),
    }


def test_every_value_has_a_class_and_closed_ones_stay_in_their_set() -> None:
    for param in parameters(SHELF.parameters):
        values = {"level": range(10), "color": ["red", "green", "blue"], "heavy": [True, False]}[param.name]
        assert {class_of(param, value) for value in values} == set(closed_classes(param)) - {LEFT_OUT}


def test_cells_add_up_to_the_arguments_of_the_rows() -> None:
    account = Account()
    rows = [r for r in synthesize(PLAIN, accept=300, seed=4, account=account) if isinstance(r, Trajectory)]
    coverage = Coverage(PLAIN)
    for row in rows:
        coverage.add_row(row.extra["synthesize"]["style"], row)
    calls = [call for row in rows for m in row.messages for call in m.tool_calls]
    assert Counter(c.name for c in calls) == {t.name: coverage.asked(t.name) for t in PLAIN}
    told = coverage.to_json()
    for each in PLAIN:
        for param in each.parameters["properties"]:
            given = told[each.name]["arguments"][param]
            assert sum(sum(styles.values()) for styles in given.values()) == coverage.asked(each.name)
            left_out = sum(given.get(LEFT_OUT, {}).values())
            present = sum(param in (c.arguments or {}) for c in calls if c.name == each.name)
            assert coverage.asked(each.name) - left_out == present


def test_the_rarer_call_is_the_one_with_the_new_classes() -> None:
    coverage = Coverage([SHELF])
    for _ in range(5):
        coverage.add("simple", "shelve", {"level": 1, "color": "red"})
    usual = coverage.rarity("shelve", {"level": 2, "color": "red"})
    fresh = coverage.rarity("shelve", {"level": 9, "color": "blue", "heavy": True})
    assert usual < 0.2 < 0.9 < fresh


def test_the_table_names_what_was_never_asked_for() -> None:
    coverage = Coverage([SHELF])
    coverage.add("simple", "shelve", {"level": 1, "color": "red"})
    head, line = coverage.text().splitlines()
    assert head.split() == ["tool", "simple", "classes", "never", "asked", "for"]
    assert "3 of 10" in line
    assert "color=blue" in line
    assert "color=left out" in line
    assert "level=high" in line


def test_steering_evens_out_tools_and_values() -> None:
    """Against blind draws of as many calls: the rarest tool and the rarest class are asked for more often."""
    rows = [r for r in synthesize([*PLAIN, SHELF], accept=400, seed=2) if isinstance(r, Trajectory)]
    asked = Counter(c.name for r in rows for m in r.messages for c in m.tool_calls)
    rng = random.Random(1)
    blind = Counter(rng.choices(list(asked), k=sum(asked.values())))
    assert min(asked.values()) > min(blind.values())
    assert len(asked) == len(PLAIN) + 1
