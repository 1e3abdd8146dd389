"""Who plays the user: a script that is the same every time, or what any model is asked to be one.

The script is honest and simple. It opens with what the instruction asks for, answers a question with what the
instruction says about it, tells the rest piece by piece, confirms what it is asked to confirm, and stops when
there is nothing more to say or the agent repeats itself. It neither plays a part nor keeps things back, so
its scores are not comparable with those of the official user, a language model.

    >>> user = "You are Ann Lee in 12345. You want to return the lamp. You are a cat person."
    >>> scripted(user, [GREETING])
    'I am Ann Lee in 12345. I want to return the lamp.'
    >>> scripted(user, [GREETING, "Shall I go ahead?"])
    'Yes, please.'
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from callwright.evaluate.prompting import prompt_of
from callwright.formats import PlainMessage
from callwright.models import Prompt

STOP = "###STOP###"
"""What a user says to end the conversation."""
GREETING = "Hi! How can I help you today?"
"""What the agent is taken to have said at first; it is not shown to the agent itself."""
IGNORANCE = "That is all I know."

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_WISH = re.compile(
    r"\b(want|wish|would like|'d like|need|prefer to|trying to|like to|wonder"
    r"|return|exchange|cancel|change|modify|book|check|borrow|extend|pay|your (flight|order|reservation)s?)\b"
)
_MANNER = re.compile(r"You are [^A-Z0-9_@#]*[.!]?")
_QUESTION = re.compile(r"\?|\b(please (provide|share|tell|give)|let me know|could you|may i have)\b")
_CLOSING = re.compile(r"\b(anything else|any other|(further|more) (help|assistance|questions?))\b")
_CONFIRM = re.compile(
    r"\b(confirm|proceed|go ahead|is (that|this) (right|correct|okay|ok)|yes\b|shall i|would you like)"
)
_IDENTITY = re.compile(r"\b(user id|name|zip|e-?mail|card number|identity|authenticate|verify)\b")
_WHO = re.compile(r"^(Your? (user id|name|card)|You are [A-Z]|You are \w+_\w+_\d+|Your e-?mail)")
_WORD = re.compile(r"[a-z0-9_#@.]{4,}")
_FILLER = re.compile(
    r"that|this|with|have|will|your|please|would|could|want|like|there|which|what|when|from|they|them"
    r"|provide|know|order|just|need|also|then|than|into|more|about|make|sure|agent|does"
)
_PERSON = (
    (r"\bYou name\b", "My name"), (r"\b[Yy]ou are\b", "I am"), (r"\b[Yy]ou were\b", "I was"),
    (r"\b[Yy]ou're\b", "I'm"), (r"\b[Yy]ourself\b", "myself"), (r"\b[Yy]ours\b", "mine"),
    (r"\bYour\b", "My"), (r"\byour\b", "my"),
    (r"\b(for|to|with|give|refund|tell|tells|send|help|gives|let|asks|ask|from) you\b", r"\1 me"),
    (r"\b[Yy]ou\b", "I"),
    (r"\b[Tt]he (service )?agent (ask|tell|want|give|say|provide|offer|mention|need)s\b", r"you \2"),
    (r"\b[Tt]he (service )?agent does\b", "you do"), (r"\b[Tt]he (service )?agent\b", "you"),
)  # fmt: skip


def scripted(instruction: str, heard: Sequence[str]) -> str:
    """Return what the user says after the agent's messages `heard`, the greeting included.

    A function of these alone: the same conversation gets the same answer.
    """
    pieces = _pieces(instruction)
    told: set[int] = set()
    reply = ""
    for number, text in enumerate(heard):
        repeated = text.strip() in {each.strip() for each in heard[:number]}
        if repeated or (reply := _reply(pieces, told, text.lower(), after=reply)) == STOP:
            return STOP
    return reply


def _reply(pieces: Sequence[str], told: set[int], text: str, *, after: str) -> str:
    """Return the answer to one message and note in `told` which pieces it tells."""
    if not after:
        return _tell(pieces, told, _opening(pieces))
    left = [i for i in range(len(pieces)) if i not in told]
    if _CLOSING.search(text) or not _QUESTION.search(text):
        return _tell(pieces, told, left[:1]) if left else STOP
    who = [i for i, piece in enumerate(pieces) if _WHO.search(piece)]
    if who and _IDENTITY.search(text):
        return _tell(pieces, told, who)
    if _CONFIRM.search(text):
        return "Yes, please."
    if left:
        asked = _words(text)
        return _tell(pieces, told, [i for i in left if asked & _words(pieces[i].lower())] or left[:1])
    return STOP if after == IGNORANCE else IGNORANCE


def _pieces(instruction: str) -> list[str]:
    """Return the sentences of an instruction; what only says of what kind the user is is left out."""
    sentences = [each.strip() for each in _SENTENCE.split(instruction.strip())]
    return [each for each in sentences if each and (_WISH.search(each) or not _MANNER.fullmatch(each))]


def _opening(pieces: Sequence[str]) -> list[int]:
    """Return the pieces up to the first that asks for something."""
    first = next((i for i, piece in enumerate(pieces) if _WISH.search(piece)), 0)
    return list(range(first + 1))[: len(pieces)]


def _tell(pieces: Sequence[str], told: set[int], which: Sequence[int]) -> str:
    told.update(which)
    return " ".join(_first_person(pieces[i]) for i in which) or IGNORANCE


def _first_person(text: str) -> str:
    for pattern, replacement in _PERSON:
        text = re.sub(pattern, replacement, text)
    return text


def _words(text: str) -> set[str]:
    return {word for word in _WORD.findall(text) if not _FILLER.fullmatch(word)}


ROLE = (
    "Play a customer who writes to a service agent. This is who you are and what you want:\n\n"
    "{instruction}\n\n"
    "Write the customer's next message and nothing else, in one line.\n"
    "- Say only what the conversation needs now; do not tell everything at once.\n"
    "- Know nothing beyond the above: where the agent asks for something that is not there, say that you do "
    "not have it.\n"
    "- Use your own words and stay in character.\n"
    f"- Once all that you want is done or refused for good, write {STOP} alone."
)
"""What a model is told that plays the user."""


def prompt_for_user(instruction: str, heard: Sequence[str], said: Sequence[str]) -> Prompt:
    """Return the prompt that asks for the user's next message; the agent's messages are what it answers."""
    messages = [PlainMessage("system", ROLE.format(instruction=instruction), 0.0)]
    for number, text in enumerate(heard):
        messages.append(PlainMessage("user", text, 0.0))
        if number < len(said):
            messages.append(PlainMessage("assistant", said[number], 0.0))
    return prompt_of(messages)
