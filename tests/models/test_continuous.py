"""Rows that come at any time, from any thread: each gets the tokens that it gets alone."""

import random
import threading
import time
from contextlib import closing
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from random_llama import STOP, alone, make_llama, some_prompts

from callwright.errors import ModelError
from callwright.models.batching import Batch, Row
from callwright.models.continuous import Continuous, Steps
from callwright.models.plain import Alone
from callwright.models.prefixes import Prefixes


@pytest.fixture(scope="module")
def llama(torch: Any) -> Any:
    return make_llama("sdpa")


class Heard:
    """What was told of a row."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.over = threading.Event()

    def __call__(self, row: Row, ended: bool) -> None:
        self.counts.append(len(row.tokens))
        if ended:
            self.over.set()


@pytest.fixture(params=["batch", "batch that remembers", "alone"])
def steps(llama: Any, request: pytest.FixtureRequest) -> Steps:
    if request.param == "alone":
        return Alone(llama, STOP)
    return Batch(llama, 3, STOP, Prefixes(1 << 20) if "remembers" in request.param else None)


def write(lines: Continuous, row: Row) -> Row:
    heard = Heard()
    lines.submit(row, heard)
    assert heard.over.wait(60)
    assert heard.counts == sorted(heard.counts)
    return row


def test_rows_that_join_at_any_time_get_the_tokens_that_they_get_alone(llama: Any, steps: Steps) -> None:
    prompts = some_prompts(12, seed=1)
    expected = [alone(llama, prompt, 16) for prompt in prompts]
    rows = [Row(prompt, 16) for prompt in prompts]

    def client(mine: list[Row], seed: int) -> None:
        rng = random.Random(seed)
        for row in mine:
            time.sleep(rng.random() / 100)
            write(lines, row)

    with closing(Continuous(steps)) as lines:
        clients = [threading.Thread(target=client, args=(rows[i::4], i)) for i in range(4)]
        for each in clients:
            each.start()
        for each in clients:
            each.join()
        assert (lines.waiting, lines.running) == (0, 0)
    assert [row.tokens for row in rows] == expected


def test_a_row_that_nobody_wants_any_more_makes_room(llama: Any, steps: Steps) -> None:
    with closing(Continuous(steps)) as lines:
        endless, heard = Row([5] * 20, 1_000_000, picker=Same(7)), Heard()
        lines.submit(endless, heard)
        while len(heard.counts) < 3:
            time.sleep(0.001)
        never_begun = Row([6] * 20, 1_000_000, unwanted=True)
        endless.unwanted = True
        assert write(lines, never_begun).tokens == []
        assert heard.over.wait(60)
        prompt = some_prompts(1, seed=3)[0]
        assert write(lines, Row(prompt, 9)).tokens == alone(llama, prompt, 9)


class Same:
    """Always chooses one token, or fails."""

    def __init__(self, token: int | None) -> None:
        self.token = token

    def pick(self, logits: Any) -> int:
        if self.token is None:
            raise ModelError("can not be held to its grammar")
        return self.token


def test_a_row_that_fails_concerns_no_other(llama: Any, steps: Steps) -> None:
    prompts = some_prompts(2, seed=4)
    with closing(Continuous(steps)) as lines:
        rows = [Row(prompts[0], 12), Row(prompts[1], 12, picker=Same(None))]
        heard = [Heard(), Heard()]
        for row, told in zip(rows, heard, strict=True):
            lines.submit(row, told)
        assert all(told.over.wait(60) for told in heard)
    assert str(rows[1].error) == "can not be held to its grammar"
    assert rows[0].error is None
    assert rows[0].tokens == alone(llama, prompts[0], 12)


def test_a_model_that_fails_is_told_to_all_and_the_next_row_is_written(
    llama: Any, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = some_prompts(1, seed=5)[0]
    with closing(Continuous(steps)) as lines:
        with monkeypatch.context() as patch:
            patch.setattr(type(llama), "forward", failing)
            broken = write(lines, Row(prompt, 5))
        assert isinstance(broken.error, ModelError)
        assert "no memory" in str(broken.error)
        assert write(lines, Row(prompt, 5)).tokens == alone(llama, prompt, 5)


def failing(*args: Any, **kwargs: Any) -> Any:
    raise RuntimeError("no memory")


def test_closing_writes_what_was_submitted_and_takes_no_more(llama: Any, steps: Steps) -> None:
    prompts = some_prompts(5, seed=6)
    lines = Continuous(steps)
    rows = [Row(prompt, 10) for prompt in prompts]
    for row in rows:
        lines.submit(row, Heard())
    lines.close()
    assert [row.tokens for row in rows] == [alone(llama, prompt, 10) for prompt in prompts]
    with pytest.raises(ModelError, match="being closed"):
        lines.submit(Row([4], 1), Heard())


class Watched(Batch):
    """Writes down what is read (r) and stepped (s)."""

    def __init__(self, model: Any) -> None:
        super().__init__(model, 8, STOP)
        self.order = ""

    def admit(self, row: Row) -> bool:
        self.order += "r"
        return super().admit(row)

    def step(self) -> list[Row]:
        self.order += "s" if self.rows else ""
        return super().step()


def test_between_two_steps_one_waiting_prompt_is_read(llama: Any) -> None:
    """Those that are being answered go on while the others come in."""
    batch = Watched(llama)
    lines = Continuous(batch)
    first, heard = Blocking(), [Heard() for _ in range(4)]
    with closing(lines):
        lines.submit(Row([4] * 20, 8, picker=first), heard[0])
        assert first.asked.wait(60)
        for i, told in enumerate(heard[1:]):
            lines.submit(Row([5 + i] * 20, 8, picker=Same(7)), told)
        first.go.set()
        assert all(told.over.wait(60) for told in heard)
    assert batch.order == "rsrsrsrs" + "s" * 6


class Blocking:
    """Chooses its first token when it may."""

    def __init__(self) -> None:
        self.asked, self.go = threading.Event(), threading.Event()

    def pick(self, logits: Any) -> int:
        self.asked.set()
        assert self.go.wait(60)
        return 7
