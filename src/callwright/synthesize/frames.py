"""From a tool's description to the phrase in which people ask for it.

"Get the weather forecast for a city." becomes a frame: the verb "get", the object "the weather forecast" and
the slot "for {city}". Mentions of parameters inside the sentence become slots, because people put the value
there; what only explains the API ("by its id", "in ISO format", "and returns …") is left out.

    >>> from callwright.synthesize.params import parameters
    >>> schema = {"properties": {"city": {"type": "string"}}, "required": ["city"]}
    >>> frame_of("get_weather", "Get the weather forecast for a city.", parameters(schema)).object
    ('the weather forecast',)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from callwright.synthesize.kinds import name_words
from callwright.synthesize.params import Param
from callwright.synthesize.surface import article
from callwright.synthesize.verbs import PHRASAL, base_form, is_question


@dataclass(frozen=True, slots=True)
class Slot:
    """A place for the value of a parameter; `plain` stands there when the parameter is not mentioned."""

    param: str
    before: str
    after: str = ""
    plain: str = ""


Piece = str | Slot


@dataclass(frozen=True, slots=True)
class Frame:
    """A verb phrase with slots."""

    verb: str
    object: tuple[Piece, ...]
    tails: tuple[Piece, ...]
    asks: bool
    """The tool informs (What is the weather …?) rather than acts (Book a table …)."""

    @property
    def plural(self) -> bool:
        """Whether the object is plural: What *are* the opening hours?"""
        words = self.topic.split(" ")
        last = words[-1]
        return last.endswith("s") and not last.endswith(("ss", "us", "is", "news", "'s"))

    @property
    def topic(self) -> str:
        """The object without article and values: "weather forecast"."""
        text = " ".join(p if isinstance(p, str) else p.plain for p in self.object)
        text = re.sub(r"^(whether|if) ", "", text)
        return re.sub(
            r" is (?=\w+$)", " ", re.sub(r"^(all the|the|an?|my|all|any|some)\b ?", "", text)
        ).strip()


_IDLE = "specified|specific|provided|certain|particular|supplied|requested|desired"
_BOILERPLATE = re.compile(
    rf"(?:(?<=\ba )|(?<=\ban )|(?<=\bthe )|(?<=\bof )|(?<=\bby ))given |\b(?:{_IDLE})\b ?", re.IGNORECASE
)
_NOW_OTHER = re.compile(rf"\ban? (?:given|{_IDLE}) (\w+)")
"""An article whose word goes: "a given airport" becomes "an airport"."""
_LEAD = re.compile(
    r"^(?:this (?:function|tool|api|endpoint|method)"
    r"(?: is used to| allows you to| can be used to| lets you| will| can)?|"
    r"(?:an? )?(?:function|tool|api|endpoint|method|utility|service)(?: (?:to|for|that|which))|"
    r"use (?:this|the) (?:tool |function |endpoint )?(?:to|when you need to)|used to|"
    r"(?:allows|enables|lets|helps)(?: you| users?| the user)?(?: to)?)\s+",
    re.IGNORECASE,
)  # fmt: skip
_CUT = re.compile(
    r"\s*(?:[;:(\[{]|,(?!\s\w+(?:,| and| or)\s)| - | – | — |"
    r"\b(?:and|then) (?:returns?|gets?|shows?|sends?)\b|\band (?:whether|if|how|when|where|what|who)\b|"
    r"\b(?:(?:(?:of|in|on|for|to|from|by|with|at) )?(?:which|whom)|that|so that|so|where|because|"
    r"if it|if any|e\.g|i\.e|for example|such as|including|like|optionally|unless|as well as)\b)"
)
_PREPOSITIONS = (
    "for|in|on|at|from|to|between|by|with|using|of|into|within|near|about|under|via|through|as|against|during|"
    "around|over|based on|per|across|toward|among|onto|than|above|below|after|before|given"
)
_SPLIT = re.compile(rf"\s+(?=(?:{_PREPOSITIONS})\b)")
_TECHNICAL = re.compile(
    r"\b(api|database|json|format|iso|parameters?|criteria|options?|optional|filters?|input|arguments?|"
    r"schema|endpoint|server|system|using|based on|via|by|given|keyword|identifier|ids?|uuid|backend|string|"
    r"object|"
    r"details|information provided)\b"
)
_MEASURES = r"(?:kind|type|sort|piece|name|title|code|id|set|list|number|pair)s?"
_DETERMINER = (
    r"(?:(?:an?|the|your|my|one|some|any|each|this|that|their|its|another|all|two|several|multiple)\s+)"
)


def frame_of(name: str, description: str, params: Sequence[Param]) -> Frame:
    """Return the frame of a description, or that of the name where the description holds no usable phrase."""
    words = _phrase(description)
    if words:
        frame = _frame(words, params)
        if frame is not None and _reads_well(frame):
            return frame
    return name_frame(name, description, params)


def name_frame(name: str, description: str, params: Sequence[Param]) -> Frame:
    """Return the frame of a function name: get_weather → get the weather."""
    words = list(name_words(name.rsplit(".", 1)[-1])) or ["use", "it"]
    verb = base_form(words[0])
    rest = " ".join(words[1:] if verb else words)
    if not verb:
        verb = "run" if not description or len(words) > 3 else "get"
    if rest:
        found = _with_article(rest, description.lower())
        rest = _determiner(rest, found[1] if found else "", verb) + rest
    frame = _frame(f"{verb} {rest}".split(" "), params)
    return frame or Frame(verb, (rest or "it",), (), is_question(verb))


def _with_article(noun: str, text: str) -> re.Match[str] | None:
    # Nearly always it is not there; patterns of one use would also push all others out of the cache of `re`.
    return re.search(rf"\b(an?|the|my) (?:\w+ )?{re.escape(noun)}\b", text) if noun in text else None


def _determiner(noun: str, seen: str, verb: str) -> str:
    if re.match(r"(all|my|the|any|a|an|by|for|in|from|to|with|on|of)\b", noun):
        return ""
    if seen:
        return f"{seen} "
    if noun.endswith("s") and not noun.endswith(("ss", "us")):
        return ""
    if verb in ("search", "find"):
        return f"{article(noun)} "
    return "the " if is_question(verb) else ""


def _phrase(description: str) -> list[str]:
    """Return the words of the first sentence as an imperative, technicalities cut off."""
    text = re.sub(r"[\ue000-\uf8ff`*_#\"]", " ", description.strip())
    text = re.sub(r"\s*\([^)]*\)", "", text)
    sentence = re.split(r"(?<!e\.g)(?<!i\.e)[.!?](?:\s|$)|\n\s*\n|\n(?=[A-Z -])", text, maxsplit=1)[0]
    sentence = _LEAD.sub("", " ".join(sentence.split()).strip(" -:"))
    if not sentence:
        return []
    first, _, rest = sentence.partition(" ")
    verb = base_form(first)
    if verb == "return" and (first.lower() != "return" or rest.startswith("the ")):
        verb = "get"  # APIs return, people get
    if not verb and len(sentence.split()) <= 8 and re.search(rf"\s(?:{_PREPOSITIONS})\s", f" {rest} "):
        verb, rest = "get", f"the {first.lower() if first[1:].islower() else first} {rest}"
    if not verb and re.match(r"(?:the|an?|all|your|my)\b", rest):
        verb = first.lower()
    if not verb:
        return []
    rest = _CUT.split(rest, maxsplit=1)[0].strip(" .,")
    rest = _NOW_OTHER.sub(lambda found: f"{article(found[1])} {found[1]}", rest)
    rest = re.sub(r"\byour\b", "my", _BOILERPLATE.sub("", rest))
    rest = re.sub(r"\bthe (?:current )?user's\b|\ba user's\b", "my", rest)
    return [verb, *rest.split()]


def _frame(words: Sequence[str], params: Sequence[Param]) -> Frame | None:
    verb, rest = words[0], " ".join(words[1:])
    pair = f"{verb} {words[1]}" if len(words) > 1 else ""
    if pair in PHRASAL:
        verb, rest = pair, " ".join(words[2:])
    segments = [s for s in _SPLIT.split(f" {rest}") if s.strip()]
    for i in range(len(segments) - 1, 0, -1):
        if re.search(rf"\b{_MEASURES}$", segments[i - 1]) and segments[i].startswith("of "):
            segments[i - 1 : i + 1] = [f"{segments[i - 1]} {segments[i]}"]
    if not segments or (_starts_with_preposition(segments[0]) and verb not in ("search", "look")):
        return None
    taken: set[str] = set()
    head: list[Piece] = []
    tails: list[Piece] = []
    dropped = False
    for i, segment in enumerate(segments):
        text = segment.strip()
        slots = _two_ends(text, segments[i + 1 : i + 2], params, taken) or _slot(text, params, taken, i == 0)
        if slots:
            (head if i == 0 else tails).extend(slots)
            dropped = False
        elif i == 0:
            head.append(text)
        elif (
            (dropped and text.startswith("of "))
            or _TECHNICAL.search(text)
            or slots == []
            or _names_a_parameter(text, params)
            or (text == "of money" and isinstance(head[0], Slot))
        ):
            dropped = True
        else:
            tails.append(text)
            dropped = False
    return Frame(verb, tuple(head), tuple(t for t in tails if t), is_question(verb))


def _starts_with_preposition(text: str) -> bool:
    return re.match(rf"\s*(?:{_PREPOSITIONS})\b", text) is not None


def _names_a_parameter(text: str, params: Sequence[Param]) -> bool:
    """Tell whether a segment only announces a parameter, whose value is going to be said elsewhere."""
    lowered = text.lower()
    nouns = (noun for p in params for noun in p.nouns if noun in lowered)
    return any(re.search(rf"\b{re.escape(noun)}s?\b", lowered) for noun in nouns)


_ENDS = (
    (("origin", "departure", "from", "source", "start"), ("destination", "arrival", "to", "target", "end")),
)  # fmt: skip


def _two_ends(
    text: str, following: Sequence[str], params: Sequence[Param], taken: set[str]
) -> list[Piece] | None:
    """Read "between two cities" and "from one currency to another" as two slots."""
    between = re.match(r"between (?:two )?\w+( and \w+)?$", text)
    from_to = (
        re.match(r"from (?:one|an?) \w+", text) and following and re.match(r"\s*to (an)?other", following[0])
    )
    ends = ends_of(params)
    if not (between or from_to) or ends is None or ends[0].name in taken:
        return None
    taken.update((ends[0].name, ends[1].name))
    return [Slot(ends[0].name, "from "), Slot(ends[1].name, "to ")]


def ends_of(params: Sequence[Param]) -> tuple[Param, Param] | None:
    """Return the two parameters that are the ends of a way or a conversion."""
    for starts, stops in _ENDS:
        for first in params:
            for second in params:
                same = first.type == second.type and first.kind == second.kind
                if same and set(first.words) & set(starts) and set(second.words) & set(stops):
                    return first, second
    return None


_NO_SUBSTITUTE = {"message", "note", "event", "subject", "task", "thing", "detail", "reason"}
"""Kinds whose noun stays ("send a message saying …") instead of giving way to the value."""


def _slot(text: str, params: Sequence[Param], taken: set[str], head: bool) -> list[Piece] | None:
    """Return the segment with the noun phrase of one parameter turned into a slot, or None."""
    if re.match(r"to (?:an)?other\b", text) and taken:
        return []
    best: tuple[int, list[Piece]] | None = None
    folded = text.casefold()
    for param in params:
        if param.name in taken or param.type in ("boolean", "object") or _holds_objects(param):
            continue
        for noun in param.nouns:
            if noun.casefold() not in folded:
                continue
            determiner = rf"{_DETERMINER}+" if head and not _bare(param, noun) else rf"{_DETERMINER}*"
            found = re.search(
                rf"(?<![\w'-])({determiner})((?:\w+ )??{re.escape(noun)})s?(?![\w'-])", text, re.I
            )
            if found is None or (
                found[2].lower() != noun and param.kind != "id" and not _adjective(found[2].split(" ")[0])
            ):
                continue
            pieces = _with_slot(text, found, param, noun, head)
            if pieces and (best is None or len(noun) > best[0]):
                best = (len(noun), pieces)
            break
    if best is None:
        return None
    taken.update(p.param for p in best[1] if isinstance(p, Slot))
    return best[1]


def _holds_objects(param: Param) -> bool:
    return param.items is not None and param.items.type in ("object", "array")


def _bare(param: Param, noun: str) -> bool:
    return (param.kind == "phrase" and noun == "text") or noun in ("money", "amount of money", "currency")


def _adjective(word: str) -> bool:
    """Tell whether the word may stand before a parameter's noun without changing what it means."""
    return word.lower() in _EMPTY_ADJECTIVES


