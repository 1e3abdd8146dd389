"""The two fast cases give what the fused kernel gives; everything else reaches it unchanged."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from callwright.models.attention import BLOCK, attend


def tensors(rows: int, groups: int, shared: int, queries: int, keys: int) -> tuple[Any, Any, Any, Any]:
    generator = torch.Generator().manual_seed(queries * 1000 + keys)
    query = torch.randn(rows, groups * shared, queries, 16, generator=generator)
    key, value = (torch.randn(rows, groups, keys, 16, generator=generator) for _ in range(2))
    return SimpleNamespace(is_causal=True, num_key_value_groups=shared), query, key, value


def assert_same(arguments: tuple[Any, Any, Any, Any], mask: Any, **kwargs: Any) -> None:
    ours, none = attend(*arguments, mask, **kwargs)
    theirs, _ = sdpa_attention_forward(*arguments, mask, **kwargs)
    assert none is None
    assert ours.shape == theirs.shape
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)


@given(st.integers(1, 5), st.integers(1, 3), st.integers(1, 4), st.integers(1, 80), st.data())
def test_one_token_a_row(rows: int, groups: int, shared: int, keys: int, data: st.DataObject) -> None:
    lengths = torch.tensor(data.draw(st.lists(st.integers(1, keys), min_size=rows, max_size=rows)))
    unused = torch.arange(keys) >= lengths[:, None]
    mask = torch.zeros(rows, keys).masked_fill(unused, torch.finfo(torch.float32).min)[:, None, None]
    assert_same(tensors(rows, groups, shared, 1, keys), mask)
    assert_same(tensors(rows, groups, shared, 1, keys), mask, scaling=0.5)


@given(st.integers(1, 2), st.integers(1, 2), st.integers(1, 3), st.integers(2, 3 * BLOCK + 1))
def test_reading_a_whole_prompt(rows: int, groups: int, shared: int, length: int) -> None:
    assert_same(tensors(rows, groups, shared, length, length), None)


@pytest.mark.parametrize("length", [BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1])
def test_the_edges_of_a_block(length: int) -> None:
    assert_same(tensors(1, 2, 3, length, length), None, scaling=0.3)


def test_a_prompt_that_continues_a_prefix() -> None:
    seen = torch.ones(5, 90, dtype=torch.bool).tril(85)[None, None]
    assert_same(tensors(2, 2, 2, 5, 90), seen)


def test_boolean_masks_of_single_tokens() -> None:
    seen = torch.tensor([[True] * 9, [True] * 4 + [False] * 5])[:, None, None]
    assert_same(tensors(2, 2, 2, 1, 9), seen)


def test_attention_that_is_not_causal() -> None:
    module, *rest = tensors(1, 2, 2, 2 * BLOCK, 2 * BLOCK)
    module.is_causal = False
    assert_same((module, *rest), None)
