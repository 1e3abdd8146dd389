"""Names: do providers take them, do they say anything, does every tool have one of its own?"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from callwright.record import Tool
from callwright.synthesize.kinds import name_words
from callwright.synthesize.quality.edits import Edits
from callwright.synthesize.quality.findings import Finding, about_place, about_tool
from callwright.synthesize.quality.places import Place
from callwright.synthesize.terms import terms
from callwright.synthesize.verbs import VERBS

LONGEST = 64
"""Characters of a name that OpenAI, Anthropic and Google all take."""
_LEGAL_TOOL = re.compile(rf"[A-Za-z_][A-Za-z0-9_-]{{0,{LONGEST - 1}}}")
_LEGAL_PARAMETER = re.compile(rf"[A-Za-z0-9_.$-]{{1,{LONGEST}}}")
_OPERATION = re.compile(r"(GET|PUT|POST|DELETE|OPTIONS|HEAD|PATCH) /")
_EMPTY_TOOL = re.compile(
    r"(?:my_?|new_?|the_?)?(?:func(?:tion)?|tool|method|api|foo|bar|baz|test|do|doit|run|execute|process|handle|"
    r"main|action|call|fn|f|g|helper|command|request|query)_?\d*", re.IGNORECASE
)  # fmt: skip
_EMPTY_PARAMETER = re.compile(
    r"(?:arg(?:ument)?|param(?:eter)?|foo|bar|baz|tmp|temp_?var|var|stuff|thingy?|misc|x{2,})_?\d*"
    r"|args|kwargs|params|val_?\d+|value_?\d+|data_?\d+|input_?\d+", re.IGNORECASE
)  # fmt: skip
_THIN_PARAMETER = re.compile(r"[a-z]|data|obj(?:ect)?|val", re.IGNORECASE)
"""Says something only together with a description."""
_ENOUGH = 2
"""Words that such a description adds; after a single letter one is enough, as in "x coordinate"."""


def tool_name(tool: Tool, edits: Edits) -> Iterator[Finding]:
    """Yield what is wrong with a tool's name."""
    source = tool.original_name or tool.name
    if tool.original_name and _OPERATION.match(source):
        wanted = _camel(tool)
        yield about_tool(
            "derived-name", tool.name, f"{source} has no operationId", f"operationId: {wanted}", "name"
        )
    elif not _LEGAL_TOOL.fullmatch(source):
        why = (
            f"{len(source)} characters long"
            if len(source) > LONGEST
            else "has characters that providers refuse"
        )
        yield about_tool("illegal-name", tool.name, f"{source!r} {why}", edits.name(_legal(source)), "name")
    if _EMPTY_TOOL.fullmatch(tool.name):
        edit = edits.name(_said_name(tool) or "VERB_OBJECT")
        yield about_tool("vague-name", tool.name, "the name does not say what the tool does", edit, "name")


def _legal(name: str) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_") or "tool"
    return (plain if plain[0].isalpha() else f"n{plain}")[:LONGEST].rstrip("_")


def _camel(tool: Tool) -> str:
    first, *rest = terms(tool.description.partition(".")[0])[:4] or name_words(tool.name)
    return first + "".join(word.title() for word in rest)


def _said_name(tool: Tool) -> str:
    """Return the name that a tool's description suggests."""
    return "_".join(terms(tool.description.partition(".")[0])[:3])


def parameter_name(place: Place, edits: Edits) -> Iterator[Finding]:
    """Yield what is wrong with a parameter's name."""
    if place.is_item:
        return
    if not _LEGAL_PARAMETER.fullmatch(place.name):
        long = len(place.name) > LONGEST
        why = f"{len(place.name)} characters long" if long else "has characters that providers refuse"
        yield about_place(
            "illegal-name", place, f"{place.name!r} {why}", edits.key(place, _legal(place.name))
        )
    said = [word for word in terms(place.description) if word not in place.words]
    thin = _THIN_PARAMETER.fullmatch(place.name) is not None and len(said) < min(len(place.name), _ENOUGH)
    if _EMPTY_PARAMETER.fullmatch(place.name) or thin:
        wanted = "_".join(said) if 1 <= len(said) <= _ENOUGH else ""
        edit = edits.key(place, wanted) if wanted else "a name that says what it holds"
        yield about_place("vague-name", place, "the name does not say what the value is", edit)


def names_of_their_own(tools: Sequence[Tool], edits: Edits) -> Iterator[tuple[int, Finding]]:
    """Yield the tools whose names an earlier one has, with the place of each."""
    known: dict[str, list[Tool]] = defaultdict(list)
    for i, tool in enumerate(tools):
        key = " ".join(name_words(tool.original_name or tool.name))
        for other in known[key][:1]:
            what = f"is called like {other.original_name or other.name}"
            wanted = edits.name(f"{tool.name}_{_difference(tool, other)}")
            yield i, about_tool("duplicate-name", tool.name, what, wanted, "name")
        known[key].append(tool)


def _difference(tool: Tool, other: Tool) -> str:
    """Return a word that sets a tool apart from another."""
    theirs = {*terms(other.description), *terms(other.name)}
    own = (word for word in terms(tool.description) if word not in theirs and word not in VERBS)
    return next(own, "2")
