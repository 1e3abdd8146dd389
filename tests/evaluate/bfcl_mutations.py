"""Thousands of seeded ways to spoil right answers to BFCL rows, as values and as text."""

import ast
import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

Calls = list[Any]
Mutation = Callable[[Calls, list[dict[str, Any]], random.Random], Calls]
PUNCTUATION = " ,./-_*^'\"!?:()é"
ODD_VALUES: tuple[Any, ...] = (
    None, "", [], {}, (), 0, 1, -1, True, False, 0.0, 1.0, 2.5, "0", "x", "None", [None], [[]], [{}],
    ["a", 1],
    {"a": 1}, {"a": {"b": [1]}}, (1, 2), ("a",), b"bytes", 3j, "...", {"f": {"x": 1}}, [1, 2.0, True, "1"],
    {None: 1}, {1: 2}, {(1, 2): 3}, [[1], [2]], [(1,)], [{"a": 1}, {"a": 2}],
)  # fmt: skip


def spoil(
    calls: Calls, docs: list[dict[str, Any]], rng: random.Random, mutations: Sequence[Mutation] = ()
) -> Calls:
    """Return a copy with one to three mutations, each of which may turn out to be harmless."""
    calls = copy.deepcopy(calls)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        calls = rng.choice(mutations or MUTATIONS)(calls, docs, rng)
    arguments = arguments_of(calls, rng)
    if arguments and rng.random() < 0.01:
        arguments[rng.choice(list(arguments))] = 10**400  # no float can hold it
    return calls


def arguments_of(calls: Calls, rng: random.Random) -> dict[Any, Any]:
    if not calls or not isinstance(calls[0], dict):
        return {}
    call = rng.choice(calls)
    values = list(call.values()) if isinstance(call, dict) else []
    return values[0] if values and isinstance(values[0], dict) else {}


