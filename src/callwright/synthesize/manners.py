"""The prompt sampler's templates: what each style of example is, and in which manner it should be written.

One manner is drawn for every prompt, so that the examples of a run do not all sound like the same model.
"""

from __future__ import annotations

from collections.abc import Mapping

STYLES_ASKED: Mapping[str, str] = {
    "simple": "Each query needs exactly one call.",
    "multiple": "Each query needs exactly one call; which of the functions serves it has to be understood.",
    "parallel": "Each query needs two to four calls of the same function, each with other values.",
    "parallel_multiple": "Each query needs two or more calls, of at least two different functions.",
    "irrelevant": "Each query needs exactly one call of {gold}.",
    "missing": "Each query needs exactly one call of {gold}. Fill in {name} in the answer, but do not tell "
    "its value in the query: the user forgets to say it.",
}  # fmt: skip
"""What is asked for in each style. Of the last two the tool, or the value, is taken away afterwards."""

MANNERS: tuple[str, ...] = (
    "Write as people speak to a voice assistant.",
    "Write as people type in a hurry: short, small letters, hardly any punctuation.",
    "Write polite and complete sentences, as in a letter.",
    "Write questions, not orders.",
    "Write orders, one sentence each.",
    "Let the user first say why they ask, in a sentence or two, then what they want.",
    "Let the user want something that has to be understood; the function is not spoken of directly.",
    "Write numbers and dates the way people say them.",
    "Let a professional write, with the terms of the trade.",
    "Let someone write for whom English is a second language: simple words, small mistakes.",
    "Put the values first and the wish last.",
    "Let the user mention something that has nothing to do with the wish.",
    "Write long queries with many details, all of which matter for the arguments.",
    "Use every optional argument that makes sense.",
    "Use no optional argument.",
    "Use unusual values: small, large, at the limits, rare names and places.",
)
