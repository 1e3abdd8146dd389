"""Tools that do what no tool should: the material of test_hostile, never imported by a test itself."""

import ctypes
import json
import math
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time

KEPT: list = []


def good(number: int) -> dict:
    return {"double": 2 * number, "same": json.loads(json.dumps(number))}


def exit_politely(code: int) -> None:
    sys.exit(code)


def exit_now(code: int) -> None:
    os._exit(code)


def kill_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def segfault() -> None:
    ctypes.string_at(0)


def kill_parent() -> None:
    os.kill(os.getppid(), signal.SIGTERM)


def spin() -> None:
    while True:
        pass


def swallow_everything() -> None:
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass


def hang_in_c() -> bool:
    return bool(re.match(r"(a+)+$", "a" * 60 + "b"))


def ignore_signals_and_hang() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(1)


def fork_and_go_on() -> int:
    child = os.fork()
    if child == 0:
        for file in range(3, 512):
            try:
                os.write(file, b'{"forged": true}' * 10)
            except OSError:
                pass
    return child


def fork_in_c() -> int:
    return ctypes.CDLL(None).fork()


def write_into_every_pipe() -> str:
    for file in range(3, 512):
        try:
            os.write(file, b"\0" * 64)
        except OSError:
            pass
    return "done"


def close_every_pipe() -> str:
    os.closerange(3, 512)
    return "done"


def allocate(gigabytes: int) -> int:
    return len(bytearray(gigabytes << 30))


def hoard(megabytes: int) -> int:
    KEPT.append(bytearray(megabytes << 20))
    return len(KEPT)


def recurse() -> int:
    return recurse() + 1


def recurse_without_limit() -> int:
    sys.setrecursionlimit(10**9)
    return recurse()


def write_file(path: str) -> str:
    with open(path, "w", encoding="utf-8") as file:
        file.write("x")
    return "written"


def append_with_os(path: str) -> str:
    os.write(os.open(path, os.O_WRONLY | os.O_APPEND), b"x")
    return "written"


def delete_file(path: str) -> str:
    os.remove(path)
    return "deleted"


def change_mode(path: str) -> str:
    os.chmod(path, 0o777)
    return "changed"


def change_time(path: str) -> str:
    os.utime(path, (1, 1))
    return "changed"


def make_link(path: str) -> str:
    os.symlink("/etc/passwd", path + ".link")
    return "linked"


def rename_file(path: str) -> str:
    os.rename(path, path + ".moved")
    return "renamed"


def connect(port: int) -> str:
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
    return "connected"


def send_datagram(port: int) -> str:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", port))
    return "sent"


def listen() -> str:
    socket.socket().bind(("127.0.0.1", 0))
    return "bound"


def run_command(path: str) -> str:
    return subprocess.run(["/usr/bin/touch", path], check=True).args[0]


def run_shell(path: str) -> int:
    return os.system(f"touch {path}")


def huge_result(megabytes: int) -> str:
    return "x" * (megabytes << 20)


def huge_list(length: int) -> list:
    return [[]] * length


def endless_nesting() -> list:
    nested: list = []
    nested.append(nested)
    return nested


def not_a_number(infinite: bool) -> float:
    return math.inf if infinite else math.nan


def lone_surrogate() -> str:
    return "\ud800"


def big_integer() -> int:
    return 2**70


def an_object() -> object:
    return object()


def print_megabytes(megabytes: int) -> str:
    print("x" * (megabytes << 20))
    os.write(2, b"x" * (megabytes << 20))
    return "printed"


def long_error() -> None:
    raise ValueError("x" * 10_000_000)


class _Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")


def unprintable_error() -> None:
    raise _Unprintable


def patch_json() -> str:
    json.dumps = lambda *_: '"forged"'
    json.loads = lambda *_: "forged"
    json.encoder.encode_basestring_ascii = lambda _: '"forged"'
    return "patched"


def patch_os() -> str:
    os.getpid = lambda: 1
    os.write = lambda *_: 1
    os._exit = lambda *_: None
    return "patched"


def patch_builtins() -> str:
    import builtins

    builtins.len = lambda _: 0
    builtins.isinstance = lambda *_: True
    return "patched"


def patch_worker() -> str:
    frame = sys._getframe()
    while frame is not None:
        for name in ("encode", "_answer", "_send", "_frame", "quote", "_read"):
            if name in frame.f_globals:
                frame.f_globals[name] = lambda *_, **__: "forged"
        frame = frame.f_back
    return "patched"


def lower_recursion_limit() -> str:
    sys.setrecursionlimit(60)
    return "lowered"


def trace_everything() -> str:
    sys.setprofile(lambda *_: None)
    return "profiling"


def leave_thread() -> str:
    def later() -> None:
        time.sleep(0.05)
        os._exit(3)

    threading.Thread(target=later, daemon=True).start()
    return "left"


def mutate_arguments(items: list[int], table: dict[str, int]) -> list[int]:
    items.append(99)
    table.clear()
    return items


def environment() -> dict:
    return dict(os.environ)


def parent_environment() -> str:
    with open(f"/proc/{os.getppid()}/environ", "rb") as file:
        return file.read().decode("utf-8", "replace")


def leave_session() -> str:
    os.setsid()
    return "left"
