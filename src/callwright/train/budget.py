"""A training budget in minutes that is planned, not cut.

The first optimiser steps are timed; then the number of steps is planned so that warm-up and cosine decay end
when the minutes do. A machine that becomes slower gets a shorter plan, and its steps back when it recovers;
the decay still ends in time.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from callwright.store import write_json_atomic
from callwright.train.config import Details, Progress
from callwright.train.processes import agreed, processes
from callwright.train.schedule import Schedule

PROBE_STEPS, COLD_STEPS = 12, 4
"""Steps that are timed for the plan, and how many of them are not typical: they compile and allocate."""
PLAN_STEPS, RECENT_STEPS = 25, 50
"""How often it is looked whether the plan still fits, and how many steps tell how fast the machine is now."""
SLACK = 0.03
"""Share of the plan by which what the minutes hold may differ from it before there is another one."""
PATIENCE = 1.1
"""Times the budget after which training stops short of its plan."""
COMPLETE = "complete.json"
"""Marker inside a checkpoint folder, written after everything else in it."""


class Budget(TrainerCallback):  # type: ignore[misc]  # transformers publishes no types
    """Plan the number of steps, stop in time, save by the clock, report each step."""

    def __init__(
        self,
        out: Path,
        *,
        planned_steps: int,
        minutes: float | None,
        details: Details,
        wanted_steps: int = 0,
        tokens_per_step: Callable[[int], int],
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.schedule = Schedule(out / "plan.json", details, planned_steps, settled=not minutes)
        self.metrics_file = out / "metrics.jsonl"
        self.max_steps = planned_steps
        self.seconds = minutes * 60 if minutes else math.inf
        self.wanted_steps = min(wanted_steps, planned_steps)
        self.details = details
        self.tokens_per_step = tokens_per_step
        self.progress = progress
        self.stopped_by_clock = False
        self.first_loss = math.nan
        self.last_loss = math.nan
        self._started = self._last_saved = self._aside = self._reserved = 0.0
        self._first_step = self._tokens = self._longest = 0
        self._durations: list[float] = []

    @property
    def total(self) -> int:
        """The number of steps that is planned; 0 until one is."""
        return self.schedule.total

    def rate(self) -> float:
        """Return tokens per second since training began (in this session), measurements aside."""
        return self._tokens / max(1e-9, time.monotonic() - self._started - self._aside)

    def set_aside(self, spent: float, reserved: float = 0.0) -> None:
        """Count seconds that were spent on something else than steps, and keep so many for more of it."""
        self._aside += spent
        self._reserved = max(0.0, self._reserved - spent) + reserved

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        self._started = time.monotonic()
        self._first_step = state.global_step
        self._longest = self.total
        if self.total:
            state.max_steps = self.total
            self.seconds *= self.details.stretch  # what was planned may have needed them
        if processes().is_main_process:
            _cut_lines(self.metrics_file, state.global_step)
        processes().wait_for_everyone()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        elapsed = agreed(time.monotonic() - self._started)
        done = state.global_step - self._first_step
        self._durations.append(elapsed - self._aside - sum(self._durations))
        self._tokens += self.tokens_per_step(state.global_step - 1)
        self._plan(state.global_step, done, elapsed)
        if self.total:
            state.max_steps = self.total
        # A machine that became slower than the probe: stop when the minutes are over, but say so.
        if elapsed > self.seconds * PATIENCE and state.global_step < self.total:
            self.stopped_by_clock = True
            control.should_training_stop = True
        if state.global_step >= state.max_steps:
            control.should_training_stop = True
        if elapsed - self._last_saved >= self.details.checkpoint_seconds:
            self._last_saved = elapsed
            control.should_save = True

    def _plan(self, step: int, done: int, elapsed: float) -> None:
        """Find out how many steps fit into the minutes; plan again where the machine changed.

        What a session began with is not exceeded: a resumed run has minutes of its own, and ends like an
        undisturbed one nevertheless.
        """
        if not self.total:
            self.schedule.expected = fit = self._affordable(step, elapsed)
            due = done >= PROBE_STEPS or (done >= 2 and elapsed > self.seconds / 4)
            if due and fit < self.wanted_steps:
                fit = self._stretched(step, elapsed)
        else:
            looked_at = math.isfinite(self.seconds) and done % PLAN_STEPS == 0 and step < self.total
            fit = min(self._affordable(step, elapsed), self._longest) if looked_at else self.total
            due = abs(fit - self.total) > self.total * SLACK
        if due:
            self._longest = self._longest or fit
            # The rate of the next step, whose number is `step`, has already been asked for.
            self.schedule.plan(step + 1, max(fit, step), write=processes().is_main_process)

    def _stretched(self, step: int, elapsed: float) -> int:
        """Take as much more time as the steps need that are wanted at least, within `details.stretch`."""
        tokens = sum(map(self.tokens_per_step, range(step, self.wanted_steps)))
        needed = elapsed + self._reserved + tokens / self._recent_rate(step)
        self.seconds = min(self.seconds * self.details.stretch, needed)
        return self._affordable(step, elapsed)

    def _affordable(self, step: int, elapsed: float) -> int:
        """Return the last step that fits into the budget at the speed of the latest warm steps, in tokens."""
        left = (self.seconds - elapsed - self._reserved) * self._recent_rate(step)
        while step < self.max_steps and left > 0:
            left -= self.tokens_per_step(step)
            step += 1
        return step

    def _recent_rate(self, step: int) -> float:
        """Return the speed of the latest warm steps before `step`, in tokens per second."""
        cold = min(COLD_STEPS, len(self._durations) // 2)
        recent = self._durations[cold:][-RECENT_STEPS:]
        return sum(map(self.tokens_per_step, range(step - len(recent), step))) / sum(recent)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        if not logs or "loss" not in logs:
            return
        loss = float(logs["loss"])
        self.first_loss = loss if math.isnan(self.first_loss) else self.first_loss
        self.last_loss = loss
        if not processes().is_main_process:
            return
        seconds = max(1e-9, time.monotonic() - self._started)
        done = max(1, state.global_step - self._first_step)
        with self.metrics_file.open("a", encoding="utf-8") as lines:
            row = {k: v for k, v in logs.items() if isinstance(v, int | float)}
            lines.write(json.dumps({"step": state.global_step, **row}) + "\n")
        if self.progress:
            left = (self.total - state.global_step) * seconds / done if self.total else self.seconds
            self.progress(Progress(state.global_step, self.total, loss, self.rate(), max(0.0, left)))

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        processes().wait_for_everyone()  # each writes a part of it
        if not processes().is_main_process:
            return
        folder = Path(str(args.output_dir)) / f"checkpoint-{state.global_step}"
        write_json_atomic(folder / COMPLETE, {"step": state.global_step})


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end; a torn one is passed over."""
    complete = [p.parent for p in folder.glob(f"checkpoint-*/{COMPLETE}")]
    return max(complete, key=lambda p: int(p.name.split("-")[1]), default=None)


def _cut_lines(path: Path, steps: int) -> None:
    """Drop metrics of steps that a resumed run is going to repeat."""
    if path.is_file():
        lines = path.read_text(encoding="utf-8").splitlines()
        kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] <= steps]
        path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
