"""What the formats share in which a reply is either text or calls, told apart by how it begins."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from callwright.formats.reply import Malformed, Reply, Unrenderable, require_encodable, require_names
from callwright.formats.scan import Scanner, Unexpected
from callwright.formats.strict_json import BLANK, flaw
from callwright.record import ToolCall

_FENCE = re.compile(r"[ \t\r\n]*```\w*[ \t\r]*\n")
_FENCE_END = "```"


class EitherOr(NamedTuple):
    """How calls are written and read where text and calls do not mix."""

    opening: str
    """What calls begin with, blanks before it aside; every other reply is text."""
    followed_by: str
    """A pattern of what has to follow the opening."""
    write: Callable[[tuple[ToolCall, ...]], str]
    read: Callable[[Scanner], tuple[ToolCall, ...]]
    """Read calls up to their end; raises `Unexpected`."""

    def render(self, reply: Reply) -> str:
        """Return the calls, or the text of a reply without calls."""
        require_names(reply.calls)
        if not reply.calls:
            require_encodable(reply.text)
            if self._start(reply.text) is not None:
                raise Unrenderable("the text would be read as calls")
            return reply.text
        if reply.text:
            raise Unrenderable("text and calls do not mix in this format")
        for call in reply.calls:
            if reason := flaw(call.arguments):
                raise Unrenderable(reason)
        return self.write(reply.calls)

    def parse(self, text: str) -> Reply | Malformed:
        """Return the calls, in a Markdown fence or not, or the text itself."""
        start = self._start(text)
        if start is None:
            return Reply(text, ())
        scanner = Scanner(text, start)
        try:
            calls = self.read(scanner)
        except Unexpected as error:
            return error.malformed()
        end = _FENCE_END if _FENCE.match(text) and not self.begins.match(text) else ""
        scanner.blanks()
        rest = text[scanner.position :].rstrip(BLANK)
        if rest != end:
            unfinished = bool(end) and end.startswith(rest)
            return Malformed("text behind the calls", scanner.position, settled=not unfinished)
        return Reply("", calls)

    @property
    def begins(self) -> re.Pattern[str]:
        """Return the pattern of what calls begin with."""
        return re.compile(rf"[ \t\r\n]*{re.escape(self.opening)}{self.followed_by}")

    def begun(self, text: str) -> str:
        """Return the text so far, or nothing while calls may follow."""
        fence = _FENCE.match(text)
        head = text[fence.end() if fence else 0 :].lstrip(BLANK)
        undecided = self.opening.startswith(head) or head.startswith(self.opening)
        if not fence:
            undecided = undecided or _FENCE_END.startswith(head) or head.startswith(_FENCE_END)
        return "" if undecided else text

    def _start(self, text: str) -> int | None:
        """Return where calls begin, None for text."""
        fence = _FENCE.match(text)
        for begin in (0, fence.end() if fence else 0):
            found = self.begins.match(text, begin)
            if found:
                return found.end() - len(found[0].lstrip(BLANK))
        return None
