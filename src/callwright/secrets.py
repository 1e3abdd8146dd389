"""Find credentials that real systems would accept: keys, tokens, private keys, headers that carry one.

Every kind has a form of its own (a prefix, a length); words such as "password" alone are not looked for,
because data about tools is full of invented ones. Placeholders ("YOUR_KEY", "REDACTED", "…EXAMPLE") pass.

    >>> [found.kind for found in find("Authorization: Bearer ghp_0123456789abcdefghijABCDEFGHIJ012345")]
    ['github-token']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from callwright.record import Json
from callwright.search import Search

RULES: dict[str, str] = {
    # kind → its form; the group "secret", or the whole, is what must not be seen
    "aws-access-key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "github-token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60,})",
    "gitlab-token": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "openai-key": r"\bsk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,}",
    "huggingface-token": r"\bhf_[A-Za-z0-9]{30,}",
    "google-api-key": r"\bAIza[A-Za-z0-9_-]{35}",
    "slack-token": r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
    "slack-webhook": r"hooks\.slack\.com/services/[A-Z0-9]{8,}/[A-Z0-9]{8,}/[A-Za-z0-9]{20,}",
    "stripe-key": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "sendgrid-key": r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "npm-token": r"\bnpm_[A-Za-z0-9]{36}",
    "pypi-token": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "telegram-token": r"\b[0-9]{8,10}:AA[A-Za-z0-9_-]{33}\b",
    "json-web-token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "private-key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----(?:[^-]{40,})",
    "rapidapi-key": r"\b[a-z0-9]{10}msh[a-z0-9]{15}p[a-z0-9]{6}jsn[a-z0-9]{12}\b",
    "rapidapi-header": r"[Xx]-[Rr]apid[Aa][Pp][Ii]-[Kk]ey\W{1,12}(?P<secret>[A-Za-z0-9]{20,})",
    "password-in-url": r"\b[a-z][a-z0-9+.-]{1,15}://[^/\s:@'\"\\]{1,64}:(?P<secret>[^/\s:@'\"\\]{6,64})@[a-z0-9]",
}

REDACTED = "[REDACTED]"
_PLACEHOLDER = re.compile(
    r"example|redacted|placeholder|your|insert|dummy|sample|password|passw|secret|(.)\1{7}|12345678|abcdefgh|<|\{|\$",
    re.I,
)
_compiled = {kind: re.compile(form) for kind, form in RULES.items()}
# Looser than the rules and many times as fast: what each of them can not do without. Three searches take a
# third of the time of one, because only few forms fit into a vector.
_SCREENS = (
    Search(
        r"A[KS]IA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_|glpat-|sk-[A-Za-z0-9_-]{20}|"
        r"hf_[A-Za-z0-9]{30}|AIza[A-Za-z0-9_-]{35}|xox[abeprs]-"
    ).is_absent,
    Search(
        r"hooks\.slack\.com|[rs]k_live_|SG\.[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50}|"
        r":AA[A-Za-z0-9_-]{33}|eyJ[A-Za-z0-9_-]{10}|PRIVATE KEY"
    ).is_absent,
    Search(r"msh[a-z0-9]{15}p|apid[Aa][Pp][Ii]-[Kk]ey|://[^/@ ]{1,64}:[^/@ ]{6,64}@").is_absent,
)


def innocent(text: str) -> bool:
    """Tell in passing that `find` would find nothing in a text, or in many JSON lines at a time."""
    first, second, third = _SCREENS
    return first(text) and second(text) and third(text)


class Secret(NamedTuple):
    """A credential inside a text."""

    kind: str
    start: int
    end: int


def find(text: str) -> Iterator[Secret]:
    """Yield every credential of a text, placeholders left out."""
    for kind, form in _compiled.items():
        for found in form.finditer(text):
            group = "secret" if "secret" in form.groupindex else 0
            if not _PLACEHOLDER.search(found[group]):
                yield Secret(kind, *found.span(group))


def find_in(value: Json, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield kind and JSON path of every credential inside a JSON value, keys included."""
    if isinstance(value, str):
        yield from ((found.kind, path) for found in find(value))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from ((found.kind, f"{path}.{key[:20]}") for found in find(key))
            yield from find_in(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from find_in(item, f"{path}[{i}]")


def redact(value: Json) -> Json:
    """Return a JSON value with every credential replaced by `REDACTED`."""
    if isinstance(value, str):
        return _redact_text(value)
    if isinstance(value, dict):
        return {_redact_text(key): redact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redact(item) for item in value]
    return value


def _redact_text(text: str) -> str:
    for found in sorted(find(text), key=lambda s: s.start, reverse=True):
        text = text[: found.start] + REDACTED + text[found.end :]
    return text
