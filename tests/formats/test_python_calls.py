"""The Python format against Python's own parser, and on what models write."""

import ast
import re
from typing import Any

import pytest
from format_strategies import argument_names, json_values
from hypothesis import given
from hypothesis import strategies as st

from callwright.formats import FORMATS, Malformed, Reply
from callwright.record import ToolCall

PYTHON = FORMATS["python"]


def arguments_by_python(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Read a list of calls as Python does."""
    tree = ast.parse(text, mode="eval").body
    assert isinstance(tree, ast.List)
    found = []
    for node in tree.elts:
        assert isinstance(node, ast.Call)
        assert not node.args
        arguments: dict[str, Any] = {}
        for keyword in node.keywords:
            value = ast.literal_eval(keyword.value)
            arguments.update(value if keyword.arg is None else {keyword.arg: value})
        found.append((ast.unparse(node.func), arguments))
    return found


@given(
    arguments=st.lists(st.dictionaries(argument_names, json_values, max_size=3), min_size=1, max_size=2),
    name=st.sampled_from(["book_table", "weather.get"]),
)
def test_what_is_rendered_is_python_with_the_same_meaning(name: str, arguments: list[dict[str, Any]]) -> None:
    text = PYTHON.render(Reply("", tuple(ToolCall(name=name, arguments=a) for a in arguments)))
    assert repr(arguments_by_python(text)) == repr([(name, a) for a in arguments])


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("[f()]", {}),
        (" [ f ( a = 1 , b = 'x' , ) , ] \n", {"a": 1, "b": "x"}),
        ("[f(a='it\\'s', b=\"\\x41\\u00e9\\U0001F600\")]", {"a": "it's", "b": "Aé😀"}),
        ("[f(a=-1.5e-3, b=1., c=-0, d=2e3)]", {"a": -0.0015, "b": 1.0, "c": 0, "d": 2000.0}),
        ("[f(a=[1, [2], {}], b={'k': None, \"l\": [True, False]},)]",
         {"a": [1, [2], {}], "b": {"k": None, "l": [True, False]}}),
        ("[f(**{'odd key': 1, 'from': 2}, b=3)]", {"odd key": 1, "from": 2, "b": 3}),
        ("[f(from='a', größe=1)]", {"from": "a", "größe": 1}),
        ("```\n[f(a=1)]\n```", {"a": 1}),
        ("```python\n[f(a=1)]\n```\n", {"a": 1}),
    ],
)  # fmt: skip
def test_reads_what_models_write(text: str, arguments: dict[str, Any]) -> None:
    result = PYTHON.parse(text)
    assert repr(result) == repr(Reply("", (ToolCall(name="f", arguments=arguments),)))


def test_an_empty_list_is_a_reply_without_calls() -> None:
    assert PYTHON.parse("[]") == Reply("", ())


@pytest.mark.parametrize(
    "inside",
    ["1", "'x'", "a=1, 2", "a=true", "a=x", "a=f()", "a=1+1", "a=(1, 2)", "a={1}", "a={1: 2}", "a='x' 'y'",
     "a=f'x'", "a=b'x'", "a=r'x'", "a='''x'''", "a='\\d'", "a='\\N{DASH}'", "a='\\0'", "a='\\U00110000'",
     "a='\\x4'", "a='\n'", "a='x", "a=01", "a=1_000", "a=0x1", "a=1j", "a=.5", "a=+1", "a=--1", "a=1e999",
     "a=inf", "a=...", "a=[1 2]", "a=[,]", "a=[1,,2]", "a=1, a=2", "a=1, **{'a': 2}", "a={'k': 1, 'k': 2}",
     "**{1: 2}", "**a", "*[1]", "a", "a=", "=1", "a==1", "a: 1", "a=Nonesuch", "a=1 # x",
     "a=__import__('os').getpid()", "a=[x for x in y]", "a=lambda: 1", "1a=1", ","],
)  # fmt: skip
def test_reads_nothing_else(inside: str) -> None:
    assert isinstance(PYTHON.parse(f"[f({inside})]"), Malformed)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("[f(a=1)", 7),
        ("[f(a=1)]]", 8),
        ("[f(a=1)] Done.", 9),
        ("[f(a=1) g()]", 8),
        ("[f(a=1); g()]", 7),
        ("[see](http://x)", 4),
        ("[1] As the source says", 2),
        ("[f(a=1, a=2)]", 8),
        ("[f(a='x)]", 5),
    ],
)
def test_says_where_a_list_goes_wrong(text: str, position: int) -> None:
    result = PYTHON.parse(text)
    assert isinstance(result, Malformed)
    assert result.position == position


def test_no_call_is_ever_made_of_the_words_of_the_data(tmp_path: Any) -> None:
    planted = tmp_path / "planted"
    text = f"[f(a=open({str(planted)!r}, 'w'))]"
    assert isinstance(PYTHON.parse(text), Malformed)
    assert not planted.exists()
    assert re.search("expected", str(PYTHON.parse(text)))
