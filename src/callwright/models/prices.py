"""What a model's tokens cost: the price behind a spec, ``http://host/v1#name@0.15/0.60``.

>>> split_price("http://host/v1#name@0.15/0.60")
('http://host/v1#name', Price(prompt=0.15, completion=0.6))
>>> split_price("http://host/v1#name@20240620")
('http://host/v1#name@20240620', None)
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from callwright.errors import ConfigError

_AMOUNT = r"\d+(?:\.\d+)?"
_PRICE = re.compile(rf"@({_AMOUNT})/({_AMOUNT})$")
_MEANT = re.compile(r"@([-+$.,\d]*/[-+$.,\d/]*)$")
"""A tail of digits and a slash is meant as a price; other `@` belong to the model's name."""


class Price(NamedTuple):
    """Dollars per million tokens."""

    prompt: float
    completion: float

    def dollars(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return what so many tokens cost."""
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1e6


def split_price(spec: str) -> tuple[str, Price | None]:
    """Return the model spec and the price that follows it as ``@IN/OUT``, None where there is none.

    The path of a directory that exists is never read as a price. Raises `ConfigError` for a price that is
    not two amounts.
    """
    if Path(spec).is_dir():
        return spec, None
    price = _PRICE.search(spec)
    if price:
        return spec[: price.start()], Price(float(price[1]), float(price[2]))
    meant = _MEANT.search(spec)
    if meant:
        raise ConfigError(
            "not a price",
            place="@" + meant[1],
            expected="@IN/OUT, dollars per million prompt and completion tokens, for example @0.15/0.60",
        )
    return spec, None
