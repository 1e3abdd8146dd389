"""Calls in Java and JavaScript, right and spoilt, and made-up rows for them: seeded, thousands of each."""

import random
from typing import Any

from callwright.evaluate.bfcl.gold_source import as_source

TYPES = {
    "simple_java": (
        "byte", "short", "integer", "float", "double", "long", "boolean", "char", "String", "any", "HashMap",
        "Hashtable", "Queue", "Set", *("Array", "ArrayList", "HashMap") * 3,
    ),
    "simple_javascript": (
        "String", "integer", "float", "Bigint", "Boolean", "any", *("dict", "array") * 4,
    ),
}  # fmt: skip
PIECES = (
    "new ", "ArrayList", "<String>", "<>", "<Integer>", "(", "()", ")", "Arrays.asList(", "))", "{{", "{",
    "}", "}}", " ", "\n", 'add("a");', "add(1)", 'put("k", 1);', 'put("', '"', '",', ",", ", ", "1", "2.5",
    "3L", "3f", "true", "'a'", "'", '"x"', "[", "]", "[]", "[[", "]]", "new int[]{", "new String[]{",
    "HashMap", "new Array(", "],[", ":", "a: 1", "'k': 'v'", "x", "-", "e5", "7n", "é",
    "new HashMap<String, Object>() {{", ".", "=", ";", "null", "None", "undefined", "a.b", "c()", "=>",
    "//", "/*", "x -> x", "(int) 1", "String.class", "\\", "{}",
)  # fmt: skip
"""Fragments that converters and grammars look for."""

HAND_WRITTEN = (
    "", " ", "[", "]", "[]", "f", "f()", "[f()]", "f(a=1)", "f(a=1), g(b=2)", "f(a=1); g(b=2)",
    "f(a=1)\ng(b=2)", "f(1, 2)", "f(x)", "f(x, y)", "f(true)", "f(true, x)", "f(a=1, a=2)", "f(x, a=1)",
    "a.b.c(x=1)", "a().b(x=1)", "new A().f(x=1)", "f(a=g(b=1))", "f(a=g(1))", "f(a=x.y)", "f(a=x[0])",
    "f(a=\"it's\")", "f(a='x')", "f(a='')", 'f(a="")', "f(a='xy')", "f(a=null)", "f(a=-1)",
    "f(a=1L, b=2.5f)", "f(a=1 + 2)", "f(a=(1))", "f(a=x -> x)", "f(a=() => 1)",
    "f(a=function() { return 1; })", "f(a=`x${y}`)", "f(a=[1, 2])", "f(a=[[1], [2]])", "f(a={})",
    "f(a={b: 1, 'c': [2]})", "f(a=new int[]{1, 2})", 'f(a=new String[]{"x", "y"})', "f(a=new int[5])",
    "f(a=new int[2][3])", "f(a=new int[][]{{1}, {2}})", "f(a=new A())", "f(a=new A(1, \"x\"))",
    "f(a=new A[0])", 'f(a=new HashMap<String, Integer>() {{ put("k", 1); }})',
    "f(a=new ArrayList<>(Arrays.asList(1, 2)))", "f(a=new ArrayList<String>() {{ add(\"x\"); }})",
    "f(a=List.of(1))", "f(a=String.class)", "f(a=A::b)", "f(a=new Array(1, 2))", "f(a=new Set([1]))",
    "f(a=true, b=false, c=undefined)", "f(a=/x/)", "f(a+=1)", "f(a=b=1)", "f(\"a\"=1)", "f(a: 1)",
    "f({a: 1})", "f(...a)", "f?.(a=1)", "f`x`", "await f(a=1)", "x = f(a=1)", "var x = f(a=1);",
    "int x = f(a=1);", "class A { void b() { f(a=1); } }", "if (x) f(a=1)", "return f(a=1)", "f(a=é)",
    "é(a=\"ü\", b=2)", "f(a=\"日本\", b=new int[]{1})", "f(a='\ud800')", "f(a=\x00)", "// f(a=1)",
    "f(a=1) // x", "f(a=1 /* x */, b=2)", "f(/* x */ a=1)", "f(a /* x */ = 1)", "f(a=(String) x)",
    "f(a=x ? y : z)", "f(a=\"x\" + \"y\")", "f(a=\"\\n\")", "f(a=@X)", "```java\nf(a=1)\n```", "`f(a=1)`",
    "f(a=1", "f(a=1))", "f(a=)", "f(a=1,)", "f(,)", "f(a=1 b=2)", "Sure! f(a=1)", "f(a=1) Done.",
    "f(a=0x1F, b=1_000, c=1e5)", "f(a=\"\"\"\nx\"\"\")", "f(a=new A(new B(1), \"x\", 'c') {{ d(); }})",
    "f(a=new A<B<C>>(d))", "f(a=b.new C())", "super.f(a=1)", "this.f(a=1)", "f(a=this)", "<T>f(a=1)",
    "A.<T>f(a=1)", "f(a=1)(b=2)", "f(a=1).g(b=2)", "new F(a=1)", "f(a=" + "(" * 60 + "1" + ")" * 60 + ")",
)  # fmt: skip


