"""The verify verb put together: tools that run the calls, judges that vote, repairs, and the self-check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path

from callwright.engine import Row, run
from callwright.errors import GateError
from callwright.record import Dropped, Json, Trajectory
from callwright.settings import VerifySettings
from callwright.store import read_some, report_path
from callwright.toolbox import Limits, caller, import_tools
from callwright.verify import Execute, VerifyStep, funnel
from callwright.verify.judge import Calibration, Committee, JudgeStep, calibrate, open_committee
from callwright.verify.selfcheck import SelfCheck, self_check
from callwright.verify.selfcheck.specimens import TOOLS_FILE, clean_rows, failing_rows

LIMIT = 200
"""Clean rows that a self-check plants defects into."""


class Verification:
    """One run of the verb: an iterable of rows, and what there is to tell when it is through."""

    def __init__(self, data: Path, out: Path, config: VerifySettings) -> None:
        self._data = data
        self._config = config
        self._stack = ExitStack()
        self.committee = _committee(config, journal_path(out))
        self.notes: dict[str, Json] = {}
        """What the report notes about the run, complete at its end."""

    def __enter__(self) -> Iterator[Row]:
        config = self._config
        execute = None
        if config.tools:
            box = import_tools(config.tools, isolation=config.isolation)
            calls = self._stack.enter_context(caller(box, limits_of(config)))
            # One caller for the whole run: the step itself is called once per stretch of rows.
            execute = partial(_opened, calls.play)
            self.notes["tools"] = {"from": config.tools, "sha256": box.sha256, "count": len(box.tools)}
        step = VerifyStep(
            execute=execute,
            min_grounding=config.min_grounding,
            repair=config.fix,
            results=bool(config.judge),
        )
        found = run(step, read_some(self._data, "verify"), workers=config.workers, engine=config.engine)
        rows = _gated(found)
        return JudgeStep(self.committee)(rows) if self.committee else rows

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def told(self, rows: Iterable[Row]) -> str:
        """Read the rows to their end and return the tables about them."""
        table = funnel(rows)
        self.notes["funnel"] = table.to_json()
        text = table.text()
        if self.committee is not None:
            self.notes["judges"] = self.committee.account.to_json()
            text += self.committee.account.text()
        return text


def journal_path(out: Path) -> Path:
    """Return where the answers of the judges are kept, so that a second run asks nothing twice."""
    return out.with_name(report_path(out).name.removesuffix(".report.json") + ".judge.jsonl")


def limits_of(config: VerifySettings) -> Limits:
    """Return what calls may take."""
    allow = tuple(host.strip() for host in (config.allow or "").split(",") if host.strip())
    return Limits(isolation=config.isolation, timeout=config.timeout, http=config.http, allow=allow)


def checked(data: Path | None, config: VerifySettings) -> tuple[SelfCheck, Calibration | None]:
    """Measure the verifier on rows of the user's or on bundled ones; judges only on rows with a label."""
    if data is not None:
        rows = [row for row in read_some(data, "verify") if isinstance(row, Trajectory)]
        return self_check(rows, limit=LIMIT), _calibrated(rows, config)
    box = import_tools(str(TOOLS_FILE))
    limits = Limits(isolation=config.isolation, timeout=min(config.timeout, 1.0))
    with caller(box, limits) as calls:
        found = self_check(
            clean_rows(box.tools), failing=list(failing_rows(box.tools)), execute=calls.play, trusted=True
        )
    return found, None


def _calibrated(rows: list[Trajectory], config: VerifySettings) -> Calibration | None:
    labelled = [t for t in rows if "label" in t.extra]
    committee = _committee(config, None)
    return calibrate(labelled, committee) if committee and labelled else None


def _committee(config: VerifySettings, journal: Path | None) -> Committee | None:
    if not config.judge:
        return None
    return open_committee(config.judge, journal=journal, min_rating=config.min_rating)


def _opened(execute: Execute) -> AbstractContextManager[Execute]:
    return nullcontext(execute)


def _gated(rows: Iterable[Row]) -> Iterator[Row]:
    """Yield rows; raises `GateError` for the first that holds a credential, before it is written."""
    for row in rows:
        if isinstance(row, Dropped) and row.stage == "verify" and row.reason == "secret":
            raise GateError(
                f"holds what looks like a secret ({row.detail.removeprefix('expected ')})",
                place=f"{row.id}: {row.path}",
                hint="`callwright unify --secrets redact` replaces it, --secrets drop leaves such rows out",
            )
        yield row
