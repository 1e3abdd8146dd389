"""Blend rows of several inputs into one training set: no duplicates, no benchmark, split without leaks.

Rows pass a sieve in the order of the inputs; what stays is set aside on disk, because only the end tells how
much each input may give. Then it goes out in one seeded order. Only ids and hashes stay in memory: 0.15 kB a
row, 0.25 kB where near-duplicates are looked for, and 2 kB of those rows of which many ask for the same.

    >>> from callwright.record import Message, Trajectory
    >>> row = Trajectory(id="a", messages=(Message(role="user", content="hi"),))
    >>> [r.reason if isinstance(r, Dropped) else r[1].id for r in blend([("x", [row, row])], seed=7)]
    ['duplicate', 'a']
"""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from callwright.blend.against import named
from callwright.blend.contamination import Benchmarks
from callwright.blend.near import Near
from callwright.blend.questions import questions
from callwright.blend.shares import check_shares, parse_shares, quotas
from callwright.blend.sides import Side, Sides, SplitBy
from callwright.blend.sieve import Sieve, drop
from callwright.blend.spool import Spool
from callwright.blend.tally import Tally
from callwright.blend.words import normalised
from callwright.errors import ConfigError
from callwright.record import Dropped, Trajectory
from callwright.store import row_seed

__all__ = ["Input", "Side", "SplitBy", "Tally", "blend", "normalised", "parse_shares"]

Input = tuple[str, Iterable[Trajectory | Dropped]]


def blend(
    inputs: Sequence[Input],
    *,
    seed: int,
    weights: Mapping[str, float] | None = None,
    limit: int | None = None,
    holdout: float = 0.1,
    split_by: SplitBy = "request",
    near: float = 0.0,
    max_per_structure: int | None = None,
    against: Sequence[str] = (),
    overlap: float = 0.5,
    tally: Tally | None = None,
    scratch: Path | None = None,
) -> Iterator[tuple[Side, Trajectory] | Dropped]:
    """Yield every row once, as ("train" | "valid", row) or `Dropped`; rows that come in dropped pass.

    The reasons to drop a row, in the order in which they are looked for: "contaminated" (it gives away one
    of the benchmarks `against`, see `contamination`), "duplicate", "near-duplicate" (equal facts, see `keys`,
    and wording that overlaps by `near` or more; 0 turns it off), "over-structure" (`max_per_structure` rows
    with the same tools, calls and types of arguments are there), "straddles-split" (see `sides`) and
    "over-weight".

    `weights` are shares of the rows that go out. They hold by leaving out rows, drawn at random, of the
    inputs that have too many; no row is repeated. `limit` is how many rows may go out. The rows set aside go
    into a nameless file in `scratch`, or where temporary files go. What was found is counted in `tally`.
    """
    _check(inputs, holdout, near, overlap, limit, max_per_structure)
    check_shares([name for name, _ in inputs], weights or {})
    tally = tally if tally is not None else Tally()
    sides = Sides(split_by, holdout, seed)
    sieve = Sieve(
        sides,
        tally,
        near=Near(near) if near else None,
        benchmarks=_benchmarks(against, overlap, tally) if against else None,
        max_per_structure=max_per_structure,
    )
    rng = random.Random(row_seed(seed, "blend"))
    return _blended(inputs, sieve, sides, partial(_choose, weights or {}, limit, rng), tally, scratch)


def _blended(
    inputs: Sequence[Input],
    sieve: Sieve,
    sides: Sides,
    choose: Callable[[Mapping[str, range]], Sequence[int]],
    tally: Tally,
    scratch: Path | None,
) -> Iterator[tuple[Side, Trajectory] | Dropped]:
    numbers: dict[str, range] = {}
    is_valid = bytearray()
    with Spool(scratch) as spool:
        for name, rows in inputs:
            start = len(spool)
            sieve.begin(name)
            for result in map(sieve.take, rows):
                if isinstance(result, Dropped):
                    yield result
                else:
                    spool.put(result.row)
                    is_valid.append(result.side == "valid")
            numbers[name] = range(start, len(spool))
        spool.flush()
        order = choose(numbers)
        yield from _left_out(spool, numbers, order, tally)
        starts = [own.start for own in numbers.values()]
        for number in order:
            side: Side = "valid" if is_valid[number] else "train"
            row = sides.offering(spool.get(number), side)
            tally.keep(list(numbers)[bisect_right(starts, number) - 1], side, row)
            yield side, row


def _choose(
    weights: Mapping[str, float], limit: int | None, rng: random.Random, numbers: Mapping[str, range]
) -> Sequence[int]:
    """Return the numbers of the rows that go out, shuffled; `numbers` are those of each input."""
    given = quotas({name: len(own) for name, own in numbers.items()}, weights, limit)
    order = array("Q")
    for name, own in numbers.items():
        order.extend(own if given[name] == len(own) else rng.sample(own, given[name]))
    rng.shuffle(order)
    return order


def _left_out(
    spool: Spool, numbers: Mapping[str, range], order: Sequence[int], tally: Tally
) -> Iterator[Dropped]:
    """Yield the rows that stay but do not go out."""
    if len(order) == len(spool):
        return
    out = bytearray(len(spool))
    for number in order:
        out[number] = 1
    for name, own in numbers.items():
        for number in own:
            if not out[number]:
                tally.dropped[name, "over-weight"] += 1
                yield drop(spool.get(number), "over-weight", f"{name} has more rows than its share")


def _benchmarks(against: Sequence[str], overlap: float, tally: Tally) -> Benchmarks:
    given = named(against).items()
    found = Benchmarks((q for name, one in given for q in questions(one, name, tally.unread)), overlap)
    tally.asked.update(found.counts)
    return found


def _check(
    inputs: Sequence[Input],
    holdout: float,
    near: float,
    overlap: float,
    limit: int | None,
    max_per_structure: int | None,
) -> None:
    names = [name for name, _ in inputs]
    if len(set(names)) < len(names):
        raise ConfigError("two inputs of one name", got=", ".join(names))
    if not 0 <= holdout < 1:
        raise ConfigError("impossible holdout", expected="0 <= holdout < 1", got=str(holdout))
    if not 0 <= near <= 1:
        raise ConfigError("impossible threshold", expected="0 <= near <= 1", got=str(near))
    if not 0 < overlap <= 1:
        raise ConfigError("impossible overlap", expected="0 < overlap <= 1", got=str(overlap))
    if any(most is not None and most < 1 for most in (limit, max_per_structure)):
        raise ConfigError("impossible limit", expected="1 or more", got=f"{limit}, {max_per_structure}")