def as_text(calls: list[Any], rng: random.Random) -> str:
    """Write calls with strings as source: some in quotes, some bare, as models do."""
    return "[" + ", ".join(_call(name, given, rng) for c in calls for name, given in c.items()) + "]"


def _call(name: str, given: dict[Any, Any], rng: random.Random) -> str:
    return f"{name}({', '.join(f'{k}={_source(str(v), rng)}' for k, v in given.items())})"


def _source(text: str, rng: random.Random) -> str:
    looks_like_code = text[:1] in "[{-0123456789" or text.startswith(("new ", "true", "false"))
    if rng.random() < (0.1 if looks_like_code or text.isidentifier() else 0.8):
        return rng.choice((f'"{text}"', f"'{text}'", f'"{text}"'))
    return text


def spoil_strings(calls: list[Any], rng: random.Random) -> list[Any]:
    """Return calls with one string argument garbled."""
    spoilt = [{name: dict(given) for name, given in call.items()} for call in calls]
    given = next(iter(rng.choice(spoilt).values()))
    if given:
        name = rng.choice(list(given))
        given[name] = garbled(str(given[name]), rng)
    return spoilt


def garbled(text: str, rng: random.Random) -> str:
    at, to = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
    piece = rng.choice(PIECES)
    return rng.choice((
        text[:at] + piece + text[at:], text[:at] + text[to:], text + piece, piece + text, f'"{text}"',
        f"'{text}'", text.replace('"', "'"), text.replace('"', ""), text.replace(", ", ","),
        text.replace(" ", ""), f" {text} ", f"{text}L", f"{text}f", f"{text}.0", f"{text}\n", text.upper(),
        text.replace("true", "false"), text.replace("{{", "{").replace("}}", "}"), text.replace("(", "( "),
        f"[{text}]", f"{{{text}}}", f"new {text}", text.replace("Object", "String"),
        text.replace("ArrayList", "Array"), text.replace("[", "[["),
    ))  # fmt: skip


def case(rng: random.Random) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]], list[Any]]:
    """Return category, function documents, answer and calls of a made-up row."""
    category = rng.choice(list(TYPES))
    properties: dict[str, Any] = {}
    allowed: dict[str, list[Any]] = {}
    given: dict[str, Any] = {}
    for name in rng.sample("abc", rng.randint(1, 3)):
        kind, item = rng.choice(TYPES[category]), rng.choice(TYPES[category])
        properties[name] = {"type": kind, **({"items": {"type": item}} if "rray" in kind else {})}
        allowed[name] = [value(kind, item, rng, answer=True) for _ in range(rng.choice((1, 1, 2)))]
        if rng.random() < 0.2:
            allowed[name].append("")
        given[name] = written(allowed[name][0], category, kind, item, rng)
    required = [name for name in properties if rng.random() < 0.5]
    parameters = {"type": "dict", "properties": properties, "required": required}
    return category, [{"name": "f.g", "parameters": parameters}], [{"f.g": allowed}], [{"f.g": given}]


def value(kind: str, item: str, rng: random.Random, *, answer: bool = False) -> Any:
    """Return a value of the type, in the form of possible answers if `answer`."""
    if rng.random() < 0.08:
        return rng.choice(("x", "someVariable", "1", 2))
    if kind in ("byte", "short", "integer", "long", "Bigint"):
        return rng.choice((0, 1, -2))
    if kind in ("float", "double"):
        return rng.choice((0.0, 1.5, -2.0))
    if kind in ("boolean", "Boolean"):
        return rng.random() < 0.5
    if kind in ("Array", "ArrayList", "array", "Queue", "Set"):
        return [value(item, "String", rng, answer=answer) for _ in range(rng.randint(0, 3))]
    if kind in ("HashMap", "Hashtable", "dict"):
        found = {
            k: value(rng.choice(("integer", "String", "Boolean")), "", rng) for k in rng.sample("xyz", 2)
        }
        return {k: [v] for k, v in found.items()} if answer else found
    return rng.choice(("a", "B c", "it's", "x_y"))


def written(answer: Any, category: str, kind: str, item: str, rng: random.Random) -> Any:
    """Return the string that stands for the answer, at times garbled or no string."""
    plain = {k: v[0] for k, v in answer.items()} if isinstance(answer, dict) else answer
    if isinstance(plain, list):
        plain = [{k: v[0] for k, v in e.items()} if isinstance(e, dict) else e for e in plain]
    text = as_source(plain, "java" if category == "simple_java" else "javascript", kind, item)
    if rng.random() < 0.3:
        return garbled(text, rng)
    return rng.choice((1, None, [text], True)) if rng.random() < 0.03 else text
