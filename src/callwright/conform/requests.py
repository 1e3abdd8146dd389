"""A case as clients write it: messages and tools in OpenAI's layout."""

from __future__ import annotations

from typing import Any, Literal

from callwright.conform.cases import Case
from callwright.export.chat import definitions, message_object


def messages_of(case: Case, *, arguments_as: Literal["object", "text"]) -> list[dict[str, Any]]:
    """Return the messages, the answer among them, with the arguments of calls as objects or as JSON text."""
    return [
        message_object(message, f"messages[{place}]", as_text=arguments_as == "text")
        for place, message in enumerate(case.row.messages)
    ]


def tools_of(case: Case) -> list[Any] | None:
    """Return the tools on offer; None where there are none."""
    return definitions(case.row.tools) if case.row.tools else None
