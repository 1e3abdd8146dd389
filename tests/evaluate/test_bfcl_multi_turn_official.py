"""The differential test: replay, checker and dialogue against the official multi-turn code."""

import itertools
import json
import pickle
import random
import subprocess
import sys
import zipfile
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bfcl_multi_turn_oracle import DONE, MultiTurnOracle, Request
from bfcl_multi_turn_runs import ODD, gold, spoil

from callwright import assets
from callwright.evaluate.bfcl.memory.check import check_result as memory_result
from callwright.evaluate.bfcl.memory.world import MemoryWorld, PrerequisiteWorld, snapshots
from callwright.evaluate.bfcl.multi_turn.calls import from_official, in_words
from callwright.evaluate.bfcl.multi_turn.check import check, check_result
from callwright.evaluate.bfcl.multi_turn.rows import Row, load
from callwright.evaluate.bfcl.multi_turn.stage import stage_of
from callwright.evaluate.bfcl.multi_turn.world import MultiTurnWorld
from callwright.evaluate.sessions import Session

ERRORS = {
    "", "multi_turn:empty_turn_model_response", "multi_turn:execution_response_mismatch",
    "multi_turn:instance_state_mismatch", "multi_turn:force_terminated",
}  # fmt: skip


@pytest.fixture(scope="module")
def rows(bfcl: None) -> dict[str, Row]:
    return {row.id: row for row in load().rows}


@pytest.fixture(scope="module")
def official(bfcl: None, tmp_path_factory: pytest.TempPathFactory) -> MultiTurnOracle:
    folder = tmp_path_factory.mktemp("bfcl-official")
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
        wheel.extractall(folder)
    script = Path(__file__).with_name("bfcl_multi_turn_oracle.py")

    def ask(requests: list[Request]) -> list[Any]:
        command = [sys.executable, "-W", "ignore", str(script), str(folder)]
        done = subprocess.run(command, input=pickle.dumps(requests), capture_output=True, timeout=110)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        answers: list[Any] = pickle.loads(done.stdout)
        return answers

    return ask


def ours(row: Row, kind: str, value: Any) -> tuple[bool, str]:
    read = partial(from_official, text=in_words) if kind == "calls" else from_official
    verdict = check(row, value) if kind == "decoded" else check_result(row, value, read)
    return verdict.valid, verdict.error_type


def differences(rows: dict[str, Row], requests: list[Request], official: MultiTurnOracle) -> list[str]:
    return [
        f"{row_id} {kind} {value}: official {theirs}, ours {own}"
        for (kind, row_id, value), theirs in zip(requests, official(requests), strict=True)
        if (own := ours(rows[row_id], kind, value)) != theirs
    ]


def spoilt(rows: dict[str, Row], each: int, salt: str) -> list[Request]:
    return [
        ("decoded", row.id, spoil(row, random.Random(f"{salt} {row.id} {number}")))
        for row in rows.values()
        for number in range(each)
    ]


@pytest.mark.slow
def test_spoilt_runs_get_the_official_verdict_and_error_type(
    rows: dict[str, Row], official: MultiTurnOracle
) -> None:
    requests = spoilt(rows, 1, "quick")
    assert differences(rows, requests, official) == []
    kinds = Counter(ours(rows[i], kind, value)[1] for kind, i, value in requests)
    assert set(kinds) == ERRORS, f"the runs no longer reach every verdict: {kinds}"
    assert 100 < kinds[""] < len(requests) / 2, "neither nearly all right nor nearly all wrong"


@pytest.mark.slow
def test_more_spoilt_runs_get_the_official_verdict_and_error_type(
    rows: dict[str, Row], official: MultiTurnOracle
) -> None:
    assert differences(rows, spoilt(rows, 2, "long"), official) == []


@pytest.mark.slow
def test_gold_and_spoilt_text_is_decoded_and_judged_as_officially(
    rows: dict[str, Row], official: MultiTurnOracle
) -> None:
    requests: list[Request] = []
    for row in rows.values():
        rng = random.Random(f"text {row.id}")
        run = gold(row) if rng.random() < 0.5 else spoil(row, rng)
        steps = [[written(step, rng) for step in turn] for turn in run]
        for turn in steps:
            if rng.random() < 0.3:
                turn.insert(rng.randint(0, len(turn)), rng.choice(TALK))
        requests.append(("text", row.id, steps))
    assert differences(rows, requests, official) == []


def written(step: list[str], rng: random.Random) -> str:
    text = ", ".join(step)
    return rng.choice((f"[{text}]", f"[{text}]", text, f"```\n[{text}]\n```", f"Calling:\n[{text}]"))


TALK = (
    "Done.",
    "",
    "[]",
    "[{}]",
    "pwd",
    "[cd(folder={})]",
    "I can not do that.",
    "[mkdir(dir_name={'a': {}})]",
)


