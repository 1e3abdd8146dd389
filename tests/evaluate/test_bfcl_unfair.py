"""The report of rows whose official verdict is unfair: what is in it, and that it never touches the score."""

import json
import re
from pathlib import Path

import pytest

from callwright.evaluate.bfcl.data import Row, load
from callwright.evaluate.bfcl.gold import gold_calls, gold_text
from callwright.evaluate.bfcl.gold_source import as_strings
from callwright.evaluate.bfcl.grading import FUNCTION_CALLING, PROMPTING, Mode, grade
from callwright.evaluate.bfcl.unfair import Unfair, unfair, write_unfair

AREA = Row(
    id="simple_python_x",
    question=[[{"role": "user", "content": "?"}]],
    function=[{
        "name": "area", "description": "",
        "parameters": {"properties": {"base": {"type": "integer"}, "height": {"type": "integer"}},
                       "required": ["base"]},
    }],
    category="simple_python",
    answer=[{"area": {"base": [10], "height": [5, ""]}}],
)  # fmt: skip


def reasons(row: Row, answer: object, mode: Mode = PROMPTING) -> list[str] | None:
    found = unfair(row, answer, grade(row, answer, mode, {}), mode)
    return None if found is None else found.reasons


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[area(base=10, height=5)]", None),
        ("```python\n[area(base=10, height=5)]\n```", ["fence"]),
        ("```\n[area(base=10, height=5)]\n```", None),  # right: bare back-ticks are stripped officially too
        ("[area(10, 5)]", ["positional-arguments"]),
        ("[area(10, height=5)]", ["positional-arguments"]),
        ("```python\narea(10, 5)\n```", ["fence", "positional-arguments"]),
        ("[area(5, 10)]", None), ("[area(10, 5, 7)]", None), ("[area(10, base=10)]", None),
        ("[area(*x)]", None), ("I can not.", None), ("", None), ("```python\n```", None),
        ("Sure: [area(base=10)]", None), ("[area(base=11)]", None), ("(" * 1000, None),
        ("[area(\x00)]", None), ("```python\n" + "x" * 50_000, None), ("`" * 30_000, None),
    ],
)  # fmt: skip
def test_what_a_lenient_reader_would_take_is_reported(text: str, expected: list[str] | None) -> None:
    assert reasons(AREA, text) == expected


@pytest.mark.parametrize("answer", [None, 3, [], [{"area": '{"base": 1}'}], {"a": 1}, [[["x"]]]])
def test_answers_of_any_form_are_looked_at_without_harm(answer: object) -> None:
    for mode in (PROMPTING, FUNCTION_CALLING, Mode("native", "hermes")):
        assert reasons(AREA, answer, mode) is None


@pytest.mark.usefixtures("bfcl")
def test_quotes_in_java_arrays_and_bodies_of_java_maps_are_reported() -> None:
    for name in ("tree_sitter", "tree_sitter_java"):
        pytest.importorskip(name)
    found: dict[str, int] = {}
    for row in load(("simple_java",)).rows:
        (call,) = as_strings(row, gold_calls(row))
        for name, given in call.items():
            types = {k: spec["type"] for k, spec in row.function[0]["parameters"]["properties"].items()}
            written = (f"{k}={as_java(v, types[k])}" for k, v in given.items())
            for reason in reasons(row, f"[{name}({', '.join(written)})]") or []:
                found[reason] = found.get(reason, 0) + 1
    # What the official table costs a model that writes Java as Java is written.
    assert found == {"unsatisfiable": 2, "java-string-array": 8, "java-map-body": 3}


def as_java(text: str, kind: str) -> str:
    if kind == "String":
        return f'"{text}"'
    head, brace, body = text.partition("{")
    if kind == "Array" and brace and "String" in head:
        inside = ", ".join(f'"{element.strip()}"' for element in body[:-1].split(","))
        return f"{head}{{{inside}}}"
    return text if re.fullmatch(r"new .*|[\w.]+(\(.*\))?", text) else f'"{text}"'


@pytest.mark.usefixtures("bfcl")
def test_quoted_java_arrays_are_reported_for_function_calls_too() -> None:
    row = next(
        row for row in load(("simple_java",)).rows
        if any("new String[]" in str(v) for c in as_strings(row, gold_calls(row)) for v in c.values())
    )  # fmt: skip
    (call,) = as_strings(row, gold_calls(row))
    ((name, given),) = call.items()
    types = {k: spec["type"] for k, spec in row.function[0]["parameters"]["properties"].items()}
    quoted = {k: as_java(v, types[k]) if v.startswith("new ") else v for k, v in given.items()}
    answer = [{name.replace(".", "_"): json.dumps(quoted)}]
    assert reasons(row, answer, FUNCTION_CALLING) == ["java-string-array"]


@pytest.mark.usefixtures("bfcl")
def test_rows_without_calls_to_check_are_never_in_the_report() -> None:
    row = load(("irrelevance",)).rows[0]
    assert reasons(row, "[f(a=1)]") is None
    assert reasons(load(("live_relevance",)).rows[0], "```python\n[f()]\n```") is None
    assert reasons(load(("parallel",)).rows[0], gold_text(load(("parallel",)).rows[0])) is None


def test_the_report_counts_reasons(tmp_path: Path) -> None:
    rows = [Unfair(str(i), "c", r, "e") for i, r in enumerate((["fence"], ["fence"], ["fence", "x"]))]
    assert write_unfair(tmp_path / "new" / "unfair.jsonl", rows) == {"fence": 2, "fence + x": 1}
    lines = (tmp_path / "new" / "unfair.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["0", "1", "2"]
