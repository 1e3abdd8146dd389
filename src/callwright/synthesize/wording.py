"""From a tool and its argument values to clauses that a sentence can be built of.

While a request is being put together, every value is a single private character, its *mark*: typos, small
letters and capitals can then not touch it. `Wording.resolve` puts the values in and tells whether each of
them has really been said.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from callwright.record import Tool
from callwright.synthesize import surface
from callwright.synthesize.attach import attachment, pair_templates
from callwright.synthesize.frames import Frame, Piece, ends_of, frame_of, name_frame
from callwright.synthesize.kinds import name_words
from callwright.synthesize.params import Param, parameters
from callwright.synthesize.related import Relation, relations
from callwright.synthesize.values import Said
from callwright.synthesize.verbs import base_form, spoken

_FIRST_MARK, _LAST_MARK = 0xE000, 0xF8FF
MOST_INLINE = 5
"""Added phrases that one clause carries; what is beyond goes into sentences of its own."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A tool with everything the grammar has worked out about it, once."""

    tool: Tool
    params: tuple[Param, ...]
    frames: tuple[Frame, ...]
    related: tuple[Relation, ...]
    content: frozenset[str]
    """Content words of name and description: how near two tools are."""

    @property
    def name(self) -> str:
        """The tool's name."""
        return self.tool.name

    @property
    def capability(self) -> str:
        """What the tool does, in words and without values: "book a table at a restaurant"."""
        frame = self.frames[0]
        parts = [p if isinstance(p, str) else p.plain for p in frame.object]
        text = " ".join([frame.verb, *(p for p in parts if p)])
        return text if any(parts) else f"{text} that"


_STOP = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "in",
        "on",
        "at",
        "to",
        "for",
        "and",
        "or",
        "by",
        "with",
        "from",
        "is",
        "are",
        "be",
        "that",
        "this",
        "it",
        "my",
        "your",
        "all",
        "any",
    )
)


_PREAMBLE = re.compile(r"\b(?:tool|function) description:\s*", re.IGNORECASE)
"""Behind it stands what a tool does, where a description begins with where it belongs, as BFCL's do."""


def subject_of(tool: Tool) -> Subject:
    """Read a tool."""
    about = _PREAMBLE.split(tool.description)[-1]
    text = f"{' '.join(name_words(tool.name))} {about}"
    params = parameters(tool.parameters, text)
    first = frame_of(tool.name, about, params)
    second = name_frame(tool.name, about, params)
    words = name_words(tool.name.rsplit(".", 1)[-1])
    frames = (first, second) if len(words) > 1 and base_form(words[0]) and second != first else (first,)
    content = frozenset(re.findall(r"[^\W_]{2,}", text.lower())) - _STOP
    return Subject(tool, params, frames, relations(params), content)


