"""Model specs with a price behind them, and the two ways to write a server's model."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ConfigError
from callwright.models.http import url_and_name
from callwright.models.prices import Price, split_price

amounts = st.decimals(0, 10_000, allow_nan=False, places=2)
names = st.sampled_from(["m", "Qwen/Qwen2.5-7B", "llama3:8b", "@cf/meta/llama-3", "claude@20240620", "a@b/c"])


@given(names, amounts, amounts)
def test_a_price_is_split_off_and_the_name_stays_whole(name: str, prompt: object, completion: object) -> None:
    spec, price = split_price(f"http://host/v1#{name}@{prompt}/{completion}")
    assert spec == f"http://host/v1#{name}"
    assert price == Price(float(str(prompt)), float(str(completion)))


@given(names)
def test_a_name_without_a_price_is_left_alone(name: str) -> None:
    assert split_price(f"http://host/v1#{name}") == (f"http://host/v1#{name}", None)


@pytest.mark.parametrize("tail", ["@1/", "@/2", "@-1/2", "@1/2/3", "@1,5/2", "@$1/$2", "@/"])
def test_half_a_price_is_refused(tail: str) -> None:
    with pytest.raises(ConfigError, match="IN/OUT"):
        split_price(f"http://host/v1#m{tail}")


def test_a_directory_is_never_a_price(tmp_path: Path) -> None:
    folder = tmp_path / "m@1" / "2"
    folder.mkdir(parents=True)
    assert split_price(str(folder)) == (str(folder), None)


def test_dollars_are_per_million_tokens() -> None:
    assert Price(0.5, 2.0).dollars(2_000_000, 500_000) == 2.0


@pytest.mark.parametrize(
    ("spec", "url", "name"),
    [
        ("http://h/v1#m", "http://h/v1", "m"),
        ("http://h:8000/v1:my-model", "http://h:8000/v1", "my-model"),
        ("http://h:11434/v1:llama3:8b", "http://h:11434/v1", "llama3:8b"),
        ("https://h/v1:Qwen/Qwen2.5-7B", "https://h/v1", "Qwen/Qwen2.5-7B"),
        ("http://[::1]:8000/v1:m", "http://[::1]:8000/v1", "m"),
        ("http://h/v1#llama3:8b", "http://h/v1", "llama3:8b"),
    ],
)
def test_a_servers_model_is_written_with_a_hash_or_a_colon(spec: str, url: str, name: str) -> None:
    assert url_and_name(spec) == (url, name)


@pytest.mark.parametrize(
    "spec",
    ["http://h/v1", "http://h:8000/v1", "http://h/v1#", "http://h/v1: ", "http:///v1:m", "http://#m",
     "http://h:port/v1:m", "http://h:99999/v1:m", "http://h:8000:m", "http://[::1/v1:m", "http://me:pw@h/v1"],
)  # fmt: skip
def test_a_url_without_host_or_model_is_one_line_and_shows_no_password(spec: str) -> None:
    with pytest.raises(ConfigError, match="#name") as caught:
        url_and_name(spec)
    assert "\n" not in str(caught.value)
    assert "pw" not in str(caught.value)
