"""The data stages of a build: the training set, the suite of held-out requests, and the preference pairs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from callwright.augment import AugmentStep, policy_of, share_tools
from callwright.blend import SplitBy, Tally, blend, parse_shares
from callwright.engine import Row, run
from callwright.errors import ConfigError, DataError, GateError
from callwright.pair import Balance, Corruptions, pair
from callwright.progress import Bar, legible
from callwright.record import Dropped, Json, Trajectory
from callwright.settings import BuildSettings, written
from callwright.store import Report, Sink, read, read_some, together, write_json_atomic
from callwright.suites import TRAINED, in_column, new_requests, style_of
from callwright.synthesize import diversity, synthesize
from callwright.synthesize.replicas import processes_for
from callwright.toolbox import Executor, Toolbox
from callwright.unify import unify
from callwright.unify.own_rows import parted
from callwright.verify import VerifyStep, funnel
from callwright.verify.lines import gated

POLICY = "order=1,format=0.15"
"""How training rows are varied."""
FORMATS = ("xlam", "python")
"""Output formats that some of them ask for."""
KIT = 8
"""Training rows that are offered the same tools, so that these are read once for several rows."""
PAIRS = 400
_WAY_OUT = "`callwright unify … --secrets redact -o rows.jsonl` replaces it; then give rows.jsonl as --data"


def _made(toolbox: Toolbox, config: BuildSettings) -> Iterator[Row]:
    """Yield verified rows for the tools of a toolbox, and the candidates that failed."""
    with Executor(toolbox) as execute:
        yield from synthesize(
            toolbox.tools, accept=config.rows, seed=config.seed, styles=TRAINED, play=execute.play,
            processes=processes_for(config.rows),
        )  # fmt: skip


def given(data: Sequence[Path], notes: list[str] | None = None) -> Iterator[Row]:
    """Yield the rows of data: raw ones are unified, those of a named file of trajectories stay as they are.

    Raises `DataError` before the first row, as `unify` does; what it found is appended to `notes`.
    """
    raw, own = parted(data)
    unified: Iterable[Row] = unify(raw, notes=notes) if raw else ()
    if notes is not None:
        notes += [f"{path.name}: trajectories already, taken as they are" for path in own]
    return chain(unified, chain.from_iterable(read_some(path, "verify") for path in own))


def _passed(rows: Iterator[Row]) -> Iterator[Row]:
    """Verify rows; a credential stops them, with the way out that a build has."""
    try:
        yield from gated(run(VerifyStep(), rows))
    except GateError as error:
        raise GateError(error.what, place=error.place, hint=_WAY_OUT) from None


def make(
    folder: Path, toolbox: Toolbox | None, data: Sequence[Path], config: BuildSettings, bar: Bar
) -> dict[str, Json]:
    """Write ``train.jsonl`` and ``valid.jsonl``: rows from tools and data, verified, varied and blended."""
    notes: list[str] = []
    inputs: list[Iterable[Row]] = []
    if toolbox is not None:
        inputs.append(_made(toolbox, config))
    if data:
        inputs.append(_passed(given(data, notes)))
    verified = folder / "verified.jsonl"
    with Sink(verified, "verify", {"seed": config.seed}) as sink:
        rows = _counted(chain.from_iterable(inputs), sink, bar, config.rows)
        table = funnel(rows, executes=toolbox is not None, judges=False)
    varied = AugmentStep(seed=config.seed, policy=policy_of(POLICY), formats=FORMATS, keep_original=False)
    rows = run(varied, read(verified))
    reports = _split_into(folder / "blend", blend([("verified", rows)], seed=config.seed))
    with Sink(folder / "train.jsonl", "share-tools", {"size": KIT}) as train:
        for row in share_tools(_trajectories(folder / "blend" / "train.jsonl"), size=KIT):
            train.put(row)
    told: dict[str, Any] = {
        "candidates": sink.report.rows_in,
        "verified": sink.report.kept,
        "reasons": dict(Counter(sink.report.reasons) + Counter(reports["train"].reasons)),
        "train": reports["train"].kept,
        "valid": reports["valid"].kept,
        "funnel": table.text(),
        "styles": dict(Counter(style_of(t) for t in _trajectories(folder / "train.jsonl"))),
        "diversity": msgspec.to_builtins(diversity([_request(t) for t in _trajectories(verified)])),
        "notes": notes,
    }
    if not reports["train"].kept:
        raise DataError("no row is left to train on", got=f"{sink.report.rows_in} rows, {told['reasons']}")
    write_json_atomic(folder / "summary.json", told)
    return {k: v for k, v in told.items() if k not in ("funnel", "notes")}


def _counted(rows: Iterable[Row], sink: Sink, bar: Bar, total: int) -> Iterator[Row]:
    for i, row in enumerate(rows, start=1):
        sink.put(row)
        if i % 50 == 0:
            bar.update(i, max(total, i), f"{i:,} candidates")
        yield row


def _split_into(
    folder: Path,
    rows: Iterable[tuple[str, Trajectory] | Dropped],
    config: Mapping[str, Json] | None = None,
    tally: Tally | None = None,
) -> dict[str, Report]:
    """Write the two sides of a blend; what it dropped, and the tally, is kept beside the training side."""
    folder.mkdir(parents=True, exist_ok=True)
    sinks = {side: Sink(folder / f"{side}.jsonl", "blend", config or {}) for side in ("train", "valid")}
    with together(*sinks.values()):
        for row in rows:
            if isinstance(row, Dropped):
                sinks["train"].put(row)
            else:
                sinks[row[0]].put(row[1])
        if tally is not None:
            sinks["train"].note("blend", tally.to_json())
    return {side: sink.report for side, sink in sinks.items()}


def blended(
    inputs: Sequence[Path],
    out: Path,
    *,
    holdout: float,
    seed: int,
    split_by: SplitBy = "request",
    near: float = 0.0,
    max_per_structure: int | None = None,
    against: str | None = None,
    overlap: float = 0.5,
    weights: str | None = None,
    limit: int | None = None,
    tally: Tally | None = None,
) -> dict[str, Report]:
    """Blend files into ``train.jsonl`` and ``valid.jsonl`` in `out`; options as in `BlendSettings`."""
    tally = tally if tally is not None else Tally()
    if out.is_file():
        raise ConfigError("not a name for a folder", place=str(out), expected="a folder, which is made")
    out.mkdir(parents=True, exist_ok=True)
    config: dict[str, Json] = {
        "holdout": holdout, "split_by": split_by, "near": near, "max_per_structure": max_per_structure,
        "against": written(against), "overlap": overlap, "weights": written(weights), "limit": limit,
        "seed": seed,
    }  # fmt: skip
    rows = blend(
        [(name, read_some(path, "blend")) for name, path in _named(inputs).items()],
        seed=seed,
        weights=parse_shares(written(weights) or ""),
        limit=limit,
        holdout=holdout,
        split_by=split_by,
        near=near,
        max_per_structure=max_per_structure,
        against=() if against is None else [name.strip() for name in against.split(",")],
        overlap=overlap,
        tally=tally,
        scratch=out,
    )
    return _split_into(out, rows, config, tally)


def _named(inputs: Sequence[Path]) -> dict[str, Path]:
    """Return files by the name that is theirs alone: without folder and suffix, or else in full."""
    short = [re.sub(r"\.jsonl(\.zst|\.gz)?$", "", legible(path.name)) for path in inputs]
    names: dict[str, Path] = {}
    for path, stem in zip(inputs, short, strict=True):
        name = stem if short.count(stem) == 1 else legible(str(path))
        while name in names:
            name += " again"
        names[name] = path
    return names


def make_suite(
    folder: Path, run_path: Path, toolbox: Toolbox | None, config: BuildSettings
) -> dict[str, Json]:
    """Write ``suite.jsonl``: requests that training never saw, in columns that say in which respect."""
    trained = {_request(t) for t in _trajectories(run_path / "dataset" / "train.jsonl")}
    columns: dict[str, list[Trajectory]] = {}
    if toolbox is not None:
        columns |= _suite_of_tools(toolbox, config, trained)
    else:
        held_out = _trajectories(run_path / "dataset" / "blend" / "valid.jsonl")
        columns["held_out_rows"] = list(islice(filter(_can_be_graded, held_out), 4 * config.suite))
    rows = [in_column(t, name) for name, column in columns.items() for t in column]
    if not rows:
        raise DataError(
            "no row is left to hold out",
            place=str(run_path / "dataset" / "blend" / "valid.jsonl"),
            hint="a tenth of the requests is held out: give a few dozen rows with calls",
        )
    with Sink(folder / "suite.jsonl", "suite", {"seed": config.seed}) as sink:
        for row in rows:
            sink.put(row)
    return {"rows": len(rows), "columns": {name: len(column) for name, column in columns.items()}}


def _suite_of_tools(toolbox: Toolbox, config: BuildSettings, avoid: set[str]) -> dict[str, list[Trajectory]]:
    with Executor(toolbox) as execute:
        return new_requests(
            toolbox.tools,
            accept=config.suite,
            seed=config.seed,
            avoid=avoid,
            play=execute.play,
        )


def _can_be_graded(t: Trajectory) -> bool:
    return bool(t.tools) and any(m.role == "assistant" for m in t.messages)


def make_pairs(folder: Path, run_path: Path, config: BuildSettings) -> dict[str, Json]:
    """Write ``pairs.jsonl``: training rows with a targeted corruption of their answer as rejected."""
    rows = islice(_trajectories(run_path / "dataset" / "train.jsonl"), PAIRS)
    balance = Balance()
    with Sink(folder / "pairs.jsonl", "pair", {"seed": config.seed}) as sink:
        for row in pair(rows, [Corruptions(config.seed)], balance=balance):
            sink.put(row)
        sink.note("balance", balance.to_json())
    return {"pairs": sink.report.kept, "classes": dict(balance.classes), "dropped": sink.report.reasons}


def _trajectories(path: Path) -> Iterator[Trajectory]:
    return (row for row in read(path) if isinstance(row, Trajectory))


def _request(t: Trajectory) -> str:
    return next((m.content for m in t.messages if m.role == "user"), "")
