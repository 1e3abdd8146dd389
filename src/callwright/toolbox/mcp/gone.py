"""Why a connection to an MCP server can no longer be used."""

from __future__ import annotations

from typing import Literal

Kind = Literal["timeout", "crashed", "oversize"]


class Gone(Exception):
    """The server can not answer any more: it ended, did not answer in time, or answered without an end."""

    def __init__(self, kind: Kind, text: str, *, unheard: bool = False) -> None:
        super().__init__(text)
        self.kind: Kind = kind
        self.text = text
        self.unheard = unheard
        """The server surely never began with the call, so that it can be made again."""
