"""Tools as data sets write them → `Tool`, once per distinct definition.

Reading and normalising a definition costs far more than looking it up, and data sets repeat their tools;
results are cached by the definition's bytes. Names are made legal (``[A-Za-z0-9_.-]``), unique within a
row, and the source's name is kept, so that calls can be renamed along.

    >>> toolset('[{"name": "get weather", "parameters": {"city": {"type": "str"}}}]').names
    {'get weather': 'get_weather'}
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
import xxhash

from callwright.record import Json, Tool, encode
from callwright.schema import RESULT_KEYS, declared_result, normalise, with_required
from callwright.unify.rows import BadRow, decode

Kind = Literal["function", "mcp", "env", "code"]
Raw = bytes | msgspec.Raw
_digest: Callable[[Raw], bytes] = xxhash.xxh3_128_digest

_ILLEGAL = re.compile(r"[^A-Za-z0-9_.-]+")
_PARAMETERS = ("parameters", "input_schema", "inputSchema", "input_parameters", "arguments")
_MARKS = frozenset({"type", "strict", "cache_control"})
"""Of a definition: what says how an API is to handle it, and nothing about the tool."""
_READ = _MARKS | {"name", "description", "required", *_PARAMETERS}
_AROUND = _MARKS | {"function", "required"}
_MANY = 1 << 13
"""Distinct tools that are remembered: a few thousand bytes each."""
_seen: dict[bytes, Known] = {}
"""Digest of a definition's text to its tool."""
_encoded: dict[int, msgspec.Raw] = {}
"""Address of a tool to its bytes."""
_alive: list[Tool] = []
"""The tools of `_encoded`: as long as they are here, no other object can have their addresses."""
_raw_list = msgspec.json.Decoder(list[msgspec.Raw])
_canonical = msgspec.json.Encoder(order="deterministic")


class Known(NamedTuple):
    """A tool with the name that its source uses, its legal one, and what stands for it in a fingerprint."""

    tool: Tool
    name: str
    legal: str
    digest: bytes
    rest: Mapping[str, Json] | None = None
    """What the definition says and a tool has no place for."""


class Toolset(msgspec.Struct, frozen=True, gc=False):
    """The tools of one row."""

    tools: tuple[Tool, ...]
    digest: bytes
    own: tuple[str, ...]
    """The source's names."""
    legal: tuple[str, ...]
    """The names of `tools`; where none had to be changed, the same object as `own`."""
    rest: Mapping[str, Mapping[str, Json]] | None = None
    """By the names of `tools`: what their definitions say and a tool has no place for."""

    @property
    def names(self) -> dict[str, str]:
        """Return the source's name → the legal one."""
        return dict(zip(self.own, self.legal, strict=True))


def legal_name(name: str) -> str:
    """Return `name` with every run of illegal characters replaced by an underscore.

    A name of which nothing would remain becomes ``tool_`` and a hash.
    """
    if not _ILLEGAL.search(name) and name:
        return name
    legal = _ILLEGAL.sub("_", name)
    if not re.search(r"[A-Za-z0-9]", legal):
        return f"tool_{xxhash.xxh3_64_hexdigest(name.encode('utf-8', 'replace'))[:8]}"
    return legal


def toolset(value: Json, path: str = "tools") -> Toolset | None:
    """Return the tools of a list of definitions, as JSON values or as their JSON text; None for None."""
    if value is None:
        return None
    try:
        if isinstance(value, str):
            raws: Sequence[Raw] = _raw_list.decode(value) if value.strip() else []
        elif isinstance(value, list):
            raws = [msgspec.json.encode(item) for item in value]
        else:
            raise BadRow("bad-tools", path, f"expected a list, got {type(value).__name__}")
    except (ValueError, RecursionError) as error:
        raise BadRow("bad-tools", path, str(error)) from None
    return assemble(known_tools(raws, path))


def known_tools(raws: Iterable[Raw], path: str = "tools") -> list[Known]:
    """Return the tool of each definition, given as JSON text; raises `BadRow` with its index."""
    return [_seen.get(_digest(raw)) or _learned(raw, f"{path}[{i}]") for i, raw in enumerate(raws)]


def _learned(raw: Raw, path: str) -> Known:
    try:
        known = _known(bytes(raw))
    except BadRow as bad:
        raise BadRow(bad.reason, f"{path}{bad.path}", bad.detail) from None
    if len(_seen) >= _MANY:
        _seen.clear()
    _seen[_digest(raw)] = known
    return known


def _known(raw: bytes) -> Known:
    try:
        return read_tool(decode(raw))
    except (TypeError, ValueError, AttributeError, RecursionError) as error:
        raise BadRow("bad-tools", "", f"the schema can not be read: {error}") from None


def read_tool(definition: Json) -> Known:
    """Return the tool of one definition: OpenAI's, MCP's, or name, description and (flat) parameters."""
    if not isinstance(definition, dict):
        raise BadRow("bad-tools", "", f"expected an object, got {type(definition).__name__}")
    body = definition.get("function")
    if not isinstance(body, dict):
        body = definition
    name = body.get("name")
    if not isinstance(name, str) or not name:
        raise BadRow("bad-tools", ".name", f"expected a name, got {name!r}")
    parameters, moved = _parameters(body, definition)
    schema, fixes = normalise(parameters)
    made = make_tool(name, _text(body.get("description")), schema, declared_result(body), (*moved, *fixes))
    rest = _rest(body, definition)
    return made._replace(rest=rest) if rest else made


