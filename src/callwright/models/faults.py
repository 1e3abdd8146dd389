"""What goes wrong at a scripted server, and when: by what is asked and by no clock, so that runs repeat.

>>> Faults.parse("429=0.1,slow:2=0.05").drawn
((Fault(kind='429', seconds=1.0), 0.1), (Fault(kind='slow', seconds=2.0), 0.05))
>>> list(itertools.islice(Faults.parse("cut,ok,500").sequence("anything"), 4))
[Fault(kind='cut', seconds=0.0), None, Fault(kind='500', seconds=0.0), None]
"""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from callwright.errors import ConfigError

KINDS: dict[str, float] = {
    "429": 1.0,
    "500": 0.0,
    "503": 0.0,
    "529": 0.0,
    "cut": 0.0,
    "slow": 1.0,
    "malformed": 0.0,
    "wrong-schema": 0.0,
    "empty": 0.0,
}
"""What can go wrong, and the seconds that belong to it unless others are named."""

_EXPECTED = f"KIND[:SECONDS]=SHARE or KIND[:SECONDS] of {', '.join(KINDS)}, with commas between"
_ITEM = re.compile(r"([\w-]+)(?::(\d+(?:\.\d+)?))?(?:=(\d+(?:\.\d+)?))?")


class Fault(NamedTuple):
    """One thing that goes wrong."""

    kind: str
    """One of `KINDS`: a status; `cut`, the connection ends in the middle of the answer; `slow`, the answer
    comes late; `malformed`, no JSON; `wrong-schema`, JSON that is no completion; `empty`, no choice in it."""
    seconds: float = 0.0
    """How late a `slow` answer comes; what ``Retry-After`` asks for with a status, 0 for nothing."""


@dataclass(frozen=True)
class Faults:
    """Which attempts at a request go wrong: those that are planned, and behind them those that are drawn."""

    drawn: tuple[tuple[Fault, float], ...] = ()
    """Faults with their shares of all attempts."""
    planned: tuple[Fault | None, ...] = ()
    """What happens to the first, second … attempt at every request; None: it is answered."""
    attempts: int = 3
    """So many drawn faults in a row, and the next attempt is answered."""
    seed: int = 0

    def __post_init__(self) -> None:
        told = sum(share for _, share in self.drawn)
        if told > 1 + 1e-9:
            raise ConfigError("the shares of the faults are more than all", got=f"{told:g}")

    @classmethod
    def parse(cls, text: str, *, attempts: int = 3, seed: int = 0) -> Faults:
        """Read ``429=0.1,slow:2=0.05``, faults to draw, or ``cut,ok,500``, those of the first attempts."""
        items = [_ITEM.fullmatch(item.strip()) for item in text.split(",") if item.strip()]
        read = [(item[1], item[2], item[3]) for item in items if item]
        shares = {share is not None for _, _, share in read}
        known = all(kind in KINDS or (kind == "ok" and share is None) for kind, _, share in read)
        if len(read) < len(items) or len(shares) > 1 or not known:
            raise ConfigError("not a plan of faults", expected=_EXPECTED, got=repr(text))
        faults = [
            None if kind == "ok" else Fault(kind, KINDS[kind] if seconds is None else float(seconds))
            for kind, seconds, _ in read
        ]
        if True not in shares:
            return cls(planned=tuple(faults), attempts=attempts, seed=seed)
        drawn = ((fault, float(share)) for fault, (_, _, share) in zip(faults, read, strict=True) if fault)
        return cls(drawn=tuple(drawn), attempts=attempts, seed=seed)

    def sequence(self, body: str) -> Iterator[Fault | None]:
        """Yield what happens to the first, second … attempt at the request with this body."""
        yield from self.planned
        in_a_row = 0
        for attempt in itertools.count(len(self.planned)):
            fault = self._draw(body, attempt) if in_a_row < self.attempts else None
            in_a_row = in_a_row + 1 if fault else 0
            yield fault

    def _draw(self, body: str, attempt: int) -> Fault | None:
        digest = hashlib.sha256(f"{self.seed}\0{attempt}\0{body}".encode("utf-8", "surrogatepass")).digest()
        left = int.from_bytes(digest[:8], "big") / 2**64
        for fault, share in self.drawn:
            left -= share
            if left < 0:
                return fault
        return None
