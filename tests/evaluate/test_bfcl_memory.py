"""BFCL's memory category: what a model writes down is there when it is asked, and only that."""

import json
from collections import Counter

import pytest

from callwright.errors import ConfigError
from callwright.evaluate.bfcl.bm25 import BM25Plus
from callwright.evaluate.bfcl.memory.rows import NOT_RUN, SCENARIOS
from callwright.evaluate.bfcl.memory.world import (
    EMPTY,
    NOTED,
    MemoryWorld,
    PrerequisiteWorld,
    remembering,
    replayed,
    snapshots,
)
from callwright.evaluate.bfcl.multi_turn.dialogue import Style
from callwright.evaluate.bfcl.multi_turn.stage import Stage
from callwright.evaluate.sessions import Session, follow, recite

STYLES: tuple[Style, ...] = ("native", "official")


@pytest.fixture(scope="module")
def told(bfcl: None) -> PrerequisiteWorld:
    return PrerequisiteWorld(style="official")


@pytest.mark.parametrize("style", STYLES)
def test_reference_answers_are_right_whatever_is_remembered(style: Style, bfcl: None) -> None:
    before = PrerequisiteWorld(style=style)
    results = [recite(before.reset(task), before.gold(task)) for task in before.tasks]
    assert [(r.correct, r.scores["entries"]) for r in results] == [(True, 0.0)] * 5
    assert sum(len(task.conversations) for task in before.tasks) == 37
    world = MemoryWorld(snapshots(results), style=style)
    answered = [recite(world.reset(task), world.gold(task)) for task in world.tasks]
    assert Counter((r.column, r.correct) for r in answered) == {("memory_kv", True): 155}
    assert Counter(r.style for r in answered) == {
        "student": 50, "customer": 30, "healthcare": 25, "finance": 25, "notetaker": 25
    }  # fmt: skip
    if style == "official":
        again = [
            replayed(t, json.loads(r.text), r.conditions) for t, r in zip(world.tasks, answered, strict=True)
        ]
        assert again == answered
    assert set(answered[0].conditions) >= {"variant", "data_sha256", "memory_sha256", "prompt_sha256"}


def test_what_was_written_down_is_found_by_the_questions(told: PrerequisiteWorld) -> None:
    """An agent that stores a note in each conversation and looks everything up before it answers."""
    results = []
    for task in told.tasks:
        replies = [
            reply
            for number, conversation in enumerate(task.conversations)
            for reply in (
                f"[archival_memory_add(key='note_{number}', value={conversation.id!r})]",
                *[NOTED] * len(conversation.question),
            )
        ]
        results.append(recite(told.reset(task), replies))
    kept = snapshots(results)
    assert [len(kept[name]["archival_memory"]) for name in SCENARIOS] == [10, 10, 7, 5, 5]
    world = MemoryWorld(kept, style="official")

    def look_up(session: Session) -> str:
        turn = session.turn()
        assert turn is not None
        return "I do not know" if len(turn.prompt.messages) > 2 else "[archival_memory_list_keys()]"

    for question in world.tasks[::31]:
        session = world.reset(question)
        result = follow(session, look_up)
        assert (result.error, result.scores["steps"]) == ("agentic:answer_not_found", 1.0)
    session = world.reset(world.tasks[0])
    session.take("[archival_memory_list_keys()]")
    turn = session.turn()
    assert turn is not None
    assert "note_9" in turn.prompt.messages[-1][1]


def test_core_memory_is_shown_at_the_start_of_the_next_conversation(told: PrerequisiteWorld) -> None:
    task = told.tasks[0]
    session = told.reset(task)
    first = session.turn()
    session.take("[core_memory_add(key='major', value='computer science')]")
    for _ in task.conversations[0].question:
        session.take(NOTED)
    second = session.turn()
    assert first is not None
    assert second is not None
    assert "There is no content in the core memory" in first.prompt.messages[0][1]
    assert '"major": "computer science"' in second.prompt.messages[0][1]
    assert len(second.prompt.messages) == 2


