"""The funnel counts every row once, where it was lost, per source."""

import json

from hypothesis import given
from hypothesis import strategies as st

from callwright.record import Dropped, Issue, Json, Source, Trajectory
from callwright.verify import ERROR_CLASSES, funnel
from callwright.verify.funnel import CLASSES, FORMAT_STAGES, JUDGED, ClassCount


def kept(
    source: str, *, executed: bool = False, judged: bool = False, codes: tuple[str, ...] = ()
) -> Trajectory:
    return Trajectory(
        id="k",
        source=Source(dataset=source),
        issues=tuple(Issue(code=code, path="x", severity="warning") for code in codes),
        extra={"verify": {"executed": executed}, **({"judge": {"votes": []}} if judged else {})},
    )


def dropped(source: str, reason: str, stage: str = "verify", **extra: Json) -> Dropped:
    row: Json = {"id": "d", "source": {"dataset": source}, "extra": extra}
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
    assert a.classes == {
        "undefined-function": ClassCount(1, 0, 0.166667),
        "undefined-argument": ClassCount(1, 0, 0.166667),
        "wrong-type": ClassCount(1, 0, 0.166667),
        "hallucinated-value": ClassCount(0, 1, 0.166667),
        "low-quality-reasoning": ClassCount(),
    }
    assert b.execution is None
    assert b.format == {"structure": 1, "parse": 1, "offered": 0, "schema": 0}
    assert unknown.format["unreadable"] == 1
    assert table.total.rows == 9


def test_the_text_says_what_was_not_run() -> None:
    text = funnel([kept("glaive"), dropped("glaive", "missing-argument")]).text()
    header, line, *_ = text.splitlines()
    assert header.split() == "source rows fail format fail execution fail semantic pass pass %".split()  # noqa: SIM905
    assert line.split() == ["glaive", "2", "1", "not", "run", "not", "run", "1", "50.00"]


def test_what_a_judge_rejects_is_semantic_and_a_row_without_one_is_not_run() -> None:
    table = funnel(
        [
            kept("a", judged=True),
            kept("a", judged=True, codes=("low-rated-step", "hallucinated-argument")),
            *(dropped("a", reason, judge={}, verify={"executed": True}) for reason in JUDGED),
            dropped("a", "wrong-type"),
            kept("b"),
        ]
    )
    a, b = table.sources
    assert (a.semantic, a.execution, a.passed, sum(a.format.values())) == (3, 0, 2, 1)
    assert (b.semantic, b.execution) == (None, None)
    assert table.total.semantic == 3
    assert a.classes["hallucinated-value"] == ClassCount(1, 1, round(2 / 6, 6))
    assert a.classes["low-quality-reasoning"] == ClassCount(2, 1, 0.5)


def test_a_row_counts_once_for_a_class_however_many_findings_it_has() -> None:
    note = Issue(code="repeated-turn", path="x", severity="info", by_design=True)
    row = kept("a", codes=("call-loop", "call-loop", "repeated-thought"))
    noted = Trajectory(id="n", source=Source(dataset="a"), issues=(note,))
    (a,) = funnel([row, noted]).sources
    assert a.classes["low-quality-reasoning"] == ClassCount(0, 1, 0.5)


def test_a_row_that_was_lost_before_verify_belongs_to_no_class() -> None:
    (a,) = funnel([dropped("a", "wrong-type", stage="unify")]).sources
    assert a.classes == dict.fromkeys(CLASSES, ClassCount())
    assert a.format["unreadable"] == 1


def test_the_text_holds_one_aligned_table_of_classes_per_source() -> None:
    rows = [dropped("glaive", "wrong-type"), kept("glaive", codes=("ungrounded-value",)), kept("seal-tools")]
    lines = funnel(rows).text().splitlines()
    at = next(k for k, line in enumerate(lines) if line.split()[1:] == list(CLASSES))
    header, *table = lines[at:]
    assert {len(line) for line in (header, *table)} == {len(header)}
    assert [line.split()[0] for line in table] == ["glaive", "seal-tools", "total"]
    assert " ".join(table[0].split()) == "glaive 0 0 1 + 0 50.0 % 0 + 1 50.0 % 0"


def test_an_empty_funnel_is_a_table_too() -> None:
    assert funnel([]).total.rows == 0
    assert "total" in funnel([]).text()


reasons = st.sampled_from(
    [code for codes in FORMAT_STAGES.values() for code in codes] + ["execution-failed", "new", *JUDGED]
)
rows = st.one_of(
    st.builds(kept, st.sampled_from("ab"), executed=st.booleans(), judged=st.booleans()),
    st.builds(dropped, st.sampled_from("ab"), reasons, st.sampled_from(["verify", "read"])),
)


@given(st.lists(rows))
def test_no_row_is_counted_twice_or_lost(given_rows: list[Trajectory | Dropped]) -> None:
    table = funnel(given_rows)
    for row in (*table.sources, table.total):
        lost = sum(row.format.values()) + (row.execution or 0) + (row.semantic or 0)
        assert row.rows == lost + row.passed
        assert all(0 <= count.rate <= 1 for count in row.classes.values())
    assert table.total.rows == len(given_rows)
    assert json.loads(json.dumps(table.to_json()))["total"]["rows"] == len(given_rows)


def test_the_five_classes_of_the_paper_are_covered() -> None:
    assert (
        tuple(dict.fromkeys(ERROR_CLASSES.values()))
        == CLASSES
        == (
            "undefined-function",
            "undefined-argument",
            "wrong-type",
            "hallucinated-value",
            "low-quality-reasoning",
        )
    )
