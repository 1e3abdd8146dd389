"""Answers in the formats that the format-sensitivity category asks for, right and garbled."""

import json
import random
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from bfcl_mutations import as_text

TYPES = {
    str: "string",
    int: "integer",
    float: "float",
    bool: "boolean",
    list: "array",
    dict: "dict",
    tuple: "tuple",
}
HAND_WRITTEN = (
    "", "[]", "[{}]", "{}", "null", "3", '"x"', '{"function": "f", "parameters": {}}',
    '[{"function": "f"}]', '[{"function": "f", "parameters": null}]',
    '[{"function": null, "parameters": {}}]', '[1, {"a": 2}]', '[{"function": [], "parameters": {}}]',
    '```json\n[{"function": "f", "parameters": {"a": 1}}]\n```',
    'Sure: [{"function": "f", "parameters": {"a": [1, 2]}}] Done [x].', '[{"a": 1}, {"b": 2}',
    '[{"a"}, {}]', '[{"function": "f", "parameters": {"a": "}]"}}]',
    '[\n {"function": "f", "parameters": {}} ,\n {"x": 1} ]',
    '[{"function": "f", "parameters": {"a": ' + "9" * 5000 + "}}]", "[{" * 3000, '[{"a": 1},' * 2000 + "x",
    "<functions></functions>", "<functions>x</functions>", "<functions><function/></functions>",
    "<functions>", '<functions><function name="f"/></functions>',
    '<functions><function name="f"><params/></function></functions>',
    '<functions><function name="f"><param name="a">x</param></function></functions>',
    '<functions><function name="f"><param name="a" value="x"/></function></functions>',
    '<functions><function name="f"><param value="x"/></function></functions>',
    '<functions><function name="f"><param name="a" type="integer">1_0</param></function></functions>',
    '<functions><function name="f"><param name="a" type="integer" value=" 7 "/></function></functions>',
    '<functions><function name="f"><param name="a" type="float">nan</param></function></functions>',
    '<functions><function name="f"><param name="a" type="boolean">TRUE</param></function></functions>',
    '<functions><function name="f"><param name="a" type="null">1</param></function></functions>',
    '<functions><function name="f"><param name="a" type="array">[{"b": (2,)}]</param></function></functions>',
    '<functions><function name="f"><param name="a" type="array">x</param></function></functions>',
    '<functions><function name="f"><param name="a" type="dict">{1: f()}</param></function></functions>',
    '<functions><function name="f"><param name="a" type="other"> x </param></function></functions>',
    '<functions><function name="f"><param name="a">&lt;&amp;&#65;</param></function></functions>',
    '<functions><function name="f"><param name="a">&x;</param></function></functions>',
    '<!DOCTYPE d [<!ENTITY e "x">]><functions><function name="&e;"/></functions>',
    '<functions><!DOCTYPE d [<!ENTITY e "x">]><function name="&e;"/></functions>', "<TOOLCALL></TOOLCALL>",
    "<TOOLCALL>f(a=1)</TOOLCALL>", "<TOOLCALL>{f(a=1)}</TOOLCALL>", "<TOOLCALL>f(a=1)",
    "<TOOLCALL>'[f(a=1)]'</TOOLCALL>", "x <TOOLCALL> [f(a=1)] </TOOLCALL> y",
    "<TOOLCALL>f(), g()</TOOLCALL>", "<TOOLCALL>(f(a=1), g())</TOOLCALL>", "<TOOLCALL>f\n(a=1)</TOOLCALL>",
    "<TOOLCALL>x</TOOLCALL><TOOLCALL>f()</TOOLCALL>",
)  # fmt: skip


def written(calls: list[Any], answers: str, tagged: bool, rng: random.Random) -> str:
    """Return the calls in a format, now and then garbled."""
    if answers == "python":
        text = as_text(calls)
    elif answers == "json":
        given = [{"function": n, "parameters": a} for call in calls for n, a in call.items()]
        text = json.dumps(given, default=repr, skipkeys=True, indent=rng.choice((None, 1)))
        text = rng.choice((text, text, f"```json\n{text}\n```", f"Here: {text}"))
    else:
        text = "".join(_function(n, a, answers, rng) for call in calls for n, a in call.items())
        text = f"<functions>{text}</functions>"
    if rng.random() < 0.3:
        at = rng.randrange(len(text) + 1)
        text = rng.choice(
            (text[:at], text[at:], text[:at] + rng.choice("<>{}[]\"',x&") + text[at:], text[:-1])
        )
    return f"<TOOLCALL>{text}</TOOLCALL>" if tagged and rng.random() < 0.9 else text


def _function(name: str, given: dict[Any, Any], answers: str, rng: random.Random) -> str:
    inside = "".join(_parameter(str(k), v, answers, rng) for k, v in given.items())
    if answers == "verbose_xml" and rng.random() < 0.9:
        inside = f"<params>{inside}</params>"
    return f"<function name={quoteattr(name)}>{inside}</function>"


def _parameter(name: str, value: Any, answers: str, rng: random.Random) -> str:
    kind = (
        TYPES.get(type(value), "null")
        if rng.random() < 0.93
        else rng.choice(("string", "integer", "x", "float"))
    )
    attributes = f"name={quoteattr(name)} type={quoteattr(kind)}"
    if answers == "verbose_xml":
        return f"<param {attributes} value={quoteattr(str(value))}/>"
    return f"<param {attributes}>{escape(str(value))}</param>"
