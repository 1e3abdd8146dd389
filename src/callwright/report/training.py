"""How training went: its curves and figures, and rows as the model saw them, token by token."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from callwright.report.charts import curve
from callwright.report.left import json_of
from callwright.report.page import Markup, Section, fold, section, table, tag, tokens
from callwright.train.config import SHOWN

STAGES = (("sft", "Supervised fine-tuning"), ("dpo", "Preference optimisation (DPO)"))
CURVES = ("loss", "margin", "accuracy")
"""Figures of the log that are drawn, where it has them."""


def sections(run: Path) -> Iterator[Section]:
    """Yield a section per stage that has ended."""
    for stage, title in STAGES:
        told = json_of(run / stage / "train.json")
        if told is None:
            continue
        log = list(_log(run / stage / "metrics.jsonl"))
        drawn = [curve([(r["step"], r[name]) for r in log if name in r], "step", name) for name in CURVES]
        yield section(title, *drawn, table(("", ""), _facts(told)), *_seen(run / stage / SHOWN))


def _facts(told: dict[str, Any]) -> Iterator[tuple[str, object]]:
    yield "rows", f"{told['rows']:,}"
    yield "steps", told["steps"]
    yield "tokens", f"{told['tokens']:,}, {told['supervised_tokens']:,} of them supervised"
    yield "speed", f"{told['tokens_per_second']:.0f} tokens/s in {told['dtype']}"
    yield "peak memory", f"{told['peak_memory_mb']:,} MB"
    yield "trainable parameters", f"{told['trainable_parameters']:,}"
    yield from ((name.replace("_", " "), value) for name, value in told.get("metrics", {}).items())


def _seen(path: Path) -> Iterator[Markup]:
    """Yield rows as the model saw them, with every token that was learnt by itself."""
    shown = json_of(path)
    if not shown:
        return
    rows = [tag("div", tag("p", name, css="soft"), tokens(spans)) for name, spans in shown.items()]
    told = "What is marked was learnt, token by token; the rest was only read, and long texts are cut."
    yield fold(f"{len(rows)} rows as the model saw them", tag("p", told, css="soft"), *rows)


def _log(path: Path) -> Iterator[dict[str, float]]:
    if path.is_file():
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                row = json.loads(line)
            except ValueError:
                continue  # a killed run may leave half a line
            if isinstance(row, dict) and "step" in row:
                yield {name: float(row[name]) for name in ("step", *CURVES) if name in row}
