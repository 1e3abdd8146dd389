"""A failure becomes a rejected answer where a kept row asks the same, and only for the turn that failed."""

import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace
from pair_rows import EVENTS, WEATHER, asking, events, ready, saying, weather

from callwright.conversing import conversed
from callwright.errors import DataError
from callwright.models import Completion
from callwright.pair import Corruptions, Failures, pair, read_dropped
from callwright.record import Dropped, Message, Trajectory, encode
from callwright.settings import ConverseSettings
from callwright.store import dropped_path, read
from callwright.synthesize.account import Spent
from callwright.synthesize.asking import Question
from callwright.synthesize.generate import Checks, Run, budget_of
from callwright.synthesize.propose import open_workshop
from callwright.synthesize.seeds import Seeds
from callwright.synthesize.writer import Writer
from callwright.verify import settle, verify
from written_pairs import pair as written

KEPT = asking("Weather in Oslo for 2 days?", weather("Oslo"), row_id="kept")


def failed(t: Trajectory, reason: str = "", path: str = "messages[1].tool_calls[0]") -> Dropped:
    """Return what becomes of a row that `verify` drops, or that was dropped for `reason`."""
    if reason:
        return Dropped(id=t.id, stage="verify", reason=reason, path=path, row=msgspec.to_builtins(t))
    found = settle(t, verify(t))
    assert isinstance(found, Dropped)
    return found


def wrong(request: str = KEPT.messages[0].content, *, answer: Message | None = None) -> Trajectory:
    t = asking(request, row_id="failed")
    return replace(t, messages=(t.messages[0], answer or saying(weather("Oslo", "two"))))


def test_a_failure_at_the_same_request_is_rejected_and_says_where_it_is_from() -> None:
    failures = Failures([failed(wrong())])
    (made,) = pair([KEPT], [failures])
    assert isinstance(made, Trajectory)
    assert made.preference is not None
    assert made.preference.error_class == "wrong-type"
    assert made.preference.rejected.tool_calls == (weather("Oslo", "two"),)
    assert made.messages == KEPT.messages
    assert made.extra["pair"] == {"origin": "failure", "reason": "wrong-type", "from": "failed"}
    assert failures.to_json() == {"read": 1, "joined": 1, "left_out": {}}


@pytest.mark.parametrize(
    "t",
    [
        wrong("Weather  in Oslo\nfor 2 days? "),
        replace(wrong(), tools=(EVENTS, WEATHER)),
    ],
    ids=["white space", "order of tools"],
)
def test_what_does_not_matter_does_not_part_rows(t: Trajectory) -> None:
    assert Failures([failed(t)])([ready(KEPT)])[0].candidates


@pytest.mark.parametrize(
    ("t", "left_out"),
    [
        (failed(wrong("Weather in Lima for 2 days?")), "nothing-asks-the-same"),
        (failed(replace(wrong(), tools=(WEATHER,))), "nothing-asks-the-same"),
        (failed(replace(wrong(), extra={"state": {"A": {}}})), "nothing-asks-the-same"),
        (failed(wrong(answer=saying(weather("Oslo", 2.0))), "execution-failed"), "does-not-part"),
        (failed(wrong(answer=saying(weather("Lima"))), "secret", "messages[1]"), "no-mistake"),
        (failed(wrong(answer=saying(weather("Lima"))), "empty-message", "messages[0]"), "not-at-fault"),
        (replace(failed(wrong()), stage="synthesize", reason="duplicate"), "no-mistake"),
        (replace(failed(wrong()), stage="synthesize", reason="surplus"), "no-mistake"),
        (Dropped(id="x", stage="verify", reason="wrong-type", row="text"), "no-row"),
    ],
)
def test_what_can_not_be_joined_is_left_out_and_counted(t: Dropped, left_out: str) -> None:
    failures = Failures([t])
    (made,) = pair([KEPT], [failures])
    assert isinstance(made, Dropped)
    assert made.reason == "no-failure-joins"
    assert failures.to_json() == {"read": 1, "joined": 0, "left_out": {left_out: 1}}


