"""Score a model, or BFCL's own answers, on BFCL: ask, read, judge, sum up.

>>> run_gold(("simple_python",), Path("out")).all.accuracy      # doctest: +SKIP
1.0
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from callwright import formats
from callwright.evaluate.answers import DEFAULT_MAX_TOKENS, Answer, Request, asking
from callwright.evaluate.bfcl.data import PYTHON_NON_LIVE, SEVERAL_TURNS, Questions, Row, language_of, load
from callwright.evaluate.bfcl.decoders import require_decoders
from callwright.evaluate.bfcl.formulas import Figures, Tally, published
from callwright.evaluate.bfcl.gold import gold_function_calls, gold_text
from callwright.evaluate.bfcl.grading import FUNCTION_CALLING, PROMPTING, Mode, grade, unasked
from callwright.evaluate.bfcl.official_prompts import official_messages
from callwright.evaluate.bfcl.prompt import trajectory_of
from callwright.evaluate.bfcl.unfair import unfair, write_unfair
from callwright.evaluate.constrained import Ask, with_constrained
from callwright.evaluate.prompting import prompt_for
from callwright.evaluate.prompting import prompt_of as prompt_of_messages
from callwright.evaluate.results import Result
from callwright.evaluate.summary import Summary, save
from callwright.evaluate.worlds import spread
from callwright.models import Model, Prompt
from callwright.record import Json
from callwright.store import sha256_text

Prompting = Literal["native", "official"]
"""native: tools and output format of this package; official: the leaderboard's own prompting mode."""


class Graded(NamedTuple):
    """A row, what was answered to it, how that is read, and the verdict."""

    row: Row
    answer: Json
    mode: Mode
    result: Result


def run_bfcl(
    model: Model,
    out: Path,
    categories: Sequence[str] = PYTHON_NON_LIVE,
    *,
    limit: int | None = None,
    output_format: str = "",
    prompting: Prompting = "native",
    max_tokens: int = DEFAULT_MAX_TOKENS,
    fingerprint: str = "",
    progress: Callable[[int, int], None] | None = None,
    constrain: bool = False,
    more: Callable[[], Sequence[Result]] = tuple,
) -> Summary:
    """Ask `model` the rows of `categories` and grade the answers.

    With `prompting` native it answers in its own output format, with official in the leaderboard's. `limit`
    takes that many rows per category, evenly spread; with `constrain` (native only) they are asked once more,
    calls held to a grammar; `more` returns what it gets in other categories, and is called last. Writes
    ``answers.jsonl`` (the journal), ``results.jsonl``, ``unfair.jsonl`` and ``summary.json`` into `out`.
    """
    if prompting == "official":
        require_decoders(categories)
    questions = load(categories)
    rows = _spread(questions.rows, limit)
    prompts = {row.id: prompt_of(row, prompting, output_format) for row in rows}
    ask = asking(model, out, max_tokens=max_tokens, fingerprint=fingerprint, progress=progress)
    answers = ask([Request(row_id, prompt) for row_id, prompt in prompts.items()])
    mode = PROMPTING if prompting == "official" else Mode("native", output_format or formats.DEFAULT_FORMAT)
    shared: dict[str, Json] = {"prompting": prompting, "max_tokens": max_tokens, "limit": limit}
    graded = []
    for row in rows:
        asked = {"prompt_sha256": sha256_text(repr(prompts[row.id].messages)), "seed": 0}
        about = {**conditions_of(row, questions, mode), **shared, **asked}
        graded.append(_graded(row, answers[row.id], mode, about))
    if constrain:
        graded = _constrained(graded, ask, output_format)
    about = {"model": model.name, "fingerprint": fingerprint, **shared}
    return save_graded(graded, out, questions, about, more())


