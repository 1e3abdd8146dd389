"""What may enter: rows with a credential in them are refused, left out, or cleaned of it.

>>> Gate("redact").mode
'redact'
"""

from __future__ import annotations

from typing import Literal

import msgspec

from callwright import secrets
from callwright.errors import GateError
from callwright.record import Dropped, Json, Trajectory, encode
from callwright.unify.fingerprints import fingerprint_of

Mode = Literal["fail", "drop", "redact"]
Row = Trajectory | Dropped


class Gate:
    """Looks at every row that leaves `unify`, kept or dropped, because both are written to disk."""

    def __init__(self, mode: Mode) -> None:
        self.mode = mode

    def __call__(self, row: Row, line: bytes) -> tuple[Row, bytes]:
        """Return the row and its line as they may be written; raises `GateError` in mode "fail"."""
        if secrets.innocent(str(line, "utf-8")):
            return row, line
        value: dict[str, Json] = msgspec.json.decode(line)
        found = list(secrets.find_in(value))
        if not found:
            return row, line
        kind, path = found[0]
        if self.mode == "fail":
            raise GateError(
                f"holds what looks like a secret ({kind})",
                place=f"{row.id}: {path}",
                hint="--secrets redact replaces it, --secrets drop leaves such rows out",
            )
        row = _cleaned(row, secrets.redact(value), sorted({kind for kind, _ in found}))
        if self.mode == "drop" and isinstance(row, Trajectory):
            row = Dropped(
                id=row.id,
                stage="unify",
                reason="secret",
                path=path,
                detail=kind,
                row=msgspec.to_builtins(row),
            )
        return row, encode(row)


def _cleaned(row: Row, value: dict[str, Json], kinds: list[str]) -> Row:
    """Return the row with redacted contents; a trajectory says which kinds of secret it held."""
    if isinstance(row, Dropped):
        told = {field: secrets.without_quotes(getattr(row, field), row.row) for field in ("path", "detail")}
        return msgspec.convert({**value, **told}, Dropped)
    noted = value.setdefault("extra", {}).setdefault("unify", {})
    noted["redacted"] = kinds
    cleaned = msgspec.convert(value, Trajectory)
    # Rows that differed in their secrets alone are equal now.
    return msgspec.structs.replace(cleaned, fingerprint=fingerprint_of(cleaned))
