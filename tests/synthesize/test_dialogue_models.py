"""Conversations that models play: what counts is what came of them, whoever spoke."""

import json
import random
from collections.abc import Iterable, Iterator, Sequence

import msgspec
import pytest

from callwright import formats
from callwright.models import Completion
from callwright.record import Dropped, Tool, Trajectory
from callwright.synthesize.asking import Question
from callwright.synthesize.dialogue import Cast, Conversations
from callwright.synthesize.dialogue.blueprint import Blueprint, Turn
from callwright.synthesize.dialogue.played import Played
from callwright.synthesize.dialogue.review import reworded
from callwright.synthesize.dialogue.rollout import YES
from callwright.synthesize.dialogue.users import DONE, ScriptedUser, says_done
from callwright.synthesize.missing import question
from callwright.synthesize.slots import Candidate
from callwright.synthesize.wording import subject_of
from callwright.toolbox import Limits
from callwright.worlds import World, open_world


def talked(
    world: World, cast: Cast, accept: int, limit: int
) -> tuple[list[Trajectory], list[Dropped], Conversations]:
    with world.caller(Limits()) as calls:
        talks = Conversations(world, calls.play, seed=1, cast=cast)
        rows = list(talks(accept, limit))
    kept = [row for row in rows if isinstance(row, Trajectory)]
    assert len(kept) == talks.talks.accepted
    return kept, [row for row in rows if isinstance(row, Dropped)], talks


@pytest.fixture(scope="module")
def world() -> World:
    return open_world("tau:home")


@pytest.fixture(scope="module")
def script(world: World) -> dict[str, Trajectory]:
    """What the script says, mistakes included, by the id of the conversation.

    With judges, here ones that let everything pass, sixteen are drawn at a time as they are with models.
    """
    kept, _, _ = talked(world, Cast(judge=iter), 16, 16)
    return {row.id: row for row in kept}


class Reciting:
    """Says what agent and user say in known conversations, and gives up in others."""

    def __init__(self, rows: dict[str, Trajectory], otherwise: str = "I can not do that.") -> None:
        self._rows = rows
        self._otherwise = otherwise
        self.asked: list[Question] = []

    def __call__(self, questions: Sequence[Question]) -> list[Completion | None]:
        self.asked += questions
        return [Completion(self._reply(one), 10, 5, "stop") for one in questions]

    def _reply(self, asked: Question) -> str:
        row_id, who, number = asked.id.rsplit("/", 2)
        row = self._rows.get(row_id)
        if row is None:
            return DONE if who == "user" else self._otherwise
        role = {"agent": "assistant", "user": "user"}[who]
        said = [m.content for m in formats.plain_messages(row) if m.role == role]
        return said[int(number)] if int(number) < len(said) else DONE


def test_an_agent_that_says_what_the_script_says_makes_the_same_conversations(
    world: World, script: dict[str, Trajectory]
) -> None:
    kept, _, _ = talked(world, Cast(Reciting(script), names=("parrot", "script")), 16, 16)
    assert {row.id for row in kept} == {*script}
    for row in kept:
        told = [m for m in script[row.id].messages if m.role != "user"]
        assert [m for m in row.messages if m.role != "user"] == told
        assert row.extra["synthesize"]["agent"] == "parrot"
    assert any(m.weight == 0.0 for row in kept for m in row.messages)  # what failed is not learned


def test_a_user_that_is_a_model_is_asked_first_and_ends_the_conversation(
    world: World, script: dict[str, Trajectory]
) -> None:
    user = Reciting(script)
    kept, _, _ = talked(world, Cast(Reciting(script), user, names=("parrot", "echo")), 16, 16)
    assert len(kept) == len(script) > 10
    assert all(row.messages == script[row.id].messages for row in kept)
    assert all(row.extra["synthesize"]["user"] == "echo" for row in kept)
    shown = [text for asked in user.asked for _, text in asked.prompt.messages]
    assert not any("<tool_call>" in text or '"arguments"' in text for text in shown)


def test_an_agent_that_does_nothing_gets_nothing_accepted(world: World) -> None:
    kept, dropped, talks = talked(world, Cast(Reciting({})), 3, 24)
    assert not kept
    assert set(talks.talks.reasons) <= {"unlike-blueprint", "no-walk"}
    rejected = [row for row in dropped if row.reason == "unlike-blueprint"]
    assert rejected
    assert all(row.row is not None for row in rejected)  # what failed can be learned from


def test_an_agent_that_only_says_that_it_did_everything_is_found_out(
    world: World, script: dict[str, Trajectory]
) -> None:
    cut = {row_id: _words_only(row) for row_id, row in script.items()}
    kept, dropped, _ = talked(world, Cast(Reciting(cut)), 16, 16)
    assert not kept
    details = {row.detail for row in dropped if row.id in cut}
    assert "the state is left otherwise" in details


