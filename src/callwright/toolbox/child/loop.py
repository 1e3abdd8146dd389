"""The isolated process: confine itself, import the tools, then answer calls until the pipe ends.

A frame from the parent is a length and lines of JSON: first the setup, then batches. In a batch,
``[name, arguments]`` is a call of a function, and ``[state or null, [[name, arguments], ...]]`` an episode of
calls that share fresh instances of the classes that they use. Each answer is one frame, sent at once, so that
the parent times each call by itself: the nonce of this process, a running number, the status, the seconds
taken, the length, and the text. An episode has one frame more, with what changed in the state. The pipes are
not stdin and stdout, which belong to the tools. Whoever forks does not answer: only the process that was
started may.
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import sys
import time
import types
from collections.abc import Callable
from typing import Any, NamedTuple

from callwright.toolbox.child import (
    answers,
    classes,
    confine,
    functions,
    members,
    notes,
    results,
    setting,
    shapes,
    snapshot,
    stage,
    watch,
)

HEADER = struct.Struct("<16sIcdI")
"""Nonce, running number, status, seconds, length of the text."""
HELLO = b"h"
CHANGED = b"!"
"""Sent before the last answer of a call or episode that left this process changed; another takes over."""
MODULE = "user_tools"
_OURS = (answers, classes, functions, members, notes, results, shapes, snapshot, stage)


class _Tools(NamedTuple):
    ready: dict[str, functions.Function]
    """Functions and methods by name."""
    sets: list[classes.ToolSet]


def main() -> None:
    """Serve the pipes named on the command line: requests and answers."""
    requests, replies = (int(number) for number in sys.argv[1:3])
    sys.dont_write_bytecode = True
    setup = json.loads(_frame(requests))
    level, missing = confine.confine(setup["isolation"], setup["memory_mb"])
    for name in [name for name in sys.modules if name.partition(".")[0] == "callwright"]:
        del sys.modules[name]  # these were stand-ins; the tools import the real ones, or none
    hello: dict[str, Any] = {"isolation": level, "missing": missing}
    reports = watch.Reports()
    module, tools = types.ModuleType(MODULE), _Tools({}, [])
    try:
        module = _load(setup["path"])
        tools = _describe(module, hello, setup["describe"])
    except BaseException as error:
        hello["error"] = _import_error(error, setup["path"])
    changed = watch.watch(reports, module, [*map(vars, _OURS), globals()])
    plays = stage.Stage(module, tools.sets, tools.ready)
    nonce = bytes.fromhex(setup["nonce"])
    text = json.dumps(hello).encode()
    _send(replies, HEADER.pack(nonce, 0, HELLO, 0.0, len(text)) + text)
    _serve(tools, plays, requests, replies, nonce, setup["output_bytes"], changed)


def _load(path: str) -> types.ModuleType:
    spec = importlib.util.spec_from_file_location(MODULE, path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[MODULE] = module
    sys.path.insert(0, os.path.dirname(path))
    spec.loader.exec_module(module)
    return module


def _describe(module: types.ModuleType, hello: dict[str, Any], describe: bool) -> _Tools:
    ready: dict[str, functions.Function] = {}
    defects: list[str] = []
    found = list(functions.public(module))
    for name, function in found:
        try:
            if not isinstance(function, type):
                ready[name] = functions.read(name, function)
        except shapes.Defect as defect:
            defects.append(f"{name} ({defect})")
    sets = classes.tool_sets(value for _, value in found if isinstance(value, type))
    owners = dict.fromkeys(ready, "a function")
    for tool_set in sets:
        defects += tool_set.defects
        for name, method in tool_set.methods.items():
            if name in owners:
                defects.append(f"{tool_set.name}.{name} (the name is taken by {owners[name]})")
            owners.setdefault(name, tool_set.name)
            ready.setdefault(name, method)
    if describe:
        hello["tools"] = [function.description for function in ready.values()]
        hello["classes"] = {tool_set.name: list(tool_set.methods) for tool_set in sets}
        hello["defects"] = defects
        hello |= setting.setting(module, sets)
    return _Tools(ready, sets)


def _import_error(error: BaseException, path: str) -> dict[str, Any]:
    if isinstance(error, SyntaxError) and error.filename == path:
        return {"kind": "SyntaxError", "text": error.msg, "line": error.lineno}
    line, step = None, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == path:
            line = step.tb_lineno
        step = step.tb_next
    return {"kind": type(error).__name__, "text": str(error)[: answers.MAX_ERROR], "line": line}


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
    tools: _Tools, plays: stage.Stage, requests: int, replies: int, nonce: bytes, limit: int,
    changed: Callable[[], bool],
) -> None:  # fmt: skip
    # A tool may replace what modules hold. What decides who answers, and when this process has to be
    # replaced, is therefore held in local variables.
    pid, getpid, leave, clock = os.getpid(), os.getpid, os._exit, time.perf_counter
    pack, send, frame, answer = HEADER.pack, _send, _frame, answers.answer
    ready, play, leaked, end = tools.ready, plays.play, plays.leaked, stage.END
    scan, size, string = _scanner(), len, str
    number = 0

    def tell(status: bytes, text: bytes, seconds: float, spent: bool) -> None:
        nonlocal number
        number += 1
        if getpid() != pid:
            leave(0)
        if spent:
            send(replies, pack(nonce, number, CHANGED, 0.0, 0))
        send(replies, pack(nonce, number, status, seconds, size(text)) + text)
        if spent:
            leave(0)

    while True:
        for line in frame(requests).decode().split("\n"):
            head, tail = scan(line, 0)[0]
            if type(head) is string:
                start = clock()
                status, text = answer(ready[head].call, tail, limit)
                tell(status, text, clock() - start, changed())
            else:
                for status, text, seconds in play(head, tail, limit):
                    tell(status, text, seconds, status == end and (changed() or leaked()))


def _scanner() -> Callable[[str, int], tuple[Any, int]]:
    """Return the decoder's innermost function, which none of what a tool can patch stands before."""
    scanner: Callable[[str, int], tuple[Any, int]] = json.JSONDecoder().scan_once  # type: ignore[attr-defined]
    return scanner
