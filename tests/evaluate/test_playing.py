"""Episodes are played in rounds; every reply is kept; after an outage a later run goes on from there."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.errors import ConfigError, DataError, ModelError
from callwright.evaluate.answers import Asker, opened
from callwright.evaluate.playing import play
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import Turn, Who, follow, recite
from callwright.models import Arrived, Completion, Prompt
from callwright.models.scripted import ScriptedModel


class Counting:
    """An episode in which the agent has to say 1, 2, … up to a number; a user says "go on" in between."""

    def __init__(self, name: str, upto: int, with_user: bool = False) -> None:
        self.id = name
        self.upto = upto
        self.said: list[str | None] = []
        self.users = 0
        self.with_user = with_user

    def turn(self) -> Turn | None:
        if len(self.said) >= self.upto:
            return None
        who: Who = "user" if self.with_user and self.users < len(self.said) else "agent"
        text = f"{self.id}, {who}: after {len(self.said)}, {self.users}"
        return Turn(who, Prompt(messages=(("user", text),), segments=((text, False),)))

    def take(self, reply: str | None) -> None:
        turn = self.turn()
        assert turn is not None
        if turn.who == "user":
            self.users += 1
        else:
            self.said.append(reply)

    def result(self) -> Result:
        right = self.said == [str(k + 1) for k in range(self.upto)]
        return Result(id=self.id, column="c", correct=right, strict=right, predicted=self.said)


def counts(prompt: Prompt) -> str:
    before = prompt.messages[-1][1].rpartition("after ")[2].partition(",")[0]
    return str(int(before) + 1)


class Failing(ScriptedModel):
    """Answers so many prompts, then is out of order."""

    def __init__(self, answer: Callable[[Prompt], str], good: int) -> None:
        super().__init__(answer, "counter")
        self.good = good
        self.asked = 0

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int,
        seed: int = 0,
        arrived: Arrived | None = None,
    ) -> list[Completion]:
        self.asked += len(prompts)
        if self.asked > self.good:
            raise ModelError("out of order")
        return super().complete(prompts, max_tokens=max_tokens)


def played(sessions: list[Counting], journal: Path, model: ScriptedModel, width: int = 4) -> list[Result]:
    with opened(journal) as book:
        asker = Asker(model, book, max_tokens=9, fingerprint="")
        return list(play(iter(sessions), {"agent": asker, "user": asker}, width=width))


@settings(max_examples=30)  # every round waits for the disk
@given(st.lists(st.integers(0, 5), max_size=9), st.integers(1, 5), st.booleans())
def test_every_episode_is_played_to_its_end_and_told_in_order(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], width: int, with_user: bool
) -> None:
    journal = tmp_path_factory.mktemp("run") / "answers.jsonl"
    sessions = [Counting(f"s{k}", upto, with_user) for k, upto in enumerate(sizes)]
    results = played(sessions, journal, ScriptedModel(counts), width)
    assert [r.id for r in results] == [s.id for s in sessions]
    assert all(r.correct for r in results)


def test_after_an_outage_only_what_is_missing_is_asked(tmp_path: Path) -> None:
    journal = tmp_path / "answers.jsonl"
    sizes = [3, 1, 4, 2]
    with pytest.raises(ModelError, match="out of order"):
        played([Counting(f"s{k}", n) for k, n in enumerate(sizes)], journal, Failing(counts, 6))
    kept = len(journal.read_bytes().splitlines())
    assert 0 < kept <= 6
    again = Failing(counts, 1000)
    results = played([Counting(f"s{k}", n) for k, n in enumerate(sizes)], journal, again)
    assert all(r.correct for r in results)
    assert again.asked == sum(sizes) - kept
    third = Failing(counts, 0)
    assert played([Counting(f"s{k}", n) for k, n in enumerate(sizes)], journal, third) == results


def test_an_episode_that_takes_another_course_is_asked_anew_from_there(tmp_path: Path) -> None:
    journal = tmp_path / "answers.jsonl"
    played([Counting("s", 3)], journal, ScriptedModel(counts, "m"))
    model = Failing(counts, 100)
    model.name = "m"
    played([Counting("s", 3, with_user=True)], journal, model)
    assert model.asked == 4  # of the three turns of the agent two have other prompts now, and two of the user


def test_a_prompt_that_does_not_fit_is_taken_as_none(tmp_path: Path) -> None:
    class Small(ScriptedModel):
        def fits(self, prompt: Prompt, max_tokens: int) -> bool:
            return "after 1" not in prompt.messages[-1][1]

    (result,) = played([Counting("s", 3)], tmp_path / "a.jsonl", Small(counts))
    assert result.predicted == ["1", None, "3"]


def test_nobody_plays_the_user_and_two_episodes_of_one_id_are_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "a.jsonl") as book:
        asker = Asker(ScriptedModel(counts), book, max_tokens=9, fingerprint="")
        with pytest.raises(ConfigError, match="plays the user"):
            list(play([Counting("s", 2, with_user=True)], {"agent": asker}))
        with pytest.raises(DataError, match="same id"):
            list(play([Counting("s", 1), Counting("s", 1)], {"agent": asker}))


def test_sessions_are_made_only_as_places_become_free(tmp_path: Path) -> None:
    made: list[str] = []

    def lazily() -> Iterator[Counting]:
        for k in range(9):
            made.append(f"s{k}")
            yield Counting(f"s{k}", 1)

    with opened(tmp_path / "a.jsonl") as book:
        asker = Asker(ScriptedModel(counts), book, max_tokens=9, fingerprint="")
        results = play(lazily(), {"agent": asker}, width=2)
        next(results)
        assert len(made) <= 4


def test_recited_and_followed_episodes_need_no_model() -> None:
    assert recite(Counting("s", 3), ["1", "2", "3"]).correct
    assert not recite(Counting("s", 3), ["1", "2"]).correct
    assert recite(Counting("s", 2), ["1", "2", "3"]).correct
    session = Counting("s", 3)
    assert follow(session, lambda s: str(len(session.said) + 1)).correct


def test_an_agent_that_repeats_itself_until_it_is_stopped_is_in_a_loop(tmp_path: Path) -> None:
    class Stopped(Counting):
        def result(self) -> Result:
            return msgspec.structs.replace(super().result(), correct=False, error="gave-up")

    def played_with(answer: Callable[[Prompt], str], upto: int) -> str:
        (result,) = played(
            [Stopped("s", upto)], tmp_path / f"{upto}.jsonl", ScriptedModel(answer, str(answer))
        )
        return result.error

    assert played_with(lambda prompt: "again", 3) == "loop"
    assert played_with(lambda prompt: "again", 2) == "gave-up"
    assert played_with(counts, 5) == "gave-up"
