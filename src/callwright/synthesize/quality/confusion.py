"""Tools that a model can hardly tell apart: nothing is said of one that would rule it out for the other.

Two tools are confusable when the words of one, in name and description, are all among those of the other
and are most of them, when their names hold no contrast, and when their parameters are much the same. Verbs
for one act count as one word (get, find, list), numbers as none. A contrast is a word of its own on both
sides (by_id, by_name) or another order of the same words (route_of_service, service_of_route). Two tools
with one and the same description are told as such: mostly it was copied, and is wrong for one of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from heapq import merge
from typing import NamedTuple

from callwright.record import Tool
from callwright.synthesize.kinds import name_words
from callwright.synthesize.quality.edits import Edits
from callwright.synthesize.quality.findings import Finding, about_tool
from callwright.synthesize.terms import terms

MOST_WORDS = 0.75
"""Share of the longer one's words that the shorter one has. On four toolboxes made by hand (BFCL's back ends,
tau2-bench, API-Bank, the reference MCP servers), every pair beyond it is one that people mix up, too."""
MOST_PARAMETERS = 0.5
"""Overlap (Jaccard) of the words of parameter names, so that a call of one can pass for one of the other."""
COPIED = 3
"""Words from which an equal description is no chance."""
_ACTS = {
    word: words.split()[0]
    for words in (
        "get retrieve fetch obtain lookup find search show display view list read query check",
        "create add make insert",
        "delete remove erase", "update modify edit change", "calculate compute determine", "buy purchase",
        "start begin launch initiate", "stop end halt terminate",
    )
    for word in words.split()
}  # fmt: skip
"""Verbs that tools use for the same act, each with the one that stands for them."""


_TELLING_FILLER = frozenset({"all", "to", "from", "by", "with", "without", "in", "not", "no"})
"""Words that say little in a sentence, and much in a name."""


class _Said(NamedTuple):
    """What is compared of a tool."""

    words: frozenset[str]
    name: tuple[str, ...]
    parameters: frozenset[str]
    description: tuple[str, ...]


def confusable(tools: Sequence[Tool], edits: Edits) -> Iterator[tuple[int, Finding]]:
    """Yield each tool that is hard to tell from an earlier one, with its place; the first one is named."""
    said = [_said(tool) for tool in tools]
    copies = dict(_copies(said))
    for j, i in copies.items():
        other = tools[i].name
        edit = edits.tool_says(f"{_capability(tools[j])} … (what {other} does not do)")
        what = f"has the very description of {other}"
        yield j, about_tool("copied-description", tools[j].name, what, edit, "description")
    for j, candidates in _candidates(said):
        tool = tools[j]
        alike = (i for i in candidates if tools[i].name != tool.name and copies.get(j) != i)
        first = next((i for i in alike if _alike(said[i], said[j])), None)
        if first is not None:
            other = tools[first].name
            what = f"says and takes much the same as {other}"
            edit = edits.tool_says(
                f"{tool.description.rstrip('. ') or tool.name}. Use {other} instead when …"
            )
            yield j, about_tool("confusable-tools", tool.name, what, edit, "description")


def _copies(said: Sequence[_Said]) -> Iterator[tuple[int, int]]:
    """Yield each tool whose description an earlier one with another name has, and that one."""
    first: dict[tuple[str, ...], int] = {}
    for j, s in enumerate(said):
        i = first.setdefault(s.description, j)
        if i != j and said[i].name != s.name and len(s.description) >= COPIED:
            yield j, i


def _said(tool: Tool) -> _Said:
    name = tuple(_ACTS.get(word, word) for word in terms(tool.name) if not word.isdigit())
    name = (*name, *(word for word in name_words(tool.name) if word in _TELLING_FILLER))
    description = tuple(word for word in terms(tool.description) if not word.isdigit())
    does = tuple(_ACTS.get(word, word) for word in description[:1])
    names = tool.parameters.get("properties")
    parameters = frozenset(word for given in names or () for word in terms(given))
    return _Said(frozenset((*name, *does, *description[1:])), name, parameters, description)


def _candidates(said: Sequence[_Said]) -> Iterator[tuple[int, Iterator[int]]]:
    """Yield each tool with the earlier ones that may be alike: the rarest word of one of them is in both."""
    having = Counter(word for s in said for word in s.words)
    earlier: dict[str, list[int]] = defaultdict(list)
    by_rarest: dict[str, list[int]] = defaultdict(list)
    for j, s in enumerate(said):
        if s.words:
            rarest = min(s.words, key=lambda word: (having[word], word))
            # Looked at as far as wanted: of thousands that are alike, the first is enough.
            yield j, merge(earlier[rarest], *(by_rarest[word] for word in s.words if word in by_rarest))
            by_rarest[rarest].append(j)
            for word in s.words:
                earlier[word].append(j)


def _alike(one: _Said, other: _Said) -> bool:
    shorter, longer = sorted((one, other), key=lambda said: len(said.words))
    if not shorter.words <= longer.words or len(shorter.words) < MOST_WORDS * len(longer.words):
        return False
    if not shorter.words.issuperset(longer.name) or _contrasting(one.name, other.name):
        return False
    union = one.parameters | other.parameters
    return not union or len(one.parameters & other.parameters) >= MOST_PARAMETERS * len(union)


def _contrasting(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether names tell two tools apart: by a word on each side, by two on one, or by their order."""
    mine, theirs = set(one) - set(other), set(other) - set(one)
    return bool(mine and theirs) or len(mine | theirs) > 1 or (one != other and sorted(one) == sorted(other))


def _capability(tool: Tool) -> str:
    words = " ".join(name_words(tool.name))
    return f"{words[:1].upper()}{words[1:]}:"
