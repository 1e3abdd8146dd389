"""The official back ends of BFCL's multi-turn and memory categories, run from the pinned wheel.

Their sources are never copied: a module is read out of the verified wheel and executed under a private name,
so that an installed `bfcl_eval` is neither needed nor touched. It may import the standard library; what it
has no use for here, or what is not a dependency of ours, is replaced by a stand-in. None of its built-in
functions opens a file or runs code.

    >>> backend("GorillaFileSystem").__name__      # doctest: +SKIP
    'GorillaFileSystem'
"""

from __future__ import annotations

import builtins
import copy
import importlib
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.abc import ExecutionLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any, final

import msgspec

from callwright import assets
from callwright.errors import ExtraMissing
from callwright.evaluate.bfcl.bm25 import BM25Plus
from callwright.record import Json

FILES: Mapping[str, str] = {
    "GorillaFileSystem": "gorilla_file_system", "MathAPI": "math_api", "MessageAPI": "message_api",
    "TwitterAPI": "posting_api", "TicketAPI": "ticket_api", "TradingBot": "trading_bot",
    "TravelAPI": "travel_booking", "VehicleControlAPI": "vehicle_control", "MemoryAPI_kv": "memory_kv",
}  # fmt: skip
"""The file, without its ending, that holds a class and the file that holds its function documents."""

_FOLDER = "bfcl_eval/eval_checker/multi_turn_eval/func_source_code"
_ATOMS = frozenset({str, int, float, bool, type(None)})
_WITHHELD = ("open", "eval", "exec", "compile", "input", "breakpoint")


def backend(name: str) -> type:
    """Return a back end's class."""
    found: type = getattr(module(f"{_FOLDER}/{FILES[name]}.py"), name)
    return found


@cache
def function_docs(name: str) -> tuple[dict[str, Json], ...]:
    """Return the official function documents of a back end; they are shared and must not be changed."""
    text = assets.member(assets.BFCL, f"bfcl_eval/data/multi_turn_func_doc/{FILES[name]}.json")
    return tuple(msgspec.json.Decoder().decode_lines(text))


def copied(value: Any) -> Any:
    """Return a deep copy; of plain data, which nearly all states are, several times faster than `copy`'s."""
    if type(value) is dict:
        return {key: copied(item) for key, item in value.items()}
    if type(value) is list:
        return [copied(item) for item in value]
    return value if type(value) in _ATOMS else copy.deepcopy(value)


class Lent:
    """Copies of what the official back ends share between all their instances, though calls change it.

    Those are default arguments that are lists and constants of the long scenarios. Officially a process has
    one of each, so that every sample changes the next; here whoever holds the same `Lent` shares them.
    """

    def __init__(self) -> None:
        self._copies: dict[int, tuple[Any, Any]] = {}

    def copy(self, value: Any) -> Any:
        """Return the copy of a value, made with its first use."""
        if type(value) not in (dict, list):
            return value
        known = self._copies.get(id(value))
        if known is None:
            if type(value) is dict:
                made: Any = {key: self.copy(item) for key, item in value.items()}
            else:
                made = [self.copy(item) for item in value]
            known = self._copies[id(value)] = (value, made)  # kept, so that its id stays its own
        return known[1]


@cache
def module(path: str) -> ModuleType:
    """Return a module of the wheel under a name of its own, executed once a process."""
    loader = _WheelLoader(path)
    spec = spec_from_loader(f"_bfcl_wheel.{path.rpartition('/')[2].removesuffix('.py')}", loader)
    assert spec is not None
    made = module_from_spec(spec)
    made.__dict__["__builtins__"] = {
        **{name: value for name, value in vars(builtins).items() if name not in _WITHHELD},
        "__import__": _import,
    }
    loader.exec_module(made)
    return made


class _WheelLoader(ExecutionLoader):
    """Reads one file of the wheel, whose sha256 is verified before."""

    def __init__(self, path: str) -> None:
        self.path = path

    def get_source(self, fullname: str) -> str:
        return assets.member(assets.BFCL, self.path).decode()

    def get_filename(self, fullname: str) -> str:
        return f"{assets.BFCL.filename}/{self.path}"

    def is_package(self, fullname: str) -> bool:
        return False


def _import(
    name: str,
    globals: Mapping[str, object] | None = None,
    locals: Mapping[str, object] | None = None,
    fromlist: Sequence[str] = (),
    level: int = 0,
) -> ModuleType:
    """Stand in for the import statement inside the wheel's modules."""
    head, _, last = name.rpartition(".")
    if head == _FOLDER.replace("/", "."):
        return module(f"{_FOLDER}/{last}.py")
    if name in _STAND_INS:
        return _namespace(name, **_STAND_INS[name])
    if name == "mpmath":
        return _mpmath()
    if name.partition(".")[0] in sys.stdlib_module_names:
        return builtins.__import__(name, globals, locals, fromlist, level)  # `datetime` imports lazily, too
    raise ImportError(f"the back ends of BFCL are not expected to import {name}", name=name)


def _unused(*_: object) -> bool:
    raise NotImplementedError("snapshots of the official runner are not read or written here")


_STAND_INS: Mapping[str, Mapping[str, Any]] = {
    "copy": {"deepcopy": copied},
    "subprocess": {},  # imported, never used
    "overrides": {"final": final},
    "rank_bm25": {"BM25Plus": BM25Plus},
    "bfcl_eval.utils": dict.fromkeys(
        ("get_directory_structure_by_id", "is_first_memory_prereq_entry", "is_memory_prereq"), _unused
    ),
}


def _namespace(name: str, **values: Any) -> ModuleType:
    made = ModuleType(name)
    made.__dict__.update(values)
    return made


def _mpmath() -> ModuleType:
    """Return mpmath with a context of its own: the back end sets its precision, others must not notice."""
    try:
        real: Any = importlib.import_module("mpmath")
    except ImportError:
        raise ExtraMissing(
            "BFCL's MathAPI needs mpmath", hint=f"{sys.executable} -m pip install 'callwright[bfcl]'"
        ) from None
    context = real.MPContext()
    return _namespace("mpmath", mp=context, log=context.log)
