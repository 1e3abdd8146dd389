"""What tests let a model write that is asked for pairs of a request and its calls."""

import json

CITIES = (
    "Rome", "Oslo", "Lima", "Cairo", "Quito", "Turin", "Kyoto", "Perth", "Delhi", "Accra", "Porto", "Basel",
)  # fmt: skip


def pair(query: str, *calls: tuple[str, dict[str, object]]) -> str:
    return json.dumps({"query": query, "answers": [{"name": n, "arguments": a} for n, a in calls]})
