"""Does a value stand for the result of an earlier call: `$var1.id$`, `${id from search}`, `API_call_0`?

Only calls that depend on another one hold such values; in all others a dollar sign is a dollar sign.

>>> refers({"ids": ["$var1.id$"]}), refers("costs 5 $ or 6 $")
(True, False)
"""

from __future__ import annotations

import re

from callwright.record import Json

_REFERENCE = re.compile(
    r"\$\{[^}]*\}|\{\{[^{}]*\}\}|\$\w+(?:[.\[][^$]*)?\$|^\$[^\W\d][\w.\[\]]*$|\bAPI_call_\d+"
)


def refers(value: Json) -> bool:
    """Tell whether a value, or one inside it, stands for a result that does not exist yet."""
    if isinstance(value, str):
        return _REFERENCE.search(value) is not None
    if isinstance(value, dict):
        return any(map(refers, value.values()))
    return isinstance(value, list) and any(map(refers, value))