def test_what_a_judge_or_the_tools_refused_is_a_mistake_though_it_is_legal() -> None:
    legal = wrong(answer=saying(weather("Lima")))
    for reason, path in (("judge-rejected", "messages"), ("execution-failed", "messages[1].tool_calls[0]")):
        (offer,) = Failures([failed(legal, reason, path)])([ready(KEPT)])
        assert [each.error_class for each in offer.candidates] == ["wrong-value"]


def test_a_real_mistake_goes_before_a_made_up_one_and_the_rest_is_filled_up() -> None:
    others = [
        asking(f"Weather in Quito for {k} days?", weather("Quito", k), row_id=f"r{k}") for k in range(3, 9)
    ]
    made = list(pair([KEPT, *others], [Failures([failed(wrong())]), Corruptions(1)]))
    origins = [t.extra["pair"]["origin"] for t in made if isinstance(t, Trajectory)]
    assert origins == ["failure", *["corruption"] * 6]


def test_a_row_of_several_turns_is_paired_where_it_parts_from_the_failure() -> None:
    result = Message(role="tool", content="sunny", tool_call_id=None)
    ask_more = Message(role="user", content="And free events there?")
    course = (*KEPT.messages, result, ask_more)
    kept = replace(KEPT, messages=(*course, saying(events("Oslo")), result, saying(weather("Lima"))))
    t = replace(
        kept, id="failed", messages=(*course, saying(events("Lima")), result, saying(weather("Rome")))
    )
    (made,) = pair([kept], [Failures([failed(t, "execution-failed", "messages[4].tool_calls[0]")])])
    assert isinstance(made, Trajectory)
    assert made.preference is not None
    assert made.messages == (*course, saying(events("Oslo")))
    assert made.preference.rejected == saying(events("Lima"))
    (later,) = pair([kept], [Failures([failed(t, "execution-failed", "messages[6].tool_calls[0]")])])
    assert isinstance(later, Dropped)  # what failed came after the rows had parted


def test_a_mistake_that_is_there_to_be_mended_is_never_chosen() -> None:
    slip = replace(saying(weather("Osl")), weight=0.0)
    result = Message(role="tool", content="Error: no such city")
    kept = replace(KEPT, messages=(KEPT.messages[0], slip, result, KEPT.messages[1]))
    (offer,) = Failures([failed(wrong())])([ready(kept)])
    assert offer.candidates == ()


# --- files ----------------------------------------------------------------------------------------


def test_a_file_of_dropped_rows_is_read_and_another_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "rows.dropped.jsonl"
    path.write_bytes(encode(failed(wrong())) + b"\nno json\n" + encode(KEPT) + b"\n")
    failures = Failures(read_dropped(path))
    assert failures([ready(KEPT)])[0].candidates
    assert failures.to_json() == {"read": 3, "joined": 1, "left_out": {"no-mistake": 2}}
    path.write_bytes(encode(KEPT) + b"\n")
    with pytest.raises(DataError, match="holds no dropped row"):
        list(read_dropped(path))
    path.write_bytes(b"")
    assert list(read_dropped(path)) == []


# --- what synthesis and conversations leave behind -----------------------------------------------


def test_what_a_model_mended_is_preferred_to_what_it_wrote_first() -> None:
    def answer(number: int, text: str) -> str:
        if "was refused" in text:
            query = re.findall(r'"query": "(Weather for \d+ days in Oslo)"', text)[-1]
            return written(query, ("get_weather", {"city": "Oslo", "days": int(query.split()[2])}))
        days = str(number + 2)
        return written(f"Weather for {days} days in Oslo", ("get_weather", {"city": "Oslo", "days": days}))

    rows = list(_written(answer, accept=6))
    failures = Failures(row for row in rows if isinstance(row, Dropped))
    kept = [row for row in rows if isinstance(row, Trajectory)]
    made = [row for row in pair(kept, [failures]) if isinstance(row, Trajectory)]
    assert len(made) == len(kept) == 6
    assert {t.preference.error_class for t in made if t.preference} == {"wrong-type"}
    assert all(verify(t).ok for t in made)
    assert failures.to_json()["joined"] == 6


