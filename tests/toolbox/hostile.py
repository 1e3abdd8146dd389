"""Tools that do what no tool should: the material of test_hostile, never imported by a test itself."""

import atexit
import ctypes
import decimal
import gc
import json
import math
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

KEPT: list = []


def good(number: int) -> dict:
    """Answer in a way that shows whether anything that a call relies on has been tampered with."""
    return {
        "double": 2 * number,
        "same": json.loads(json.dumps(number)),
        "folder": os.path.basename(os.getcwd()),
        "third": str(decimal.Decimal(1) / 3),
        "variable": os.environ.get("HOSTILE", ""),
        "helped": _helper(number),
    }


def _helper(number: int) -> int:
    return number + 1


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


def kill_group() -> None:
    os.kill(0, signal.SIGKILL)


def trace_parent() -> int:
    return ctypes.CDLL(None).ptrace(16, os.getppid(), None, None)


def new_namespace() -> int:
    return ctypes.CDLL(None).unshare(0x10000000)


def ring_of_the_kernel() -> int:
    return ctypes.CDLL(None).syscall(425, 8, ctypes.create_string_buffer(120))


def truncate_file(path: str) -> str:
    os.truncate(path, 0)
    return "truncated"


def talk_to_socket_file(path: str) -> str:
    socket.socket(socket.AF_UNIX).connect(path)
    return "connected"


def read_file(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def list_folder(path: str) -> list[str]:
    return sorted(os.listdir(path))


def read_standard_input() -> str:
    return sys.stdin.read()


def gag() -> str:
    null = os.open(os.devnull, os.O_WRONLY)
    for file in range(3, 512):
        if file != null:
            try:
                os.fstat(file)
                os.dup2(null, file)
            except OSError:
                pass
    return "gagged"


def forge_with_a_guessed_nonce() -> str:
    for file in range(3, 512):
        try:
            os.write(file, struct.pack("<16sIcdI", b"0" * 16, 1, b"v", 0.0, 4) + b"true")
        except OSError:
            pass
    return "forged"


def leave_spinning_thread() -> str:
    threading.Thread(target=spin, daemon=True).start()
    return "left"


def register_at_exit() -> str:
    atexit.register(os._exit, 7)
    atexit.register(spin)
    return "registered"


def trace_calls() -> str:
    def trace(*_: object) -> None:
        raise RuntimeError("traced")

    sys.settrace(trace)
    return "tracing"


def play_with_the_collector() -> str:
    def shout(*_: object) -> None:
        os._exit(9)

    gc.disable()
    gc.set_threshold(1)
    gc.callbacks.append(shout)
    return "played"


class _Bomb:
    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        os._exit(5)


def plant_bomb() -> str:
    _Bomb()
    gc.set_threshold(50)
    return "planted"


def return_a_bomb() -> object:
    bomb = _Bomb()
    bomb.me = None
    return {"bomb": [bomb]}


def set_alarm() -> str:
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    return "set"


def arm_timer() -> str:
    def ring(*_: object) -> None:
        raise RuntimeError("rang")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
    return "armed"


def change_folder() -> str:
    os.chdir("/")
    return os.getcwd()


def round_coarsely() -> str:
    decimal.getcontext().prec = 2
    return "set"


def set_variable() -> str:
    os.environ["HOSTILE"] = "yes"
    return "set"


def patch_results() -> str:
    frame = sys._getframe()
    while frame is not None:
        module = frame.f_globals.get("results")
        if module is not None:
            module.encode = lambda *_: '"forged"'
        frame = frame.f_back
    return "patched"


def rebind_neighbour() -> str:
    globals()["_helper"] = lambda _: -1
    return "bound"


def recode_neighbour() -> str:
    _helper.__code__ = (lambda number: -1).__code__
    return "coded"


def swap_module() -> str:
    fake = type(sys)("json")
    fake.loads = fake.dumps = lambda _: "forged"
    sys.modules["json"] = fake
    return "swapped"


class _Equal:
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0

    def __call__(self, *_: object, **__: object) -> str:
        return '"forged"'


def patch_with_a_liar() -> str:
    json.dumps = _Equal()
    json.loads = _Equal()
    return "patched"


def hook_everything() -> str:
    def hook(event: str, _: tuple) -> None:
        if event == "os.listdir":
            raise RuntimeError("hooked")

    sys.addaudithook(hook)
    return "hooked"


def starve() -> str:
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (1 << 20, 1 << 20))
    return "starving"


def raise_base_exception() -> None:
    raise BaseException("base")


def generate_forever() -> list:
    return list(iter(int, 1))


def shout_to_death(megabytes: int) -> None:
    os.write(2, b"x" * (megabytes << 20))
    raise KeyboardInterrupt
