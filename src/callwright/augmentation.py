"""The augment verb put together: variants of rows, each verified again, and a count of what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from callwright.augment import AugmentStep, policy_of
from callwright.engine import Row, run
from callwright.errors import ConfigError, DataError
from callwright.evaluate.answers import DEFAULT_MAX_TOKENS, Asker, fingerprint_of, opened
from callwright.formats import DEFAULT_FORMAT
from callwright.formats.layout import layout_named
from callwright.record import Json, Tool, Trajectory
from callwright.rephrasing import Rephrasing
from callwright.settings import AugmentSettings, plain
from callwright.store import Report, Sink, read_some, report_path
from callwright.verify import settle, verify
from callwright.weights import model_of

POOL = 2000
"""Different tools that distractors are drawn from."""


def augmented(data: Path, out: Path, config: AugmentSettings) -> tuple[Report, str]:
    """Write the rows of a file and their variants into `out`; return the report, and the table for people."""
    formats = tuple(filter(None, map(str.strip, config.formats.split(","))))
    policy = policy_of(config.policy)
    needs_pool = policy.distractors or policy.irrelevant
    augment = AugmentStep(
        seed=config.seed,
        copies=config.copies,
        policy=policy,
        keep_original=False,
        formats=formats,
        pool=_pool(config.pool, data) if needs_pool else (),
    )
    step = CheckedVariants(augment, originals=config.originals)
    made = Distribution()
    with ExitStack() as stack:
        rephrasing = _rephrasing(config, out, stack)
        sink = stack.enter_context(Sink(out, "augment", plain(config)))
        rows = read_some(data, "augment")
        if config.originals:
            rows = made.without(rows)
        for row in run(
            step, rephrasing(rows) if rephrasing else rows, workers=config.workers, engine=config.engine
        ):
            sink.put(row)
            made.add(row)
        sink.note("variants", made.to_json())
        if rephrasing:
            sink.note("rephrased", rephrasing.to_json())
    return sink.report, made.text()


def _rephrasing(config: AugmentSettings, out: Path, stack: ExitStack) -> Rephrasing | None:
    """Return what asks the models that the settings name; their answers are kept beside `out`."""
    if config.rephrase is None:
        if config.solver is not None:
            raise ConfigError(
                "there is nothing to solve", place="--solver", expected="--rephrase MODEL as well"
            )
        return None
    specs = {"writer": config.rephrase, "solver": config.solver or config.rephrase}
    models = {spec: model_of(spec) for spec in specs.values()}
    stem = report_path(out).name.removesuffix(".report.json")

    def asker(who: str) -> Asker:
        spec = specs[who]
        book = stack.enter_context(opened(out.with_name(f"{stem}.{who}.jsonl")))
        return Asker(models[spec], book, max_tokens=DEFAULT_MAX_TOKENS, fingerprint=fingerprint_of(spec))

    return Rephrasing(asker("writer"), asker("solver"))


def _pool(named: Path | None, data: Path) -> tuple[Tool, ...]:
    """Return what distractors are drawn from; raises `DataError` for a file that was named for it in vain.

    Where none was named it is the data, which are then read twice: a pipe can not be.
    """
    if named is None and data.exists() and not data.is_file():
        raise DataError(
            "is no regular file, and is read twice",
            place=str(data),
            expected="a file",
            hint="name one with tools by --pool, or write the rows to a file first",
        )
    found = tools_of(read_some(named or data, "augment"))
    if named and not found:
        raise DataError("holds no tool", place=str(named), expected="rows that offer tools")
    return found


def tools_of(rows: Iterable[Row], limit: int | None = POOL) -> tuple[Tool, ...]:
    """Return the first tools that rows offer, one of each name; all of them if there is no limit."""
    found: dict[str, Tool] = {}
    for row in rows:
        if isinstance(row, Trajectory):
            for tool in row.tools or ():
                found.setdefault(tool.name, tool)
        if limit is not None and len(found) >= limit:
            break
    return tuple(found.values())[:limit]


@dataclass(frozen=True)
class CheckedVariants:
    """The augment stage with every variant verified: one that breaks a rule is dropped for it."""

    augment: AugmentStep
    originals: bool

    def __call__(self, rows: Iterable[Trajectory]) -> Iterator[Row]:
        """Yield each row, if originals are wanted, and what becomes of its variants."""
        for t in rows:
            if self.originals:
                yield t
            for variant in self.augment([t]):
                yield settle(variant, verify(variant)) if isinstance(variant, Trajectory) else variant


class Distribution:
    """What was done to the variants of one run, and what they ask for."""

    def __init__(self) -> None:
        self.variants = 0
        self.operations: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.styles: Counter[str] = Counter()

    def without(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows that will be added as they are, and take off those that an earlier run made."""
        for row in rows:
            self.add(row, -1)
            yield row

    def add(self, row: Row, by: int = 1) -> None:
        """Count a row if it is a variant."""
        note = row.extra.get("augment") if isinstance(row, Trajectory) else None
        if not isinstance(row, Trajectory) or not isinstance(note, dict):
            return
        self.variants += by
        self.operations.update(dict.fromkeys(note.get("done", ()), by))
        self.formats[row.task.output_format or DEFAULT_FORMAT] += by
        self.styles[layout_named(row.task.layout).style] += by

    def to_json(self) -> Json:
        """Return the counts as plain data."""
        return {
            "count": self.variants,
            "operations": _most(self.operations),
            "formats": _most(self.formats),
            "styles": _most(self.styles),
        }

    def text(self) -> str:
        """Return a table for people."""
        lines = [f"{self.variants:,} variants that mean what their rows mean"]
        for title, counts in (
            ("operation", self.operations), ("format", self.formats), ("style", self.styles)
        ):  # fmt: skip
            for name, count in _most(counts).items():
                lines.append(f"  {title:<10} {name:<24} {count:>9,}  {count / self.variants:>6.1%}")
        return "\n".join(lines) + "\n"


def _most(counts: Counter[str]) -> dict[str, int]:
    """Return the counts, the largest first, without those of which nothing is left."""
    return dict((+counts).most_common())
