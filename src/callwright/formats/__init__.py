"""How tools, calls and conversations are written as text, and read back from what a model wrote.

    >>> FORMATS["python"].parse("[add(a=1, b=2)]").calls[0].arguments
    {'a': 1, 'b': 2}

A format is one file with two inverse functions and a line in `table`; `signature`, `layout` and `prompt`
write the tools and the system text, `chat` whole conversations, `frames` what families of models put around.
"""

from callwright.formats.chat import (
    assistant_text,
    plain_messages,
    rejected_text,
    reply_message,
    settled,
    written_text,
)
from callwright.formats.frames import FAMILIES, PlainMessage, Segment, chat_template, segments
from callwright.formats.prompt import DEFAULT_INSTRUCTION, system_text
from callwright.formats.reply import Format, Malformed, Reply, Unrenderable
from callwright.formats.signature import ToolStyle, signature, tools_text
from callwright.formats.streaming import ReplyStream
from callwright.formats.table import DEFAULT_FORMAT, FORMATS, format_named

__all__ = [
    "DEFAULT_FORMAT",
    "DEFAULT_INSTRUCTION",
    "FAMILIES",
    "FORMATS",
    "Format",
    "Malformed",
    "PlainMessage",
    "Reply",
    "ReplyStream",
    "Segment",
    "ToolStyle",
    "Unrenderable",
    "assistant_text",
    "chat_template",
    "format_named",
    "plain_messages",
    "rejected_text",
    "reply_message",
    "segments",
    "settled",
    "signature",
    "system_text",
    "tools_text",
    "written_text",
]
