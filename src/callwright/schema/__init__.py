"""JSON Schema as tools use it: normalise what data sets call a schema, and check arguments strictly."""

from callwright.schema.checking import ISSUE_CODES, check, surely_valid
from callwright.schema.declarations import RESULT_KEYS, declared_result, with_required
from callwright.schema.normaliser import Normalised, normalise
from callwright.schema.type_names import FORMATS_BY_TYPE_NAME, TYPE_NAMES, parse_type

__all__ = [
    "FORMATS_BY_TYPE_NAME",
    "ISSUE_CODES",
    "RESULT_KEYS",
    "TYPE_NAMES",
    "Normalised",
    "check",
    "declared_result",
    "normalise",
    "parse_type",
    "surely_valid",
    "with_required",
]
