"""The isolated process: confine itself, import the tools, then answer calls until the pipe ends.

A frame from the parent is a length and JSON: first the setup, then batches of ``[name, arguments]``. Each
answer is one frame, sent at once, so that the parent times each call by itself: the nonce of this process,
a running number, the status, the seconds taken, the length, and the text. The pipes are not stdin and
stdout, which belong to the tools. Whoever forks does not answer: only the process that was started may.
"""

from __future__ import annotations

import builtins
import fcntl
import importlib.util
import json
import os
import signal
import struct
import sys
import time
import traceback
import types
from collections.abc import Callable, Mapping
from typing import Any

from callwright.toolbox.child import confine, functions, notes, results, shapes

HEADER = struct.Struct("<16sIcdI")
"""Nonce, running number, status, seconds, length of the text."""
RESULT, RAISED, OVERSIZE, MEMORY, HELLO = b"v", b"e", b"o", b"m", b"h"
CHANGED = b"!"
"""Sent after the answer of a call that left this process changed; the process ends, another takes over."""
MODULE = "user_tools"
MAX_ERROR = 500
"""Characters of an exception's message."""


def main() -> None:
    """Serve the pipes named on the command line: requests, answers, and the parent's life line."""
    requests, answers, lifeline = (int(number) for number in sys.argv[1:4])
    _die_with_parent(lifeline)
    sys.dont_write_bytecode = True
    setup = json.loads(_frame(requests))
    level = confine.confine(setup["isolation"], setup["memory_mb"])
    for name in [name for name in sys.modules if name.partition(".")[0] == "callwright"]:
        del sys.modules[name]  # these were stand-ins; the tools import the real ones, or none
    hello: dict[str, Any] = {"isolation": level}
    ready: dict[str, functions.Function] = {}
    try:
        module = _load(setup["path"])
        ready = _describe(module, hello, setup["describe"])
    except BaseException as error:
        hello["error"] = _import_error(error, setup["path"])
    nonce = bytes.fromhex(setup["nonce"])
    text = json.dumps(hello).encode()
    _send(answers, HEADER.pack(nonce, 0, HELLO, 0.0, len(text)) + text)
    _serve(ready, requests, answers, nonce, setup["output_bytes"])


def _die_with_parent(lifeline: int) -> None:
    """Have the kernel kill this process when the other end of the pipe closes, whatever it is doing then."""
    if sys.platform == "linux":
        fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(lifeline, fcntl.F_SETFL, os.O_ASYNC)


def _load(path: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    sys.path.insert(0, os.path.dirname(path))
    spec.loader.exec_module(module)
    return module


def _describe(
    module: types.ModuleType, hello: dict[str, Any], describe: bool
) -> dict[str, functions.Function]:
    ready: dict[str, functions.Function] = {}
    defects: list[str] = []
    for name, function in functions.public(module):
        try:
            ready[name] = functions.read(name, function)
        except shapes.Defect as defect:
            defects.append(f"{name} ({defect})")
    if describe:
        hello["tools"] = [function.description for function in ready.values()]
        hello["defects"] = defects
    return ready


def _import_error(error: BaseException, path: str) -> dict[str, Any]:
    if isinstance(error, SyntaxError) and error.filename == path:
        return {"kind": "SyntaxError", "text": error.msg, "line": error.lineno}
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    return {
        "kind": type(error).__name__,
        "text": str(error)[:MAX_ERROR],
        "line": lines[-1] if lines else None,
    }


def _frame(file: int) -> bytes:
    (length,) = struct.unpack("<I", _exactly(file, 4))
    return _exactly(file, length)


def _exactly(file: int, length: int) -> bytes:
    parts = []
    while length:
        part = os.read(file, min(length, 1 << 20))
        if not part:
            os._exit(0)  # the parent closed the pipe: nothing left to do
        parts.append(part)
        length -= len(part)
    return b"".join(parts)


def _send(file: int, data: bytes) -> None:
    while data:
        data = data[os.write(file, data) :]


def _serve(
    ready: Mapping[str, functions.Function], requests: int, answers: int, nonce: bytes, limit: int
) -> None:
    # A tool may replace what modules hold. What decides who answers, and when this process has to be
    # replaced, is therefore held in local variables.
    pid, getpid, leave, clock = os.getpid(), os.getpid, os._exit, time.perf_counter
    pack, send, frame, answer, changed = HEADER.pack, _send, _frame, _answer, _watch()
    loads, size = json.loads, len
    number = 0
    while True:
        for name, arguments in loads(frame(requests)):
            number += 1
            start = clock()
            status, text = answer(ready[name].call, arguments, limit)
            seconds = clock() - start
            if getpid() != pid:
                leave(0)
            if changed():
                send(answers, pack(nonce, number, CHANGED, 0.0, 0))
                send(answers, pack(nonce, number, status, seconds, size(text)) + text)
                leave(0)
            send(answers, pack(nonce, number, status, seconds, size(text)) + text)


def _answer(call: Callable[[Any], object], arguments: Any, limit: int) -> tuple[bytes, bytes]:
    try:
        return RESULT, results.encode(call(arguments), limit).encode("ascii")
    except results.Oversize:
        return OVERSIZE, f"the result is longer than {limit} bytes".encode()
    except MemoryError:
        return MEMORY, b"MemoryError: out of memory"
    except BaseException as error:  # SystemExit and KeyboardInterrupt are a tool's answer too
        return RAISED, _message(error)


def _message(error: BaseException) -> bytes:
    name = type(error).__name__
    try:
        text = f"{name}: {error}" if str(error) else name
    except BaseException:  # its __str__ is the tool's code
        text = name
    return text[:MAX_ERROR].encode("utf-8", "replace")


def _watch() -> Callable[[], bool]:
    """Return a test whether a call changed what the next one relies on: builtins, json, os, us, threads."""
    watched: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (vars(module), dict(vars(module)))
        for module in (builtins, json, json.encoder, json.decoder, os, results, functions, shapes, notes)
    ]
    watched += [
        (globals(), dict(globals())),
        (os.environ.__dict__["_data"], dict(os.environ.__dict__["_data"])),
    ]
    threads, size, frames, depth = len(sys._current_frames()), len, sys._current_frames, sys.getrecursionlimit
    limit, tracing, profiling = sys.getrecursionlimit(), sys.gettrace, sys.getprofile

    def changed() -> bool:
        for now, before in watched:
            if now != before:
                return True
        return (
            size(frames()) != threads or depth() != limit or tracing() is not None or profiling() is not None
        )

    return changed