def wrong_name(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    name = rng.choice([rng.choice(docs)["name"], "no_such_tool", "", "a.b"])
    variants = (name, name.replace(".", "_"), name.upper(), name + " ")
    return [{rng.choice(variants): v} for c in calls for v in c.values()]


def drop_argument(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    arguments = arguments_of(calls, rng)
    if arguments:
        del arguments[rng.choice(list(arguments))]
    return calls


def extra_argument(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    names = [*rng.choice(docs)["parameters"]["properties"], "undeclared", None, ""]
    arguments_of(calls, rng)[rng.choice(names)] = rng.choice(ODD_VALUES)
    return calls


def reorder_arguments(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    arguments = arguments_of(calls, rng)
    items = list(arguments.items())
    rng.shuffle(items)
    arguments.clear()
    arguments.update(items)
    return calls


def odd_value(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    arguments = arguments_of(calls, rng)
    if arguments:
        arguments[rng.choice(list(arguments))] = copy.deepcopy(rng.choice(ODD_VALUES))
    return calls


def change_value(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    arguments = arguments_of(calls, rng)
    if arguments:
        name = rng.choice(list(arguments))
        arguments[name] = changed(arguments[name], rng)
    return calls


def changed(value: Any, rng: random.Random) -> Any:
    if isinstance(value, bool):
        return rng.choice((not value, int(value), str(value), str(value).lower(), None))
    if isinstance(value, int):
        return rng.choice((value + 1, -value, float(value), value + 0.5, str(value), bool(value), [value]))
    if isinstance(value, float):
        return rng.choice((value + 1, int(value), -value, str(value), [value], round(value), complex(value)))
    if isinstance(value, str):
        return changed_string(value, rng)
    if isinstance(value, list | tuple):
        return changed_list(list(value), rng)
    if isinstance(value, dict):
        return changed_dict(dict(value), rng)
    return rng.choice(ODD_VALUES)


def changed_string(value: str, rng: random.Random) -> Any:
    at = rng.randrange(len(value) + 1)
    return rng.choice((
        value.upper(), value.lower(), value.swapcase(), value[::-1], value + "s", f" {value} ",
        value[:at] + rng.choice(PUNCTUATION) + value[at:], value.replace(" ", rng.choice("-_.,/*^ ")),
        value.replace("'", '"'), value.replace('"', "'"), [value], (value,), {value: value}, None, len(value),
        "".join(c for c in value if c.isalnum()), list(value), "", True,
    ))  # fmt: skip


def changed_list(value: list[Any], rng: random.Random) -> Any:
    options: list[Any] = [
        value[::-1], value[:-1], value + value[-1:], tuple(value), [value], [], str(value),
        value[0] if value else 0,
        [str(v) for v in value], [*value, None], [*value, ""], {str(i): v for i, v in enumerate(value)},
        [float(v) if type(v) is int else v for v in value],
        [int(v) if type(v) is float else v for v in value],
        [tuple(v) if isinstance(v, list) else v for v in value], sorted(value, key=repr),
        [v.upper() if isinstance(v, str) else v for v in value], [[v] for v in value],
    ]  # fmt: skip
    if value:
        at = rng.randrange(len(value))
        options += [[*value[:at], changed(value[at], rng), *value[at + 1 :]]] * 6
        options += [[*value[:at], rng.choice(ODD_VALUES), *value[at + 1 :]]] * 2
    return rng.choice(options)


def changed_dict(value: dict[Any, Any], rng: random.Random) -> Any:
    options: list[Any] = [
        {},
        [value],
        str(value),
        list(value),
        {**value, "undeclared": 1},
        None,
        {"x": value},
    ]
    options.append({str(k).upper(): v for k, v in value.items()})
    if value:
        key = rng.choice(list(value))
        rest = {k: v for k, v in value.items() if k != key}
        options += [rest, {**rest, key: value[key]}, {**rest, f"{key}_": value[key]}]
        options += [{**value, key: changed(value[key], rng)}] * 6
        options += [{**value, key: rng.choice(ODD_VALUES)}] * 2
    return rng.choice(options)


def nest_deep(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    arguments = arguments_of(calls, rng)
    if arguments:
        name = rng.choice(list(arguments))
        for _ in range(rng.choice((1, 2, 5, 40))):
            arguments[name] = rng.choice(([arguments[name]], {"a": arguments[name]}, (arguments[name],)))
    return calls


def swap_values(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    a, b = arguments_of(calls, rng), arguments_of(calls, rng)
    if a and b:
        i, j = rng.choice(list(a)), rng.choice(list(b))
        a[i], b[j] = b[j], a[i]
    return calls


def change_count(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    options: tuple[Calls, ...] = ([], calls[:-1], calls[1:], calls + copy.deepcopy(calls[:1]), calls * 2)
    return copy.deepcopy(rng.choice(options))


def change_order(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    return rng.choice((calls[::-1], rng.sample(calls, len(calls))))


def merge_same(calls: Calls, docs: list[dict[str, Any]], rng: random.Random) -> Calls:
    """Overwrite one call with another: the greedy matching of parallel calls must notice."""
    if len(calls) > 1:
        calls[rng.randrange(len(calls))] = copy.deepcopy(rng.choice(calls))
    return calls


MUTATIONS = (
    wrong_name, drop_argument, drop_argument, extra_argument, reorder_arguments, odd_value, odd_value,
    *(change_value,) * 7, nest_deep, swap_values, change_count, change_order, merge_same,
)  # fmt: skip

NOT_CALL_LISTS: tuple[Any, ...] = (
    None, {}, "text", 3, [{}], [{"a": {}, "b": {}}], ["f"], [{"f": []}], [{"f": None}], ({"f": {}},), [[]],
    [None],
    {"f": {"a": 1}}, [{"f": {"a": 1}}, {}],
)  # fmt: skip


def as_text(calls: Calls, rng: random.Random | None = None) -> str:
    """Write calls the way the official prompt asks for: ``[name(argument=value), …]``."""
    written = [
        f"{name}({', '.join(argument(k, v, rng) for k, v in arguments.items())})"
        for call in calls
        for name, arguments in call.items()
    ]
    return f"[{', '.join(written)}]"


def as_function_calls(calls: Calls, rng: random.Random) -> list[dict[str, str]]:
    """Write calls the way an interface gives them, often with "_" for ".", at times with broken JSON."""
    underscored = rng.random() < 0.5
    written = []
    for call in calls:
        for name, arguments in call.items():
            text = json.dumps(arguments, default=repr, skipkeys=True)
            text = text[: rng.randrange(len(text))] if rng.random() < 0.03 else text
            written.append({name.replace(".", "_") if underscored else name: text})
    return written


NOT_FUNCTION_CALLS: tuple[Any, ...] = (
    None, "", "text", [], {}, {"f": "{}"}, [{}], ["f"], [{"f": {}}], [{"f": "null"}], [{"f": "[]"}], [[]], 3,
    [{"f": "{}", "g": "{}"}], [{"f": ""}], [{"f": "{'a': 1}"}], [{"f": '{"a": NaN}'}], [{"f": "1"}], [None],
    [{"f": '{"a": 1, "a": 2}'}], [{"f": "[" * 5000}], [{"f": '{"a": ' + "9" * 5000 + "}"}],
)  # fmt: skip


def argument(name: Any, value: Any, rng: random.Random | None) -> str:
    text = repr(value)
    if rng is not None and rng.random() < 0.1:
        bare = str(value).replace("True", "true").replace("None", "null")
        text = rng.choice(
            (bare, f"+{text}", f"-{text}", f"not {text}", f"({text})", f"g(x={text})", f"g({text})")
        )
    if name is None:
        return f"**{text}"
    return f"{name}={text}"


def spoil_text(text: str, rng: random.Random) -> str:
    """Return the text as a model might garble it."""
    at = rng.randrange(len(text) + 1)
    inner = text[1:-1]
    return rng.choice((
        text, inner, f"`{text}`", f"```{text}```", f"```python\n{text}\n```", f"\n\n {text} \n",
        f"Sure! {text}",
        f"{text} Done.", text.replace("), ", ");\n"), text.replace("), ", ")\n"), f"[{text}]", f"({inner})",
        f"{{{inner}}}", text[:at], text[at:], text[:at] + rng.choice(PUNCTUATION + "[]{}=#;\\") + text[at:],
        text[:at] + text[at + 1 :], text.replace("=", ": "), text.replace("=", " = "), text.replace("'", '"'),
        f"\t{text}", f"'{text}'", f'"{text}"', f"[{inner},]", f"[[{inner}], []]", f"{text} #]", f"{text}[0]",
        text.replace("(", "(1, ", 1), text.replace("(", "(*x, ", 1), text.replace("(", "(**{}, ", 1),
        text.replace("True", "true"), text.lower(), text.upper(), f"await {inner}", f"x.y.{inner}",
        f"lambda: {inner}",
        f"f'{text}'", f"[x for x in {text}]", text.replace("=", "=...", 1), text.replace("=", "=x.", 1),
    ))  # fmt: skip


HAND_WRITTEN = (
    "", " ", "[", "]", "[]", "[[]]", "()", "[()]", "f", "f()", "[f]", "[f()]", "f(a=1), g(b=2)",
    "f(a=1); g()",
    "f(a=1)\ng(b=2)", "f(1, 2)", "f(a=1, 2)", "f(**{})", "f(**x)", "f(**{'a': 1})", "f(a=1, a=2)",
    "f(a={1, 2})",
    "f(a=f'{x}')", "f(a=x.y)", "f(a=[i for i in x])", "f(a=1 if x else 2)", "f(a=true)", "f(a=null, b=None)",
    "f(a=+5)", "f(a=-5)", "f(a=~5)", "f(a=not True)", "f(a=not None)", "f(a=--5)", "f(a=-x)", "f(a=-'x')",
    "f(a=-x.y)", "f(a=...)", "f(a=-...)", "f(a=x[0])", "f(a=x[1, 2])", "f(a=x[1:2])", "f(a=[1, 2][0])",
    "f(a=g())",
    "f(a=g(1))", "f(a=g(x=1))", "f(a=g(1, x=1))", "f(a=g(x=h(y=2)))", "f(a={**x})", "f(a={[]: 1})",
    "f(a={(1,): 1})",
    "f(a={g(x=1): 1})", "f(a={g(): 1})", "f(a=lambda: 1)", "f(a=1 < 2)", "f(a=x and y)", "f(a=(y := 1))",
    "f(a=*x)",
    "f(a=b'x')", "f(a=1j)", "f(a=-1j)", "f(a='x' 'y')", "f(a=(1,))", "f(a=())", "f(a=(1))", "f(a=0x10)",
    "f(a=1_000)",
    "f(a=1e999)", "f(a=-0.0)", "f(a=01)", "f(a='\\d')", "f(a=1if x else 2)", "f(a=\"it's\")", "a.b.c(x=1)",
    "f()(x=1)",
    "f()()", "x[0](a=1)", "[f](a=1) #]", "[f(a=1)] #]", "[f()][0](a=1), f() #]", "'f(a=1)'", "f(a=1)]",
    "[f(a=1)",
    "f(None=1)", "f(True=1)", "f(a b=1)", "await f()", "print('x')", "f(a='\x00')", "f(a='\n')",
    "f(a='''\n''')",
    "f(a=1)\n\n", "```python\nf(a=1)\n```", "```f(a=1)```", "`f(a=1)`", "[f(a=1)]\n[g(b=1)]",
    "f(a=\u201cx\u201d)",
    "\ufefff(a=1)", "f\u00a0(a=1)", "ﬁ(a=1)", "é(ñ='ü')", "f(a='\ud800')",
    "f(a=" + "[" * 150 + "]" * 150 + ")",
    "f(a=" + "(" * 300 + ")" * 300 + ")", "f(a=" + "9" * 5000 + ")", "f" * 10000 + "()",
    "f(a=" + "-" * 3000 + "1)",
    "f(a=" + "x[" * 50 + "0" + "]" * 50 + ")", "f(a=" + "g(b=" * 60 + "1" + ")" * 60 + ")",
    "f(a=2*3)", "f(a=1+2*3-4/5)", "f(a=2**10, b=7//2, c=-7%3)", "f(a=1+-2)", "f(a='x'+'y')", "f(a=3.5e-2*2)",
    "f(a=1/0)", "f(a=[1+1, {'b': 2-3}])", "f(a=(1+2)*(3-4))", "f(a=5&3|8^1)", "f(a=1<<4>>2)", "f(a=not 1+1)",
    "f(a='x'*3)", "f(a='x'-1)", "f(a=1+2j)", "f(a=True+1)", "f(a={1+1: 2})", "f(a=2**-1)", "f(a=(-8)**0.5)",
    "f(a=1+x)", "f(a=0**-1)", "f(a=1@2)", "f(a=1<<-1)", "f(a=[1]+[2])", "f(a=(1,)+(2,))", "f(a=b'x'+b'y')",
)  # fmt: skip


def arithmetic_is_harmless(text: str) -> bool:
    """Whether the official decoder, which evaluates every operator expression, may be given this text."""
    text = text.strip("`\n ")
    text = text if text.startswith("[") else f"[{text}"
    try:
        tree = ast.parse(text if text.endswith("]") else f"{text}]", mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    return all(isinstance(part, HARMLESS) for node in ast.walk(tree) if isinstance(node, ast.BinOp)
               for part in ast.walk(node))  # fmt: skip


HARMLESS = (ast.BinOp, ast.UnaryOp, ast.Constant, ast.Add, ast.Sub, ast.Mult, ast.Div, ast.UAdd, ast.USub)
