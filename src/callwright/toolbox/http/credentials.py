"""Credentials by reference: a specification names the scheme, the environment holds the secret.

The scheme ``api_key`` takes its value from ``CALLWRIGHT_AUTH_API_KEY``; one of type basic has
``user:password`` there. A secret goes into the request and nowhere else: `Veil` takes it out of whatever
comes back.

>>> variable("Partner key (v2)")
'CALLWRIGHT_AUTH_PARTNER_KEY__V2_'
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

from callwright.record import Json
from callwright.toolbox.http.request import Refused
from callwright.toolbox.openapi import Operation, Scheme

REDACTED = "[REDACTED]"
SHORTEST = 6
"""Characters. A shorter secret could not be kept out of answers without spoiling them."""


def variable(name: str) -> str:
    """Return the environment variable that holds the secret of a scheme."""
    return "CALLWRIGHT_AUTH_" + re.sub(r"[^A-Z0-9]", "_", name.upper())


@dataclass(frozen=True, repr=False)
class Credentials:
    """What a request carries to prove who asks."""

    headers: tuple[tuple[str, str], ...] = ()
    fields: tuple[str, ...] = ()
    cookies: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.headers or self.fields or self.cookies)


def credentials_for(operation: Operation, environment: Mapping[str, str]) -> Credentials:
    """Return the credentials of the first alternative that the environment has; raises Refused if none."""
    if not operation.security:
        return Credentials()
    for schemes in operation.security:
        secrets = {scheme: environment.get(variable(scheme.name), "").strip() for scheme in schemes}
        if all(secrets.values()) and all(scheme.kind != "unsupported" for scheme in schemes) and schemes:
            return _assembled(secrets)
    if () in operation.security:
        return Credentials()
    usable = [s for s in operation.security if all(scheme.kind != "unsupported" for scheme in s)]
    if not usable:
        raise Refused(f"its security scheme {operation.security[0][0].name!r} is of a kind that is not known")
    raise Refused(f"it needs a credential (set {' and '.join(variable(s.name) for s in usable[0])})")


def _assembled(secrets: Mapping[Scheme, str]) -> Credentials:
    headers: list[tuple[str, str]] = []
    fields: list[str] = []
    cookies: list[str] = []
    for scheme, secret in secrets.items():
        if len(secret) < SHORTEST or not all(" " <= char <= "~" for char in secret):
            raise Refused(
                f"the value of {variable(scheme.name)} is no credential (it has to be at least {SHORTEST} "
                "plain characters)"
            )
        if scheme.kind == "header":
            headers.append((scheme.field, secret))
        elif scheme.kind == "query":
            fields.append(f"{quote(scheme.field, safe='')}={quote(secret, safe='')}")
        elif scheme.kind == "cookie":
            cookies.append(f"{quote(scheme.field, safe='')}={quote(secret, safe='')}")
        elif scheme.kind == "bearer":
            headers.append(("Authorization", f"Bearer {secret}"))
        else:
            headers.append(("Authorization", f"Basic {_basic(secret)}"))
    return Credentials(tuple(headers), tuple(fields), tuple(cookies))


def _basic(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode("ascii")


class Veil:
    """Takes the secrets of an API out of texts and values, in the forms in which servers echo them."""

    def __init__(self, schemes: Iterable[Scheme], environment: Mapping[str, str]) -> None:
        forms: set[str] = set()
        for scheme in schemes:
            secret = environment.get(variable(scheme.name), "").strip()
            parts = [secret, *(secret.split(":", 1) if scheme.kind == "basic" else ())]
            for part in parts:
                if len(part) >= SHORTEST:
                    forms |= {part, quote(part, safe=""), quote_plus(part), json.dumps(part)[1:-1]}
            if scheme.kind == "basic" and secret:
                forms.add(_basic(secret))
        longest_first = sorted(forms, key=len, reverse=True)
        # Names of hosts come back in small letters, so case does not count.
        whole = "|".join(map(re.escape, longest_first))
        self._pattern = re.compile(whole, re.IGNORECASE) if forms else None

    def text(self, text: str) -> str:
        """Return a text without the secrets."""
        return self._pattern.sub(REDACTED, text) if self._pattern else text

    def value(self, value: Json) -> Json:
        """Return a JSON value without the secrets, keys and numbers included."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        if type(value) in (int, float) and self._pattern.search(repr(value)):
            return REDACTED
        return value
