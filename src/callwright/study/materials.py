"""What studies are made of: questions, training rows, trainings and exams, each a few verbs in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from callwright.augment import share_tools
from callwright.demo import example_tools
from callwright.errors import RunError
from callwright.evaluate.results import Result
from callwright.record import Json, Trajectory
from callwright.settings import StudySettings
from callwright.study.columns import by_complexity, own_column
from callwright.study.design import Arm, Exam, Model
from callwright.study.lab import Lab
from callwright.train.config import Details, DpoConfig, SftConfig, as_toml

STYLES = "simple=.27,multiple=.29,parallel=.12,parallel_multiple=.12,irrelevant=.2"
COLUMNS = ("in_distribution", "held_out_phrasing", "held_out_values")
"""Of the suite that `evaluate suite` makes: what is new is the request, its phrasing too, or its values."""
IN_OTHER_FORMS = "format=0.5,layout=0.5,wording=0.5"
"""What is done to rows where a study varies their form."""
POOL = 4
"""Rows that are synthesized for one that is trained on: some are too like a question, some are spoilt."""
KIT = 8
NO_HOLDOUT = Details(holdout=0.0)
"""Exams tell how good a model is; a handful of rows set aside could only choose among its steps by chance."""
SFT, DPO = as_toml(SftConfig(details=NO_HOLDOUT)), as_toml(DpoConfig(details=NO_HOLDOUT))
"""All settings, the usual ones too: a training is known by them, where a later version has others as well."""


@dataclass(frozen=True)
class Materials:
    """The verbs that studies share, with the settings of this one."""

    lab: Lab
    settings: StudySettings

    @property
    def tools(self) -> Path:
        """The file of the tools."""
        return self.settings.tools or example_tools()

    def questions(self) -> Path:
        """Return the held-out requests for the tools, in three columns."""
        limit = -(-self.settings.questions // len(COLUMNS))
        suite = self.lab.verb(
            "evaluate", "suite", "--tools", self.tools, "--gold", "--limit", str(limit), makes="suite"
        )
        return self.lab.rows("questions", only_columns, suite / "suite.jsonl", columns=list(COLUMNS))

    def pool(self, seed: int) -> Path:
        """Return verified rows for the tools, of which none asks what the questions ask."""
        made = self.lab.verb(
            "synthesize", self.tools, "--accept", str(POOL * self.settings.rows),
            "--styles", STYLES, "--seed", str(seed), makes="rows.jsonl",
        )  # fmt: skip
        return self.blend(made, seed=seed, against=self.questions())

    def blend(self, *files: Path, seed: int, against: Path | str | None = None, weights: str = "",
              limit: int = 0) -> Path:  # fmt: skip
        """Return the rows of files in one, shuffled, without duplicates and what is asked in `against`."""
        words: list[str | Path] = ["--holdout", "0", "--seed", str(seed)]
        words += ["--against", against] if against else []
        words += ["--weights", weights] if weights else []
        words += ["--limit", str(limit)] if limit else []
        return self.lab.verb("blend", *files, *words, makes="blend") / "train.jsonl"

    def first(self, rows: Path, number: int) -> Path:
        """Return the first rows of a file; raises `RunError` if it has too few."""
        return self.lab.rows("first", first_rows, rows, number=number)

    def right(self, seed: int) -> Path:
        """Return the usual training rows of a seed: as many as the settings say, every one right."""
        return self.first(self.pool(seed), self.settings.rows)

    def unseen(self, seed: int) -> Path:
        """Return half as many rows behind these, which no training of the usual size has seen."""
        behind = self.lab.rows("behind", rows_behind, self.pool(seed), number=self.settings.rows)
        return self.first(behind, self.settings.rows // 2)

    def varied(self, rows: Path, policy: str, seed: int) -> Path:
        """Return a variant of each row in its place."""
        words = ("--no-originals", "--policy", policy, "--seed", str(seed))
        return self.lab.verb("augment", rows, *words, makes="rows.jsonl")

    def pairs(self, rows: Path, seed: int, *words: str | Path) -> Path:
        """Return preference pairs of rows; `words` say where rejected answers come from."""
        return self.lab.verb("pair", rows, *words, "--seed", str(seed), makes="pairs.jsonl")

    def tuned(self, rows: Path, seed: int, base: str = "") -> Path:
        """Return the adapter that SFT makes of a file of rows, each seen once."""
        shared = self.lab.rows("share", shared_tools, rows, size=KIT)
        run = self.lab.verb(
            "train", "sft", shared, "--base", base or self.settings.base[0], "--epochs", "1",
            "--max-length", "1024", "--seed", str(seed),
            "--config", self.lab.text("sft.toml", SFT), makes="run",
        )  # fmt: skip
        return run / "adapter"

    def preferred(self, adapter: Path, pairs: Path, seed: int) -> Path:
        """Return the adapter that DPO makes of an SFT run and pairs, each seen once."""
        run = self.lab.verb(
            "train", "dpo", pairs, "--model", adapter.parent, "--epochs", "1", "--sft-weight", "1",
            "--max-length", "1024", "--seed", str(seed),
            "--config", self.lab.text("dpo.toml", DPO), makes="run",
        )  # fmt: skip
        return run / "adapter"

    def asked(self, rows: Path, model: Model) -> Path:
        """Return the evaluation of a model on a file of questions."""
        tokens = str(self.settings.max_tokens)
        return self.lab.verb("evaluate", rows, "--model", model, "--max-tokens", tokens, makes="run")

    def exam(
        self,
        name: str = "held-out requests",
        *,
        rows: Callable[[], Path] | None = None,
        number: int = 0,
        column: Callable[[Result], str] | None = None,
    ) -> Exam:
        """Return an exam on a file of questions in its own columns, or on the held-out requests."""
        asked = rows or self.questions
        number = number or self.settings.questions
        usual = own_column if rows else by_complexity
        return Exam(name, lambda arm, model: self.asked(asked(), model), number, column or usual)

    def arm(self, name: str, differs: str, rows: Callable[[int], Path]) -> Arm:
        """Return the arm that is trained by SFT on what `rows` returns for a seed."""
        return Arm(name, differs, lambda seed: self.tuned(rows(seed), seed))


def only_columns(rows: Iterable[Trajectory], *, columns: list[str]) -> Iterator[Trajectory]:
    """Yield the rows of a suite that stand in some columns."""
    for row in rows:
        about = row.extra.get("suite")
        if isinstance(about, dict) and about.get("column") in columns:
            yield row


def first_rows(rows: Iterable[Trajectory], *, number: int) -> Iterator[Trajectory]:
    """Yield the first rows; raises `RunError` if there are too few: arms would differ in their number."""
    count = 0
    for row in islice(rows, number):
        count += 1
        yield row
    if count < number:
        raise RunError("too few rows for the study", expected=f"{number:,}", got=f"{count:,}",
                       hint="ask for fewer with --rows")  # fmt: skip


def rows_behind(rows: Iterable[Trajectory], *, number: int) -> Iterator[Trajectory]:
    """Yield the rows behind the first ones."""
    return islice(iter(rows), number, None)


def shared_tools(rows: Iterable[Trajectory], *, size: int) -> Iterator[Trajectory]:
    """Let rows be offered the same tools where they can, for speed: see `augment.kits`."""
    return share_tools(rows, size=size)


def noted(row: Trajectory, **about: Json) -> Trajectory:
    """Return a row that says what a study did to it."""
    return msgspec.structs.replace(row, extra={**row.extra, "study": about})
