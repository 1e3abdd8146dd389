"""The stages of a build that need a model: score the base, fine-tune, prefer, score again, answer once."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from callwright import conform, served, train
from callwright.conform.certificate import summary
from callwright.evaluate.answers import fingerprint_of
from callwright.evaluate.bfcl.data import PYTHON_NON_LIVE
from callwright.evaluate.bfcl.run import run_bfcl
from callwright.evaluate.summary import Summary
from callwright.progress import Bar
from callwright.record import Json, Trajectory
from callwright.settings import BuildSettings
from callwright.store import read, write_json_atomic
from callwright.suite_scoring import score_suite
from callwright.train.config import Details, DpoConfig, Progress, SftConfig, TrainSummary
from callwright.weights import base_directory, local_model, writer_of

CALLS_TO_CERTIFY = 300
"""A build is to end soon; `callwright conform` sends many times as many."""
ALL_ROWS = Details(holdout=0.0, stretch=2.0)
"""A build has few minutes and a suite of its own to be scored on: no row is set aside to be measured. A model
that saw less than half of the rows is none to show, so a slow machine may take twice the minutes."""


def score_base(folder: Path, run: Path, config: BuildSettings, bar: Bar) -> dict[str, Json]:
    """Score the base model on the suite and on BFCL."""
    bar.update(0, 0, "opening the base model (converted on first use)")
    return _score(base_directory(config.base), folder, run, config, bar)


def score_tuned(folder: Path, run: Path, config: BuildSettings, bar: Bar) -> dict[str, Json]:
    """Score the trained model on the same rows."""
    return _score(adapter_of(run), folder, run, config, bar)


def _score(weights: Path, folder: Path, run: Path, config: BuildSettings, bar: Bar) -> dict[str, Json]:
    model, fingerprint = local_model(str(weights)), fingerprint_of(str(weights))
    scores: dict[str, Summary] = {}
    started = time.monotonic()

    def shown(name: str, done: int, total: int) -> None:
        spent = time.monotonic() - started
        bar.update(done, total, name, spent / done * (total - done) if done else None)

    suite = run / "suite" / "suite.jsonl"
    scores["suite"] = score_suite(
        model, suite, folder / "suite", config.max_tokens, fingerprint, partial(shown, "suite")
    )
    if config.bfcl:
        started = time.monotonic()
        scores["BFCL subset"] = run_bfcl(
            model,
            folder / "bfcl",
            PYTHON_NON_LIVE,
            limit=config.bfcl,
            max_tokens=config.max_tokens,
            fingerprint=fingerprint,
            progress=partial(shown, "BFCL"),
        )
    plain: dict[str, Any] = {name: msgspec.to_builtins(s.all) for name, s in scores.items()}
    return {"model": model.name, "fingerprint": fingerprint, "scores": plain}


def fine_tune(folder: Path, run: Path, config: BuildSettings, bar: Bar) -> dict[str, Json]:
    """Run SFT on the training rows within the minutes given."""
    told = SftConfig(
        minutes=config.minutes,
        lora_rank=config.lora_rank,
        seed=config.seed,
        epochs=4.0,
        base=config.base,
        details=ALL_ROWS,
    )
    summary = train.sft(
        told,
        base=base_directory(config.base),
        data=run / "dataset" / "train.jsonl",
        out=folder,
        progress=partial(show_step, bar),
    )
    return _plain(summary)


def prefer(folder: Path, run: Path, config: BuildSettings, bar: Bar) -> dict[str, Json]:
    """Run DPO on the pairs within the minutes given."""
    told = DpoConfig(minutes=config.dpo_minutes, seed=config.seed, details=replace(ALL_ROWS, stretch=1.0))
    summary = train.dpo(
        told,
        base=base_directory(config.base),
        adapter=run / "sft" / "adapter",
        pairs=run / "pairs" / "pairs.jsonl",
        out=folder,
        progress=partial(show_step, bar),
    )
    return _plain(summary)


def _plain(summary: TrainSummary) -> dict[str, Json]:
    plain: dict[str, Json] = msgspec.to_builtins(summary)
    return plain


def show_step(bar: Bar, p: Progress) -> None:
    """Show one optimiser step on the stage's line."""
    note = f"loss {p.loss:.3f} · {p.tokens_per_second:.0f} tokens/s"
    bar.update(p.step, p.total, note, p.seconds_left)


def adapter_of(run: Path) -> Path:
    """Return the adapter that a build ends with: of DPO if it ran, else of SFT."""
    preferred = run / "dpo" / "adapter"
    return preferred if preferred.is_dir() else run / "sft" / "adapter"


def certify(folder: Path, run: Path, config: BuildSettings, bar: Bar) -> dict[str, Json]:
    """Send made-up conversations through every runtime that is here; the certificate is kept."""
    found = conform.conform(adapter_of(run), calls=CALLS_TO_CERTIFY, seed=config.seed, progress=bar.update)
    write_json_atomic(folder / conform.NAME, found)
    return {"holds": found.holds, "summary": summary(found)}


def answer_once(folder: Path, run: Path, config: BuildSettings) -> dict[str, Json]:
    """Serve the trained model and send it one held-out request over HTTP; the exchange is kept."""
    asked = [r for r in read(run / "suite" / "suite.jsonl") if isinstance(r, Trajectory) and r.tools]
    row = next((r for r in asked if r.messages[-1].tool_calls), asked[0])  # one that wants a call, if any
    body = served.request_body(row.messages[0].content, row.tools or ())
    model = local_model(str(adapter_of(run)))
    started = time.monotonic()
    response = served.ask_once(writer_of(model), body)
    seconds = round(time.monotonic() - started, 2)
    write_json_atomic(folder / "exchange.json", {"request": body, "response": response})
    message = response["choices"][0]["message"]
    calls = [c["function"] for c in message.get("tool_calls") or ()]
    shown = ", ".join(f"{c['name']}({c['arguments']})" for c in calls) or json.dumps(message.get("content"))
    return {"seconds": seconds, "request": row.messages[0].content, "shown": shown}