@dataclass(slots=True)
class Wording:
    """The values of one request and the marks that stand for them."""

    values: list[Said] = field(default_factory=list)

    def mark(self, said: Said) -> str:
        """Return the mark that stands for the value inside a sentence."""
        return chr(_FIRST_MARK + 2 * self._index(said))

    def field_mark(self, said: Said) -> str:
        """Return the mark that stands for the value in a list of fields."""
        return chr(_FIRST_MARK + 2 * self._index(said) + 1)

    def _index(self, said: Said) -> int:
        for i, known in enumerate(self.values):
            if known is said:
                return i
        self.values.append(said)
        return len(self.values) - 1

    def resolve(self, text: str, lower: bool = False) -> tuple[str, bool]:
        """Return the text with values in place of marks, and whether every value has been said."""
        used: set[int] = set()
        out: list[str] = []
        for char in text:
            index = ord(char) - _FIRST_MARK
            if not 0 <= index < 2 * len(self.values):
                out.append(char)
                continue
            said = self.values[index // 2]
            used.add(index // 2)
            word = said.field if index % 2 else said.text
            if lower and said.fold:
                word = word.lower()
            elif said.fold and word[:1].islower() and (not out or "".join(out[-2:]) in (". ", "? ", "! ")):
                word = word[0].upper() + word[1:]
            out.append(word)
        return "".join(out), len(used) == len(self.values)


@dataclass(frozen=True, slots=True)
class Clause:
    """One call in words, in parts that a family puts together."""

    subject: Subject
    frame: Frame
    object: str
    tails: tuple[str, ...]
    """Phrases that follow the object, each with its preposition."""
    more: tuple[str, ...]
    """Whole sentences for what did not fit."""
    fields: tuple[tuple[str, str], ...]
    """Label and mark of each value."""
    bare: bool
    """The object holds no value, so "the same for …" may refer to it."""
    money: tuple[str, str] | None = None
    """Marks of "250 euros" and of the currency wanted, for "How much is … in …?"."""

    def rest(self) -> str:
        """Return what follows the object."""
        return join_phrases(self.tails)

    def split(self) -> tuple[str, str]:
        """Return the object with the plain phrases that belong to it, and what follows with values."""
        plain = 0
        while plain < len(self.tails) and not _marked(self.tails[plain]):
            plain += 1
        return join_phrases((self.object, *self.tails[:plain])), join_phrases(self.tails[plain:])

    def noun_phrase(self) -> str:
        """Return the object with all that follows it."""
        return join_phrases((self.object, *self.tails))

    def verb_phrase(self, rng: random.Random, order: bool = True) -> str:
        """Return the imperative; `order` admits "show me …"."""
        ways = spoken(self.frame.verb, order)
        if self.frame.verb == "check" and not re.match(r"(whether|if|the) ", self.object):
            ways = ("check",)
        verb = ways[0] if rng.random() < 0.4 else rng.choice(ways)
        if not self.object:
            verb = self.frame.verb
        return f"{verb} {self.noun_phrase()}".strip()


def _marked(text: str) -> bool:
    return any(_FIRST_MARK <= ord(c) <= _LAST_MARK for c in text)


_JOINS_DIRECTLY = re.compile(
    r"(for|in|on|at|from|to|with|without|under|by|until|between|through|via|about|using|as|of|into|within|near|"
    r"saying|called|named|titled|limited|checking|arriving|leaving|departing|returning|starting|ending|beginning|"
    r"born|due|rated|sorted|ordered|including|excluding|lasting|serving|tagged|aged|around|that|because|and|or|across|"
    r"against|per|during|than|matching|picking|dropping|coming|but|repeating|related|focusing|attaching|costing)\b"
)


def join_phrases(phrases: Sequence[str]) -> str:
    """Join phrases with spaces, or with a comma before one that does not follow on directly."""
    text = ""
    for phrase in phrases:
        if not phrase:
            continue
        follows = not text or _JOINS_DIRECTLY.match(phrase) or phrase.startswith("(")
        text += phrase if not text else f" {phrase}" if follows else f", {phrase}"
    return text


def clause_of(
    subject: Subject, said: Mapping[str, Said], wording: Wording, rng: random.Random, many: str = ""
) -> Clause:
    """Put one call into words; `many` names a parameter whose wording holds several values."""
    frame = subject.frames[0] if len(subject.frames) == 1 or rng.random() < 0.75 else subject.frames[1]
    left = dict(said)
    money = _merge_money(subject, left, wording, rng)
    marks = {name: wording.mark(value) for name, value in left.items()}
    shown = {**marks, **({money[0]: money[1]} if money else {})}
    fields = tuple((p.label, wording.field_mark(said[p.name])) for p in subject.params if p.name in said)
    if money:
        left.pop(money[2], None)
    parts = [_place(piece, shown, left, many) for piece in frame.object]
    bare = all(isinstance(piece, str) or piece.param not in said for piece in frame.object)
    object_text = _modified(" ".join(p for p in parts if p), subject, left, marks, rng)
    bare = bare and not _marked(object_text)
    tails = [t for t in (_place(piece, shown, left, many) for piece in frame.tails) if t]
    inline, rest = _attachments(subject, left, shown, wording, rng)
    more = tuple(_sentence(p, wording.mark(said[p.name]), rng) for p in rest)
    target = next((p.name for p in subject.params if p.kind == "currency" and p.name in said
                   and money and p.name != money[2]), None)  # fmt: skip
    pay = (money[1], wording.mark(said[target])) if money and target and len(said) == 3 else None
    return Clause(subject, frame, object_text, (*tails, *inline), more, fields, bare, pay)


def _place(piece: Piece, shown: Mapping[str, str], left: dict[str, Said], many: str) -> str:
    """Return a piece with its value, its plain words where the value is not mentioned, or ""."""
    if isinstance(piece, str):
        return piece
    if piece.param not in left:
        return piece.plain
    left.pop(piece.param)
    before = piece.before
    if piece.param == many and (noun := re.search(r"([a-z]+)( (?:id|number|code))? $", before)):
        stem = noun[1] if noun[1] not in _PREPOSITIONLIKE else ""
        if stem and not stem.endswith("s"):
            before = f"{before.removesuffix(noun[0])}{stem}s "
    return f"{before}{shown[piece.param]}{piece.after}"


_PREPOSITIONLIKE = {
    "for",
    "in",
    "on",
    "at",
    "from",
    "to",
    "with",
    "of",
    "by",
    "about",
    "into",
    "the",
    "my",
    "a",
    "near",
}


def _merge_money(
    subject: Subject, said: Mapping[str, Said], wording: Wording, rng: random.Random
) -> tuple[str, str, str] | None:
    """Return (amount's name, "250 euros" in marks, the currency's name) where both are mentioned."""
    amount = next((p for p in subject.params if p.name in said and set(p.words) & _MONEY
                   and p.type in ("number", "integer")), None)  # fmt: skip
    if amount is None or rng.random() < 0.1:
        return None
    currencies = [p for p in subject.params if p.name in said and "currency" in (p.kind, *p.words)]
    source = next((p for p in currencies if not set(p.words) & {"to", "target", "quote", "output"}), None)
    if source is None:
        return None
    text = said[source.name].text
    both = surface.money_text("\x00", text, rng).replace(text, wording.mark(said[source.name]))
    return amount.name, both.replace("\x00", wording.mark(said[amount.name])), source.name


_MONEY = {
    "amount",
    "sum",
    "price",
    "cost",
    "budget",
    "value",
    "total",
    "money",
    "fee",
    "salary",
    "payment",
    "balance",
}


def _modified(
    text: str, subject: Subject, left: dict[str, Said], marks: Mapping[str, str], rng: random.Random
) -> str:
    """Put an adjective-like choice before the object's noun: Italian restaurants, a compact car."""
    for param in subject.params:
        if param.name not in left or not set(param.words) & _ADJECTIVES or len(param.words) > 2:
            continue
        if (
            len(left[param.name].text.split()) > 2
            or param.type not in ("string", "enum")
            or rng.random() < 0.2
        ):
            continue
        found = re.match(r"(a|an|the|my|some)? ?([a-z][a-z ]*)$", text)
        if found is None or len(found[2].split()) > 2:
            continue
        if "size" in param.words and left[param.name].text not in _SIZES:
            continue
        said = left.pop(param.name)
        determiner = surface.article(said.text) if found[1] in ("a", "an") else found[1] or ""
        return f"{determiner} {marks[param.name]} {found[2]}".strip()
    return text


_SIZES = {"small", "medium", "large", "compact", "mini", "big", "huge", "tiny", "regular", "standard",
"family",
          "extra large", "double", "single", "medium-sized"}  # fmt: skip
_ADJECTIVES = {"cuisine", "genre", "size", "color", "colour"}
_RANK = {"city": 1, "airport": 1, "country": 1, "address": 1, "us_city": 1, "restaurant": 0, "hotel": 0,
"product": 0,
         "topic": 0, "id": 0, "person": 2, "email": 2, "date": 3, "datetime": 3, "time": 4, "currency": 2,
         "message": 9, "note": 9, "detail": 9, "reason": 9, "event": 2, "subject": 7, "phrase": 8, "task": 0,
         "thing": 2, "dish": 0, "symbol": 0, "movie": 0, "song": 0, "book": 0, "language": 2}  # fmt: skip
_RANK_BY_TYPE = {"integer": 5, "number": 5, "enum": 6, "boolean": 7, "array": 6, "object": 8}


def _rank(param: Param) -> float:
    if set(param.words) & {"amount", "sum"}:
        return -1
    return _RANK_BY_TYPE.get(param.type, _RANK.get(param.kind, 5))


def _attachments(
    subject: Subject, left: Mapping[str, Said], shown: Mapping[str, str], wording: Wording, rng: random.Random
) -> tuple[list[str], list[Param]]:
    """Return phrases for what the frame does not hold, and the parameters too many for one clause."""
    todo = [p for p in subject.params if p.name in left]
    todo.sort(key=lambda p: _rank(p) + rng.random() * 1.6)
    phrases: list[str] = []
    ends = ends_of(todo)
    if ends and ends[0].name in left:
        todo = [p for p in todo if p not in ends]
        way = "from {1} to {2}" if rng.random() < 0.85 else "to {2} from {1}"
        phrases.append(way.replace("{1}", shown[ends[0].name]).replace("{2}", shown[ends[1].name]))
    while todo and len(phrases) < MOST_INLINE:
        param = todo.pop(0)
        partner, pair = _partner(param, todo)
        if partner is not None and pair:
            todo.remove(partner[1] if partner[0] is param else partner[0])
            text = (
                rng.choice(pair).replace("{1}", shown[partner[0].name]).replace("{2}", shown[partner[1].name])
            )
        else:
            text = _varied(param, left[param.name], shown[param.name], phrases, rng)
            around = next((p for p in todo if param.kind == "city" and p.kind in ("country", "state")), None)
            if around is not None:
                todo.remove(around)
                text += f", {shown[around.name]}"
        phrases.append(text)
    return phrases, todo


def _partner(param: Param, todo: Sequence[Param]) -> tuple[tuple[Param, Param] | None, Sequence[str]]:
    for other in todo:
        if ways := pair_templates(param, other):
            return (param, other), ways
        if ways := pair_templates(other, param):
            return (other, param), ways
    return None, ()


def _varied(param: Param, said: Said, mark: str, before: Sequence[str], rng: random.Random) -> str:
    """Return an attachment whose preposition differs from the one before, where there is a choice."""
    text = attachment(param, said, mark, rng)
    last = before[-1].split(" ")[0] if before else ""
    for _ in range(2):
        if text.split(" ")[0] != last:
            break
        text = attachment(param, said, mark, rng)
    return text


def _sentence(param: Param, mark: str, rng: random.Random) -> str:
    if param.type == "boolean":
        return f"{mark}."
    label = param.label
    return rng.choice((f"The {label} is {mark}.", f"{label[:1].upper()}{label[1:]}: {mark}.",
                       f"Use {mark} as the {label}.", f"The {label} should be {mark}."))  # fmt: skip