def _constrained(graded: Sequence[Graded], ask: Ask, output_format: str) -> list[Graded]:
    by_id = {each.row.id: each for each in graded}
    asked = {row_id: trajectory_of(each.row, output_format=output_format) for row_id, each in by_id.items()}

    def right(row_id: str, given: Answer) -> bool:
        return _graded(by_id[row_id].row, given, by_id[row_id].mode, {}).result.correct

    results = with_constrained([each.result for each in graded], asked, ask, right)
    return [each._replace(result=result) for each, result in zip(graded, results, strict=True)]


def _graded(row: Row, given: Answer, mode: Mode, about: dict[str, Json]) -> Graded:
    too_long = given.finish == "too-long"
    return Graded(
        row, given.text, mode, unasked(row, about) if too_long else grade(row, given.text, mode, about)
    )


def run_gold(
    categories: Sequence[str], out: Path, more: Sequence[Result] = (), *, limit: int | None = None
) -> Summary:
    """Score BFCL's own answers, written as text of its prompting mode, and `more` from other categories.

    `limit` takes that many rows per category, evenly spread.
    Those of Java and JavaScript are function calls instead: their arguments are strings, which hardly any
    text carries as they are. All but six rows are right; the six are named in ``unfair.jsonl``.
    """
    questions = load(categories)
    graded = []
    for row in _spread(questions.rows, limit):
        in_text = language_of(row.category) == "python"
        mode = PROMPTING if in_text else FUNCTION_CALLING._replace(underscored=False)
        given = gold_text(row) if in_text else gold_function_calls(row)
        result = grade(row, given, mode, conditions_of(row, questions, mode))
        graded.append(Graded(row, given, mode, result))
    return save_graded(graded, out, questions, {"model": "gold"}, more)


def prompt_of(row: Row, prompting: Prompting, output_format: str = "") -> Prompt:
    """Return the prompt that asks for the answer to a row."""
    if prompting == "native":
        return prompt_for(trajectory_of(row, output_format=output_format))
    return prompt_from(official_messages(row))


def prompt_from(official: Sequence[dict[str, Json]]) -> Prompt:
    """Return the prompt that consists of these messages, whose roles and texts stay as they are."""
    messages = [formats.PlainMessage(m["role"], m["content"], 0.0) for m in official]
    return prompt_of_messages(messages)


def conditions_of(row: Row, questions: Questions, mode: Mode) -> dict[str, Json]:
    """Return what a verdict depends on, whoever answered."""
    return {
        "variant": f"bfcl_v4/{row.category}",
        "data_sha256": questions.sha256[row.category],
        "decoder": mode.decoder,
        "output_format": mode.output_format or None,
        "names": "underscored" if mode.underscored else "as given",
    }


def save_graded(
    graded: Sequence[Graded],
    out: Path,
    questions: Questions,
    about: dict[str, Json],
    more: Sequence[Result] = (),
) -> Summary:
    """Write results, the report of unfair rows, and the summary, which also tells the published figures.

    `more` are results of categories of several turns. Only categories whose rows were all graded enter the
    figures.
    """
    reported = (unfair(each.row, each.answer, each.result, each.mode) for each in graded)
    counts = write_unfair(out / "unfair.jsonl", (row for row in reported if row is not None))
    results = [*(each.result for each in graded), *more]
    right = Counter(result.column for result in results if result.correct)
    rows = Counter(result.column for result in results)
    sizes = {**questions.sizes, **SEVERAL_TURNS}
    whole = {name: Tally(right[name], n) for name, n in rows.items() if n == sizes[name]}
    told = {"data_sha256": questions.sha256, "unfair": counts, "figures": _plain(published(whole))}
    return save(results, out, {**about, **told})


def _plain(versions: dict[str, Figures]) -> Json:
    return {
        v: {name: figure._asdict() for name, figure in figures.items()} for v, figures in versions.items()
    }


def _spread(rows: Sequence[Row], limit: int | None) -> list[Row]:
    kept: list[Row] = []
    for category in dict.fromkeys(row.category for row in rows):
        kept += spread([row for row in rows if row.category == category], limit)
    return kept
