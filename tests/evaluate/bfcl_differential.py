"""Our decoders and checker beside the official functions: where value, verdict or error type differ."""

from typing import Any

from bfcl_oracle import Oracle

from callwright.evaluate.bfcl.data import Row, language_of
from callwright.evaluate.bfcl.decode import Undecodable
from callwright.evaluate.bfcl.decoders import decode_function_calls, decode_text
from callwright.evaluate.bfcl.format_sensitivity import VARIANTS
from callwright.evaluate.bfcl.score import judge
from callwright.evaluate.bfcl.variant_decoders import decode_variant

Request = tuple[str, str, Any]
"""Row id, kind and value, as the oracle takes them."""


def ours(row: Row, kind: str, value: Any) -> tuple[Any, bool, str]:
    underscored, kind = kind.startswith("_"), kind.removeprefix("_")
    if kind == "given":
        docs, answer, value = value
        row = Row("", [], docs, row.category, answer)
    decoded = value
    if kind == "text":
        decoded = decode_text(value, language_of(row.category))
    if kind == "calls":
        decoded = decode_function_calls(value)
    if kind == "variant":
        decoded = decode_variant(value[1], next(v for v in VARIANTS if v.id == value[0]))
    verdict = judge(row, decoded, underscored=underscored)
    return (None if isinstance(decoded, Undecodable) else decoded), verdict.valid, verdict.error_type


def differences(rows: dict[str, Row], requests: list[Request], oracle: Oracle) -> list[str]:
    found = []
    for (row_id, kind, value), (calls, valid, error_type) in zip(requests, oracle(requests), strict=True):
        # Where the official checker itself raises, its whole run stops; ours calls the row wrong.
        official = (valid, error_type.replace("RAISED", "checker_error:raised"))
        our_calls, *our_verdict = ours(rows[row_id], kind, value)
        # Java and JavaScript without a call: {} or nothing there, undecodable here, the same verdict in both.
        values = (repr(calls) if calls or calls == [] else "None", repr(our_calls))
        if official != tuple(our_verdict) or (
            kind.endswith(("text", "calls", "variant")) and values[0] != values[1]
        ):
            found.append(
                f"{row_id} {value!r}: official {official} {calls!r}, ours {our_verdict} {our_calls!r}"
            )
    return found
