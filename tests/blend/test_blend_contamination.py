"""Rows that give a benchmark away are found, by words and by calls; others that sound alike are not."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from callwright import assets
from callwright.blend import Tally, blend
from callwright.blend.contamination import FEWEST, Benchmarks
from callwright.blend.questions import Expected, Question, in_value, questions
from callwright.blend.words import words
from callwright.errors import DataError
from callwright.record import Dropped, Message, ToolCall, Trajectory, encode
from callwright.unify import unify

ASKED = "Please book me a table for four at the Golden Duck in Leeds next Friday at half past seven"


def row(text: str, *calls: ToolCall, id: str = "r") -> Trajectory:
    return Trajectory(
        id=id, messages=(Message(role="user", content=text), Message(role="assistant", tool_calls=calls))
    )


def chat(*texts: str) -> Trajectory:
    return Trajectory(id="chat", messages=tuple(Message(role="user", content=text) for text in texts))


def kind(benchmarks: Benchmarks, *texts: str) -> list[str | None]:
    return [found.kind if (found := benchmarks.evidence(row(text))) else None for text in texts]


def test_words_are_found_in_longer_messages_and_with_small_changes() -> None:
    held_out = Benchmarks([Question("mine", "7", (ASKED,))])
    long = (
        f"Hello there, I have another wish today. {ASKED.upper()}!!! And thanks a lot for all of your help."
    )
    changed = ASKED.replace("Friday", "Monday")
    assert kind(held_out, ASKED, long, changed) == ["request", "words", "words"]
    half = "Please book me a table for four in the nice new place near the station"
    assert kind(held_out, half, ASKED[::-1], "", "book me a table") == [None] * 4
    found = held_out.evidence(row(long))
    assert found is not None
    assert (found.benchmark, found.question, found.path) == ("mine", "7", "messages[0].content")
    assert found.detail == "100% of its runs of 8 words stand here, in 7"


def test_the_share_of_a_question_decides() -> None:
    said = [f"word{k}" for k in range(12)]
    part = " ".join(said[:10])  # three of its five runs
    asked = [Question("mine", "q", (" ".join(said),))]
    assert kind(Benchmarks(asked, overlap=0.6), part) == ["words"]
    assert kind(Benchmarks(asked, overlap=0.7), part) == [None]


def test_short_questions_are_found_only_as_a_whole() -> None:
    held_out = Benchmarks([Question("mine", "1", ("Weather in Oslo?",)), Question("mine", "2", ("Hi!",))])
    assert kind(held_out, "weather  in OSLO", "weather in Oslo please", "hi", "weather in Oslo, Norway") == [
        "request", None, None, None,
    ]  # fmt: skip


def test_a_turn_of_a_long_conversation_is_found_in_any_turn() -> None:
    held_out = Benchmarks([Question("mine", "1", ("Hi", ASKED, "Yes, do it"))])
    found = held_out.evidence(chat("So", "Well", ASKED))
    assert found is not None
    assert found.path == "messages[2].content"
    assert kind(held_out, "Yes, do it") == [None]


TABLE = Expected(
    "book.table", {"place": ["Golden Duck", "The Golden Duck"], "people": [1], "time": ["19:30"]}
)


@pytest.mark.parametrize(
    ("arguments", "same"),
    [
        ({"place": "golden duck", "people": 1, "time": "19:30"}, True),
        ({"place": "The Golden Duck", "people": 1.0, "time": "19:30"}, True),
        ({"place": "Golden Duck", "people": 2, "time": "19:30"}, False),
        ({"place": "Golden Duck", "people": True, "time": "19:30"}, False),
        ({"place": "Golden Duck", "people": 1}, False),
        ({"place": "Golden Duck", "people": 1, "time": "19:30", "child_seats": 1}, False),
    ],
)
def test_equal_calls_give_a_question_away_whatever_the_words(arguments: dict[str, Any], same: bool) -> None:
    held_out = Benchmarks([Question("mine", "7", ("some question",), (TABLE,))])
    found = held_out.evidence(row("other words", ToolCall(name="book_table", arguments=arguments)))
    assert (found.kind if found else None) == ("calls" if same else None)
    two = [ToolCall(name="book_table", arguments=arguments), ToolCall(name="pay", arguments={})]
    assert held_out.evidence(row("other words", *two)) is None


def test_calls_that_can_be_chance_prove_nothing() -> None:
    plain = Expected("get_weather", {"city": ["London"], "unit": ["C", ""], "today": [True]})
    held_out = Benchmarks([Question("mine", "7", ("some question",), (plain,))])
    assert (
        held_out.evidence(row("x", ToolCall(name="get_weather", arguments={"city": "London", "unit": "C"})))
        is None
    )


def test_optional_arguments_objects_and_alternatives_are_understood() -> None:
    order = Expected(
        "order", {"dish": [{"name": ["soup of the day"], "size": ["L", ""]}], "notes": ["", "hot"]}
    )
    held_out = Benchmarks([Question("mine", "7", ("some question",), (order, TABLE))])
    table = ToolCall(name="book_table", arguments={"place": "Golden Duck", "people": 1, "time": "19:30"})
    for dish, right in (
        ({"name": "Soup of the day"}, True),
        ({"name": "soup of the day", "size": "M"}, False),
    ):
        found = held_out.evidence(row("x", table, ToolCall(name="order", arguments={"dish": dish})))
        assert (found is not None) == right


# --- where questions are read from


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ([{"query": "a b", "query_id": 3}], [("3", ("a b",))]),
        ({"B01": [{"instruction": "find it", "attributes": ["x"]}]}, [("B01[0]", ("find it",))]),
        ({"id": "q", "question": [[{"role": "user", "content": "hi"}], [{"role": "user", "content": "so"}]]},
         [("q", ("hi", "so"))]),
        ({"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "ok"}]},
         [("", ("hi",))]),
        ({"id": 1, "user_scenario": {"instructions": {"reason_for_call": "why", "task_instructions": "how"}}},
         [("user_scenario.instructions", ("why",)), ("user_scenario.instructions", ("how",))]),
        ([{"goal": "g", "id": 5}, {"instruction_text": "t"}], [("5", ("g",)), ("[1]", ("t",))]),
        (["a b", "c d"], [("[0]", ("a b",)), ("[1]", ("c d",))]),
        ([1, "x", None, {"query": "  "}, {}], []),
    ],
)  # fmt: skip
def test_questions_are_found_wherever_they_stand(
    value: Any, texts: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert [(q.id, q.texts) for q in in_value("mine", value)] == texts


def test_files_of_trajectories_lines_and_texts_can_be_kept_out(tmp_path: Path) -> None:
    call = ToolCall(name="f", arguments={"a": 1, "b": "x", "c": [2]})
    (tmp_path / "suite.jsonl").write_bytes(encode(row("some question", call, id="s1")) + b"\n")
    tasks = json.dumps({"tasks": [{"id": 1, "query": ASKED}]}, indent=2)
    (tmp_path / "tasks.json.gz").write_bytes(gzip.compress(tasks.encode()))
    (tmp_path / "raw.txt").write_text("what is my first name\n\nand my last name\n", encoding="utf-8")
    tally = Tally()
    rows = [
        row("quite other words", call, id="by calls"),
        row(ASKED, id="by words"),
        row("And my last name?", id="by text"),
        row("nothing of it all", id="innocent"),
    ]
    against = [str(tmp_path / name) for name in ("suite.jsonl", "tasks.json.gz", "raw.txt")]
    out = list(blend([("x", rows)], seed=1, against=against, tally=tally))
    dropped = {i.id: (i.reason, i.detail.partition(":")[0]) for i in out if isinstance(i, Dropped)}
    assert dropped == {
        "by calls": ("contaminated", "suite"),
        "by words": ("contaminated", "tasks"),
        "by text": ("contaminated", "raw"),
    }
    told = tally.to_json()["benchmarks"]
    assert told["suite"] == {"questions": 1, "rows": {"x": {"calls": 1}}}
    assert told["raw"] == {"questions": 2, "rows": {"x": {"request": 1}}}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "[1, 2]", "holds no question"),
        ("a.json", "[1, 2", "is not JSON"),
        ("a.jsonl", "what?\n", "is not JSON"),
        ("b.json", None, "no such file"),
        ("b.jsonl", None, "no such file"),
    ],
)
def test_a_file_that_can_not_be_kept_out_is_a_users_mistake(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        list(blend([("x", [])], seed=1, against=[str(tmp_path / name)]))


# --- real benchmarks and real data


@pytest.fixture(scope="module")
def bfcl() -> Benchmarks:
    if not assets.present(assets.BFCL):
        pytest.skip("the BFCL wheel is not in the cache")
    return Benchmarks(questions("bfcl"))


def when2call(folder: Path) -> list[tuple[Trajectory, str]]:
    """Return the raw rows of When2Call's test, each with the id of the BFCL row that it was made from."""
    rows = []
    for line in (folder / "test" / "when2call_test_llm_judge.jsonl").read_text("utf-8").splitlines():
        raw = json.loads(line)
        answer = raw["answers"][raw["correct_answer"]]
        calls: tuple[ToolCall, ...] = ()
        if raw["correct_answer"] == "tool_call":
            call = json.loads(answer)
            calls = (ToolCall(name=call["name"], arguments=call["arguments"]),)
        rows.append((row(raw["question"], *calls, id=raw["uuid"]), raw["source_id"]))
    return rows


