"""What the decoder promises beyond equality with the official one: it never runs, raises or hangs."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.evaluate.bfcl.decode import Undecodable, decode
from callwright.evaluate.bfcl.gold import as_text

HOSTILE = (
    "[f(a=0+__import__('os').getpid())]",
    "[f(a=(lambda: open({path!r}, 'w'))() + 1)]",
    "[f(a=[].__class__ + 1)]",
    "[f(a=open({path!r}, 'w').write('x') + 0)]",
    "[f(a=exec('import os') or 1 + 1)]",
    "[f(a=1 + exec(\"open({path!r}, 'w')\"))]",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_model_output_is_never_run(text: str, tmp_path: Path) -> None:
    target = tmp_path / "written"
    assert isinstance(decode(text.format(path=str(target))), Undecodable)
    assert not target.exists()


@pytest.mark.parametrize(
    "text",
    [
        "f(a=9**9**9)", "f(a=1<<999999999)", "f(a='x'*10**9)", "f(a=[0]*10**9)", "f(a=10**9*(1,))",
        "f(a='x'*4096*4096*4096)", "f(a=[[0]*4096]*4096*4096)",
        "f(a=2**4000*2**4000)", "f(a='%999999999d' % 1)", "f(a=b'%999999999d' % 1)", "f(a=True<<10**9)",
        "f(a=2**(2**20))", "f(a=" + "*".join(["9" * 4000] * 200) + ")", "f(a=" + "1+" * 50_000 + "1)",
        "(" * 100_000, "f(a=" + "[" * 100_000, "f(a=" + "-" * 100_000 + "1)", "f(" * 50_000 + ")" * 50_000,
        "x." * 50_000 + "f()", "f(a={" * 5_000 + "}" * 5_000 + ")",
    ],
)  # fmt: skip
def test_bombs_come_back_at_once_as_undecodable(text: str) -> None:
    started = time.monotonic()
    decoded = decode(text)
    assert time.monotonic() - started < 2
    assert isinstance(decoded, Undecodable) or text.startswith("x.")


@given(st.text() | st.text(alphabet="f(a=1,)[]{}'\"\\*-+. \n`:#xgn"))
def test_any_text_is_decoded_or_not_but_never_raises(text: str) -> None:
    decode(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
arguments = st.dictionaries(st.sampled_from(["city", "days", "_x", "ñ"]), values)
calls = st.builds(lambda n, a: {n: a}, st.sampled_from(["f", "weather.get", "a.b.c_d"]), arguments)


@given(st.lists(calls, max_size=3))
def test_what_is_written_as_calls_is_read_back(written: list[dict[str, dict[str, object]]]) -> None:
    assert decode(as_text(written)) == written


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I can not do that.", "not-python"), ("[1, 2]", "not-a-list-of-calls"),
        ("f(a=x.y)", "not-a-literal"), ("f(a={[]: 1})", "not-a-literal"),
        ("f(a=1/0)", "arithmetic"), ("f(a=1+x)", "arithmetic"),
        ("f(a=9**9**9)", "arithmetic"),
    ],
)  # fmt: skip
def test_the_reason_says_what_was_wrong(text: str, reason: str) -> None:
    decoded = decode(text)
    assert isinstance(decoded, Undecodable)
    assert decoded.reason == reason
