"""The journal: nothing asked twice, nothing lost but what is in flight, an outage never an answer."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from callwright.errors import DataError, ModelError, RunError
from callwright.evaluate.answers import Request, answer, fingerprint_of
from callwright.models import Arrived, Completion, Prompt


class Counting:
    """Answers with the request in capitals, one by one; breaks down after `budget` prompts."""

    name = "counting"

    def __init__(self, budget: int = 1_000_000) -> None:
        self.asked: list[str] = []
        self.budget = budget

    def fits(self, prompt: Prompt, max_tokens: int) -> bool:
        return len(prompt.messages[0][1]) < 1000

    def complete(
        self,
        prompts: Sequence[Prompt],
        *,
        max_tokens: int,
        seed: int = 0,
        arrived: Arrived | None = None,
    ) -> list[Completion]:
        answers = []
        for place, prompt in enumerate(prompts):
            if len(self.asked) >= self.budget:
                raise ModelError("the server is gone")
            self.asked.append(prompt.messages[0][1])
            answers.append(Completion(prompt.messages[0][1].upper(), 1, 1, "stop"))
            if arrived:
                arrived(place, answers[-1])
        return answers


class Late(Counting):
    """Tells of no answer before all are there."""

    def complete(self, prompts: Sequence[Prompt], **options: Any) -> list[Completion]:  # type: ignore[override]
        return super().complete(prompts, **{**options, "arrived": None})


def requests(n: int, prefix: str = "row") -> list[Request]:
    texts = [f"{prefix} {i} {'.' * (i % 7)}" for i in range(n)]
    return [Request(f"r{i}", Prompt((("user", t),), ((t, False),))) for i, t in enumerate(texts)]


def test_every_request_is_answered_once_and_in_order(tmp_path: Path) -> None:
    model, seen = Counting(), []
    rows = requests(150)
    answers = answer(
        model, rows, tmp_path / "j.jsonl", progress=lambda done, total: seen.append((done, total))
    )
    assert list(answers) == [row.id for row in rows]
    assert all(answers[row.id].text == row.prompt.messages[0][1].upper() for row in rows)
    assert seen == [(done, 150) for done in range(151)]
    again = Counting()
    assert answer(again, rows, tmp_path / "j.jsonl") == answers
    assert again.asked == []


def test_the_longest_prompts_are_asked_first(tmp_path: Path) -> None:
    model = Counting()
    answer(model, requests(20), tmp_path / "j.jsonl")
    assert [len(text) for text in model.asked] == sorted((len(text) for text in model.asked), reverse=True)


def test_an_outage_keeps_what_was_answered_and_the_next_run_goes_on(tmp_path: Path) -> None:
    journal, rows = tmp_path / "j.jsonl", requests(30)
    with pytest.raises(ModelError):
        answer(Counting(budget=25), rows, journal)
    assert len(journal.read_bytes().splitlines()) == 25
    model = Counting()
    assert len(answer(model, rows, journal)) == 30
    assert len(model.asked) == 5


def test_a_model_that_tells_only_at_the_end_is_journalled_as_well(tmp_path: Path) -> None:
    answers = answer(Late(), requests(9), tmp_path / "j.jsonl")
    assert answers == answer(Counting(budget=0), requests(9), tmp_path / "j.jsonl")


def test_half_a_line_left_by_a_killed_run_is_cut_off(tmp_path: Path) -> None:
    journal, rows = tmp_path / "j.jsonl", requests(10)
    answer(Counting(), rows, journal)
    data = journal.read_bytes()
    for cut in (1, 20, len(data.splitlines()[-1])):
        journal.write_bytes(data[:-cut])
        model = Counting()
        answer(model, rows, journal)
        assert len(model.asked) == 1
        assert sorted(journal.read_bytes().splitlines()) == sorted(data.splitlines())


def test_another_prompt_model_or_limit_is_asked_anew(tmp_path: Path) -> None:
    journal, rows = tmp_path / "j.jsonl", requests(5)
    answer(Counting(), rows, journal)
    changed = Counting()
    answer(changed, [*rows[:4], *requests(5, "other")[4:]], journal)
    retrained = Counting()
    answer(retrained, rows, journal, fingerprint="other weights")
    longer = Counting()
    answer(longer, rows, journal, max_tokens=9)
    assert (len(changed.asked), len(retrained.asked), len(longer.asked)) == (1, 5, 5)


def test_a_prompt_that_does_not_fit_is_recorded_and_not_asked(tmp_path: Path) -> None:
    model = Counting()
    text = "x" * 2000
    rows = [*requests(3), Request("long", Prompt((("user", text),), ((text, False),)))]
    answers = answer(model, rows, tmp_path / "j.jsonl")
    assert answers["long"].finish == "too-long"
    assert len(model.asked) == 3


def test_a_damaged_line_is_named_and_nothing_is_thrown_away(tmp_path: Path) -> None:
    journal, rows = tmp_path / "j.jsonl", requests(3)
    answer(Counting(), rows, journal)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(lines[0] + b"garbage\n" + lines[2])
    with pytest.raises(DataError, match=r"j\.jsonl:2"):
        answer(Counting(), rows, journal)
    assert journal.read_bytes() == lines[0] + b"garbage\n" + lines[2]


def test_equal_ids_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="same id"):
        answer(Counting(), [*requests(2), *requests(1)], tmp_path / "j.jsonl")


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    class Nested(Counting):
        def complete(self, prompts: Sequence[Prompt], **_: object) -> list[Completion]:  # type: ignore[override]
            answer(Counting(), requests(1), tmp_path / "j.jsonl")
            return []

    with pytest.raises(RunError, match="another process"):
        answer(Nested(), requests(1), tmp_path / "j.jsonl")


def test_missing_completions_are_an_outage(tmp_path: Path) -> None:
    class Silent(Counting):
        def complete(self, prompts: Sequence[Prompt], **_: object) -> list[Completion]:  # type: ignore[override]
            return []

    with pytest.raises(ModelError, match="wrong number"):
        answer(Silent(), requests(2), tmp_path / "j.jsonl")


def test_lone_surrogates_do_not_break_the_journal(tmp_path: Path) -> None:
    rows = [Request("r", Prompt((("user", "a\ud800"),), (("a\ud800", False),)))]
    first = answer(Counting(), rows, tmp_path / "j.jsonl")
    model = Counting()
    assert answer(model, rows, tmp_path / "j.jsonl") == first
    assert model.asked == []


def test_the_fingerprint_of_a_folder_follows_its_weights(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "adapter_model.safetensors").write_bytes(b"1")
    before = fingerprint_of(str(tmp_path))
    assert fingerprint_of(str(tmp_path)) == before
    (tmp_path / "adapter_model.safetensors").write_bytes(b"2")
    assert fingerprint_of(str(tmp_path)) != before
    assert fingerprint_of("http://localhost/v1#m") == "http://localhost/v1#m"


def test_the_fingerprint_of_a_run_is_that_of_the_weights_which_it_left(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter" / "adapter_config.json").write_text("{}")
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(b"1")
    before = fingerprint_of(str(tmp_path))
    assert fingerprint_of(str(tmp_path / "adapter")) == before
    weights.write_bytes(b"2")
    assert fingerprint_of(str(tmp_path)) != before


def test_the_fingerprint_of_a_script_follows_what_it_says(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    spec = f"scripted:{script}"
    script.write_text('{"text": "one"}\n')
    before = fingerprint_of(spec)
    assert fingerprint_of(spec) == before
    assert before.startswith(spec)
    script.write_text('{"text": "two"}\n')
    assert fingerprint_of(spec) != before


def test_kill_9_loses_only_what_is_in_flight(tmp_path: Path) -> None:
    journal = tmp_path / "j.jsonl"
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, sys.argv[2])
        from test_answers import Counting, requests
        from callwright.evaluate.answers import answer

        class Slow(Counting):
            def complete(self, prompts, *, arrived, **options):
                def slowly(place, done):
                    time.sleep(0.01 if len(self.asked) <= 30 else 60)
                    arrived(place, done)

                return super().complete(prompts, arrived=slowly, **options)

        answer(Slow(), requests(100), Path(sys.argv[1]))
    """)
    command = [sys.executable, "-c", script, str(journal), str(Path(__file__).parent)]
    process = subprocess.Popen(command)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if journal.is_file() and journal.read_bytes().count(b"\n") >= 30:
            break
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len({json.loads(line)["id"] for line in journal.read_bytes().splitlines()}) == 30
    model = Counting()
    assert len(answer(model, requests(100), journal)) == 100
    assert len(model.asked) == 70
