"""Phrasing families: the tones in which people ask, split into those for training and those held out.

A family turns a `Request` into text. `TRAIN_FAMILIES` and `TEST_FAMILIES` share no family, so a score on the
held-out ones tells whether a model understands wordings that its training never showed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from callwright.synthesize.idioms import idiom
from callwright.synthesize.noise import small_letters, typos
from callwright.synthesize.request import Request, bare_order, topic_of, upper_first
from callwright.synthesize.verbs import gerund
from callwright.synthesize.wording import Clause

Families = Literal["train", "test"]


# --- families for training ----------------------------------------------------------------------------


def imperative(r: Request) -> str:
    """Book a table at Luigi's for 4 guests."""
    return f"{upper_first(r.order())}.{r.more}"


def polite(r: Request) -> str:
    """Could you book …?"""
    opener = r.rng.choice(("Could you", "Can you", "Would you", "Could you please", "Can you please"))
    if r.rng.random() < 0.2 and r.single:
        verb_phrase = r.order()
        return f"Would you mind {gerund(verb_phrase)}?{r.more}"
    return f"{opener} {r.order()}?{r.more}"


def need(r: Request) -> str:
    """I need to book …"""
    opener = r.rng.choice(
        ("I need to", "I want to", "I'd like to", "I have to", "I would like to", "We need to",
        "I'm trying to",
         "I need you to", "We'd like to")
    )  # fmt: skip
    return f"{opener} {r.order(addressed=False)}.{r.more}"


def please(r: Request) -> str:
    """Please book … / Book …, please."""
    if r.rng.random() < 0.6:
        return f"Please {r.order()}.{r.more}"
    return f"{upper_first(r.order())}, please.{r.more}"


def question(r: Request) -> str:
    """What's the weather forecast for Paris?"""
    return f"{r.question()}{r.more}"


def keywords(r: Request) -> str:
    """weather forecast Paris 2026-05-03"""
    lines = []
    for clause in r.clauses:
        text = topic_of(clause)
        values = _marks_of((clause.object, *clause.tails), clause)
        lines.append(f"{text} {values}".strip())
    return ("; " if r.rng.random() < 0.5 else " + ").join(lines) + r.more


def _marks_of(phrases: Sequence[str], clause: Clause) -> str:
    """Return the phrases with small words left out; one that starts oddly keeps them."""
    out = []
    for phrase in phrases:
        if not any(0xE000 <= ord(c) < 0xF8FF for c in phrase):
            continue
        short = phrase
        if phrase is clause.object:
            short = "".join(c for c in phrase if 0xE000 <= ord(c) < 0xF8FF or c == " ").strip()
            short = re.sub(" +", " ", short)
        else:
            short = re.sub(r"^(in|on|at|for|of|about|with)( an?| the)? ", "", phrase)
        out.append(short)
    return " ".join(out)


_FILLERS = ("um", "uh", "you know", "like", "well", "let me think")
_PAUSES = frozenset(
    (
        "a",
        "an",
        "the",
        "for",
        "in",
        "on",
        "at",
        "from",
        "to",
        "with",
        "of",
        "and",
        "about",
        "by",
        "into",
        "my",
        "whether",
    )
)
"""Words before which a speaker hesitates."""
_STARTS = ("okay so", "hey", "hi uh", "so", "alright", "um", "yeah hi", "hello", "ok")


def voice(r: Request) -> str:
    """okay so i need to um book a table …, as a dictation writes it down."""
    rng = r.rng
    text = f"{rng.choice(('i need to', 'can you', 'could you', 'i want to', 'please'))} "
    addressed = not text.startswith("i ")
    text += r.order(addressed)
    words = text.split(" ")
    places = [i for i, w in enumerate(words) if i > 1 and w in _PAUSES] or [0]
    words.insert(rng.choice(places[:4]), rng.choice(_FILLERS))
    more = "".join(f" and {_decapitalised(s).rstrip('.')}" for c in r.clauses for s in c.more)
    end = rng.choice(("", "", " thanks", " please"))
    return f"{rng.choice(_STARTS)} {' '.join(words).replace(';', ' and')}{more}{end}"


