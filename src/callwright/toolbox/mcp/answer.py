"""What a call to an MCP server returns, as a JSON value.

Structured content is the value where there is some. Text stays text, even where it looks like JSON: only
the server knows which it meant. Several blocks become a list. Of pictures, sounds and files remains a
description.
"""

from __future__ import annotations

import mcp_types as types

from callwright.record import Json

_MAX_ERROR = 500
"""Characters of an error's text, as for tools in Python."""


def value(result: types.CallToolResult) -> Json:
    """Return the value of a result."""
    if result.structured_content is not None:
        return result.structured_content
    blocks = [_plain(block) for block in result.content]
    return blocks[0] if len(blocks) == 1 else blocks or None


def error(result: types.CallToolResult) -> str:
    """Return the text of a result that reports an error."""
    texts = [block.text for block in result.content if isinstance(block, types.TextContent)]
    return cut(" ".join(texts)) or "the tool reports an error"


def cut(text: str) -> str:
    """Return a message as an observation carries it."""
    return text[:_MAX_ERROR]


def _plain(block: types.ContentBlock) -> str:
    if isinstance(block, types.TextContent):
        return block.text
    if isinstance(block, types.ResourceLink):
        return f"[link to {block.uri}]"
    if isinstance(block, types.EmbeddedResource):
        inside = block.resource
        if isinstance(inside, types.TextResourceContents):
            return inside.text
        return f"[{inside.mime_type or 'file'} {inside.uri}, {_size(inside.blob)} bytes]"
    return f"[{block.mime_type}, {_size(block.data)} bytes]"


def _size(base64: str) -> int:
    return len(base64.rstrip("=")) * 3 // 4
