"""How good are the judges? Their decisions against rows that somebody has labelled good or bad.

Each judge is measured as if it were the whole committee: it flags a row that its vote alone would drop. Rows
on which it abstains count apart and in no rate.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from statistics import NormalDist
from typing import NamedTuple

from callwright.errors import DataError
from callwright.record import Json, Trajectory
from callwright.verify.judge.committee import Committee
from callwright.verify.judge.decision import Decision, decide
from callwright.verify.judge.step import STRETCH
from callwright.verify.table import aligned, number

_LABELS = {"good": True, "bad": False}


class Share(NamedTuple):
    """So many of so many, with Wilson's 95 % interval."""

    hits: int
    of: int
    share: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Rated:
    """How one judge, or the committee, does on labelled rows."""

    judge: str
    n: int
    """Labelled rows on which it has an opinion."""
    abstained: int
    recall: Share
    """Bad rows that it flags."""
    false_alarms: Share
    """Good rows that it flags."""
    kappa: float | None
    """Cohen's kappa between its decisions and the labels; None where both are constant and equal."""
    threshold: float | None
    """The rating below which to flag, for the largest J by ratings alone; the lowest of equals."""
    j: float | None
    """Youden's J at that threshold: recall less false alarms."""


@dataclass(frozen=True)
class Calibration:
    """The judges and the committee against labels."""

    judges: tuple[Rated, ...]
    committee: Rated
    unlabelled: int
    """Rows without a label, which nobody was asked about."""

    def to_json(self) -> dict[str, Json]:
        """Return plain JSON data for a report."""
        rated = [_json(one) for one in (*self.judges, self.committee)]
        return {"judges": rated[:-1], "committee": rated[-1], "unlabelled": self.unlabelled}

    def text(self) -> str:
        """Return the table as aligned plain text."""
        lines = [_HEADER, *(_cells(one) for one in (*self.judges, self.committee))]
        note = f"rows without a label, not asked about: {self.unlabelled}\n" if self.unlabelled else ""
        return aligned(lines) + note


@dataclass
class _Count:
    """Decisions and ratings of one judge by label; no row is kept."""

    flagged: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    """By (good, flagged)."""
    ratings: Counter[tuple[bool, float]] = field(default_factory=Counter)
    """By (good, rating)."""
    abstained: int = 0

    def add(self, good: bool, decision: Decision) -> None:
        if not decision.decided:
            self.abstained += 1
            return
        self.flagged[good, not decision.keeps] += 1
        if decision.rating is not None:
            self.ratings[good, decision.rating] += 1


def calibrate(rows: Iterable[Trajectory], committee: Committee) -> Calibration:
    """Ask the committee about labelled rows: ``extra["label"]`` is true, false, "good" or "bad".

    Raises `DataError` where no row has a label.
    """
    counts = [_Count() for _ in committee.judges]
    together = _Count()
    seen, unlabelled = 0, 0
    waiting = iter(rows)
    while stretch := list(islice(waiting, STRETCH)):
        labelled = [(t, good) for t in stretch if (good := _label(t)) is not None]
        seen += len(labelled)
        unlabelled += len(stretch) - len(labelled)
        for (t, good), decision in zip(labelled, committee.judge([t for t, _ in labelled]), strict=True):
            together.add(good, decision)
            for count, vote in zip(counts, decision.votes, strict=bool(decision.votes)):
                count.add(good, decide(t, [vote], committee.min_rating))
    if not seen:
        raise DataError("no row has a label", expected='true, false, "good" or "bad" in extra.label')
    judges = (_rated(judge.name, count) for judge, count in zip(committee.judges, counts, strict=True))
    return Calibration(tuple(judges), _rated("committee", together), unlabelled)


def _label(t: Trajectory) -> bool | None:
    label = t.extra.get("label")
    if isinstance(label, str):
        return _LABELS.get(label.strip().casefold())
    return label if isinstance(label, bool) else None


def _rated(name: str, count: _Count) -> Rated:
    caught, missed = count.flagged[False, True], count.flagged[False, False]
    alarms, right = count.flagged[True, True], count.flagged[True, False]
    threshold, j = best_threshold(count.ratings)
    return Rated(
        judge=name,
        n=caught + missed + alarms + right,
        abstained=count.abstained,
        recall=_share(caught, caught + missed),
        false_alarms=_share(alarms, alarms + right),
        kappa=cohens_kappa(caught, missed, alarms, right),
        threshold=threshold,
        j=j,
    )


def _share(k: int, n: int) -> Share:
    """Return a share with Wilson's score interval (Wilson 1927), which is (0, 1) without a trial."""
    if n == 0:
        return Share(0, 0, None, 0.0, 1.0)
    z = NormalDist().inv_cdf(0.975)
    p = k / n
    centre = p + z * z / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    low = 0.0 if k == 0 else max(0.0, (centre - half) / scale)
    high = 1.0 if k == n else min(1.0, (centre + half) / scale)
    return Share(k, n, p, low, high)


def cohens_kappa(caught: int, missed: int, alarms: int, right: int) -> float | None:
    """Return Cohen's kappa (1960) of a two by two table; None where chance alone gives full agreement."""
    n = caught + missed + alarms + right
    flagged, bad = caught + alarms, caught + missed
    by_chance = flagged * bad + (n - flagged) * (n - bad)  # times n squared
    if n * n == by_chance:
        return None
    return (n * (caught + right) - by_chance) / (n * n - by_chance)


def best_threshold(ratings: Counter[tuple[bool, float]]) -> tuple[float | None, float | None]:
    """Return (threshold, Youden's J) for counts by (good, rating); flagged is what is rated below.

    None without a rated row of each label.
    """
    goods = sum(count for (good, _), count in ratings.items() if good)
    bads = sum(ratings.values()) - goods
    if not goods or not bads:
        return None, None
    best: tuple[int, float] | None = None
    flagged_good = flagged_bad = 0
    for rating in sorted({rating for _, rating in ratings}):
        j = flagged_bad * goods - flagged_good * bads  # times goods times bads: no rounding decides a tie
        if best is None or j > best[0]:
            best = (j, rating)
        flagged_good += ratings[True, rating]
        flagged_bad += ratings[False, rating]
    return (best[1], best[0] / (goods * bads)) if best else (None, None)


def _json(rated: Rated) -> dict[str, Json]:
    return asdict(rated) | {
        "recall": rated.recall._asdict(),
        "false_alarms": rated.false_alarms._asdict(),
    }


_HEADER = ("judge", "n", "abstained", "recall on bad", "false alarms on good", "kappa", "threshold", "J")


def _cells(rated: Rated) -> Sequence[str]:
    return (
        rated.judge,
        str(rated.n),
        str(rated.abstained),
        _shown(rated.recall),
        _shown(rated.false_alarms),
        number(rated.kappa),
        number(rated.threshold, 2),
        number(rated.j),
    )


def _shown(share: Share) -> str:
    if share.share is None:
        return "-"
    return f"{100 * share.share:.1f} % ({100 * share.low:.1f} to {100 * share.high:.1f}, n = {share.of})"