def _rest(body: Mapping[str, Json], definition: Mapping[str, Json]) -> dict[str, Json]:
    """Return what a definition says beyond what is read of it."""
    if body.keys() <= _READ and (definition is body or definition.keys() <= _AROUND):
        return {}
    around = {} if definition is body else {k: v for k, v in definition.items() if k not in _AROUND}
    rest = {**around, **{key: value for key, value in body.items() if key not in _READ}}
    # Results are read where they are schemas, and some say what is returned in words.
    return {
        key: value
        for key, value in rest.items()
        if value not in (None, "", [], {}) and not (key in RESULT_KEYS and isinstance(value, dict))
    }


def make_tool(
    name: str,
    description: str,
    schema: dict[str, Json],
    returns: Json = None,
    fixes: tuple[str, ...] = (),
    kind: Kind = "function",
) -> Known:
    """Return the tool of a schema that is already normal, under a legal name."""
    legal = legal_name(name)
    tool = Tool(
        name=legal,
        description=description,
        parameters=schema,
        returns=returns,
        kind=kind,
        original_name=name if legal != name else None,
        schema_fixes=tuple(dict.fromkeys(fixes)),
    )
    return Known(tool, name, legal, tool_digest(tool))


def tool_digest(tool: Tool) -> bytes:
    """Return 16 bytes for what a fingerprint knows of a tool: name, description, parameters in any order."""
    return _digest(_canonical.encode([tool.name, tool.description, tool.parameters]))


def encoded_tools(tools: Iterable[Tool]) -> list[msgspec.Raw]:
    """Return the bytes that `record.encode` writes for each tool; one that was seen costs a look-up."""
    # Addresses are multiples of 16; a table of them as they are would be full of collisions.
    return [_encoded.get(id(tool) >> 4) or _encode_once(tool) for tool in tools]


def _encode_once(tool: Tool) -> msgspec.Raw:
    if len(_encoded) >= _MANY:
        _encoded.clear()
        _alive.clear()
    _alive.append(tool)
    found = _encoded[id(tool) >> 4] = msgspec.Raw(encode(tool))
    return found


def _parameters(
    body: Mapping[str, Json], definition: Mapping[str, Json]
) -> tuple[dict[str, Json], tuple[str, ...]]:
    """Return the parameters with a `required` list that stood beside them moved in."""
    found: Json = body.get("parameters")
    if found is None:
        found = next((body[key] for key in _PARAMETERS if body.get(key) is not None), {})
    if isinstance(found, str):
        found = decode(found) if found.strip() else {}
    if not isinstance(found, dict):
        raise BadRow("bad-tools", ".parameters", f"expected an object, got {type(found).__name__}")
    required = body.get("required", definition.get("required"))
    return with_required(found, required)


def _text(value: Json) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else msgspec.json.encode(value).decode()


def assemble(known: Sequence[Known]) -> Toolset:
    """Return the toolset of one row; different names that became equal get a number."""
    if not known:
        return Toolset((), b"", (), ())
    tools, own, legal, digests, rests = zip(*known)  # noqa: B905  (all are of one length; a hot path)
    if own == legal:
        return Toolset(tools, b"".join(digests), own, own, _by_name(own, rests))
    names = dict(zip(own, legal, strict=True))
    if len(set(names.values())) < len(names):
        names = _distinct(names)
        tools = tuple([_renamed(k, names[k.name]) for k in known])
        digests = tuple([tool_digest(tool) for tool in tools])
    legal = tuple([names[name] for name in own])
    return Toolset(tools, b"".join(digests), own, legal, _by_name(legal, rests))


def _by_name(
    names: Sequence[str], rests: Sequence[Mapping[str, Json] | None]
) -> dict[str, Mapping[str, Json]] | None:
    if not any(rests):
        return None
    return {name: rest for name, rest in zip(names, rests, strict=True) if rest}


def _distinct(names: Mapping[str, str]) -> dict[str, str]:
    """Number the legal names that several share; a name that was legal from the start keeps it."""
    taken = Counter(name for name, legal in names.items() if name == legal)
    distinct = {}
    for name, legal in names.items():
        chosen, n = legal, 1
        while name != legal and taken[chosen]:
            n += 1
            chosen = f"{legal}_{n}"
        taken[chosen] += 1
        distinct[name] = chosen
    return distinct


def _renamed(known: Known, name: str) -> Tool:
    if known.tool.name == name:
        return known.tool
    return msgspec.structs.replace(known.tool, name=name, original_name=known.name)


def offer(
    gold: Sequence[Known], nearest: Iterable[Sequence[Known]], count: int, rng: random.Random
) -> tuple[list[Known], int]:
    """Return the gold tools among up to `count` distractors, shuffled, and how many distractors these are.

    Distractors come from the first pool of `nearest` that still has some. A source whose rows name only
    the tools that are needed would otherwise make choosing a tool trivial; the shuffle keeps the position
    from telling.
    """
    chosen = {k.name: k for k in gold}
    wanted = len(chosen) + count
    for pool in nearest:
        candidates = [k for k in pool if k.name not in chosen]
        picked = rng.sample(candidates, min(wanted - len(chosen), len(candidates)))
        chosen.update((k.name, k) for k in picked)
        if len(chosen) >= wanted:
            break
    offered = list(chosen.values())
    rng.shuffle(offered)
    return offered, len(offered) - len({k.name for k in gold})
