"""The tools of an MCP server: somebody's program, or an address.

To ask a program for its tools is to start it, so that happens under bubblewrap, without network and without
writes, unless the caller says otherwise. A server with an address runs elsewhere; naming it is the consent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from callwright.errors import ConfigError, ExtraMissing, ToolsError
from callwright.record import Isolation, Json, Tool
from callwright.toolbox.definitions import check_values, read_tools
from callwright.toolbox.mcp import address, bwrap

if TYPE_CHECKING:
    from callwright.toolbox.mcp.session import Session

Wanted = Literal["auto", "bwrap", "none"]
_ADVICE = "isolation none runs the server as it is"
_SAID = ("name", "title", "description", "inputSchema", "outputSchema", "annotations")
"""What of a definition counts for the hash: all but icons and the server's own marks."""


@dataclass(frozen=True)
class McpServer:
    """The tools of one server, and what they were when it was asked."""

    tools: tuple[Tool, ...]
    server: str
    """As it was named, such as ``mcp:python server.py``."""
    sha256: str
    """Of the list of tools, in whatever order the server lists them."""
    hints: Mapping[str, Mapping[str, Json]]
    """A tool's name → what the server says of it beside the schema, such as readOnlyHint."""
    folder: str
    """The working folder that a program runs in."""
    protocol: str
    """The protocol's version that was agreed on."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it runs behind an address, so that what it does is done for good."""
        return isinstance(address.parse(self.server), address.Url)


def import_mcp(server: str, *, timeout: float = 20, isolation: Wanted = "auto") -> McpServer:
    """Return the tools of an MCP server; raises ToolsError for one that can not be asked or has none.

    `isolation` is "bwrap", "none", or "auto" for bubblewrap, without which nobody's program is started.
    """
    import_sdk()
    from callwright.toolbox.mcp.thread import LoopThread

    folder = os.getcwd()
    level = level_of(server, isolation)
    thread = LoopThread()
    try:
        listed, protocol = thread.run(_ask(server, folder, level, timeout))
    finally:
        thread.stop()
    sha256 = digest(listed, server)
    tools = read_tools(((f"tools[{i}]", tool) for i, tool in enumerate(listed)), server, "mcp")
    if not tools:
        raise ToolsError("offers no tool", place=server)
    hints = {tool["name"]: tool["annotations"] for tool in listed if tool.get("annotations")}
    names = {tool.original_name or tool.name: tool.name for tool in tools}
    return McpServer(
        tools, server, sha256, {names[name]: hint for name, hint in hints.items()}, folder, protocol
    )


async def _ask(
    server: str, folder: str, level: Isolation, timeout: float
) -> tuple[list[dict[str, Json]], str]:
    session = connect(server, folder, level, output_bytes=0)
    try:
        protocol = await session.open(timeout)
        return await session.tools(timeout), protocol
    finally:
        await session.close()


def connect(server: str, folder: str, level: Isolation, *, output_bytes: int, protocol: str = "") -> Session:
    """Return a session with a server, not yet opened; `protocol` spares it the question for the version."""
    from callwright.toolbox.mcp.session import Session, mode_of

    return Session(
        address.parse(server), folder=folder, isolation=level, place=server,
        output_bytes=output_bytes, mode=mode_of(protocol),
    )  # fmt: skip


def import_sdk() -> None:
    """Import the SDK; raises ExtraMissing with the way to get it."""
    try:
        from mcp import Client  # noqa: F401  (version 1 had none)
    except ImportError:
        raise ExtraMissing(
            "MCP servers need the package mcp, version 2.3 or later", hint="pip install 'callwright[mcp]'"
        ) from None


def level_of(server: str, wanted: Wanted) -> Isolation:
    """Return the isolation of a server; raises ToolsError where a program can not be confined as wanted."""
    if wanted not in ("auto", "bwrap", "none"):
        raise ConfigError("unknown", place="isolation", expected="auto, bwrap or none", got=str(wanted))
    if isinstance(address.parse(server), address.Url):
        if wanted == "bwrap":
            raise ConfigError("a server with an address runs elsewhere", place="isolation", got="bwrap")
        return "none"
    if wanted == "none":
        return "none"
    if not bwrap.works():
        raise ToolsError("bwrap, which would confine it, does not work here", place=server, hint=_ADVICE)
    return "bwrap"


def digest(listed: Sequence[Mapping[str, Json]], server: str) -> str:
    """Return the SHA-256 of a list of tools, sorted by name; raises ToolsError for what JSON can not hold."""
    said = [{key: tool[key] for key in _SAID if tool.get(key) is not None} for tool in listed]
    check_values(said, server)
    said.sort(key=lambda tool: str(tool["name"]))
    return hashlib.sha256(msgspec.json.encode(said, order="sorted")).hexdigest()
