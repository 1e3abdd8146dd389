"""glaive-function-calling-v2 (Apache-2.0): a whole dialogue as one text, as its authors published it.

``{"system": "SYSTEM: … {…}\\n\\n{…}", "chat": "USER: …\\n\\n\\nASSISTANT: …\\n\\n\\nFUNCTION RESPONSE: …"}``;
calls are ``<functioncall> {…} <|endoftext|>``. The system text ends in pretty-printed definitions of tools,
one behind the other; what stands before them is the instruction. A call's arguments are JSON text in single
quotes, in which apostrophes may stand bare, or a plain object. Where the system text says that there is no
access to functions, none are offered; where it neither says so nor lists any, it is unknown which were.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec

from callwright.record import Json, Trajectory
from callwright.unify.conversation import Conversation
from callwright.unify.files import rows as rows
from callwright.unify.notations import tagged
from callwright.unify.rows import BadRow, Row, other_fields, shape
from callwright.unify.tools import Toolset, toolset

LICENSES = {"": "Apache-2.0"}
FIELDS = ("system", "chat")
LOSES = "the end-of-text marks; white space at the ends of turns."
SEEN = "exemplar"
_KNOWN = frozenset({"system", "chat"})
_NO_ACCESS = "no access to external functions"
_SPEAKER = re.compile(r"(?:\A\s*|(?<=\n\n))(USER|ASSISTANT|FUNCTION RESPONSE):")
_DEFINITION = re.compile(r"^[ \t]*[\[{]", re.M)


class _Row(msgspec.Struct):
    system: str
    chat: str


def detect(value: Mapping[str, Json]) -> str:
    """Recognise a chat that begins with a speaker beside a system text."""
    chat = value.get("chat")
    if isinstance(value.get("system"), str) and isinstance(chat, str) and _SPEAKER.match(chat):
        return "a chat text of USER: and ASSISTANT: beside a system text"
    return ""


def convert(row: Row) -> Trajectory:
    """Return the conversation."""
    raw = shape(row.value, _Row)
    text = raw.system.strip().removeprefix("SYSTEM:").strip()
    listed = _DEFINITION.search(text)
    talk = Conversation(row, _tools(text, listed.start() if listed else len(text)))
    talk.system(text[: listed.start()].strip() if listed else text)
    for speaker, said in _turns(raw.chat):
        if speaker == "USER":
            talk.user(said)
        elif speaker == "FUNCTION RESPONSE":
            talk.result(said)
        else:
            _answer(talk, said)
    return talk.finish(fields=other_fields(row.value, _KNOWN))


def _tools(system: str, start: int) -> Toolset | None:
    definitions = tagged.definitions(system[start:], "system")
    if definitions or _NO_ACCESS in system:
        return toolset(definitions, "system")
    return None


def _turns(chat: str) -> Iterator[tuple[str, str]]:
    found = list(_SPEAKER.finditer(chat))
    before = chat[: found[0].start()] if found else chat
    if before.strip():
        raise BadRow("unknown-role", "chat", f"expected USER: or ASSISTANT:, got {before.strip()[:40]!r}")
    for i, speaker in enumerate(found):
        end = found[i + 1].start() if i + 1 < len(found) else len(chat)
        yield speaker[1], chat[speaker.end() : end].strip()


def _answer(talk: Conversation, text: str) -> None:
    said = tagged.read(text, tagged.FUNCTIONCALL, "chat")
    spoken = said.text.replace(tagged.FUNCTIONCALL.close, "").strip()
    talk.assistant(spoken, said.calls, reasoning=said.reasoning, path="chat")
