"""The funnel counts every row once, where it was lost, per source."""

import json

from hypothesis import given
from hypothesis import strategies as st

from callwright.record import Dropped, Issue, Json, Source, Trajectory
from callwright.verify import ERROR_CLASSES, funnel
from callwright.verify.funnel import FORMAT_STAGES


def kept(source: str, *, executed: bool = False, codes: tuple[str, ...] = ()) -> Trajectory:
    return Trajectory(
        id="k",
        source=Source(dataset=source),
        issues=tuple(Issue(code=code, path="x", severity="warning") for code in codes),
        extra={"verify": {"executed": executed}},
    )


def dropped(source: str, reason: str, stage: str = "verify") -> Dropped:
    row: Json = {"id": "d", "source": {"dataset": source}}
    return Dropped(id="d", stage=stage, reason=reason, row=row)


def test_each_stage_and_class_gets_its_column() -> None:
    table = funnel(
        [
            kept("a", executed=True),
            kept("a", executed=True, codes=("ungrounded-value", "ungrounded-value")),
            dropped("a", "undefined-function"),
            dropped("a", "wrong-type"),
            dropped("a", "unknown-argument"),
            dropped("a", "execution-failed"),
            dropped("b", "orphan-result"),
            dropped("b", "unparsable-call"),
            Dropped(id="", stage="read", reason="not-a-trajectory", row="{"),
        ]
    )
    a, b, unknown = table.sources
    assert (a.source, a.rows, a.passed, a.execution, a.semantic) == ("a", 6, 2, 1, None)
    assert a.format == {"structure": 0, "parse": 0, "offered": 1, "schema": 2}
    assert a.error_classes == {"undefined-argument": 1, "undefined-function": 1, "wrong-type": 1}
    assert a.warned_classes == {"hallucinated-value": 1}
    assert b.execution is None
    assert b.format == {"structure": 1, "parse": 1, "offered": 0, "schema": 0}
    assert unknown.format["unreadable"] == 1
    assert table.total.rows == 9


def test_the_text_says_what_was_not_run() -> None:
    text = funnel([kept("glaive"), dropped("glaive", "missing-argument")]).text()
    header, line, *_ = text.splitlines()
    assert header.split() == "source rows fail format fail execution fail semantic pass pass %".split()  # noqa: SIM905
    assert line.split() == ["glaive", "2", "1", "not", "run", "not", "run", "1", "50.00"]


def test_an_empty_funnel_is_a_table_too() -> None:
    assert funnel([]).total.rows == 0
    assert "total" in funnel([]).text()


reasons = st.sampled_from(
    [code for codes in FORMAT_STAGES.values() for code in codes] + ["execution-failed", "new"]
)
rows = st.one_of(
    st.builds(kept, st.sampled_from("ab"), executed=st.booleans()),
    st.builds(dropped, st.sampled_from("ab"), reasons, st.sampled_from(["verify", "read"])),
)


@given(st.lists(rows))
def test_no_row_is_counted_twice_or_lost(given_rows: list[Trajectory | Dropped]) -> None:
    table = funnel(given_rows)
    for row in (*table.sources, table.total):
        assert row.rows == sum(row.format.values()) + (row.execution or 0) + row.passed
    assert table.total.rows == len(given_rows)
    assert json.loads(json.dumps(table.to_json()))["total"]["rows"] == len(given_rows)


def test_the_five_classes_of_the_paper_are_covered() -> None:
    assert set(ERROR_CLASSES.values()) == {
        "undefined-function",
        "undefined-argument",
        "wrong-type",
        "hallucinated-value",
        "low-quality-reasoning",
    }
