"""Make up texts by format, length and pattern.

>>> import random
>>> next(candidates({"format": "ipv4"}, random.Random(1)))
'198.51.100.35'
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Iterator, Mapping

from callwright.record import Json
from callwright.toolbox.http.patterns import LETTERS, NotUnderstood, matching

_WORDS = (
    "amber", "anchor", "autumn", "bridge", "candle", "cedar", "copper", "coral", "delta", "ember", "falcon",
    "garden", "harbour", "hazel", "island", "ivory", "juniper", "lantern", "maple", "marble", "meadow",
    "north", "olive", "orchard", "pearl", "pine", "quartz", "river", "saffron", "silver", "summit", "timber",
    "valley", "velvet", "willow", "winter",
)  # fmt: skip
MAX_FILL = 100_000
_HOUR = "{:02d}:{:02d}:{:02d}"


def _word(rng: random.Random) -> str:
    return rng.choice(_WORDS)


def _date(rng: random.Random) -> str:
    return f"{rng.randint(2024, 2027)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _time(rng: random.Random) -> str:
    return _HOUR.format(rng.randint(0, 23), rng.randint(0, 59), rng.randint(0, 59)) + "Z"


def _uuid(rng: random.Random) -> str:
    text = f"{rng.getrandbits(128):032x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"


def _path(rng: random.Random) -> str:
    return f"/{_word(rng)}/{rng.randint(1, 999)}"


def _uri(rng: random.Random) -> str:
    return f"https://example.com{_path(rng)}"


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "date": _date,
    "time": _time,
    "date-time": lambda rng: f"{_date(rng)}T{_time(rng)}",
    "duration": lambda rng: f"PT{rng.randint(1, 90)}M",
    "email": lambda rng: f"{_word(rng)}.{_word(rng)}@example.com",
    "idn-email": lambda rng: f"{_word(rng)}@example.com",
    "hostname": lambda rng: f"{_word(rng)}.example.com",
    "idn-hostname": lambda rng: f"{_word(rng)}.example.com",
    "ipv4": lambda rng: f"198.51.100.{rng.randint(1, 254)}",
    "ipv6": lambda rng: f"2001:db8::{rng.randint(1, 65535):x}",
    "uri": _uri,
    "url": _uri,
    "iri": _uri,
    "uri-reference": _path,
    "iri-reference": _path,
    "uri-template": lambda rng: f"/{_word(rng)}/{{id}}",
    "json-pointer": _path,
    "relative-json-pointer": lambda rng: f"{rng.randint(0, 9)}/{_word(rng)}",
    "regex": lambda rng: f"^{_word(rng)}$",
    "uuid": _uuid,
    "byte": lambda rng: base64.b64encode(_word(rng).encode()).decode("ascii"),
}
_SHORT: dict[str, str] = {
    "email": "a@b.co", "idn-email": "a@b.co", "hostname": "a", "idn-hostname": "a", "uri": "a:b",
    "url": "http://a.b", "iri": "a:b", "uri-reference": "a", "iri-reference": "a", "uri-template": "a",
    "json-pointer": "", "regex": "a", "duration": "P1D", "ipv6": "::1", "relative-json-pointer": "0",
    "byte": "YQ==",
}  # fmt: skip
_PADDED: dict[str, Callable[[str, int], str]] = {
    "email": lambda text, n: ("a" * n + text) if n < 40 else text.replace("@", "@" + _labels(n)),
    "hostname": lambda text, n: _labels(n) + text,
    "uri": lambda text, n: text + "a" * n,
    "uri-reference": lambda text, n: text + "a" * n,
    "json-pointer": lambda text, n: text + "a" * n,
    "regex": lambda text, n: f"^{'a' * n}{text[1:]}",
    "duration": lambda text, n: "PT" + "0" * n + text.removeprefix("PT"),
    "byte": lambda text, n: "YWFh" * -(-n // 4) + text,
}
_PADDED |= {
    "idn-email": _PADDED["email"], "idn-hostname": _PADDED["hostname"], "url": _PADDED["uri"],
    "iri": _PADDED["uri"], "iri-reference": _PADDED["uri"], "uri-template": _PADDED["uri"],
    "relative-json-pointer": _PADDED["uri"],
}  # fmt: skip


def _labels(length: int) -> str:
    """Return exactly `length` characters of host name labels, each with its dot; at least two."""
    whole, rest = divmod(max(length, 2), 60)
    if rest == 1:
        whole, rest = whole - 1, 61
    return ("a" * 59 + ".") * whole + ("a" * (rest - 1) + "." if rest else "")


def candidates(schema: Mapping[str, Json], rng: random.Random, hint: str = "") -> Iterator[str]:
    """Yield texts that may fit, the likeliest first; `hint` is the name of the property.

    What is asked for besides format, length and one pattern is not looked at.
    """
    low, high = schema.get("minLength", 0), schema.get("maxLength")
    form = schema.get("format", "")
    if low > MAX_FILL:
        return
    if "pattern" in schema:
        yield from _by_pattern(schema["pattern"], rng, low)
    elif form in _MAKERS:
        text = _MAKERS[form](rng)
        if len(text) < low and form in _PADDED:
            yield _PADDED[form](text, low - len(text))
        yield text
        yield _SHORT.get(form, text)
    else:
        yield _prose(rng, low, high, hint)


def _by_pattern(pattern: str, rng: random.Random, low: int) -> Iterator[str]:
    for more in (4, max(4, low), 1, 2 * low + 8, 0):
        try:
            text = matching(pattern, rng, more)
        except NotUnderstood:
            return
        yield text
        if len(text) < low:
            yield text + "a" * (low - len(text))  # an expression without anchors fits inside as well


def _prose(rng: random.Random, low: int, high: int | None, hint: str) -> str:
    text = f"{_word(rng)} {_word(rng)}"
    if re.search(r"(?:id|code|key|number|ref|sku|token)s?$", hint, re.IGNORECASE):
        text = f"{rng.choice(LETTERS).upper()}{rng.randint(1000, 9999)}"
    while len(text) < low:
        text += f" {_word(rng)}"
    if high is not None and len(text) > high:
        text = text[:high]
        text = text.rstrip() if len(text.rstrip()) >= low else text
    return text
