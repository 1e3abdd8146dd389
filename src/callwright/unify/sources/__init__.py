"""Which layouts are known, and which of them a file has."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from callwright import secrets
from callwright.errors import ConfigError, DataError
from callwright.record import Json
from callwright.unify import files
from callwright.unify.rows import Element, Source
from callwright.unify.sources import (
    actionstudio,
    adp,
    agent_ohana,
    agentbench,
    agentgym_functions,
    alfworld_prompts,
    anthropic,
    api_bank,
    apibench,
    # apigen_mt,
    atif,
    bfcl,
    bfcl_multi_turn,
    button,
    codeact,
    environment,
    fireact_trajs,
    glaive_v2,
    hammer,
    hammer_masked,
    hermes_fc,
    # hf_messages,
    inspect_log,
    llamafactory,
    nestful,
    openai_chat,
    openfunctions,
    otel_genai,
    preference,
    react_text,
    responses,
    rlla,
    seal_tools,
    smolagents,
    swe_agent,
    swe_messages,
    t_eval,
    tau2_bench,
    tau_bench,
    toolace,
    toolalpaca,
    toolalpaca_judged,
    toolbench,
    toolbench_queries,
    toucan,
    when2call,
    when2call_test,
    xlam_60k,
    xlam_steps,
)

SOURCES: dict[str, Source] = {
    "toolalpaca": toolalpaca,
    "toolalpaca_judged": toolalpaca_judged,
    "seal_tools": seal_tools,
    "api_bank": api_bank,
    "toolbench": toolbench,
    "toolbench_queries": toolbench_queries,
    "xlam_60k": xlam_60k,
    "hammer": hammer,
    "hammer_masked": hammer_masked,
    "nestful": nestful,
    "bfcl": bfcl,
    "bfcl_multi_turn": bfcl_multi_turn,
    "openfunctions": openfunctions,
    "apibench": apibench,
    "t_eval": t_eval,
    "when2call": when2call,
    "when2call_test": when2call_test,
    # "apigen_mt": apigen_mt,
    "actionstudio": actionstudio,
    "xlam_steps": xlam_steps,
    "agent_ohana": agent_ohana,
    "toucan": toucan,
    "glaive_v2": glaive_v2,
    "toolace": toolace,
    "button": button,
    "rlla": rlla,
    "hermes_fc": hermes_fc,
    "smolagents": smolagents,
    "react_text": react_text,
    "fireact_trajs": fireact_trajs,
    "agentgym_functions": agentgym_functions,
    "codeact": codeact,
    "environment": environment,
    "swe_agent": swe_agent,
    "swe_messages": swe_messages,
    "agentbench": agentbench,
    "alfworld_prompts": alfworld_prompts,
    "tau_bench": tau_bench,
    "tau2_bench": tau2_bench,
    "inspect_log": inspect_log,
    "responses": responses,
    "atif": atif,
    "adp": adp,
    "otel_genai": otel_genai,
    "preference": preference,
    "llamafactory": llamafactory,
    # "hf_messages": hf_messages,
    "openai_chat": openai_chat,
    "anthropic": anthropic,  # it takes plain rows too, for the sake of files that have others
}
"""Source name to the module that reads it; a new source is one module and one line here."""


class Detection(NamedTuple):
    """Which source a file belongs to, and why."""

    name: str
    why: str


def source_named(name: str) -> Source:
    """Return a source by name; raises `ConfigError` that lists the names."""
    if name not in SOURCES:
        raise ConfigError("unknown source", expected=f"auto, {', '.join(SOURCES)}", got=name)
    return SOURCES[name]


def detect(path: Path) -> Detection:
    """Recognise a file by its first rows; raises `DataError` that names the nearest sources."""
    first = files.peek(path)
    if not first:
        raise DataError("is empty", place=str(path), expected="rows of a known source")
    found = recognise(first)
    if found is None:
        raise unrecognised(path, first)
    return found


def recognise(first: Sequence[Element]) -> Detection | None:
    """Return the source that most of these rows fit, or None."""
    values = [e.value if isinstance(e.value, dict) else {"": e.value} for e in first if e.error is None]
    best, votes = None, len(values) / 2
    for name, source in SOURCES.items():
        reasons = [why for why in map(source.detect, values) if why]
        if len(reasons) > votes:
            best, votes = Detection(name, reasons[0]), len(reasons)
    return best


def unrecognised(path: Path, first: Sequence[Element]) -> DataError:
    """Return the error for a file that no source recognises: what was seen, and what comes near."""
    values = [e.value for e in first if e.error is None]
    if not values:
        detail = secrets.redact(f"{first[0].error}") if first and first[0].error else "no rows"
        return DataError("holds no readable row", place=str(path), expected="JSON or JSON lines", got=detail)
    fields = _fields(values)
    got = f"fields {', '.join(fields)}" if fields else f"rows of type {type(values[0]).__name__}"
    near = _nearest(fields)
    told = [f"{name} (has {', '.join(SOURCES[name].FIELDS)})" for name in near]
    known = (
        f"{len(SOURCES)} layouts are known, see docs/sources.md; the plainest is openai_chat (has messages)"
    )
    hint = f"nearest: {'; '.join(told)}" if near else known
    return DataError(
        "no source recognises it", place=str(path), expected="rows of a known source", got=got, hint=hint
    )


def _nearest(fields: Sequence[str], count: int = 3) -> list[str]:
    """Return the sources whose fields these resemble most, misspelt ones included."""
    likeness: dict[str, float] = {}
    for name, source in SOURCES.items():
        close = [difflib.get_close_matches(f, fields, 1, 0.75) for f in source.FIELDS]
        shared = sum(
            1.0 if f in fields else 0.75 for f, found in zip(source.FIELDS, close, strict=True) if found
        )
        likeness[name] = shared / (len(source.FIELDS) + len(fields) - shared) if shared else 0.0
    best = sorted(likeness, key=lambda name: -likeness[name])
    return [name for name in best[:count] if likeness[name]]


def _fields(values: Sequence[Json]) -> list[str]:
    # Cut afterwards: the form of half a credential is not found.
    names = dict.fromkeys(secrets.redact(str(k))[:40] for v in values if isinstance(v, dict) for k in v)
    return list(names)[:20]
