"""Blend rows of several inputs into one training set: without duplicates, split without leaks, interleaved.

The rows stream through; only 16-byte hashes and a shuffle buffer stay in memory. Near-duplicates are not
looked for: equal means equal requests (case, width and spacing aside) with equal calls.

    >>> from callwright.record import Message, Trajectory
    >>> row = Trajectory(id="a", messages=(Message(role="user", content="hi"),))
    >>> [r.reason if isinstance(r, Dropped) else r[1].id for r in blend([("x", [row, row])], seed=7)]
    ['duplicate', 'a']
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal

import msgspec
import xxhash

from callwright.errors import ConfigError
from callwright.record import Dropped, Json, Trajectory
from callwright.store import row_seed

Split = Literal["train", "valid"]
Input = tuple[str, Iterable[Trajectory | Dropped]]

_BUFFER = 4096
"""Rows that the shuffle buffer holds."""

_encoder = msgspec.json.Encoder(order="sorted")


def blend(
    inputs: Sequence[Input],
    *,
    seed: int,
    weights: Mapping[str, float] | None = None,
    holdout: float = 0.1,
) -> Iterator[tuple[Split, Trajectory] | Dropped]:
    """Yield every row once, as ("train" | "valid", row) or `Dropped`, in a seeded order.

    `weights` (default 1 each) say how often an input is drawn from while it lasts; they change the order of
    the blend, never what is in it. `holdout` is the share of groups that become "valid": rows that share
    their request or their calls with another row are on the same side, and a row that would tie a group of
    one side to a group of the other is dropped as "straddles-split". Rows that an earlier stage dropped pass.
    """
    if not 0 <= holdout < 1:
        raise ConfigError("impossible holdout", expected="0 <= holdout < 1", got=str(holdout))
    rng = random.Random(row_seed(seed, "blend"))
    unique = _deduplicated(_interleaved(inputs, _weights(inputs, weights or {}), rng))
    yield from _shuffled(_split(unique, seed, holdout), rng)


def _weights(inputs: Sequence[Input], weights: Mapping[str, float]) -> list[float]:
    names = [name for name, _ in inputs]
    unknown = [name for name in weights if name not in names]
    if unknown:
        raise ConfigError(
            "a weight for an input that is not there", expected=" | ".join(names), got=", ".join(unknown)
        )
    chosen = [weights.get(name, 1.0) for name in names]
    if any(not 0 < weight < float("inf") for weight in chosen):
        raise ConfigError("impossible weight", expected="a number above 0", got=str(chosen))
    return chosen


def _interleaved(
    inputs: Sequence[Input], weights: list[float], rng: random.Random
) -> Iterator[Trajectory | Dropped]:
    live = [(iter(rows), weight) for (_, rows), weight in zip(inputs, weights, strict=True)]
    while live:
        k = rng.choices(range(len(live)), [weight for _, weight in live])[0]
        try:
            yield next(live[k][0])
        except StopIteration:
            del live[k]


def _deduplicated(rows: Iterable[Trajectory | Dropped]) -> Iterator[Trajectory | Dropped]:
    """Replace a row that says the same as an earlier one by `Dropped`, with the first one's id."""
    first: dict[bytes, str] = {}
    for row in rows:
        if isinstance(row, Dropped):
            yield row
            continue
        keys = _keys(row)
        same = next((first[key] for key in keys if key in first), None)
        if same is None:
            first.update(dict.fromkeys(keys, row.id))
            yield row
        else:
            yield _drop(row, "duplicate", f"says the same as {same}")


def _split(
    rows: Iterable[Trajectory | Dropped], seed: int, holdout: float
) -> Iterator[tuple[Split, Trajectory] | Dropped]:
    side_of: dict[bytes, Split] = {}
    for row in rows:
        if isinstance(row, Dropped):
            yield row
            continue
        keys = _group_keys(row)
        sides = {side_of[key] for key in keys if key in side_of}
        if len(sides) > 1:
            detail = "its request is on one side of the split and its calls are on the other"
            yield _drop(row, "straddles-split", detail)
            continue
        side = sides.pop() if sides else _side(seed, keys[-1] if keys else row.id.encode(), holdout)
        side_of.update(dict.fromkeys(keys, side))
        yield side, row


def _side(seed: int, key: bytes, holdout: float) -> Split:
    return "valid" if row_seed(seed, key.hex()) < holdout * 2**64 else "train"


def _shuffled(
    rows: Iterable[tuple[Split, Trajectory] | Dropped], rng: random.Random
) -> Iterator[tuple[Split, Trajectory] | Dropped]:
    buffer: list[tuple[Split, Trajectory]] = []
    for row in rows:
        if isinstance(row, Dropped):
            yield row
            continue
        buffer.append(row)
        if len(buffer) > _BUFFER:
            k = rng.randrange(len(buffer))
            buffer[k], buffer[-1] = buffer[-1], buffer[k]
            yield buffer.pop()
    rng.shuffle(buffer)
    yield from buffer


def _drop(row: Trajectory, reason: str, detail: str) -> Dropped:
    return Dropped(id=row.id, stage="blend", reason=reason, detail=detail, row=msgspec.to_builtins(row))


def normalised(text: str) -> str:
    """Return the text without differences of case, width, spacing and closing punctuation."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).rstrip(".!?… ")


def _request(row: Trajectory) -> list[str]:
    return [normalised(m.content) for m in row.messages if m.role == "user"]


def _calls(row: Trajectory) -> list[list[Json]]:
    return [[call.name, call.arguments] for m in row.messages for call in m.tool_calls]


def _hash(*parts: Json) -> bytes:
    try:
        text = _encoder.encode(parts)
    except (TypeError, ValueError, OverflowError, RecursionError):
        text = repr(parts).encode("utf-8", "backslashreplace")
    return xxhash.xxh3_128_digest(text)


def _variant(row: Trajectory) -> list[Json]:
    """Return what sets rows apart that do the same on purpose: augmented copies, rejected answers."""
    augment = row.extra.get("augment")
    copy = augment.get("copy", 0) if isinstance(augment, dict) else 0
    rejected = row.preference.rejected if row.preference is not None else None
    return [copy, msgspec.to_builtins(rejected)]


def _keys(row: Trajectory) -> list[bytes]:
    """Return hashes of which two equal rows share at least one."""
    variant = _variant(row)
    calls = _calls(row)
    said: list[Json] = []
    if not calls:
        # Without calls the reply is the answer, and what was offered decides whether it is right.
        said = [normalised(m.content) for m in row.messages if m.role == "assistant"]
        said += [sorted(tool.name for tool in row.tools or ())]
    keys = [_hash("content", _request(row), calls, said, variant)]
    if row.fingerprint is not None:
        keys.append(_hash("fingerprint", row.fingerprint, variant))
    return keys


def _group_keys(row: Trajectory) -> list[bytes]:
    """Return what must not be on both sides: the request, and the set of calls."""
    keys = []
    request = [text for text in _request(row) if text]
    if request:
        keys.append(_hash("request", request))
    calls = {_hash(call).hex() for call in _calls(row)}
    if calls:
        keys.append(_hash("calls", sorted(calls)))
    return keys
