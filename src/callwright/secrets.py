"""Find credentials that real systems would accept: keys, tokens, private keys, headers that carry one.

Every kind has a form of its own (a prefix, a length); words such as "password" alone are not looked for,
because data about tools is full of invented ones. Placeholders ("YOUR_KEY", "REDACTED", "…EXAMPLE") pass.

    >>> [found.kind for found in find("Authorization: Bearer ghp_" + "Zk3Qw9Lx7" * 4)]
    ['github-token']
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from callwright.record import Json
from callwright.search import Search

# Texts are searched as they stand, and many hold JSON, code or an address that nobody has decoded: there a
# letter or a digit before a key may be the end of an escape (\n, \x0a, \u003c, %3D, a colour of a terminal).
_ESCAPES = (
    r"\\[abefnrtv0]",
    r"\\x[0-9A-Fa-f]{2}",
    r"\\u[0-9A-Fa-f]{4}",
    "%[0-9A-Fa-f]{2}",
    r"[\[;][0-9]m",
    r"[\[;][0-9]{2}m",
)


def _begin(prefix: str) -> str:
    """Return a form for a prefix of fixed length where a word may begin.

    It looks behind only where the prefix is: to look at every character takes eight times as long.
    """
    behind = "|".join(f"(?<={escape}{prefix})" for escape in _ESCAPES)
    return rf"{prefix}(?:(?<![A-Za-z0-9]{prefix})|{behind})"


_END = r"(?![A-Za-z0-9])"
_TO_VALUE = r"(?:\\[nrt]|\W){1,24}"
"""From the name of a field to its value, in any notation and however often quoted."""
_RAPIDAPI = r"(?:apid(?:api|Api|API)[-_][Kk]ey|APIDAPI[-_]KEY)"
_AWS = r"(?:ecret[_ ]?[Aa]ccess[_ ]?[Kk]ey|ECRET_ACCESS_KEY)"
_GAP = r"(?:\s|\\+[nrt]|\\+u000[aAdD])"
_DASHES = r"-{4,5} ?"
_OF_KEY = rf"(?:[A-Z0-9]+ ){{0,4}}PRIVATE KEY(?: BLOCK)? ?{_DASHES}"
_INSIDE = r"(?:[^-]|-(?!---))"

RULES: dict[str, str] = {
    # kind → its form; the group "secret", or the whole, is what must not be seen
    "private-key": (
        # It holds a run that prose does not have and that is not "xxxxxxxx". All up to its end belongs to it
        # or, where the end is missing, all that looks like it. Newlines may be the characters \n.
        rf"{_DASHES}BEGIN {_OF_KEY}(?={_INSIDE}{{0,400}}?(?:(?!x{{8}}|X{{8}})[A-Za-z0-9+/=]|\\+/){{30}})"
        rf"(?:(?>{_INSIDE}+){_DASHES}END {_OF_KEY}"
        rf"|{_GAP}*(?:[A-Z][A-Za-z-]{{2,30}}: ?[^\r\n\\]{{0,100}}{_GAP}+){{0,5}}"
        rf"(?>(?:[A-Za-z0-9+/=]|\\+/|{_GAP})+))"
    ),
    "aws-access-key": _begin("A[KS]IA") + rf"[0-9A-Z]{{16}}{_END}",
    "github-token": rf"{_begin('gh[pousr]_')}[A-Za-z0-9]{{36,}}|{_begin('github_pat_')}[A-Za-z0-9_]{{60,}}",
    "gitlab-token": _begin("glpat-") + r"[A-Za-z0-9_-]{20,}",
    "anthropic-key": _begin("sk-ant-") + r"[a-z]{3,8}[0-9]{2}-[A-Za-z0-9_-]{20,}",
    # What follows "sk-" is random: names of packages and of things to buy begin so as well.
    "openai-key": _begin("sk-")
    + r"(?:(?:proj|svcacct|admin)-(?=[a-z0-9_-]*[A-Z])[A-Za-z0-9_-]{20,}"
    + r"|(?:[A-Za-z0-9]{1,12}-){0,2}(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,})",
    "huggingface-token": _begin("hf_") + r"[A-Za-z0-9]{30,}",
    "google-api-key": _begin("AIza") + r"[A-Za-z0-9_-]{35}",
    "slack-token": _begin("xox[abeprs]-") + r"[A-Za-z0-9-]{10,}",
    "slack-webhook": (r"hooks\.slack\.com\\*/services\\*/[A-Z0-9]{8,}\\*/[A-Z0-9]{8,}\\*/[A-Za-z0-9]{20,}"),
    "stripe-key": _begin("[rs]k_live_") + r"[A-Za-z0-9]{20,}",
    "sendgrid-key": _begin(r"SG\.") + r"[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "npm-token": _begin("npm_") + r"[A-Za-z0-9]{36,}",
    "pypi-token": _begin("pypi-") + r"[A-Za-z0-9_-]{50,}",
    "telegram-token": _begin("[0-9]") + rf"[0-9]{{7,9}}:AA[A-Za-z0-9_-]{{33}}{_END}",
    "json-web-token": _begin("eyJ") + r"[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
    "rapidapi-key": _begin("[a-z0-9]{10}msh") + rf"[a-z0-9]{{15}}p[a-z0-9]{{6}}jsn[a-z0-9]{{12}}{_END}",
    "rapidapi-header": (
        rf"{_RAPIDAPI}{_TO_VALUE}"
        r"(?P<secret>(?=[A-Za-z]*[0-9])[A-Za-z0-9]{20,})"
    ),
    "aws-secret-key": (
        rf"{_AWS}{_TO_VALUE}"
        r"(?P<secret>(?:[A-Za-z0-9+=]|\\*/){40})(?![A-Za-z0-9+/=])"
    ),
    "authorization-header": (
        rf"(?i:authorization){_TO_VALUE}(?:[Bb]earer|BEARER) "
        r"(?P<secret>(?=[A-Za-z._~+/=-]*[0-9])[A-Za-z0-9._~+/=-]{19,}[A-Za-z0-9_=-])"
    ),
    "password-in-url": (
        r"[A-Za-z0-9]:(?://|\\+/\\+/)[^/\s:@'\"\\]{1,64}:(?P<secret>[^/\s:@'\"\\]{6,64})@[A-Za-z0-9]"
    ),
}

REDACTED = "[REDACTED]"
_PLACEHOLDER = re.compile(
    r"example|redacted|placeholder|your|insert|dummy|sample|password|passw|secret|(.)\1{7}|12345678|abcdefgh|<|\{|\$",
    re.I,
)
# So long a text holds one of those words by chance, and an OpenSSH key always has a row of equal letters.
_NEVER_PLACEHOLDER = "private-key"
_TELLING = 8
"""So many characters of a credential are too many to be shown."""
_compiled = {kind: re.compile(form) for kind, form in RULES.items()}
_NAME = re.compile(rf"{_RAPIDAPI}|{_AWS}|(?i:authorization)")
"""The names of fields whose values are looked at together with them."""
_WRAPPERS = ("stringValue", "arrayValue", "values", "string_value", "array_value")
"""Keys that say of what type a value is, and not which field it belongs to."""
# Looser than the rules and many times as fast: what each of them can not do without. Three searches take a
# third of the time of one, because only few forms fit into a vector.
_SCREEN = (
    r"A[KS]IA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_|glpat-|sk-[A-Za-z0-9_-]{20}|"
    r"hf_[A-Za-z0-9]{30}|AIza[A-Za-z0-9_-]{35}|xox[abeprs]-",
    r"hooks\.slack\.com|[rs]k_live_|SG\.[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50}|"
    r":AA[A-Za-z0-9_-]{33}|eyJ[A-Za-z0-9_-]{10}|PRIVATE KEY",
    rf"msh[a-z0-9]{{15}}p|{_RAPIDAPI}|{_AWS}|(?:earer|EARER) [A-Za-z0-9._~+/=-]{{20}}|"
    r"(?:://|\\/\\+/)[^/@ '\":]+:[^/@ '\":]+@",
)
_SCREENS = tuple(Search(part).is_absent for part in _SCREEN)
_WHOLE_SCREEN = Search("|".join(_SCREEN)).is_absent
_SHORT = 8_000
"""Characters up to which one search for everything is faster than three that each keep to their prefixes."""


def innocent(text: str) -> bool:
    """Tell in passing that `find` would find nothing in a text, or in many JSON lines at a time."""
    if len(text) <= _SHORT:
        return _WHOLE_SCREEN(text)
    first, second, third = _SCREENS
    return first(text) and second(text) and third(text)


class Secret(NamedTuple):
    """A credential inside a text."""

    kind: str
    start: int
    end: int


def find(text: str) -> Iterator[Secret]:
    """Yield every credential of a text, placeholders left out; what lies within another is not told."""
    reach = 0
    # Sorting is stable: of two that are the same text, the kind that RULES names first is told.
    for found in sorted(_matches(text), key=lambda s: (s.start, -s.end)):
        if found.end > reach:
            yield found
        reach = max(reach, found.end)


def _matches(text: str) -> Iterator[Secret]:
    for kind, form in _compiled.items():
        group = "secret" if "secret" in form.groupindex else 0
        for found in form.finditer(text):
            start, end = found.span(group)
            if kind == _NEVER_PLACEHOLDER or not _PLACEHOLDER.search(text, start, end):
                yield Secret(kind, start, end)


def find_in(value: Json) -> Iterator[tuple[str, str]]:
    """Yield kind and JSON path of every credential inside a JSON value, keys included.

    A path never shows a credential.
    """
    return ((kind, path) for kind, path, _ in _walk(value, "", ""))


def _walk(value: Json, path: str, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield kind, path and text of every credential; `name` is the field that holds the value."""
    if isinstance(value, str):
        yield from ((kind, path, value[start:end]) for kind, start, end in _find_under(name, value))
    elif isinstance(value, dict):
        for key, item in value.items():
            shown = _redact_text(key)
            below = f"{path}.{shown}" if path else shown
            yield from ((kind, below, key[start:end]) for kind, start, end in find(key))
            yield from _walk(item, below, _name_of(key, value, name))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _walk(item, f"{path}[{i}]", _name_at(i, value, name))


