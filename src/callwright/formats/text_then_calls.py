"""What the formats share in which a reply is text, then calls that begin with a marker, or either alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from callwright.formats.reply import (
    Malformed,
    Reply,
    Unrenderable,
    before_marker,
    require_encodable,
    require_names,
)
from callwright.formats.scan import Scanner, Unexpected
from callwright.formats.strict_json import flaw
from callwright.record import ToolCall


class TextThenCalls(NamedTuple):
    """How calls are written and read behind a text."""

    marker: str
    """What the first call begins with, and what no text may hold."""
    write: Callable[[tuple[ToolCall, ...]], str]
    read: Callable[[Scanner], tuple[ToolCall, ...] | None]
    """Read what one marker opens, marker included; None where none stands."""

    def render(self, reply: Reply) -> str:
        """Return the text, a line break, and the calls."""
        require_names(reply.calls)
        require_encodable(reply.text)
        if self.marker in reply.text:
            raise Unrenderable(f"the text holds {self.marker}")
        for call in reply.calls:
            if reason := flaw(call.arguments):
                raise Unrenderable(reason)
        if not reply.calls:
            return reply.text
        written = self.write(reply.calls)
        return f"{reply.text}\n{written}" if reply.text else written

    def begun(self, text: str) -> str:
        """Return the text before the marker; a line break at its end may belong to the calls."""
        return before_marker(text, self.marker).removesuffix("\n")

    def parse(self, text: str) -> Reply | Malformed:
        """Return the text before the first marker, and the calls."""
        first = text.find(self.marker)
        if first < 0:
            return Reply(text, ())
        scanner = Scanner(text, first)
        calls: list[ToolCall] = []
        try:
            while not scanner.over:
                scanner.blanks()
                block = self.read(scanner)
                if block is None:
                    unfinished = self.marker.startswith(text[scanner.position :])
                    return Malformed("text behind a call", scanner.position, settled=not unfinished)
                calls += block
        except Unexpected as error:
            return error.malformed()
        return Reply(text[:first].removesuffix("\n"), tuple(calls))