def _written(answer: Callable[[int, str], str], accept: int) -> Sequence[Trajectory | Dropped]:
    """Return what a model's pairs come to in synthesis."""
    asked: list[Question] = []

    def ask(questions: Sequence[Question]) -> list[Completion | None]:
        texts = [answer(len(asked) + k, q.prompt.messages[-1][1]) for k, q in enumerate(questions)]
        asked.extend(questions)
        return [Completion(text, 1, 1, "stop") for text in texts]

    shop = open_workshop([WEATHER], seed=1, families="train", values="train")
    writer = Writer("m", ask, shop, Seeds((), 1), Spent())
    return list(Run([writer], shop, {"simple": 1.0}, Checks(), budget_of(accept, 200))(accept))


def quiet(done: int, total: int, note: str) -> None:
    assert done >= 0


def talks(folder: Path, name: str, agent: str) -> tuple[list[Trajectory], list[Dropped]]:
    """Return the conversations that were kept, and the others: the first of each seed, alike in all runs."""
    kept: list[Trajectory] = []
    dropped: list[Dropped] = []
    for seed in range(6):
        out = folder / f"{name}{seed}.jsonl"
        settings = ConverseSettings(accept=1, max_candidates=1, agent=agent, seed=seed)
        conversed("tau:home", out, settings, quiet)
        kept += [row for row in read(out) if isinstance(row, Trajectory)]
        dropped += read_dropped(dropped_path(out)) if agent != "script" else ()
    return kept, dropped


def test_a_conversation_that_went_wrong_is_joined_with_the_one_of_the_same_blueprint(tmp_path: Path) -> None:
    kept, _ = talks(tmp_path, "script", "script")
    lazy = tmp_path / "lazy.jsonl"
    lazy.write_text(json.dumps({"match": "", "text": "I can not do that."}) + "\n", encoding="utf-8")
    _, dropped = talks(tmp_path, "lazy", f"scripted:{lazy}")
    failures = Failures(dropped)
    made = [row for row in pair(kept, [failures]) if isinstance(row, Trajectory)]
    told: dict[str, Any] = failures.to_json()
    assert made
    assert told["read"] == told["joined"] + sum(told["left_out"].values())
    for t in made:
        assert t.preference is not None
        assert t.preference.error_class == "needless-refusal"
        assert t.extra["pair"]["reason"] == "unlike-blueprint"
        assert t.messages[-1].tool_calls
        assert verify(t).ok


def test_a_turn_that_only_went_another_way_is_no_mistake() -> None:
    """What was dropped for the end of a conversation says nothing about a turn that may be as good."""
    gold = {"name": "get_weather", "arguments": {"city": "Oslo", "days": 2}, "writes": True}
    told = {"synthesize": {"blueprint": {"turns": [{"actions": [gold]}]}}}
    kept = replace(KEPT, extra=told)

    def outcome(*turns: Message) -> list[str]:
        t = replace(kept, messages=(kept.messages[0], *turns))
        why = Dropped(id="f", stage="synthesize", reason="unlike-blueprint", row=msgspec.to_builtins(t))
        found = Failures([why])([ready(kept)])[0].candidates
        assert all(each.rejected.weight is None for each in found)
        return [each.error_class for each in found]

    result = Message(role="tool", content="done")
    assert outcome(saying(weather("Lima")), result) == ["wrong-value"]  # it changes what it should not
    assert outcome(saying(events("Oslo")), result) == []  # it finds something out
    assert outcome(saying(text="No."), result) == ["needless-refusal"]
    assert (
        outcome(saying(text="Shall I?"), Message(role="user", content="Yes."), saying(weather("Oslo"))) == []
    )
    assert outcome(replace(saying(events("Lima")), weight=0.0), result) == [
        "wrong-function"
    ]  # it was refused
    assert outcome(saying(weather("Oslo", "x")), result) == ["wrong-type"]
