"""The augment verb put together: variants of rows, each verified again, and a count of what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from callwright.augment import AugmentStep, policy_of
from callwright.engine import Row, run
from callwright.errors import ConfigError
from callwright.evaluate.answers import DEFAULT_MAX_TOKENS, Asker, fingerprint_of, opened
from callwright.formats import DEFAULT_FORMAT
from callwright.formats.layout import layout_named
from callwright.record import Json, Tool, Trajectory
from callwright.rephrasing import Rephrasing
from callwright.settings import AugmentSettings, plain
from callwright.store import Report, Sink, read, read_some, report_path
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
        pool=tools_of(read(config.pool or data, "augment")) if needs_pool else (),
    )
    step = CheckedVariants(augment, originals=config.originals)
    made = Distribution()
    with ExitStack() as stack:
        rephrasing = _rephrasing(config, out, stack)
        sink = stack.enter_context(Sink(out, "augment", plain(config)))
        rows = read_some(data, "augment")
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


def tools_of(rows: Iterable[Row]) -> tuple[Tool, ...]:
    """Return the first tools that rows offer, one of each name."""
    found: dict[str, Tool] = {}
    for row in rows:
        if isinstance(row, Trajectory):
            for tool in row.tools or ():
                found.setdefault(tool.name, tool)
        if len(found) >= POOL:
            break
    return tuple(found.values())[:POOL]


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
    """What was done to variants, and what they ask for."""

    def __init__(self) -> None:
        self.variants = 0
        self.operations: Counter[str] = Counter()
        self.formats: Counter[str] = Counter()
        self.styles: Counter[str] = Counter()

    def add(self, row: Row) -> None:
        """Count a row if it is a variant."""
        note = row.extra.get("augment") if isinstance(row, Trajectory) else None
        if not isinstance(row, Trajectory) or not isinstance(note, dict):
            return
        self.variants += 1
        self.operations.update(note.get("done", ()))
        self.formats[row.task.output_format or DEFAULT_FORMAT] += 1
        self.styles[layout_named(row.task.layout).style] += 1

    def to_json(self) -> Json:
        """Return the counts as plain data."""
        return {
            "count": self.variants,
            "operations": dict(self.operations.most_common()),
            "formats": dict(self.formats.most_common()),
            "styles": dict(self.styles.most_common()),
        }

    def text(self) -> str:
        """Return a table for people."""
        lines = [f"{self.variants:,} variants that mean what their rows mean"]
        for title, counts in (
            ("operation", self.operations), ("format", self.formats), ("style", self.styles)
        ):  # fmt: skip
            for name, count in counts.most_common():
                lines.append(f"  {title:<10} {name:<24} {count:>9,}  {count / self.variants:>6.1%}")
        return "\n".join(lines) + "\n"