def test_when2call_is_known_as_bfcl(bfcl: Benchmarks, shared_data: Path) -> None:
    rows = when2call(shared_data / "unify" / "when2call")
    found = [(bfcl.evidence(t), origin) for t, origin in rows]
    assert len(found) == 300
    assert Counter(e.kind for e, _ in found if e) == {"request": 163, "words": 44}
    assert sum(e is not None and e.question == origin for e, origin in found) == 196
    by_calls = [(bfcl._by_calls(t), origin) for t, origin in rows]
    assert Counter(e.question == origin for e, origin in by_calls if e) == {True: 41, False: 1}


def test_seal_tools_is_innocent(bfcl: Benchmarks, shared_data: Path) -> None:
    rows = [
        t for t in unify([shared_data / "unify" / "seal-tools" / "dev.jsonl"]) if isinstance(t, Trajectory)
    ]
    assert len(rows) > 650
    assert [t.id for t in rows if bfcl.evidence(t)] == []


def test_bfcl_gives_itself_away(bfcl: Benchmarks) -> None:
    asked = list(questions("bfcl"))
    assert bfcl.counts == {"bfcl": len(asked)} == {"bfcl": 4696}
    missed = [q for q in asked if not bfcl.evidence(chat(*q.texts))]
    assert len(missed) < 100
    assert max(len(words(" ".join(q.texts))) for q in missed) < FEWEST  # "help me", "version?"