def without_quotes(text: str, value: Json) -> str:
    """Return a text without what it quotes of the credentials of a value, be it only their beginning.

    Messages about a value are cut, and of a token that lacks a few characters the form is not found.
    """
    text = _redact_text(text)
    for _, _, secret in _walk(value, "", ""):
        for size in range(min(len(secret), len(text)), _TELLING - 1, -1):
            if secret[:size] in text:
                text = text.replace(secret[:size], REDACTED)
                break
    return text


def redact(value: Json, name: str = "") -> Json:
    """Return a JSON value with every credential replaced by `REDACTED`; `name` is the field that holds it."""
    if isinstance(value, str):
        return _redact_text(value, name)
    if isinstance(value, list):
        return [redact(item, _name_at(i, value, name)) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    redacted: dict[str, Json] = {}
    for key, item in value.items():
        shown = unused = _redact_text(key)
        while unused in redacted or (unused != key and unused in value):
            unused = f"{shown} {len(redacted) + 1}"
        redacted[unused] = redact(item, _name_of(key, value, name))
    return redacted


def _name_of(key: str, siblings: dict[str, Json], outer: str) -> str:
    """Return the field that a value belongs to, also where an entry says {"name": …, "value": …}.

    OpenTelemetry wraps the value once more, {"key": …, "value": {"stringValue": …}}: the field is `outer`.
    """
    if key in _WRAPPERS:
        return outer or key
    name = siblings.get("name", siblings.get("key")) if key == "value" else key
    return name if isinstance(name, str) else outer or key


def _name_at(i: int, entries: list[Json], outer: str) -> str:
    """Return the field that an entry of a list belongs to: a list of two texts may be name and value."""
    is_value = i == 1 and len(entries) == 2 and isinstance(entries[0], str) and isinstance(entries[1], str)
    return entries[0] if is_value else outer


def _find_under(name: str, text: str) -> Iterator[Secret]:
    """Yield the credentials of a text, those included that only the name of its field gives away."""
    lead = f"{name}: " if _NAME.search(name) else ""
    for kind, start, end in find(lead + text):
        if end > len(lead):
            yield Secret(kind, max(0, start - len(lead)), end - len(lead))


def _redact_text(text: str, name: str = "") -> str:
    # What is cut away may leave the next one with a start that it did not have.
    while found := sorted(_find_under(name, text), key=lambda s: s.start):
        parts, at = [], 0
        for _, start, end in found:
            if start >= at:
                parts += [text[at:start], REDACTED]
            at = max(at, end)
        text = "".join(parts) + text[at:]
    return text
