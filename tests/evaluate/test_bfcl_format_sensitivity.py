"""Format sensitivity: prompts and decoders beside the official ones, a run, and the spread."""

import json
import random
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from bfcl_differential import Request, differences, ours
from bfcl_mutations import arithmetic_is_harmless, spoil
from bfcl_oracle import Oracle
from bfcl_variant_texts import HAND_WRITTEN, written
from hypothesis import given
from hypothesis import strategies as st

from callwright import assets
from callwright.errors import DataError
from callwright.evaluate.bfcl.decode import Undecodable
from callwright.evaluate.bfcl.format_sensitivity import (
    VARIANTS,
    Case,
    cases,
    grade_answers,
    questions,
    run_format_sensitivity,
    spread,
    variant_messages,
)
from callwright.evaluate.bfcl.gold import gold_calls
from callwright.evaluate.bfcl.replay import run_replay
from callwright.evaluate.bfcl.run import prompt_from
from callwright.evaluate.bfcl.variant_decoders import decode_variant
from callwright.evaluate.results import Result, read_results
from callwright.models import Prompt
from callwright.models.scripted import ScriptedModel
from callwright.store import sha256_text


@pytest.mark.slow
@pytest.mark.usefixtures("bfcl")
def test_all_5200_prompts_equal_the_official_ones(tmp_path: Path) -> None:
    script = Path(__file__).with_name("bfcl_prompt_oracle.py")
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
        wheel.extractall(tmp_path)
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path), "format_sensitivity"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    official = [line.split()[:2] for line in done.stdout.splitlines()]
    prompts = [[case.id, sha256_text(json.dumps(variant_messages(case)))] for case in cases(questions())]
    assert len(official) == 5_200
    assert [a[0] for a, b in zip(official, prompts, strict=True) if a != b] == []


@pytest.mark.slow
@pytest.mark.usefixtures("bfcl")
def test_answers_in_every_format_are_decoded_and_judged_as_officially(oracle: Oracle) -> None:
    rows = {row.id: row for row in questions().rows}
    requests: list[Request] = []
    for number, case in enumerate(cases(questions())):
        rng = random.Random(f"variant {number}")
        calls = gold_calls(case.row, rng)
        calls = spoil(calls, case.row.function, rng) if rng.random() < 0.4 else calls
        text = written(calls, case.variant.answers, case.variant.tagged, rng)
        if case.variant.answers != "python" or arithmetic_is_harmless(text):
            requests.append((case.row.id, "variant", (case.variant.id, text)))
    for variant in VARIANTS:
        requests += [("simple_python_58", "variant", (variant.id, text)) for text in HAND_WRITTEN]
    assert differences(rows, requests, oracle) == []
    right = Counter(value[0] for i, kind, value in requests if ours(rows[i], kind, value)[1])
    assert all(right[variant.id] > 30 for variant in VARIANTS), right


@pytest.mark.usefixtures("bfcl")
def test_a_run_tells_the_spread_over_the_wordings(tmp_path: Path) -> None:
    rows = questions().rows
    few = questions()._replace(rows=tuple(rows[i * len(rows) // 4] for i in range(4)))
    right = {prompt_from(variant_messages(case)).messages: _right(case) for case in cases(few)}

    def model(prompt: Prompt) -> str:
        return right[prompt.messages]

    summary = run_format_sensitivity(ScriptedModel(model), tmp_path, limit=4)
    assert (summary.all.n, len(summary.columns)) == (104, 26)
    wrong = {result.column for result in read_results(tmp_path / "results.jsonl") if not result.correct}
    assert wrong == {variant.id for variant in VARIANTS if variant.answers == "json"}
    told = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert told["format_sensitivity"]["max_delta"] == 100.0


@pytest.mark.usefixtures("bfcl")
def test_answers_made_elsewhere_get_a_run_of_their_own(tmp_path: Path) -> None:
    chosen = [case for case in cases(questions()) if case.row.id == "simple_python_58"]
    lines = [json.dumps({"id": case.id, "result": _right(case)}) for case in chosen]
    lines.append(json.dumps({"id": "simple_python_0", "result": "[f()]"}))
    (tmp_path / "BFCL_v4_all_result.json").write_text("\n".join(lines), encoding="utf-8")
    assert run_replay(tmp_path, tmp_path / "out").all.n == 1
    told = json.loads((tmp_path / "out" / "format_sensitivity" / "summary.json").read_text("utf-8"))
    assert (told["all"]["n"], told["all"]["correct"], told["unanswered"]) == (26, 20, 5174)
    with pytest.raises(DataError, match="no case of format sensitivity"):
        grade_answers({"format_sensitivity_0:x:y": "f()"}, tmp_path, {})


def _right(case: Case) -> str:
    """Return a right answer, but silence where JSON is asked for."""
    if case.variant.answers == "json":
        return "I can not."
    calls, quiet = gold_calls(case.row), random.Random()
    quiet.random = lambda: 0.5  # type: ignore[method-assign]  # neither garbled nor left out
    return written(calls, case.variant.answers, case.variant.tagged, quiet)


def test_the_spread_is_that_of_the_accuracies() -> None:
    def result(column: str, correct: bool) -> Result:
        return Result(id="x", column=column, correct=correct, strict=correct)

    results = [result("a", True), result("a", False), result("b", True), result("b", True)]
    assert spread(results) == {"max_delta": 50.0, "variance": 1250.0, "standard_deviation": 35.36}
    assert spread(results[:2]) == {"max_delta": 0.0, "variance": 0.0, "standard_deviation": 0.0}


@given(st.text() | st.text(alphabet='<>/functios="[]{},: '), st.sampled_from(VARIANTS))
def test_any_text_is_decoded_or_not_but_never_raises(text: str, variant: object) -> None:
    assert isinstance(variant, type(VARIANTS[0]))
    decoded = decode_variant(text, variant)
    assert isinstance(decoded, list | Undecodable)
