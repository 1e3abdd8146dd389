"""The clauses of a request as orders, as questions and as keywords: what the phrasing families draw on."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from callwright.synthesize.wording import Clause, join_phrases


@dataclass(frozen=True, slots=True)
class Request:
    """The clauses of one request: one for each call, or one for several that differ in a single value."""

    clauses: tuple[Clause, ...]
    rng: random.Random

    @property
    def single(self) -> bool:
        """Whether there is one clause."""
        return len(self.clauses) == 1

    @property
    def more(self) -> str:
        """Sentences for what the clauses do not hold, with a leading space; or ""."""
        return "".join(f" {s}" for c in self.clauses for s in c.more)

    def order(self, addressed: bool = True) -> str:
        """Return all clauses as one imperative phrase: "book … and then cancel …"."""
        first = self.clauses[0]
        parts = [first.verb_phrase(self.rng, addressed)]
        for clause in self.clauses[1:]:
            same = (
                clause.subject is first.subject and clause.bare and clause.tails and self.rng.random() < 0.35
            )
            if same and re.match(r"(for|in|on|at|from|to|with|of|into|by)\b", clause.rest()):
                parts.append(f"{'' if first.frame.asks else 'do '}the same {clause.rest()}")
            else:
                parts.append(clause.verb_phrase(self.rng, addressed))
        return self._chain(parts)

    def _chain(self, parts: Sequence[str]) -> str:
        text = parts[0]
        for i, part in enumerate(parts[1:], 2):
            last = i == len(parts)
            ways = (
                (" and ", ", and also ", " and then ", ", then ", ", and ")
                if last
                else (", ", ", then ", ", ")
            )
            glue = self.rng.choice(ways)
            text += glue + part
        return text

    def question(self) -> str:
        """Return all clauses as questions, with question marks."""
        return " ".join(self._link(i, _question(c, self.rng)) for i, c in enumerate(self.clauses))

    def _link(self, i: int, text: str) -> str:
        if i == 0 or self.rng.random() < 0.3:
            return text
        first = text[0].lower() + text[1:] if not text.startswith("I ") else text
        return f"{self.rng.choice(('And', 'Also,', 'And'))} {first}"

    def topic(self) -> str:
        """Return what it is about, in a few words: "weather forecast"."""
        return join_words([topic_of(c) for c in self.clauses])


def join_words(parts: Sequence[str]) -> str:
    """Join different words with commas and an "and"."""
    unique = list(dict.fromkeys(p for p in parts if p))
    return unique[0] if len(unique) == 1 else ", ".join(unique[:-1]) + f" and {unique[-1]}" if unique else ""


def topic_of(clause: Clause) -> str:
    frame = clause.frame
    topic = frame.topic
    if frame.asks and topic:
        return topic
    return f"{frame.verb} {topic}".strip()


_NAMEABLE = {"get", "find", "show", "list", "look up", "calculate", "compute", "estimate", "determine",
"view",
             "display", "retrieve", "fetch", "search for", "look for", "find out", "count", "predict",
             "provide",
             "obtain", "lookup", "measure", "identify", "check"}  # fmt: skip


def _question(clause: Clause, rng: random.Random) -> str:
    if clause.money and rng.random() < 0.7:
        return f"{rng.choice(('How much is', 'What is'))} {clause.money[0]} in {clause.money[1]}?"
    text, rest = clause.object, clause.noun_phrase()
    if not clause.frame.asks or clause.frame.verb not in _NAMEABLE:
        opener = rng.choice(("Can you", "Could you", "Could I get you to", "Will you", "Can you"))
        phrase = clause.verb_phrase(rng)
        if phrase.startswith("get "):
            opener = "Can you"
        return f"{opener} {phrase}?"
    if found := re.match(r"(?:whether|if) (.+) (is|are) (\w+)$", text):
        return f"{upper_first(found[2])} {join_phrases((f'{found[1]} {found[3]}', *clause.tails))}?"
    if re.match(r"(whether|if)\b", text):
        return f"{rng.choice(('Can you tell me', 'Do you know', 'Could you check'))} {rest}?"
    if re.match(r"(all|any|some|list|information|info|details)\b", text) or not text:
        return f"{rng.choice(('Can you show me', 'Can you get', 'Could you find'))} {rest or 'it'}?"
    if re.match(r"(a|an) ", text) and clause.frame.verb in ("check", "measure", "identify", "estimate"):
        return f"{rng.choice(('Can you', 'Could you'))} {clause.verb_phrase(rng)}?"
    if re.match(r"(a|an) ", text):
        return f"{rng.choice(('Is there', 'Can you find me', 'Do you know'))} {rest}?"
    if re.match(r"(the|my|this|our) ", text):
        return _definite(clause, rest, rng)
    if clause.frame.plural:
        follow = clause.rest()
        return rng.choice((
            f"Which {text} are there{_spaced(follow)}?", f"Are there any {rest}?",
            f"What {text} can you find{_spaced(follow)}?", f"Do you know any {rest}?",
        ))  # fmt: skip
    return rng.choice((f"What is the {rest}?", f"Can you tell me the {rest}?"))


def _definite(clause: Clause, rest: str, rng: random.Random) -> str:
    be = "are" if clause.frame.plural else "is"
    ways = [f"What {be} {rest}?", f"Can you tell me {rest}?", f"Do you know {rest}?"]
    if be == "is":
        ways += [f"What's {rest}?", f"What's {rest}?"]
    if re.match(r"the weather( forecast)?$", clause.object):
        ways += [
            f"What will the weather be like {clause.rest()}?",
            f"What's the weather like {clause.rest()}?",
        ]
    return rng.choice(ways)


def _spaced(text: str) -> str:
    return f" {text}" if text and not text.startswith(",") else text


def upper_first(text: str) -> str:
    """Capitalise the first letter."""
    return text[:1].upper() + text[1:]


def bare_order(clause: Clause) -> str:
    """Return the verb phrase without any value."""
    pieces = [*clause.frame.object]
    for tail in clause.frame.tails:
        if not isinstance(tail, str):
            break
        pieces.append(tail)
    plain = [p if isinstance(p, str) else p.plain for p in pieces]
    return f"{clause.frame.verb} {' '.join(p for p in plain if p)}".strip()
