"""A reply that is read while it is being written: chunks may end anywhere, what comes of them is the same.

>>> stream = ReplyStream()
>>> stream.feed("It is") + stream.feed(" sunny. <tool"), stream.close().content
('It is sunny.', 'It is sunny. <tool')
"""

from __future__ import annotations

from callwright.formats.chat import THINK_OPEN, reply_message, split_thought
from callwright.formats.reply import Malformed
from callwright.formats.table import format_named
from callwright.record import Message


class ReplyStream:
    """Tells of the free text as soon as it is certain, and of the whole message at its end.

    Without `calls` none are looked for, as `reply_message` says.
    """

    def __init__(self, output_format: str = "", *, calls: bool = True) -> None:
        self._format = format_named(output_format)
        self._calls = calls
        self._text = ""
        self._said: str | None = ""
        self.thought: str | None = None
        """What was thought; known once that has ended."""
        self.told = 0
        """How many characters of the content `feed` has told."""

    def feed(self, chunk: str) -> str:
        """Take a chunk; return how the message's content goes on."""
        self._text += chunk
        thought, self._said = split_thought(self._text)
        if self._said is not None:
            self.thought = thought
        content = self._content()
        new, self.told = content[self.told :], max(self.told, len(content))
        return new

    def close(self) -> Message | Malformed:
        """Return the message, whose content begins with all that `feed` told."""
        return reply_message(self._text, self._format.name, calls=self._calls)

    @property
    def text(self) -> str:
        """What was said, with calls as the text that they are; of a thought that never ends, all of it."""
        return self._text if self._said is None else self._said.lstrip()

    def _content(self) -> str:
        """Return the beginning of the content; nothing while the model may be thinking."""
        if self._said is None or THINK_OPEN.startswith(self._text.lstrip()):
            return ""
        if not self._calls:
            return self._said
        # Blanks at the end may be those that a message is stripped of.
        return self._format.begun(self._said.lstrip()).strip()
