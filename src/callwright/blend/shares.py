"""How many rows each input gives, so that the shares asked for hold and nothing is written twice.

>>> quotas({"synthetic": 900, "agents": 300, "chat": 500}, {"chat": 0.25, "synthetic": 0.5})
{'synthetic': 600, 'agents': 300, 'chat': 300}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from callwright.errors import ConfigError, DataError

_CLOSE = 1e-6


def parse_shares(text: str, place: str = "--weights") -> dict[str, float]:
    """Return what ``chat=0.25,tools=0.5`` says; raises ConfigError for anything else."""
    shares: dict[str, float] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, _, value = part.rpartition("=")
        try:
            share = float(value)
        except ValueError:
            share = 0.0
        if not name or not share or name in shares:
            raise ConfigError(
                "not a share", place=place, expected="name=share, each name once", got=repr(part)
            )
        shares[name] = share
    return shares


def check_shares(names: Sequence[str], shares: Mapping[str, float]) -> None:
    """Raise ConfigError unless every share names an input and they can all hold at once."""
    unknown = [name for name in shares if name not in names]
    if unknown:
        raise ConfigError(
            "a weight for an input that is not there", expected=" | ".join(names), got=", ".join(unknown)
        )
    if any(not 0 < share <= 1 for share in shares.values()):
        raise ConfigError("impossible weight", expected="a share above 0, at most 1", got=str(dict(shares)))
    total, others = sum(shares.values()), [name for name in names if name not in shares]
    if shares and not others and abs(total - 1) > _CLOSE:
        raise ConfigError("the weights of all inputs must add up to 1", got=f"{total:g}")
    if others and total > 1 - _CLOSE:
        raise ConfigError(
            "the weights leave nothing for the rest",
            expected="a sum below 1",
            got=f"{total:g}",
            hint=f"without a weight: {', '.join(others)}",
        )


def quotas(
    counts: Mapping[str, int], shares: Mapping[str, float], limit: int | None = None
) -> dict[str, int]:
    """Return how many of its rows each input gives: as many as the shares and the limit allow.

    Inputs without a share divide the rest in proportion to their rows. The input that is scarcest for its
    share decides how large the whole is; one with a share and no rows is a DataError.
    """
    others = {name: count for name, count in counts.items() if name not in shares}
    parts = {name: (counts[name], share) for name, share in shares.items()}
    if sum(others.values()):
        parts["\0others"] = (sum(others.values()), 1 - sum(shares.values()))
    empty = [name for name in shares if not counts[name]]
    if empty:
        raise DataError("has a weight but no row that could be kept", place=empty[0])
    total = min((count / share for count, share in parts.values()), default=0.0)
    if limit is not None:
        total = min(total, limit)
    given = {name: int(total * share + _CLOSE) for name, (_, share) in parts.items()}
    return {**dict.fromkeys(counts, 0), **_divided(given.pop("\0others", 0), others), **given}


def _divided(total: int, counts: Mapping[str, int]) -> dict[str, int]:
    """Divide `total` in proportion to `counts`; what rounding leaves goes to the largest remainders."""
    whole = sum(counts.values())
    if not whole:
        return dict(counts)
    exact = {name: total * count / whole for name, count in counts.items()}
    given = {name: int(value) for name, value in exact.items()}
    by_remainder = sorted(counts, key=lambda name: given[name] - exact[name])
    for name in by_remainder[: total - sum(given.values())]:
        given[name] += 1
    return given
