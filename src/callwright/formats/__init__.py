"""How tools, calls and conversations are written as text, and read back from what a model wrote.

    >>> FORMATS["python"].parse("[add(a=1, b=2)]").calls[0].arguments
    {'a': 1, 'b': 2}

A format is one file with two inverse functions (`hermes`, `xlam`, `python_calls`) and a line in `table`;
`signature` and `prompt` write the tools and the system text, `chat` whole conversations.
"""

from callwright.formats.chat import (
    PlainMessage,
    Segment,
    assistant_text,
    chat_template,
    plain_messages,
    reply_message,
    segments,
    settled,
)
from callwright.formats.prompt import DEFAULT_INSTRUCTION, system_text
from callwright.formats.reply import Format, Malformed, Reply, Unrenderable
from callwright.formats.signature import ToolStyle, signature, tools_text
from callwright.formats.table import DEFAULT_FORMAT, FORMATS, format_named

__all__ = [
    "DEFAULT_FORMAT",
    "DEFAULT_INSTRUCTION",
    "FORMATS",
    "Format",
    "Malformed",
    "PlainMessage",
    "Reply",
    "Segment",
    "ToolStyle",
    "Unrenderable",
    "assistant_text",
    "chat_template",
    "format_named",
    "plain_messages",
    "reply_message",
    "segments",
    "settled",
    "signature",
    "system_text",
    "tools_text",
]
