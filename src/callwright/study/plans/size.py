"""Size against cost: the same training and the same questions for every base model at hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from callwright.study.design import Arm, Extra, Model, Study, training_of
from callwright.study.materials import Materials
from callwright.weights import base_directory


def size(m: Materials) -> Study:
    """Compare base models, each untrained and trained."""

    def untrained(base: str) -> Callable[[int], Model]:
        return lambda seed: base

    def trained(base: str) -> Callable[[int], Model]:
        return lambda seed: m.tuned(m.right(seed), seed, base)

    arms = [
        arm
        for base in m.settings.base
        for arm in (
            Arm(f"{Path(base).name}, untrained", f"{base} as it is", untrained(base)),
            Arm(f"{Path(base).name}, trained", f"{base} after SFT", trained(base)),
        )
    ]
    return Study(
        name="size",
        title="Size against cost",
        question="What does a larger model cost, and what does it get for that?",
        arms=arms,
        exams=[m.exam()],
        notes=["Give --base several times to compare models that you have; only one is embedded."],
        tables=lambda lab, seeds: [_costs(m, arms, seeds[0])],
    )


def _costs(m: Materials, arms: Sequence[Arm], seed: int) -> Extra:
    """Return what each model takes: its weights, memory and time in training and in answering, and energy."""
    rows = []
    for arm, base in zip(arms, [base for base in m.settings.base for _ in range(2)], strict=True):
        model = arm.model(seed)
        weights = sum(file.stat().st_size for file in base_directory(base).glob("*.safetensors"))
        trained = training_of(model)
        exam = m.lab.steps[m.asked(m.questions(), model)]
        energy = "not told" if exam.joules is None else f"{exam.joules / m.settings.questions:.1f}"
        shown = (f"{trained.peak_memory_mb:,}", f"{trained.tokens_per_second:,.0f}") if trained else ("", "")
        seconds = f"{exam.seconds / m.settings.questions:.2f}"
        rows.append((arm.name, f"{weights / 2**20:,.0f}", *shown, seconds, energy))
    headers = ("model", "MB of weights", "peak MB in training", "tokens/s", "s a question", "J a question")
    return Extra(f"What a model takes (seed {seed})", headers, tuple(rows))
