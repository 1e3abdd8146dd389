"""A plan says what the run then does, and leaves nothing behind; a run leaves a card."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from callwright.finetuning import plan_lines
from callwright.record import Message
from callwright.train import Details, DpoConfig, SftConfig, dpo, plan_dpo, plan_sft, sft
from callwright.train.plan import affordable
from tiny_rows import pair, trajectory, write

CONFIG = SftConfig(
    lora_rank=4, batch_size=4, dtype="float32", details=Details(holdout=0.1, measurements=2), base="tiny"
)


@pytest.mark.slow
def test_a_plan_is_what_the_run_does(tiny_base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "train.jsonl", [trajectory(i) for i in range(24)])
    before = sorted(tmp_path.iterdir())
    plan = plan_sft(CONFIG, base=tiny_base, data=data)
    assert sorted(tmp_path.iterdir()) == before
    done = sft(CONFIG, base=tiny_base, data=data, out=tmp_path / "run")
    equal = "rows silent_rows steps epochs tokens supervised_tokens trainable_parameters dtype"
    for name in equal.split():
        assert getattr(plan, name) == getattr(done, name), name
    assert done.validation is not None
    assert plan.validation_rows == done.validation.rows == 2
    assert len(plan.examples) == 10
    call = '{"name": "get_weather", "arguments": {"city": "Oslo 0", "days": 0}}'
    assert f"⟦<tool_call>\n{call}\n</tool_call><|im_end|>⟧" in plan.examples["row/0"]
    card = (tmp_path / "run/adapter/README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nbase_model: tiny\nlibrary_name: peft\n")
    assert "- not told: 24 rows" in card
    assert f"best_step: {done.validation.best_step}" not in card
    assert f"at step {done.validation.best_step}, whose weights these are" in card
    pairs = write(tmp_path / "pairs.jsonl", [pair(i) for i in range(8)])
    told = {"base": tiny_base, "adapter": tmp_path / "run/adapter", "pairs": pairs}
    config = DpoConfig(batch_size=4, dtype="float32")
    preferring = plan_dpo(config, **told)
    assert preferring.tokens == dpo(config, **told, out=tmp_path / "dpo").tokens
    assert any(name.endswith("(rejected)") for name in preferring.examples)


def test_a_plan_counts_rows_without_a_call_and_tells_what_too_few_of_them_do(
    tiny_base: Path, tmp_path: Path
) -> None:
    calling = [trajectory(i) for i in range(10)]
    reply = Message(role="assistant", content="None of my tools does that.")
    silent = [msgspec.structs.replace(t, messages=(t.messages[0], reply)) for t in calling]
    config = replace(CONFIG, details=Details(holdout=0.0))
    for few, advised in ((1, True), (2, False)):
        data = write(tmp_path / f"{few}.jsonl", [*silent[:few], *calling[few:]])
        plan = plan_sft(config, base=tiny_base, data=data)
        assert (plan.rows, plan.silent_rows) == (10, few)
        (line,) = [line for line in plan_lines(plan) if line.startswith("no call")]
        assert f"{few} of them ({few}0.0%)" in line
        assert ("less than 15%" in line) == advised


def test_a_plan_shows_rows_and_gives_a_terminal_no_orders(tiny_base: Path, tmp_path: Path) -> None:
    data = write(tmp_path / "rows.jsonl", [trajectory(i) for i in range(10)])
    plan = plan_sft(CONFIG, base=tiny_base, data=data)
    shown = msgspec.structs.replace(plan, examples={**plan.examples, "\x9b2J": "Say \x1b]0;x\x07"})
    said = "\n".join(plan_lines(shown))
    assert "\x1b" not in said
    assert "--- \\u009b2J\nSay \\u001b]0;x\\u0007" in said


def test_minutes_buy_the_steps_whose_tokens_fit() -> None:
    assert affordable(None, [10] * 7, 1.0) == 7
    assert affordable(1.0, [10] * 7, 1.0) == 6
    assert affordable(1.0, [100, 10], 1.0) == 0
    assert affordable(1e6, [10] * 7, 1.0) == 7
