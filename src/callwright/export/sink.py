"""Where exported rows go: the file or folder, the dropped rows with their reasons, and the report.

As with `callwright.store.Sink`: until the end everything is a ``.part`` file, the report is renamed last, and
an exception or a kill leaves what was there before. Beside a folder ``x`` stand ``x.dropped.jsonl`` and
``x.report.json``, outside of it, because the hub would take them for data.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from callwright.errors import ConfigError, RunError
from callwright.export import card, hf, parquet
from callwright.export.columns import Columns, pyarrow
from callwright.export.layout import Layout, Losses, lost
from callwright.record import Dropped, Json, Trajectory
from callwright.store import Report, dropped_path, encoded, report_path, write_json_atomic
from callwright.store.files import PART, sync, write_error
from callwright.store.outputs import outputs
from callwright.store.rows_file import PartFile, RowsFile

STAGE = "export"
_DATA = "data/train-00000-of-00001.parquet"
_SUFFIX = ".parquet"


class Target(Protocol):
    """A file on its way to its final name."""

    count: int

    def write(self, row: Mapping[str, Json], line: bytes) -> None:
        """Add a row, given also as JSON."""

    def finish(self) -> None:
        """Bring everything down to the disk."""

    def publish(self) -> None:
        """Give it its final name."""

    def abandon(self) -> None:
        """Remove what was written."""


class ExportSink:
    """Takes every row of an export, as its trajectory and as rendered; a context manager."""

    report: Report
    """Set when the sink is left normally."""

    def __init__(self, out: Path, layout: Layout, config: Mapping[str, Json]) -> None:
        self.out = out
        self.layout = layout
        self._config = dict(config)
        self._dropped_path, self._report_path = beside(out, layout)
        self._seen = _Seen(layout.LOSES)

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        self._kept = _target(self.out, self.layout)
        try:
            self._dropped = RowsFile(self._dropped_path)
        except BaseException:
            self._kept.abandon()
            raise
        return self

    def keep(self, t: Trajectory, row: Mapping[str, Json], line: bytes) -> None:
        """Write a row; `line` is its JSON."""
        self._kept.write(row, line)
        self._seen.keep(t)

    def drop(self, row: Dropped) -> None:
        """Write a row that the layout can not express, or that was none when it was read."""
        self._dropped.write(encoded(row, STAGE)[1])
        self._seen.reasons[row.reason] += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            self._kept.abandon()  # nothing is left of what was published
            self._dropped.abandon()

    def _finish(self) -> None:
        self._kept.finish()
        self._dropped.finish()
        seen = self._seen
        self.report = Report(
            stage=STAGE,
            rows_in=self._kept.count + self._dropped.count,
            kept=self._kept.count,
            dropped=self._dropped.count,
            reasons=_ranked(seen.reasons),
            config=self._config,
            seconds=round(time.monotonic() - self._started, 3),
            extra=seen.notes(),
        )
        # An old report must not vouch for new rows, not even between two renames.
        self._report_path.unlink(missing_ok=True)
        self._kept.publish()
        if self.layout.CONTAINER == "folder":
            card.write(self.out, self.report, self.layout.LOSES)
        self._dropped.publish()
        write_json_atomic(self._report_path, self.report)


class _Seen:
    """What the report says about the rows that were kept."""

    def __init__(self, losses: Losses) -> None:
        self.reasons: Counter[str] = Counter()
        self._losses = losses
        self._licenses: Counter[str] = Counter()
        self._datasets: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._noncommercial = 0

    def keep(self, t: Trajectory) -> None:
        source = t.source
        self._licenses[(source.license if source else "") or "unknown"] += 1
        self._datasets[source.dataset if source else "unknown"] += 1
        self._noncommercial += bool(source and (source.noncommercial or "-NC" in source.license))
        self._lost.update(lost(t, self._losses))

    def notes(self) -> dict[str, Json]:
        return {
            "licenses": _ranked(self._licenses),
            "noncommercial": self._noncommercial,
            "datasets": _ranked(self._datasets),
            "lost": _ranked(self._lost),
            "loses": self._losses.sentence,
        }


def _ranked(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def beside(out: Path, layout: Layout) -> tuple[Path, Path]:
    """Return where dropped rows and report go; raises `ConfigError` for a name that does not fit."""
    if layout.CONTAINER == "lines":
        return dropped_path(out), report_path(out)
    stem = out.name.removesuffix(_SUFFIX)
    if layout.CONTAINER == "parquet" and (stem == out.name or not stem or out.is_dir()):
        raise ConfigError(
            "not a name for a Parquet file", place=str(out), expected=f"a name that ends in {_SUFFIX}"
        )
    if layout.CONTAINER == "folder":
        _refuse_foreign(out)
    return outputs(out)[1:]


def _refuse_foreign(out: Path) -> None:
    """Raise unless `out` is absent, empty, or what an earlier export wrote."""
    if out.is_file() or out.name.endswith((_SUFFIX, ".jsonl", ".json", ".zst", ".gz")):
        raise ConfigError("not a name for a folder", place=str(out), expected="a folder, which is made")
    if not out.is_dir():
        return
    own = {_DATA, _DATA + PART, card.NAME, card.NAME + PART}
    found = (p.relative_to(out).as_posix() for p in out.rglob("*") if not p.is_dir())
    foreign = sorted(name for name in found if name not in own)
    if not foreign and (out / card.NAME).exists() and not card.is_ours(out):
        foreign = [card.NAME]
    if foreign:
        raise RunError(
            "the folder holds what no export wrote",
            place=str(out),
            got=", ".join(foreign[:3]) + (", …" if len(foreign) > 3 else ""),
            hint="choose another -o",
        )


def _target(out: Path, layout: Layout) -> Target:
    if layout.CONTAINER == "lines":
        return _Lines(out)
    if layout.CONTAINER == "parquet":
        return _Parquet(out, parquet.schema(pyarrow()))
    return _Parquet(out / _DATA, hf.schema(pyarrow()))


class _Lines(RowsFile):
    """A file of JSON lines."""

    def write(self, row: Mapping[str, Json], line: bytes) -> None:  # type: ignore[override]
        super().write(line)


class _Parquet:
    """A Parquet file, with the lock of its part file."""

    def __init__(self, path: Path, schema: Any) -> None:
        self.path = path
        self.count = 0
        self._made = [folder for folder in (path.parent, path.parent.parent) if not folder.exists()]
        self._part = PartFile(path)
        self._columns = Columns(self._part.file, schema)

    def write(self, row: Mapping[str, Json], line: bytes) -> None:
        try:
            self._columns.write(row, len(line))
        except OSError as error:
            raise write_error(self.path, error) from None
        self.count += 1

    def finish(self) -> None:
        try:
            self._columns.close()
            sync(self._part.file)
        except OSError as error:
            raise write_error(self.path, error) from None

    def publish(self) -> None:
        self._part.publish()

    def abandon(self) -> None:
        if not self._part.remove():
            return
        self._columns.discard()
        with suppress(OSError):  # what could not be flushed was to be thrown away
            self._part.file.close()
        for folder in self._made:
            try:
                folder.rmdir()
            except OSError:
                pass  # somebody put something there in the meantime