_EMPTY_ADJECTIVES = frozenset(
    ("new", "existing", "single", "target", "valid", "whole", "entire", "current", "full", "user", "unique")
)


def _with_slot(text: str, found: re.Match[str], param: Param, noun: str, head: bool) -> list[Piece] | None:
    before, after = text[: found.start()], text[found.end() :]
    if param.kind != "id":
        before = re.sub(rf"\b(?:an?|the|one|some) {_MEASURES} of $", "", before)
    if after.startswith("'s") or (
        after.strip() and re.match(r"\s(?:\w+)", after) and param.kind == "id" and head
    ):
        return None
    if param.kind in _NO_SUBSTITUTE:
        return None
    if head and (noun.endswith("query") or (param.kind == "" and param.type == "string")):
        return None
    if param.type in ("integer", "number") and not (set(param.words) & {"amount", "sum"} or not head):
        return None
    if param.type == "enum" and head and param.kind in ("", "color", "category", "genre"):
        return None
    if re.match(r"(?:by|using|based on|given|via)\b", before) and param.kind != "topic":
        return None
    if param.kind in ("file", "folder", "url"):
        return [Slot(param.name, f"{before}{'the ' if param.kind != 'url' else ''}"
                     f"{found[2] + ' ' if param.kind != 'url' else ''}", after, text)]  # fmt: skip
    if param.kind == "id" or (param.words and param.words[-1] in ("id", "number", "code") and not param.kind):
        if head and not param.required:
            return None
        keep = re.sub(r"^(?:an?|one|any|some)\s+", "", found[0], flags=re.IGNORECASE)
        return [Slot(param.name, f"{before}{keep} ", after, text)]
    return [Slot(param.name, before, after, text if head else "")]


def _reads_well(frame: Frame) -> bool:
    length = sum(len((p if isinstance(p, str) else p.plain).split()) for p in (*frame.object, *frame.tails))
    head = frame.object[0] if frame.object else ""
    text = head if isinstance(head, str) else head.plain
    return 0 < length <= 14 and not re.search(r"[{}<>|=/\\@]", text)