def test_calls_with_json_arguments_are_judged_as_officially(
    rows: dict[str, Row], official: MultiTurnOracle
) -> None:
    calls = [{"cd": '{"folder": "document"}'}, {"ls": "{}"}]
    results: list[Any] = [
        [], "Error during inference", None, [[calls]], [[calls, "x"], [], [], []],
        [[calls], [[]], [[]], [[]]], [["[cd(folder='document')]"], [], [], []],
        [[{"cd": '{"folder": '}], [[{"cd": {"folder": "document"}}]], [[[1]]], [5]],
    ]  # fmt: skip
    requests: list[Request] = [("calls", "multi_turn_base_0", result) for result in results]
    assert differences(rows, requests, official) == []


def test_results_are_worded_as_officially(rows: dict[str, Row], official: MultiTurnOracle) -> None:
    """Errors of syntax are worded by Python's parser, and the official text shows an internal name."""
    some = [row for row in rows.values() if random.Random(row.id).random() < 0.1]
    calls = [call for call in ODD if call not in ("pwd(", "pwd) (", "", "f(a=1, a=2)")]
    requests: list[Request] = [("executed", row.id, [*calls, *sum(row.reference, ())]) for row in some]
    for row, theirs in zip(some, official(requests), strict=True):
        called = [*calls, *sum(row.reference, ())]
        own = stage_of(row).run(called)
        assert [(c, o, t) for c, o, t in zip(called, own, theirs, strict=True) if o != t] == []


def test_the_official_style_shows_what_the_official_handler_shows(
    rows: dict[str, Row], official: MultiTurnOracle
) -> None:
    some = [row for row in rows.values() if random.Random(f"asked {row.id}").random() < 0.1]
    requests: list[Request] = []
    for row in some:
        rng = random.Random(f"replies {row.id}")
        steps = [step for turn in spoil(row, rng) for step in turn]
        replies = [text for step in steps for text in rng.sample((written(step, rng), rng.choice(TALK)), 2)]
        endless = ["[pwd()]"] * 30 if rng.random() < 0.2 else []
        requests.append(("asked", row.id, [*replies, *endless]))
    world = MultiTurnWorld(style="official")
    for row, (_, _, replies), (asked, result) in zip(some, requests, official(requests), strict=True):
        session = world.reset(row)
        assert converse(session, replies) == asked
        assert json.loads(session.result().text) == result


def converse(session: Session, replies: list[str]) -> list[list[tuple[str, str]]]:
    """Say the replies, then that it is done; return the messages of all prompts."""
    said = itertools.chain(replies, itertools.repeat(DONE))
    asked = []
    while (turn := session.turn()) is not None:
        asked.append(list(turn.prompt.messages))
        session.take(next(said))
    return asked


@pytest.mark.slow
def test_memory_is_kept_and_shown_as_by_the_official_handler(bfcl: None, official: MultiTurnOracle) -> None:
    questions = 3
    told = PrerequisiteWorld(style="official")
    drawn = {task.name: random.Random(f"memory {task.name}") for task in told.tasks}
    said = {name: [memory_reply(rng) for _ in range(200)] for name, rng in drawn.items()}
    requests: list[Request] = [("memory", name, (replies, questions)) for name, replies in said.items()]
    for task, (asked, results) in zip(told.tasks, official(requests), strict=True):
        replies = said[task.name]
        session = told.reset(task)
        own = converse(session, replies)
        replies = replies[len(own) :]
        kept = snapshots([session.result()])[task.name]
        world = MemoryWorld({other.name: kept for other in told.tasks}, style="official")
        for question in [q for q in world.tasks if q.scenario == task.name][:questions]:
            more = converse(world.reset(question), replies)
            replies = replies[len(more) :]
            own += more
        assert own == asked
        assert len(results) == len(task.conversations) + questions


def memory_reply(rng: random.Random) -> str:
    key, value = rng.choice(("name", "first_name", "age", "Bad Key", "pet_dog")), rng.choice(("x", "y" * 400))
    kind = rng.choice(("core", "archival"))
    return rng.choice((
        DONE, f"[{kind}_memory_add(key={key!r}, value={value!r})]", f"[{kind}_memory_retrieve(key={key!r})]",
        f"[{kind}_memory_key_search(query='name dog', k={rng.randint(0, 3)})]", f"[{kind}_memory_clear()]",
        f"[{kind}_memory_list_keys(), core_memory_retrieve_all()]",
        f"[{kind}_memory_replace(key={key!r}, value='z')]", f"[{kind}_memory_remove(key={key!r})]",
    ))  # fmt: skip


def test_answers_are_judged_as_officially(official: MultiTurnOracle) -> None:
    answers = ("35", "thirty five", "April 1, 2024", "O'Neill", "a.b", "(x)", "é", "")
    replies = (*answers, "It is 35.", "135", "'April 1 2024'", 'O"Neill', "AB", "x", "thirty-five", "É!", "I")
    requests: list[Request] = [
        ("answer", "", ([answer], result))
        for answer in answers
        for reply in replies
        for result in ([[reply]], [[reply, "[core_memory_clear()]"]], [["no", reply]], [reply, reply], reply)
    ]
    judged = [tuple(memory_result(result, answers)[:2]) for _, _, (answers, result) in requests]
    assert judged == official(requests)
    assert len(set(judged)) == 4
