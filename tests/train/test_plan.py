"""A plan says what the run then does, and leaves nothing behind; a run leaves a card."""

from pathlib import Path

import pytest

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
    for name in ("rows", "steps", "epochs", "tokens", "supervised_tokens", "trainable_parameters", "dtype"):
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


def test_minutes_buy_the_steps_whose_tokens_fit() -> None:
    assert affordable(None, [10] * 7, 1.0) == 7
    assert affordable(1.0, [10] * 7, 1.0) == 6
    assert affordable(1.0, [100, 10], 1.0) == 0
    assert affordable(1e6, [10] * 7, 1.0) == 7