def _words_only(row: Trajectory) -> Trajectory:
    said = tuple(m for m in row.messages if m.role != "tool" and not m.tool_calls)
    return msgspec.structs.replace(row, messages=said)


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        (None, "prompt-too-long"),
        ('<tool_call>{"name": ', "unreadable"),
        ('<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>\n' * 9, "too-many-calls"),
        ("Hello.", "done"),
        ("Who?", ""),
    ],
)
def test_a_conversation_tells_why_it_ended(text: str | None, ending: str) -> None:
    talk = Played(Blueprint("x", None, (Turn("Hi.", ()),), ()), lambda episodes: [])
    talk.take(text)
    assert talk.ending == ending


def test_a_user_that_says_nothing_ends_the_conversation() -> None:
    for said in ("", " ", DONE):
        talk = Played(Blueprint("x", None, (Turn("Hi.", ()),), ()), lambda episodes: [], user_is_model=True)
        assert talk.turn == "user"
        talk.take(said)
        assert talk.ending == "user-silent"


def test_a_scripted_user_answers_questions_and_goes_on_otherwise() -> None:
    turns = (Turn("Move it.", (), kind="missing-argument", withheld=("to", "To shelf A.")), Turn("Bye.", ()))
    user = ScriptedUser(Blueprint("x", None, turns, ()))
    assert user.first() == "Move it."
    assert user.answer("Where to?") == "To shelf A."
    assert user.answer("Which colour?") in ("I don't know that.", "I can't tell you more than that.",
                                            "That is all I know.")  # fmt: skip
    assert user.answer("I am going to move it. Shall I go ahead?") in YES
    assert user.answer("Done. Anything else?") == "Bye."
    assert user.answer("Goodbye.") is None


@pytest.mark.parametrize("seed", range(12))
def test_whatever_words_ask_for_a_value_the_scripted_user_tells_it(seed: int) -> None:
    shelves = subject_of(Tool(name="move", parameters={"properties": {"to": {"type": "string"}}}))
    turns = (Turn("Move it.", (), kind="missing-argument", withheld=("to", "To shelf A.")), Turn("Bye.", ()))
    user = ScriptedUser(Blueprint("x", None, turns, ()))
    assert user.answer(question(shelves, "to", random.Random(seed))) == "To shelf A."
    assert user.answer("Done. Let me know if you need anything else.") == "Bye."


@pytest.mark.parametrize(("text", "done"), [("DONE", True), ("Thanks! DONE.\n", True), ("I am done.", False)])
def test_only_the_agreed_word_ends_a_conversation(text: str, done: bool) -> None:
    assert says_done(text) is done


class Strict:
    """Judges that reject what does not begin politely."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __call__(self, rows: Iterable[Candidate]) -> Iterator[Candidate]:
        for row in rows:
            assert isinstance(row, Trajectory)
            request = row.messages[0].content
            self.seen.append(request)
            if request.startswith("Please,"):
                yield row
            else:
                yield Dropped(id=row.id, stage="verify", reason="judge-rejected", detail="not polite")


def politely(questions: Sequence[Question]) -> list[Completion | None]:
    """Say the first request anew, as the reviewer wants it."""
    answers: list[Completion | None] = []
    for asked in questions:
        text = asked.prompt.messages[-1][1]
        assert "not polite" in text
        first = text.split("\n1. ", 1)[1].split("\n", 1)[0]
        answers.append(Completion(f"Sure: {json.dumps({'1': f'Please, {first}'})}", 10, 5, "stop"))
    return answers


def test_what_judges_reject_is_said_anew_and_then_kept(world: World) -> None:
    kept, _, _ = talked(world, Cast(user=politely, judge=Strict()), 8, 32)
    assert len(kept) == 8
    for row in kept:
        assert row.messages[0].content.startswith("Please,")
        assert row.extra["synthesize"]["review"]["said_anew"] == 1
        assert row.extra["synthesize"]["blueprint"]["turns"][0]["request"] == row.messages[0].content


def test_without_a_model_that_finds_other_words_it_is_dropped_as_the_judges_say(world: World) -> None:
    kept, dropped, _ = talked(world, Cast(judge=Strict()), 4, 12)
    assert not kept
    assert {row.reason for row in dropped} <= {"judge-rejected", "no-walk"}


def test_judges_see_a_blueprint_no_more_often_than_it_is_said_anew(world: World) -> None:
    judge = Strict()
    stubborn = Reciting({}, "{}")
    talked(world, Cast(user=stubborn, judge=judge), 1, 4)
    assert len(judge.seen) <= 4  # nothing new was said, so nothing was judged again


@pytest.mark.parametrize("text", ["", "no JSON", "{}", '{"1": 5}', '{"9": "x"}', '{"1": ""}'])
def test_an_answer_without_new_words_changes_nothing(text: str) -> None:
    assert reworded(Blueprint("x", None, (Turn("Hi.", ()),), ()), text) is None


def test_new_words_replace_the_requests_that_they_are_for() -> None:
    old = Blueprint("x", None, (Turn("One.", ()), Turn("Two.", ())), ())
    new = reworded(old, 'Of course! ```json\n{"2": "Second.",}\n```')
    assert new is not None
    assert [turn.request for turn in new.turns] == ["One.", "Second."]
