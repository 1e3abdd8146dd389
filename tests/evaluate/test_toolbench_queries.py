"""Query files: the 765, the other layouts, and what is told about rows that can not be used."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import DataError
from callwright.evaluate.toolbench.apis import offer
from callwright.evaluate.toolbench.queries import read_queries


def row(**changes: Any) -> dict[str, Any]:
    api = {"category_name": "C", "tool_name": "T", "api_name": "A", "required_parameters": []}
    return {"query": "q", "query_id": 1, "api_list": [api], "relevant APIs": [["T", "A"]]} | changes


def write(path: Path, rows: Any) -> Path:
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_the_765_solvable_queries_by_subset(shared_data: Path) -> None:
    queries = read_queries(shared_data / "toolbench")
    assert queries.name == "stabletoolbench-765"
    assert Counter(query.subset for query in queries.queries) == {
        "I1-inst": 163, "I1-tool": 158, "I1-cat": 153, "I2-inst": 106, "I2-cat": 124, "I3-inst": 61,
    }  # fmt: skip
    assert not queries.problems
    assert len(queries.sha256) == 6
    apis = [api for query in queries.queries for api in query.apis]
    assert len(apis) == 4070
    assert len({(api.category, *api.key) for api in apis}) == 2490
    assert sum(len(query.relevant) for query in queries.queries) == 1795  # of 1,799, four are repeated
    assert sum(bool(offer(query.apis).same_name) for query in queries.queries) == 4


def test_a_subset_alone_has_a_name_of_its_own(shared_data: Path) -> None:
    queries = read_queries(shared_data / "toolbench/solvable_queries/test_instruction/G3_instruction.json")
    assert queries.name == "toolbench-G3_instruction-61"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("anytoolbench.json", "toolbench-anytoolbench-407"),
        ("draft_toolbench/G2.json", "toolbench-G2-199"),
        ("draft_toolbench/G3.json", "toolbench-G3-100"),
    ],
)
def test_other_layouts(shared_data: Path, file: str, name: str) -> None:
    queries = read_queries(shared_data / "toolbench/examples" / file)
    assert queries.name == name
    assert not queries.problems
    assert all(query.relevant for query in queries.queries)


def test_a_row_without_parameters_and_with_an_answer(tmp_path: Path) -> None:
    api = {"category_name": "C", "tool_name": "T", "api_name": "A"}
    file = write(
        tmp_path / "any.json", [{"query": "q", "query_id": "7", "gt_api_list": [api], "final_answer": "x"}]
    )
    query = read_queries(file).queries[0]
    assert (query.reference, query.relevant, query.apis[0].parameters) == ("x", (("T", "A"),), None)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        (row(query=3), "Expected `str`"),
        (row(api_list=[]), "a query without APIs"),
        (row(**{"relevant APIs": [["T", "B"]]}), "the relevant API 'B' of 'T' is not in api_list"),
        (row(api_list=[{"tool_name": "T"}]), "api_list[0]"),
        (row(query_id=1), "a second query 1"),
        ([], "Expected `object`"),
    ],
)
def test_a_row_that_can_not_be_used_is_told_with_its_place(tmp_path: Path, bad: Any, what: str) -> None:
    queries = read_queries(write(tmp_path / "G1_tool.json", [row(), bad, row(query_id=2)]))
    assert [query.id for query in queries.queries] == ["G1_tool/1", "G1_tool/2"]
    assert [problem.place for problem in queries.problems] == ["G1_tool.json[1]"]
    assert what in queries.problems[0].what


@pytest.mark.parametrize("text", ["", "{}", "[1", "[" * 100_000])
def test_a_file_that_can_not_be_read_is_a_mistake_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "q.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_queries(file)
    assert "\n" not in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_folder_without_queries(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no query file"):
        read_queries(tmp_path)