def _decapitalised(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


_CONTEXTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"flight|hotel|travel|trip|visa|airport|route|car\b|attraction|train|tour", (
        "I'm planning a trip with my family.", "We're finally going on holiday.",
        "My sister is joining me on this trip.",
        "I'm organising a work trip.", "I've been dreaming about this journey for ages.",
        "We're putting together our holiday plans.", "This is for our anniversary trip.")),
    (r"restaurant|table|food|recipe|dish|meal|dinner", (
        "We're celebrating a birthday.", "My parents are in town.", "I'm starving already.",
        "I'm taking some colleagues out.", "I don't feel like cooking.")),
    (r"weather|forecast|temperature|rain", (
        "I'm not sure what to pack.", "We want to have a picnic.", "I'm thinking of going for a long walk.",
        "I have an outdoor event coming up.")),
    (r"currency|money|bill|price|pay|invoice|loan|bank|cost|tax|transfer", (
        "I'm sorting out my finances.", "I want to get the numbers right.", "I'm putting together a budget.",
        "My accountant is asking me.")),
    (r"order|product|cart|shop|purchase|refund|deliver|ship", (
        "I've been shopping online again.", "I'm looking for a gift.",
        "It's about something I ordered for work.",
        "I'm tidying up my purchases.")),
    (r"mail|message|meeting|calendar|event|remind|task|schedule|appointment|note", (
        "My week is getting busy.", "I'm getting organised.", "I keep forgetting things lately.",
        "I'm preparing for a big week at work.")),
    (r"song|music|movie|film|book|playlist|artist", (
        "I have a free evening.", "I'm in the mood for something nice.", "Friends are coming over.")),
    (r"", ("I'm in a bit of a hurry.", "I hope you can help me.", "My colleague asked me about this.",
           "I've never done this before.", "Quick one before my next call.", "I'm on my phone right now.",
           "I'm helping a friend out.")),
)  # fmt: skip


def context_first(r: Request) -> str:
    """We're celebrating a birthday. Can you book …?"""
    text = " ".join(sorted(r.clauses[0].subject.content))
    topical = next(lines for pattern, lines in _CONTEXTS if re.search(pattern, text))
    line = r.rng.choice(topical if r.rng.random() < 0.75 else _CONTEXTS[-1][1])
    return f"{line} {r.rng.choice((imperative, polite, please, need, question))(r)}"


def bullets(r: Request) -> str:
    """Book a table with these details:\\n- guests: 4"""
    if not r.single:
        lead = r.rng.choice(("Please do the following:", "A few things:", "I need these done:", "To do:"))
        style = r.rng.choice(("{}. ", "- ", "{}) "))
        lines = [style.format(i) + upper_first(c.verb_phrase(r.rng)) for i, c in enumerate(r.clauses, 1)]
        return "\n".join((lead, *lines)) + r.more
    clause = r.clauses[0]
    lead = upper_first(bare_order(clause))
    lead += r.rng.choice((":", " with these details:", ". Details:", ", here are the details:"))
    dash = r.rng.choice(("- ", "* ", "- "))
    colon = r.rng.choice((": ", ": ", " = "))
    return "\n".join((lead, *(f"{dash}{label}{colon}{mark}" for label, mark in clause.fields)))


def chatty(r: Request) -> str:
    """Hey! Could you … for me? Thanks a lot!"""
    rng = r.rng
    hello = rng.choice(("Hey!", "Hi there,", "Hello!", "Hey there!", "Good morning!", "Hi!", "Good evening,"))
    ask = rng.choice(("could you", "can you", "would you"))
    bye = rng.choice(
        ("Thanks a lot!", "Thank you!", "Cheers!", "Thanks in advance.", "You're a star.", "Many thanks!")
    )
    start = ask if hello.endswith(",") else upper_first(ask)
    return f"{hello} {start} {r.order()}?{r.more} {bye}"


def staged(r: Request) -> str:
    """I want to book a table. It's for 4 guests, on May 3."""
    clause = r.clauses[0]
    phrase, rest = clause.split()
    if not r.single or not clause.bare or len(clause.tails) < 2 or not rest:
        return f"Here's what I need: {r.order()}.{r.more}"
    rng = r.rng
    opener = rng.choice(("I want to", "I need to", "I'd like to", "Let's", "Help me"))
    link = rng.choice(("It should be", "That would be", "It's", "This is", "Make it"))
    if not re.match(r"(for|in|on|at|from|to|with|between|under|until|of|about|into|through)\b", rest):
        return f"{opener} {clause.verb_phrase(rng, order=False)}.{r.more}"
    short = replace(clause, object=phrase, tails=())
    return f"{opener} {short.verb_phrase(rng, order=False)}. {link} {rest}.{r.more}"


_AFTERTHOUGHTS = (
    "It's kind of urgent.", "No rush though.", "My boss is asking.", "I keep putting it off.",
    "That's all for now.",
    "I hope that's possible.", "Let me know how it goes.", "I promised I'd take care of it.",
    "That would help a lot.",
    "I'd do it myself but I'm driving.", "It's for a friend.",
)  # fmt: skip


def afterthought(r: Request) -> str:
    """Book …. No rush though."""
    inner = r.rng.choice((imperative, need, please, polite))(r)
    return f"{inner} {r.rng.choice(_AFTERTHOUGHTS)}"


# --- families held out for testing --------------------------------------------------------------------


def formal(r: Request) -> str:
    """I would be grateful if you could …"""
    opener = r.rng.choice((
        "I would be grateful if you could", "I kindly request that you", "May I ask you to",
        "I should be obliged if you would", "It would be appreciated if you could",
        "I am writing to ask you to",
    ))  # fmt: skip
    return f"{opener} {r.order()}{'?' if opener.startswith('May') else '.'}{r.more}"


