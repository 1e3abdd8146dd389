"""MCP servers for the tests: one of the SDK's, over stdio or HTTP, and a plain one that can break every rule.

Run as a program: ``mcp_server.py sdk``, or ``http PORT [json]``, or ``plain [MISCHIEF]`` in place of ``sdk``.
The plain one speaks the protocol by hand, starts in no time and does on request what no SDK would do.
"""

import json
import os
import signal
import socket
import sys
import time
from typing import Any

TEXT = {"type": "text", "text": "a text"}
PICTURE = {"type": "image", "mimeType": "image/png", "data": "QUJDRA=="}


def sdk() -> Any:
    from mcp.server.mcpserver import MCPServer
    from mcp_types import ToolAnnotations

    server = MCPServer("tests", log_level="CRITICAL")
    log: list[str] = []

    @server.tool(annotations=ToolAnnotations(read_only_hint=True))
    def add(first: int, second: int = 1) -> int:
        """Add two numbers."""
        return first + second

    @server.tool(structured_output=False)
    def echo(text: str) -> str:
        """Return a text."""
        return text

    @server.tool()
    def fail(text: str) -> str:
        """Raise an error."""
        raise ValueError(text)

    @server.tool()
    def sleep(seconds: float) -> str:
        """Wait."""
        time.sleep(seconds)
        return "woke up"

    @server.tool()
    def large(megabytes: int) -> str:
        """Return a long text."""
        return "x" * (megabytes << 20)

    @server.tool()
    def leave(status: int) -> str:
        """End the server."""
        os._exit(status)

    @server.tool(annotations=ToolAnnotations(read_only_hint=False))
    def remember(text: str) -> int:
        """Add to the log, and say how long it is."""
        log.append(text)
        return len(log)

    return server


def serve_http(port: int, as_json: bool) -> None:
    import uvicorn

    uvicorn.run(sdk().streamable_http_app(json_response=as_json), port=port, log_level="critical")


def tool(name: str, **about: Any) -> dict[str, Any]:
    schema = about.pop("schema", {"type": "object"})
    return {"name": name, "description": f"Do {name}.", "inputSchema": schema, **about}


TOOLS = [
    tool("count", annotations={"readOnlyHint": False, "title": "Count"}),
    tool("peek", annotations={"readOnlyHint": True}),
    tool("tally"),
    tool("files/write", schema={"type": "object", "properties": {"path": {"type": "string"}}}),
    tool("read", schema={"type": "object", "properties": {"path": {"type": "string"}}}),
    tool("connect", schema={"type": "object", "properties": {"port": {"type": "integer"}}}),
    tool("connect_unix", schema={"type": "object", "properties": {"path": {"type": "string"}}}),
    tool("environment"),
    tool("blocks"),
    tool("picture"),
    tool("nothing"),
    tool("structured", outputSchema={"type": "object", "properties": {"n": {"type": "integer"}}}),
    tool("json_text"),
    tool("complain"),
    tool("protocol_error"),
    tool("not_a_number"),
    tool("huge_integer"),
    tool("no_result"),
    tool("broken_json"),
    tool("babble"),
    tool("endless_line"),
    tool("large", schema={"type": "object", "properties": {"megabytes": {"type": "integer"}}}),
    tool("ask"),
    tool("chatter"),
    tool("hang"),
    tool("hang_once", schema={"type": "object", "properties": {"path": {"type": "string"}}}),
    tool("close_output"),
    tool("leave", schema={"type": "object", "properties": {"status": {"type": "integer"}}}),
    tool("kill_itself"),
    tool("leave_second"),
    tool("fork"),
]


