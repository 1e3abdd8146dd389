"""Prompts and tools beside those of the official builders, byte for byte, and beside recorded hashes."""

import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from callwright import assets
from callwright.errors import DataError
from callwright.evaluate.bfcl.data import SINGLE_TURN, Row, load
from callwright.evaluate.bfcl.official_prompts import official_messages, official_tools
from callwright.evaluate.bfcl.wheel_literals import literal

pytestmark = pytest.mark.usefixtures("bfcl")
RECORDED = {
    "simple_python": ("a49955bea1ac9beb", "40ef56b743204e85"),
    "simple_java": ("7497a7a2532f0013", "e61dfcae5c1f02ca"),
    "simple_javascript": ("4dc5617d3655cfde", "a6af2d29d3b7e18d"),
    "multiple": ("c8b4ed8e51981694", "6bb9cf737d3f8a29"),
    "parallel": ("5584605eb9581be1", "39703222ff38288d"),
    "parallel_multiple": ("96eeae167bfc6a70", "1ece00e3b62add03"),
    "irrelevance": ("ffcd4437ff7076f6", "30600c022bbf58e1"),
    "live_simple": ("86a83aa69bffaab4", "2414a809628dd33d"),
    "live_multiple": ("8e5e1064acf742ab", "9545c4c36e9a43a8"),
    "live_parallel": ("d08b089acba77237", "c5ce78f719d47fce"),
    "live_parallel_multiple": ("5c2336f0913e10a6", "81bea5611e2fe5ba"),
    "live_irrelevance": ("386f8d0fd98eacf0", "d5470595f6e82c7a"),
    "live_relevance": ("4de06e20cec0ade2", "93dffd9ac742160b"),
}
"""The first 16 digits of the sha256 over all prompts and over all tools of a category."""


def sha256(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("category", SINGLE_TURN)
def test_prompts_and_tools_are_the_recorded_ones(category: str) -> None:
    rows = load((category,)).rows
    prompts, tools = [official_messages(row) for row in rows], [official_tools(row) for row in rows]
    assert (sha256(prompts)[:16], sha256(tools)[:16]) == RECORDED[category]


@pytest.mark.slow
def test_prompts_and_tools_equal_the_official_builders(tmp_path: Path) -> None:
    script = Path(__file__).with_name("bfcl_prompt_oracle.py")
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
        wheel.extractall(tmp_path)
    command = [sys.executable, "-W", "ignore", str(script), str(tmp_path), *SINGLE_TURN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr[-2000:]
    official = [line.split() for line in done.stdout.splitlines()]
    ours = [
        [row.id, sha256(official_messages(row)), sha256(official_tools(row))]
        for row in load(SINGLE_TURN).rows
    ]
    assert len(official) == 3641
    assert [a[0] for a, b in zip(official, ours, strict=True) if a != b] == []


def row(**changes: object) -> Row:
    doc = {"name": "a.b", "description": "Do it.", "parameters": {"type": "dict", "properties": {}}}
    values = {"id": "x_0", "question": [[{"role": "user", "content": "hi"}]], "function": [doc]}
    return Row(**{**values, "category": "simple_python", **changes})  # type: ignore[arg-type]


def roles(messages: Iterable[dict[str, object]]) -> list[object]:
    return [message["role"] for message in messages]


def test_a_system_message_of_the_row_comes_after_the_official_one_and_the_row_stays_as_it_is() -> None:
    turn = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    own = row(question=[turn])
    messages = official_messages(own)
    assert roles(messages) == ["system", "user"]
    assert messages[0]["content"] == f"{official_messages(row())[0]['content']}\n\nBe brief."
    assert own.question[0][0]["content"] == "Be brief."
    assert own.function[0]["description"] == "Do it."


def test_a_dot_in_a_name_is_an_underscore_in_tools_but_not_in_prompts() -> None:
    assert official_tools(row())[0]["function"]["name"] == "a_b"
    assert '"name": "a.b"' in official_messages(row())[0]["content"]


def test_a_constant_that_the_wheel_lacks_is_named() -> None:
    with pytest.raises(DataError, match="NO_SUCH"):
        literal("bfcl_eval/constants/type_mappings.py", "NO_SUCH")
