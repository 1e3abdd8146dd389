"""Proof that every runtime sees the same bytes: a certificate of a model's directory.

    certificate = conform(Path("out/model"))
    keep(Path("out/model"), certificate)

The same made-up conversations go through every runtime that is here. Compared are the tokens of the prompt,
the control tokens among them, what training supervises against what serving generates, and what is read in
the answer, whole and in pieces. What all are held to is what training, evaluation and serving do here.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from callwright import __version__
from callwright.conform.cases import case
from callwright.conform.certificate import NAME, Certificate, Finding, Verdict, differences, lines
from callwright.conform.runtime import Property, Runtime, Said, Written
from callwright.errors import ExtraMissing
from callwright.record import Json
from callwright.store import write_json_atomic
from callwright.store.files import write_atomic
from callwright.train.export import card

__all__ = ["NAME", "Certificate", "conform", "differences", "keep", "lines"]


def conform(
    folder: Path,
    *,
    calls: int = 10_000,
    seed: int = 7,
    progress: Callable[[int, int], None] | None = None,
) -> Certificate:
    """Send conversations with at least `calls` calls in their answers through every runtime that is here.

    `folder` holds a tokenizer with its chat template: an exported model, an adapter or a model. Raises
    `ConfigError` for a folder without one.
    """
    try:
        from callwright.conform.present import runtimes, tokenizer_of
    except ImportError as error:
        raise ExtraMissing(str(error), hint="pip install 'callwright[train,serve]'") from None
    from callwright.conform.reference import written

    started = time.monotonic()
    tokenizer = tokenizer_of(folder)
    special = {number: str(t) for number, t in tokenizer.added_tokens_decoder.items() if t.special}
    control, spelt = set(special), sorted(special.values())
    present, absent = runtimes(folder, tokenizer)
    found: dict[str, dict[str, Finding]] = {runtime.name: {} for runtime in present}
    made = number = 0
    try:
        while made < calls:
            one = written(case(number, seed, spelt), tokenizer)
            cuts = _cuts(one.text, random.Random(f"{seed}/{number}"))
            for runtime in present:
                _check(runtime, one, cuts, control, found[runtime.name])
            made, number = made + one.case.calls, number + 1
            if progress:
                progress(min(made, calls), calls)
    finally:
        for runtime in present:
            if runtime.close:
                runtime.close()
    verdicts = [
        Verdict(
            name=r.name, version=r.version, properties=found[r.name], limit=r.limit.says if r.limit else ""
        )
        for r in present
    ]
    return Certificate(
        model=folder.resolve().name, callwright=__version__, seed=seed, cases=number, calls=made,
        seconds=round(time.monotonic() - started, 1),
        runtimes=[*verdicts, *(Verdict(name=name, version="") for name in absent)],
    )  # fmt: skip


def keep(folder: Path, certificate: Certificate) -> None:
    """Write a certificate to ``conform.json`` in a folder, and into its card where that has a place for it.

    The card of a training run has none: it is one of the files by whose content a build knows its stages.
    """
    write_json_atomic(folder / NAME, certificate)
    file = folder / card.NAME
    before = file.read_text(encoding="utf-8") if file.is_file() else ""
    text = card.with_conformance(before, list(lines(certificate)))
    if text != before:
        write_atomic(file, text.encode())


def _cuts(text: str, draw: random.Random) -> list[int]:
    """Return places to cut a text at: every one, or a few."""
    every = range(1, len(text))
    count = draw.choice((0, 2, 8, len(every)))
    return sorted(draw.sample(every, min(count, len(every))))


def _check(
    runtime: Runtime, one: Written, cuts: Sequence[int], control: set[int], found: dict[str, Finding]
) -> None:
    """Hold a runtime to one case."""
    if runtime.prompt:
        tokens = _tried(runtime.prompt, one)
        beyond = runtime.limit is not None and runtime.limit.exceeded(one.case)
        _note(found, "prompt", one, one.prompt, tokens, beyond=beyond)
        marks = sum(token in control for token in tokens) if isinstance(tokens, list) else tokens
        _note(found, "control", one, one.control, marks)
    if runtime.learnt:
        _note(found, "learnt", one, None, _tried(runtime.learnt, one))
    if runtime.calls:
        _note(found, "calls", one, one.said, _tried(runtime.calls, one))
    if runtime.streamed:
        streamed = runtime.streamed
        _note(found, "streamed", one, one.said, _tried(lambda case: streamed(case, cuts), one))


def _tried(ask: Callable[[Written], Any], one: Written) -> Any:
    """Return what a runtime says, or how it failed: that is a difference, too."""
    try:
        return ask(one)
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]


def _note(
    found: dict[str, Finding],
    name: Property,
    one: Written,
    expected: Any,
    got: Any,
    *,
    beyond: bool = False,
) -> None:
    finding = found.setdefault(name, Finding())
    finding.checked += 1
    if _same(expected, got):
        return
    if beyond:
        finding.beyond += 1
        return
    finding.different += 1
    if finding.example is None:
        finding.example = {
            "case": one.case.row.id,
            "expected": _shown(expected),
            "got": _shown(got),
            "answer": one.text[:200],
        }


def _same(expected: Any, got: Any) -> bool:
    """Tell whether two values are equal, and of equal types: 1 is not 1.0, and neither is True."""
    if isinstance(expected, Said) and isinstance(got, Said):
        return repr(expected) == repr(got)
    return bool(expected == got)


def _shown(value: Any) -> Json:
    """Return what a certificate shows of a value: the place where lists differ is found by whoever looks."""
    return repr(value)[:400]
