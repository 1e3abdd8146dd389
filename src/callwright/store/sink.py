"""Where a data verb's rows go: kept, dropped with the reason, and the report that adds both up.

For ``x.jsonl`` a `Sink` writes ``x.jsonl``, ``x.dropped.jsonl`` and ``x.report.json``. Until the end they are
``.part`` files; the report is renamed last, so a report on disk means that all three are whole.

    >>> with Sink(Path("x.jsonl"), "verify", {}) as sink:      # doctest: +SKIP
    ...     sink.put(row)
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from callwright.errors import DataError
from callwright.record import Dropped, Json, Trajectory, encode
from callwright.store.files import refuse_folder, sync_folder, write_part
from callwright.store.outputs import dropped_path, report_path
from callwright.store.rows_file import RowsFile


@dataclass(frozen=True)
class Report:
    """What a stage did with its rows."""

    stage: str
    rows_in: int
    """Rows that came out of the stage in one way or the other; equals `kept` + `dropped`."""
    kept: int
    dropped: int
    reasons: dict[str, int] = field(default_factory=dict)
    """How often each reason for dropping occurred, the most frequent first."""
    licenses: dict[str, int] = field(default_factory=dict)
    """How many kept rows carry each licence; the empty name stands for rows without a known one."""
    config: dict[str, Json] = field(default_factory=dict)
    seconds: float = 0.0
    extra: dict[str, Json] = field(default_factory=dict)
    """What the stage noted about itself."""

    def to_json(self) -> dict[str, Json]:
        """Return the report as plain JSON data."""
        plain: dict[str, Json] = msgspec.to_builtins(self)
        return plain

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the report in a file; raises `DataError` if there is none."""
        try:
            return msgspec.json.decode(path.read_bytes(), type=cls)
        except (OSError, ValueError) as error:
            raise DataError("not a report", place=str(path), got=str(error)) from None


class Sink:
    """Takes every row that leaves a stage; a context manager.

    Leaving it normally makes the three files appear; leaving it by an exception leaves none of them changed.
    All that can fail for want of space comes before the first of them is given its name. A second sink on the
    same file, in this or another process, is a `RunError`.
    """

    report: Report
    """Set when the sink is left normally."""

    def __init__(self, out: Path, stage: str, config: Mapping[str, Json]) -> None:
        self.out = out
        self.stage = stage
        self._config = dict(config)
        self._report_path = report_path(out)
        self._rows_in = 0
        self._reasons: Counter[str] = Counter()
        self._licenses: Counter[str] = Counter()
        self._extra: dict[str, Json] = {}
        self._report_part: Path | None = None
        """The report, once everything is on the disk."""

    def __enter__(self) -> Self:
        self._started = time.monotonic()
        refuse_folder(self._report_path)
        self._kept = RowsFile(self.out)
        try:
            self._dropped = RowsFile(dropped_path(self.out))
        except BaseException:
            self._kept.abandon()
            raise
        return self

    def put(self, row: Trajectory | Dropped) -> None:
        """Write one row to where it belongs; one that JSON can not hold is dropped as `not-encodable`."""
        self._rows_in += 1
        row, line = encoded(row, self.stage)
        if isinstance(row, Dropped):
            self._reasons[row.reason] += 1
            self._dropped.write(line)
        else:
            self._licenses[row.source.license if row.source is not None else ""] += 1
            self._kept.write(line)

    def put_lines(
        self,
        rows_in: int,
        kept: bytes,
        dropped: bytes,
        reasons: Mapping[str, int],
        licenses: Mapping[str, int],
    ) -> None:
        """Write JSON lines as they are; `reasons` count the dropped ones, `licenses` the kept ones."""
        self._rows_in += rows_in
        self._reasons.update(reasons)
        self._licenses.update(licenses)
        self._kept.write_lines(kept, sum(licenses.values()))
        self._dropped.write_lines(dropped, sum(reasons.values()))

    def note(self, key: str, value: Json) -> None:
        """Keep something worth knowing about the stage in the report."""
        self._extra[key] = value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                self._finish()
                return
            except BaseException:
                self._abandon()
                raise
        self._abandon()

    def prepare(self) -> None:
        """Bring everything to the disk, so that nothing is left to do but to give it its names."""
        for rows in (self._kept, self._dropped):
            rows.finish()
        if self._rows_in != self._kept.count + self._dropped.count:
            raise AssertionError(
                f"{self.out}: {self._rows_in} rows in, {self._kept.count} + {self._dropped.count} out"
            )
        self.report = Report(
            stage=self.stage,
            rows_in=self._rows_in,
            kept=self._kept.count,
            dropped=self._dropped.count,
            reasons=_most_frequent_first(self._reasons),
            licenses=_most_frequent_first(self._licenses),
            config=self._config,
            seconds=round(time.monotonic() - self._started, 3),
            extra=self._extra,
        )
        # What can not be reported must not be published either.
        told = msgspec.json.format(msgspec.json.encode(self.report), indent=2) + b"\n"
        self._report_part = write_part(self._report_path, told)

    def retract(self) -> None:
        """Remove an old report: it must not vouch for new rows, not even between two renames."""
        self._report_path.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._report_part is None:
            self.prepare()
        assert self._report_part is not None
        self.retract()
        self._kept.publish()
        self._dropped.publish()
        self._report_part.replace(self._report_path)
        sync_folder(self._report_path.parent)

    def _abandon(self) -> None:
        self._kept.abandon()
        self._dropped.abandon()
        if self._report_part is not None:
            self._report_part.unlink(missing_ok=True)


@contextmanager
def together(*sinks: Sink) -> Iterator[None]:
    """Enter sinks whose files belong together: at the end those of all appear, or none is changed."""
    with ExitStack() as stack:
        for sink in sinks:
            stack.enter_context(sink)
        yield
        for sink in sinks:
            sink.prepare()
        for sink in sinks:
            sink.retract()


def _most_frequent_first(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def encoded(row: Trajectory | Dropped, stage: str) -> tuple[Trajectory | Dropped, bytes]:
    """Return a row and its line; one that JSON can not hold becomes a `Dropped` as `not-encodable`."""
    try:
        return row, encode(row)
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        row = _not_encodable(row, stage, error)
        return row, encode(row)


def _not_encodable(row: Trajectory | Dropped, stage: str, error: Exception) -> Dropped:
    """Return the substitute for a row with, say, a lone surrogate in it: all of it kept as legible text."""
    if isinstance(row, Dropped):
        return Dropped(
            id=_legible(row.id),
            stage=row.stage,
            reason=row.reason,
            path=_legible(row.path),
            detail=_legible(row.detail),
            row=_legible(repr(row.row)),
        )
    return Dropped(
        id=_legible(row.id),
        stage=stage,
        reason="not-encodable",
        detail=_legible(str(error)),
        row=_legible(repr(row)),
    )


def _legible(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
