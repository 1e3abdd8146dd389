"""Rows that give a benchmark away are found, by words and by calls; others that sound alike are not."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from callwright import assets
from callwright.blend import Tally, blend
from callwright.blend.against import named
from callwright.blend.contamination import FEWEST, Benchmarks
from callwright.blend.questions import Expected, Question, in_value, questions
from callwright.blend.words import words
from callwright.errors import ConfigError, DataError
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


# --- runs of agents, which look things up first and talk to a simulated user

TASK = {
    "user_id": "mia_li_3668",
    "instruction": "You are mia_li_3668 and want to fly from New York to Seattle on May 20, in economy.",
    "actions": [
        {"name": "get_user_details", "kwargs": {"user_id": "mia_li_3668"}},
        {
            "name": "book_reservation",
            "kwargs": {
                "user_id": "mia_li_3668",
                "origin": "JFK",
                "destination": "SEA",
                "flights": [{"flight_number": "HAT136", "date": "2024-05-20"}],
                "insurance": "no",
            },
        },
    ],
    "outputs": [],
}
LOOK_UP, BOOK = (ToolCall(name=a["name"], arguments=a["kwargs"]) for a in TASK["actions"])  # type: ignore[index]
SEARCH = ToolCall(
    name="search_direct_flight", arguments={"origin": "JFK", "destination": "SEA", "date": "2024-05-20"}
)


def tau(task: dict[str, Any] = TASK) -> Benchmarks:
    return Benchmarks(in_value("airline", [task]))


def noted(fields: Any, text: str = "Hi, a flight please!", *calls: ToolCall) -> Trajectory:
    return replace(row(text, *calls), extra={"unify": {"fields": fields}})


def test_the_telling_calls_of_an_answer_give_it_away_among_others() -> None:
    found = tau().evidence(row("A flight please", SEARCH, BOOK, LOOK_UP))
    assert found is not None
    assert (found.question, found.kind, found.path) == ("[0]", "calls", "messages[1].tool_calls")
    assert tau().evidence(row("A flight please", SEARCH, BOOK)) is not None  # the look-up tells nothing
    elsewhere = replace(BOOK, arguments={**(BOOK.arguments or {}), "destination": "LAX"})
    assert tau().evidence(row("A flight please", SEARCH, LOOK_UP, elsewhere)) is None


def test_calls_that_only_look_up_prove_nothing_among_others() -> None:
    reads = {"actions": [{"name": c.name, "kwargs": c.arguments} for c in (LOOK_UP, SEARCH)]}
    assert tau(TASK | reads).evidence(row("A flight please", LOOK_UP, SEARCH, BOOK)) is None


def test_each_expected_call_needs_a_call_of_its_own() -> None:
    twice = tau(TASK | {"actions": [*TASK["actions"][1:], *TASK["actions"][1:]]})  # type: ignore[index]
    assert twice.evidence(row("A flight please", SEARCH, BOOK)) is None
    assert twice.evidence(row("A flight please", SEARCH, BOOK, BOOK)) is not None


def test_a_question_in_the_notes_of_a_row_gives_it_away() -> None:
    text = str(TASK["instruction"])
    reworded = text.replace("You are mia_li_3668 and", "Your user id is mia_li_3668. You")
    found = tau().evidence(noted({"task_id": 3, "info": {"tasks": [{"instruction": reworded}]}}))
    assert found is not None
    assert (found.kind, found.path) == ("notes", "extra.unify.fields.info.tasks[0].instruction")
    short = Benchmarks([Question("mine", "1", ("Weather in Oslo?",)), Question("mine", "2", ("Go on",))])
    for fields, kinds in (
        ({"q": "weather in oslo"}, "notes"),
        ({"q": "go on"}, None),
        ({"q": [1, None]}, None),
    ):
        found = short.evidence(noted(fields))
        assert (found.kind if found else None) == kinds
    for extra in ({"unify": {"fields": {"a": text.upper()[::-1]}}}, {"unify": 1}, {"other": text}):
        assert tau().evidence(replace(row("Hi"), extra=extra)) is None


def test_a_phrase_that_many_tasks_share_is_no_question_in_the_notes() -> None:
    manner = "You are detail-oriented and want to make sure everything is addressed in one go."
    why = "You want to change the address of all your pending orders to the one where you have just moved in."
    task = {
        "id": "7",
        "user_scenario": {"instructions": {"reason_for_call": why, "task_instructions": manner}},
    }
    held_out = Benchmarks(in_value("retail", [task]))
    assert held_out.counts == {"retail": 1}
    assert held_out.evidence(noted({"task_instructions": manner, "reason_for_call": "Return a lamp"})) is None
    found = held_out.evidence(noted({"a": manner, "b": why}))
    assert found is not None
    assert (found.question, found.path) == ("7", "extra.unify.fields.b")


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
         [("1", ("why", "how"))]),
        ([{"goal": "g", "id": 5}, {"instruction_text": "t"}], [("5", ("g",)), ("[1]", ("t",))]),
        (["a b", "c d"], [("[0]", ("a b",)), ("[1]", ("c d",))]),
        ([{"Name": "Axolotl", "Instructions": ["Show me one", "And a wild one"]}],
         [("[0].instructions[0]", ("Show me one",)), ("[0].instructions[1]", ("And a wild one",))]),
        ({"id": 1, "meta": {"prompt": "p"}, "items": [{"query": "a"}, {"query": "b"}]},
         [("1", ("p",)), ("items[0]", ("a",)), ("items[1]", ("b",))]),
        ({"id": 1, "a": {"id": 2, "query": "x", "goal": "y"}, "b": {"query": "z"}},
         [("2", ("x", "y")), ("1", ("z",))]),
        ([1, "x", None, {"query": "  "}, {}], []),
    ],
)  # fmt: skip
def test_questions_are_found_wherever_they_stand(
    value: Any, texts: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert [(q.id, q.texts) for q in in_value("mine", value)] == texts


def test_the_calls_that_answer_a_task_are_read_with_it() -> None:
    (v1,) = in_value("airline", TASK)
    look_up, book = v1.calls
    assert look_up == Expected("get_user_details", {"user_id": ["mia_li_3668"]})
    assert book.arguments["flights"] == [[{"flight_number": "HAT136", "date": "2024-05-20"}]]
    actions: list[Any] = [
        {"action_id": "a", "requestor": "user", "name": "toggle_roaming", "arguments": {}},
        {"action_id": "b", "requestor": "assistant", "name": "enable_roaming", "arguments": {"line": "L1"}},
    ]
    tau2 = {"id": "x", "ticket": {"instructions": "do it"}, "evaluation_criteria": {"actions": actions}}
    (question,) = in_value("telecom", tau2)
    assert question.calls == (Expected("enable_roaming", {"line": ["L1"]}),)
    for odd in ([*actions, "no call"], [{"name": "f"}], "f()", None):
        (question,) = in_value("telecom", tau2 | {"evaluation_criteria": {"actions": odd}})
        assert question.calls == ()


def test_fields_of_one_task_may_each_be_the_whole_request() -> None:
    held_out = Benchmarks(
        in_value("mine", {"id": 1, "query": "Weather in Oslo?", "goal": "dress for it well"})
    )
    assert kind(held_out, "weather in oslo", "Dress for it well!") == ["request", "request"]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a"])
@pytest.mark.parametrize("indent", [None, 1, "lines"])
def test_lines_and_one_value_are_told_apart_by_what_they_hold(tmp_path: Path, name: str, indent: Any) -> None:
    tasks = [{"id": k, "query": f"question {k}"} for k in range(3)]
    lines = "".join(json.dumps(task) + "\n" for task in tasks)
    text = lines if indent == "lines" else json.dumps(tasks, indent=indent)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert [q.id for q in questions(str(tmp_path / name))] == ["0", "1", "2"]


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for folder, count in (("airline", 1), ("retail", 2)):
        (tmp_path / folder).mkdir()
        tasks = [TASK | {"instruction": f"{folder} {k}"} for k in range(count)]
        (tmp_path / folder / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    tally = Tally()
    against = [str(tmp_path / folder / "tasks.json") for folder in ("airline", "retail")]
    list(blend([("x", [])], seed=1, against=against, tally=tally))
    assert tally.asked == {"airline/tasks": 1, "retail/tasks": 2}
    assert list(named(["bfcl", "/a/bfcl.json", "/a/b.json", "/a/b.json"])) == ["bfcl", "a/bfcl", "b"]
    assert list(named(["/x/a/t.json", "/y/a/t.json", "/a/t.jsonl"])) == ["x/a/t", "y/a/t", "/a/t.jsonl"]


@pytest.mark.parametrize("against", [[""], ["bfcl", ""], [" "]])
def test_a_benchmark_without_a_name_is_a_users_mistake(against: list[str]) -> None:
    with pytest.raises(ConfigError, match="a benchmark without a name"):
        blend([("x", [])], seed=1, against=against)


def test_a_layout_without_questions_is_told_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"rows": [{"utterance": "Weather in Oslo?"}]}', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        list(questions(str(tmp_path / "a.json")))
    assert caught.value.hint == "run `callwright unify` on it first and give its rows"


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
    assert told["suite"] == {"questions": 1, "unread": 0, "rows": {"x": {"calls": 1}}}
    assert told["raw"] == {"questions": 2, "unread": 0, "rows": {"x": {"request": 1}}}


PARTS: list[Any] = [
    [{"type": "text", "text": ASKED}],
    [{"type": "image_url", "image_url": {"url": "data:,"}}, {"type": "input_text", "text": ASKED}],
    ["Please book me a table for four", {"text": ASKED.removeprefix("Please book me a table for four ")}],
]


@pytest.mark.parametrize("content", PARTS)
def test_a_question_in_parts_is_kept_out_like_one_text(content: Any) -> None:
    chat = {"id": "q", "messages": [{"role": "user", "content": content}]}
    assert kind(Benchmarks(in_value("mine", chat)), ASKED, "nothing of it") == ["request", None]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.jsonl", '{"query": "%s"}\n{"text": "new"}\n{"messages": [{"role": "user", "content": []}]}\n'),
        ("a.json", '[{"query": "%s"}, {"text": "new"}, {"messages": []}]'),
        (
            "a.json",
            '{"v": 2, "tasks": [{"query": "%s"}, {"text": "new"}, {"id": 3}], "by": [{"a": 1}]}',
        ),
    ],
)
def test_objects_in_which_no_question_is_found_are_counted_and_told(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text.replace("%s", ASKED), encoding="utf-8")
    tally = Tally()
    list(blend([("x", [row(ASKED)])], seed=1, against=[str(tmp_path / name)], tally=tally))
    told = tally.to_json()["benchmarks"]
    assert told["a"] == {"questions": 1, "unread": 2, "rows": {"x": {"request": 1}}}
    assert "  a: no question was found in 2 of its lines or objects" in tally.table().splitlines()


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


@pytest.fixture(scope="module")
def tau_bench(shared_data: Path) -> Benchmarks:
    files = {
        name: shared_data / "taubench" / "v1" / name / "tasks_test.json" for name in ("airline", "retail")
    }
    return Benchmarks(q for name, path in files.items() for q in questions(str(path), name))


def test_runs_of_tau_bench_give_its_tasks_away(tau_bench: Benchmarks, shared_data: Path) -> None:
    rows = [t for t in unify([shared_data / "unify" / "tau-bench"]) if isinstance(t, Trajectory)]
    assert tau_bench.counts == {"airline": 50, "retail": 115}
    found = [tau_bench.evidence(t) for t in rows]
    assert len(found) == 200
    assert {e.benchmark for e in found if e} == {"airline"}
    assert all(found)
    assert sum(tau_bench._by_calls(t) is not None for t in rows) == 24


def test_training_tasks_of_tau_bench_are_none_of_its_test(tau_bench: Benchmarks, shared_data: Path) -> None:
    tasks = json.loads((shared_data / "taubench" / "v1" / "retail" / "tasks_train.json").read_text("utf-8"))
    look_up = ToolCall(name="list_all_product_types", arguments={})
    runs = [
        noted(
            {"instruction": task["instruction"]},
            "Hi!",
            look_up,
            *(ToolCall(name=a["name"], arguments=a["kwargs"]) for a in task["actions"]),
        )
        for task in tasks
    ]
    assert len(runs) == 500
    assert [t for t in runs if tau_bench.evidence(t)] == []


@pytest.mark.slow
@pytest.mark.parametrize("source", ["seal-tools", "toolalpaca", "api-bank"])
def test_other_sources_are_innocent_of_tau_bench(
    tau_bench: Benchmarks, shared_data: Path, source: str
) -> None:
    rows = [t for t in unify([shared_data / "unify" / source]) if isinstance(t, Trajectory)]
    assert len(rows) > 200
    assert [t.id for t in rows if tau_bench.evidence(t)] == []


def test_tau2_counts_tasks_and_not_texts(shared_data: Path) -> None:
    airline = list(questions(str(shared_data / "taubench" / "tau2" / "airline" / "tasks.json")))
    assert len(airline) == len({q.id for q in airline}) == 50
    assert {len(q.texts) for q in airline} == {2}
    assert sum(bool(q.calls) for q in airline) == 43


def test_bfcl_gives_itself_away(bfcl: Benchmarks) -> None:
    asked = list(questions("bfcl"))
    assert bfcl.counts == {"bfcl": len(asked)} == {"bfcl": 4696}
    missed = [q for q in asked if not bfcl.evidence(chat(*q.texts))]
    assert len(missed) < 100
    assert max(len(words(" ".join(q.texts))) for q in missed) < FEWEST  # "help me", "version?"