def telegraphic(r: Request) -> str:
    """Need table, Luigi's. 4 guests. 2026-05-03. Asap."""
    parts = []
    for clause in r.clauses:
        lead = bare_order(clause)
        lead = re.sub(r"\b(a|an|the|my) ", "", lead)
        cells = ", ".join(f"{label} {mark}" for label, mark in clause.fields)
        parts.append(f"{upper_first(lead)} – {cells}" if cells else upper_first(lead))
    return f"{'. '.join(parts)}.{r.rng.choice(('', ' Asap.', ' Thx.', ' Urgent.'))}"


def details_first(r: Request) -> str:
    """For 4 guests on May 3: book a table."""
    clause = r.clauses[0]
    phrase, rest = clause.split()
    if r.single and clause.bare and re.match(r"(for|in|on|at|from|with|to)\b", rest):
        ask = r.rng.choice(("please", "I want you to", "kindly"))
        return f"{upper_first(rest)}, {ask} {clause.frame.verb} {phrase}.{r.more}"
    return f"This is what I'm after today: {r.order()}.{r.more}"


def form(r: Request) -> str:
    """Request: book table | guests: 4"""
    rows = []
    for clause in r.clauses:
        cells = [f"{label}: {mark}" for label, mark in clause.fields]
        rows.append(" | ".join((f"Request: {bare_order(clause)}", *cells)))
    return "\n".join(rows)


def wondering(r: Request) -> str:
    """I was wondering if you could …"""
    opener = r.rng.choice((
        "I was wondering if you could", "Any chance you could", "Do you think you could",
        "Would it be possible to",
        "How do I get you to", "Is there any way to", "Mind if I ask you to",
    ))  # fmt: skip
    end = "." if opener.startswith("I was") else "?"
    return f"{opener} {r.order(addressed=' to' not in opener)}{end}{r.more}"


def delegated(r: Request) -> str:
    """Someone asked me to …, so go ahead."""
    who = r.rng.choice(("My wife", "My manager", "A client", "My flatmate", "The team", "My brother"))
    end = r.rng.choice(
        ("Can you handle that?", "Over to you.", "Please take care of it.", "Go ahead and do it.")
    )
    return f"{who} asked me to {r.order(addressed=False)}.{r.more} {end}"


def _plain_family(r: Request) -> str:
    ways = (imperative, polite, need, please, question, context_first, afterthought, idiomatic, idiomatic)
    return r.rng.choice(ways)(r)


def lowercase(r: Request) -> str:
    """can you book a table at luigi's"""
    return small_letters(_plain_family(r), r.rng)


def typing(r: Request) -> str:
    """Cna you book a tabel at Luigi's?"""
    text = typos(_plain_family(r), r.rng)
    return small_letters(text, r.rng) if r.rng.random() < 0.4 else text


def idiomatic(r: Request) -> str:
    """Do I need an umbrella in Paris on May 3, 2026?"""
    return _idioms(r, "train")


def colloquial(r: Request) -> str:
    """Is it going to be sunny in Paris on May 3, 2026? Held out, and other words than `idiomatic`."""
    return _idioms(r, "test")


def _idioms(r: Request, split: Families) -> str:
    first = {"train": question, "test": wondering}[split]
    texts = [idiom(c, split, r.rng) or first(replace(r, clauses=(replace(c, more=()),))) for c in r.clauses]
    return f"{' '.join(texts)}{r.more}"


Family = Callable[[Request], str]

TRAIN_FAMILIES: dict[str, Family] = {
    "imperative": imperative, "polite": polite, "need": need, "please": please, "question": question,
    "keywords": keywords, "voice": voice, "context_first": context_first, "bullets": bullets,
    "chatty": chatty,
    "staged": staged, "afterthought": afterthought, "lowercase": lowercase, "typing": typing,
    "idiomatic": idiomatic,
}  # fmt: skip
TEST_FAMILIES: dict[str, Family] = {
    "formal": formal, "telegraphic": telegraphic, "details_first": details_first, "form": form,
    "wondering": wondering, "delegated": delegated, "colloquial": colloquial,
}  # fmt: skip
FAMILIES: dict[Families, dict[str, Family]] = {"train": TRAIN_FAMILIES, "test": TEST_FAMILIES}
WEIGHTS: dict[str, float] = {
    "imperative": 3, "polite": 3, "need": 3, "please": 2, "question": 3.5, "keywords": 1, "voice": 1.5,
    "context_first": 2.5, "bullets": 1, "chatty": 1.5, "staged": 1.5, "afterthought": 1.5, "lowercase": 2,
    "typing": 1.5,
    "idiomatic": 4, "colloquial": 2,
}  # fmt: skip
"""How often a family is drawn; 1 unless listed."""
SMALL_LETTERS = frozenset({"lowercase", "voice"})
"""Families that write values in small letters too, where case says nothing: a city, but no order number."""