class Plain:
    """A server by hand: one method per tool, which returns the result or writes what it likes."""

    def __init__(self) -> None:
        self.calls = 0
        self.number = 0

    def count(self, arguments: dict[str, Any]) -> Any:
        self.number += 1
        return {"content": [], "structuredContent": {"number": self.number}}

    def peek(self, arguments: dict[str, Any]) -> Any:
        return {"content": [], "structuredContent": {"number": self.number}}

    tally = count

    def write(self, arguments: dict[str, Any]) -> Any:
        with open(arguments["path"], "w", encoding="utf-8") as file:
            file.write("written")
        return text("written")

    def read(self, arguments: dict[str, Any]) -> Any:
        with open(arguments["path"], encoding="utf-8") as file:
            return text(file.read())

    def connect(self, arguments: dict[str, Any]) -> Any:
        with socket.create_connection(("127.0.0.1", arguments["port"]), timeout=1):
            return text("connected")

    def connect_unix(self, arguments: dict[str, Any]) -> Any:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(arguments["path"])
            return text("connected")

    def environment(self, arguments: dict[str, Any]) -> Any:
        return {"content": [], "structuredContent": dict(os.environ)}

    def blocks(self, arguments: dict[str, Any]) -> Any:
        link = {"type": "resource_link", "uri": "file:///a.txt", "name": "a"}
        inside = {"type": "resource", "resource": {"uri": "file:///b.txt", "text": "of b"}}
        blob = {"type": "resource", "resource": {"uri": "file:///c.bin", "blob": "QUJD"}}
        return {"content": [TEXT, PICTURE, link, inside, blob]}

    def picture(self, arguments: dict[str, Any]) -> Any:
        return {"content": [{**PICTURE, "data": "QUJD" * 100_000}]}

    def nothing(self, arguments: dict[str, Any]) -> Any:
        return {"content": []}

    def structured(self, arguments: dict[str, Any]) -> Any:
        return {"content": [TEXT], "structuredContent": {"n": 3}}

    def json_text(self, arguments: dict[str, Any]) -> Any:
        return text('{"n": 3}')

    def complain(self, arguments: dict[str, Any]) -> Any:
        return {**text("no such city"), "isError": True}

    def protocol_error(self, arguments: dict[str, Any]) -> Any:
        raise KeyError("the server's own code")

    def not_a_number(self, arguments: dict[str, Any]) -> Any:
        return {"content": [], "structuredContent": {"x": float("nan")}}

    def huge_integer(self, arguments: dict[str, Any]) -> Any:
        return {"content": [], "structuredContent": {"x": 10**30}}

    def no_result(self, arguments: dict[str, Any]) -> Any:
        return {"content": "text alone"}

    def broken_json(self, arguments: dict[str, Any]) -> Any:
        write_line(b'{"jsonrpc": "2.0", "id": 1, "result": {"content": [}')
        return text("late")

    def babble(self, arguments: dict[str, Any]) -> Any:
        for _ in range(100):
            write_line(b"INFO: calling a tool")
            write_line(b'{"level": "info", "message": "calling a tool"}')
        send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "x"}})
        send({"jsonrpc": "2.0", "id": 77, "method": "roots/list"})
        return text("after all")

    def endless_line(self, arguments: dict[str, Any]) -> Any:
        while True:
            sys.stdout.buffer.write(b"x" * (1 << 20))

    def large(self, arguments: dict[str, Any]) -> Any:
        return text("x" * (arguments.get("megabytes", 50) << 20))

    def ask(self, arguments: dict[str, Any]) -> Any:
        while True:
            send({"jsonrpc": "2.0", "id": 1, "method": "ping"})

    def chatter(self, arguments: dict[str, Any]) -> Any:
        for _ in range(20_000):
            print("an error that is none", file=sys.stderr)
        return text("said")

    def hang(self, arguments: dict[str, Any]) -> Any:
        time.sleep(3600)

    def hang_once(self, arguments: dict[str, Any]) -> Any:
        """Hang unless it is the first call."""
        if self.calls > 1:
            time.sleep(3600)
        return text("first")

    def close_output(self, arguments: dict[str, Any]) -> Any:
        os.close(1)
        time.sleep(3600)

    def leave(self, arguments: dict[str, Any]) -> Any:
        print("Traceback: of a kind\nOSError: the disk is full\n", file=sys.stderr, flush=True)
        os._exit(arguments.get("status", 3))

    def kill_itself(self, arguments: dict[str, Any]) -> Any:
        os.kill(os.getpid(), signal.SIGKILL if os.getpid() > 2 else signal.SIGABRT)

    def leave_second(self, arguments: dict[str, Any]) -> Any:
        """End the server unless it is the first call."""
        if self.calls > 1:
            os._exit(4)
        return text("first")

    def fork(self, arguments: dict[str, Any]) -> Any:
        child = os.fork()
        if not child:
            time.sleep(3600)
        return {"content": [], "structuredContent": {"child": child}}

    def serve(self, mischief: str) -> None:
        if mischief == "exit":
            print("a first line", file=sys.stderr)
            sys.exit("the key is missing")
        if mischief == "silent":
            time.sleep(3600)
        for line in sys.stdin:
            message = json.loads(line)
            if "id" in message and "method" in message:
                send({"jsonrpc": "2.0", "id": message["id"], **self.answer(message, mischief)})
        if mischief.startswith("save:"):
            with open(mischief.removeprefix("save:"), "w", encoding="utf-8") as file:
                file.write("saved")

    def answer(self, message: dict[str, Any], mischief: str) -> dict[str, Any]:
        method, params = message["method"], message.get("params") or {}
        if method == "initialize":
            info = {"name": "plain", "version": "1"}
            return {
                "result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": info}
            }
        if method == "tools/list":
            return {"result": page(params.get("cursor"), mischief)}
        if method != "tools/call":
            return {"error": {"code": -32601, "message": "no such method"}}
        self.calls += 1
        try:
            name = params["name"].rpartition("/")[2]
            return {"result": getattr(self, name)(params.get("arguments") or {})}
        except Exception as error:
            return {"error": {"code": -32000, "message": f"{type(error).__name__}: {error}"}}


def page(cursor: str | None, mischief: str) -> dict[str, Any]:
    """Return a page of three tools, and where the next begins."""
    start = int(cursor or 0)
    if mischief == "none":
        return {"tools": []}
    if mischief == "endless":
        return {"tools": [tool(f"tool_{start}")], "nextCursor": str(start + 1)}
    if mischief == "twins":
        return {"tools": [tool("a b"), tool("a/b"), tool("a_b"), tool("a_b")]}
    if mischief == "quarrel":
        return {"tools": [tool("a"), tool("a", schema={"type": "object", "required": ["x"]})]}
    if mischief == "bad_schema":
        return {"tools": [tool("a", schema={"type": "object", "$ref": "https://example.com/schema"})]}
    if mischief == "moody":
        return {"tools": [tool(f"at_{os.getpid()}_{time.time_ns()}")]}
    found: dict[str, Any] = {"tools": TOOLS[start : start + 3]}
    if start + 3 < len(TOOLS):
        found["nextCursor"] = str(start + 3)
    return found


def text(content: str) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": content}]}


def send(message: dict[str, Any]) -> None:
    write_line(json.dumps(message).encode())


def write_line(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sdk"]:
            sdk().run("stdio")
        case ["http", port, *rest]:
            serve_http(int(port), bool(rest))
        case ["plain", *rest]:
            Plain().serve("".join(rest))