def test_questions_do_not_change_each_others_memory(bfcl: None) -> None:
    full = {name: {"core_memory": {"a": "b"}, "archival_memory": {}} for name in SCENARIOS}
    world = MemoryWorld(full, style="official")
    recite(world.reset(world.tasks[0]), ["[core_memory_clear()]", "Done."])
    session = world.reset(world.tasks[0])
    session.take("[core_memory_retrieve_all()]")
    turn = session.turn()
    assert turn is not None
    assert '{"a": "b"}' in turn.prompt.messages[-1][1]
    assert full["student"] == {"core_memory": {"a": "b"}, "archival_memory": {}}


def test_a_conversation_that_was_cut_short_is_said_and_the_next_goes_on(told: PrerequisiteWorld) -> None:
    task = told.tasks[0]
    session = told.reset(task)
    for _ in range(21):
        session.take("[archival_memory_add(key='a', value='b')]")
    for _ in task.conversations[1].question[1:]:
        session.take(NOTED)
    session.take("[archival_memory_add(key='lost', value='b')]")
    session.take(None)  # too long: what this conversation wrote is lost, as in the official runner
    for conversation in task.conversations[2:]:
        for _ in conversation.question:
            session.take(NOTED)
    assert session.turn() is None
    result = session.result()
    assert (result.correct, result.error) == (False, "cut-short")
    assert result.predicted == {"core_memory": {}, "archival_memory": {"a": "b"}}


def test_no_last_message_too_long_and_unfinished_questions_are_wrong(bfcl: None) -> None:
    world = MemoryWorld(dict.fromkeys(SCENARIOS, EMPTY), style="official")
    task = world.tasks[0]
    assert recite(world.reset(task), ["[core_memory_clear()]"] * 30).error == "agentic:no_last_message"
    assert recite(world.reset(task), [""]).error == "agentic:no_last_message"
    assert recite(world.reset(task), []).error == "agentic:inference_error"
    session = world.reset(task)
    session.take(None)
    assert session.result().error == "prompt-too-long"


def test_a_scenario_without_memory_is_refused(bfcl: None) -> None:
    with pytest.raises(ConfigError, match="nothing for student"):
        MemoryWorld({name: EMPTY for name in SCENARIOS if name != "student"})


def test_categories_that_are_not_run_have_a_reason() -> None:
    assert set(NOT_RUN) == {"memory_vector", "memory_rec_sum", "web_search_base", "web_search_no_snippet"}
    assert all(NOT_RUN.values())


def test_keys_are_ranked_as_rank_bm25_ranks_them() -> None:
    """Recorded from rank_bm25 0.2.2."""
    keys = ["first_name", "last_name", "age", "favourite_food_name", "name_name_of_dog"]
    ranker = BM25Plus([key.split("_") for key in keys])
    assert ranker.get_scores(["name"]) == [
        0.8438057655223962, 0.8438057655223962, 0.4054651081081644, 0.7699281266323571, 0.8824828823530637
    ]  # fmt: skip
    assert ranker.get_scores(["first", "name"]) == [
        4.572602498780781, 2.6355652347504512, 2.197224577336219, 2.561687595860412, 2.6742423515811184
    ]  # fmt: skip
    assert ranker.get_scores(["dog", "age", "age"]) == [
        5.375278407684165, 5.375278407684165, 10.234287137794144, 5.375278407684165, 6.753554922474976
    ]  # fmt: skip
    assert ranker.get_scores([]) == ranker.get_scores(["nothing"]) == [0.0] * 5


def test_a_search_shows_scores_and_keys_and_an_empty_memory_says_what_it_said_officially(bfcl: None) -> None:
    stage = Stage({"MemoryAPI_kv": remembering({"core_memory": {"first_name": "x"}, "archival_memory": {}})})
    found, nothing = stage.run(
        ["core_memory_key_search(query='name')", "archival_memory_key_search(query='a')"]
    )
    assert found == '{"ranked_results": [[1.3862943611198906, "first_name"]]}'
    assert nothing == "Error during execution: division by zero"
