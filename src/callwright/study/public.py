"""Rows of public data for studies: short ones of one turn, with and without checks, in two forms."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec.structs import replace

from callwright.augment.output_format import can_express
from callwright.errors import ConfigError
from callwright.formats import Unrenderable, plain_messages
from callwright.record import Trajectory
from callwright.study.design import Exam
from callwright.study.materials import Materials
from callwright.suites import in_column


class Source(NamedTuple):
    """A folder that is looked for in ``--data``, in a layout of its own (docs/sources.md)."""

    asked: float
    """Its share of the questions, before shares of folders that are missing are divided."""
    trained: float
    output_format: str
    """With `layout` what comes nearest to how the source itself writes prompts and calls."""
    layout: str


SOURCES: dict[str, Source] = {
    "seal-tools": Source(0.35, 0.49, "json_list", "plain"),
    "hammer": Source(0.25, 0.15, "mistral", "begin"),
    "toolalpaca": Source(0.15, 0.12, "react", "headers"),
    "toolrl": Source(0.15, 0.2, "xml", "tags"),
    "llamafactory-demo": Source(0.1, 0.04, "openai", "brackets"),
}
CHARACTERS = 2400
"""Of all messages of a row, tools included: about 600 tokens."""
EXAM_SEED = 1_000_003
SPARE = 20
"""One row in so many more than needed: shares of few rows do not add up to the last one."""
UNSEEN = 4
"""One tool in so many is kept out of training in the study of mixtures."""


class Public:
    """Public rows in the forms that studies compare."""

    def __init__(self, m: Materials) -> None:
        self.m = m
        self.sources = _folders(m.settings.data)

    def raw(self, name: str) -> Path:
        """Return the short rows of a source as they are, in our record."""
        rows = self.m.lab.verb("unify", self.sources[name], "--secrets", "redact", makes="rows.jsonl")
        return self.m.lab.rows(name, short_rows, rows, characters=CHARACTERS, source=name)

    def verified(self, name: str) -> Path:
        """Return those that verification keeps."""
        return self.m.lab.verb("verify", self.raw(name), makes=f"{name}.jsonl")

    def questions(self, *, native: bool = False) -> Path:
        """Return rows of all sources that nobody is trained on; `native` in each source's own form."""
        verified = [self.verified(name) for name in self.sources]
        rows = self.m.blend(
            *verified, seed=EXAM_SEED, weights=self._shares("asked"), limit=self.m.settings.questions
        )
        return self.m.lab.rows("asked", asked_rows, rows, native=native)

    def training(self, seed: int, *, verified: bool = True) -> Path:
        """Return training rows of all sources: of equal shares, without what the exams ask."""
        files = [self.verified(name) if verified else self.raw(name) for name in self.sources]
        number = self.m.settings.rows
        rows = self.m.blend(
            *files,
            seed=seed,
            against=self.against(),
            weights=self._shares("trained"),
            limit=number + number // SPARE,
        )
        return self.m.first(rows, number)

    def _shares(self, of: Literal["asked", "trained"]) -> str:
        """Return the shares of the sources that are there, as blend takes them."""
        own = {name: getattr(SOURCES[name], of) for name in self.sources}
        return ",".join(f"{name}={share / sum(own.values()):.4f}" for name, share in own.items())

    def against(self) -> str:
        """Return what no training row may give away."""
        return ",".join(["bfcl", str(self.questions())])

    def exams(self) -> list[Exam]:
        """Return the exams of studies on public rows: held-out rows, and BFCL."""
        return [self.m.exam("held-out public rows", rows=self.questions), *self.bfcl()]

    def bfcl(self) -> list[Exam]:
        """Return a part of BFCL as an exam, unless that is left out."""
        limit, tokens = self.m.settings.bfcl, self.m.settings.max_tokens
        if not limit:
            return []

        def ask(arm: object, model: Path | str) -> Path:
            return self.m.lab.verb(
                "evaluate", "bfcl", "--limit", str(limit), "--model", model, "--max-tokens", str(tokens),
                makes="run",
            )  # fmt: skip

        return [Exam("BFCL", ask, 5 * limit)]


def _folders(folders: Sequence[Path]) -> dict[str, Path]:
    found = {name: path for name in SOURCES for folder in folders if (path := folder / name).is_dir()}
    if len(found) < 2:
        raise ConfigError(
            "this study compares public rows", place="--data",
            expected=f"a folder with two or more of {', '.join(SOURCES)}",
            got=", ".join(found) or "none of them",
        )  # fmt: skip
    return found


def short_rows(rows: Iterable[Trajectory], *, characters: int, source: str) -> Iterator[Trajectory]:
    """Yield rows with tools, of one request and one answer, that are not too long; marked by their source."""
    for row in rows:
        if not row.tools or [m.role for m in row.messages if m.role != "system"] != ["user", "assistant"]:
            continue
        try:
            size = sum(len(message.content) for message in plain_messages(row))
        except Unrenderable:
            continue
        if size <= characters:
            yield replace(row, extra={**row.extra, "study": {"source": source}})


def asked_rows(rows: Iterable[Trajectory], *, native: bool) -> Iterator[Trajectory]:
    """Yield questions, in columns by their source."""
    for row in rows:
        named = in_column(row, source_of(row))
        yield in_native_form(named) if native else named


def native_rows(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    """Yield rows as their sources write them."""
    return map(in_native_form, rows)


def in_native_form(row: Trajectory) -> Trajectory:
    """Return a row in the output format and layout that come nearest to its source's own."""
    own = SOURCES[source_of(row)]
    if not can_express(own.output_format, row):
        return row
    return replace(row, task=replace(row.task, output_format=own.output_format, layout=own.layout))


def source_of(row: Trajectory) -> str:
    """Return the folder that a row comes from."""
    about = row.extra.get("study")
    return str(about["source"]) if isinstance(about, dict) else ""


def is_unseen(name: str) -> bool:
    """Tell whether a tool is one of those that no arm of the study of mixtures is trained on."""
    return blake2b(name.encode(), digest_size=4).digest()[0] % UNSEEN == 0


def only_seen(rows: Iterable[Trajectory]) -> Iterator[Trajectory]:
    """Yield rows that offer no unseen tool."""
    return (row for row in rows if not any(is_unseen(tool.name) for tool in row.tools or ()))
