"""Made-up function documents and answers: what BFCL's data could say, but happens not to, or hardly ever.

The real data reach few branches of the checker; here values come from tiny pools, so that near misses,
several alternatives, optional keys, wrongly typed alternatives and duplicate names are common.
"""

import random
from typing import Any

STRINGS = ("a", "A", "a b", "A-B.", "it's", 'it"s', "x:y", "x;y", "1,2", "12", "", "é", "É")
TYPES = ("string", "integer", "float", "boolean", "array", "array", "tuple", "dict", "dict", "any")
ITEMS = ("string", "integer", "float", "boolean", "dict", "dict", "dict", "array", "any")
# A wrong parallel answer has one error type, whatever is wrong inside: the other rules show more.
CATEGORIES = (*("simple_python", "multiple") * 4, "parallel", "parallel_multiple")


def case(rng: random.Random) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
    """Return category, function documents and answer."""
    docs = [document(rng.choice(("f", "f", "g.h", "k")), rng) for _ in range(rng.choice((1, 1, 2, 3)))]
    category = rng.choice(CATEGORIES)
    count = rng.choice((1,) * 9 + (2,)) if "parallel" not in category else rng.choice((1, 2, 2, 3))
    # Answers usually agree with the first document of that name, as the official look-up does.
    return category, docs, [answer(rng.choice(docs), rng) for _ in range(count)]


def document(name: str, rng: random.Random) -> dict[str, Any]:
    properties = {n: declaration(rng) for n in rng.sample(("a", "b", "c"), rng.randint(1, 3))}
    required = [n for n in properties if rng.random() < 0.4]
    if rng.random() < 0.02:
        required.append("undeclared")
    return {"name": name, "parameters": {"type": "dict", "properties": properties, "required": required}}


def declaration(rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(TYPES) if rng.random() > 0.01 else "number"
    if kind in ("array", "tuple") and rng.random() > 0.01:
        return {"type": kind, "items": {"type": rng.choice(ITEMS)}}
    return {"type": kind}


def answer(doc: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    parameters = doc["parameters"]["properties"]
    allowed = {n: alternatives(spec, rng) for n, spec in parameters.items() if rng.random() < 0.95}
    return {doc["name"] if rng.random() > 0.01 else "nobody": allowed}


def alternatives(spec: dict[str, Any], rng: random.Random) -> list[Any]:
    found = [answered(spec, rng) for _ in range(rng.choice((0, 1, 1, 1, 2, 3)))]
    if rng.random() < 0.35 or not found:
        found.insert(rng.randint(0, len(found)), "")
    return found if rng.random() > 0.01 else []


def answered(spec: dict[str, Any], rng: random.Random) -> Any:
    kind = spec["type"] if rng.random() > 0.08 else rng.choice(TYPES)
    if kind in ("array", "tuple"):
        item = {"type": spec.get("items", {"type": "string"})["type"]}
        return [answered(item, rng) for _ in range(rng.choice((0, 1, 2, 2)))]
    if kind == "dict":
        return {
            k: alternatives({"type": rng.choice(TYPES)}, rng) for k in rng.sample("xyz", rng.randint(0, 2))
        }
    return simple(kind, rng)


def simple(kind: str, rng: random.Random) -> Any:
    if kind == "integer":
        return rng.choice((0, 1, 2, -1))
    if kind == "float":
        return rng.choice((0.0, 1.0, 2.5, -1.0))
    return rng.random() < 0.5 if kind == "boolean" else rng.choice(STRINGS)
