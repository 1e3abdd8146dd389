"""Attention in a pack is attention over what each token may see, with its gradients."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from callwright.train import attention
from callwright.train.attention import Layout, attend

SIZE = 4


def seen_by(layout: Layout, window: int | None) -> torch.Tensor:
    """Return which place each place sees, from what the layout says alone: (tokens, tokens)."""
    kinds: list[tuple[int, int, int]] = []  # of each place: its tree, its branch (0 the trunk), its position
    for number, (trunk, *branches) in enumerate(layout.trees):
        kinds += [(number, 0, i) for i in range(trunk)]
        for branch, length in enumerate(branches, start=1):
            kinds += [(number, branch, trunk + i) for i in range(length)]
    return torch.tensor(
        [
            [
                tree == other and part in (0, own) and at <= here and (window is None or here - at < window)
                for other, part, at in kinds
            ]
            for tree, own, here in kinds
        ]
    )


def dense(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Attention over all scores, as it stands in textbooks."""
    k, v = (x.repeat_interleave(q.shape[1] // k.shape[1], dim=1) for x in (k, v))
    scores = (q @ k.mT / SIZE**0.5).masked_fill(~seen, -torch.inf)
    return (scores.softmax(-1) @ v).transpose(1, 2)


def one_by_one(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    queries: torch.Tensor,
    keys: torch.Tensor,
    most_queries: int,
    most_keys: int,
    *,
    scale: float,
    window_size: tuple[int, int],
) -> torch.Tensor:
    """What torch says of `varlen_attn`, which runs on a GPU only: ranges aligned at their ends."""
    parts: list[torch.Tensor] = []
    for i in range(len(queries) - 1):
        own, seen = slice(*queries[i : i + 2].tolist()), slice(*keys[i : i + 2].tolist())
        (length, places), (left, right) = (own.stop - own.start, seen.stop - seen.start), window_size
        assert length <= most_queries
        assert places <= most_keys
        assert right == 0
        mask = torch.ones(length, places, dtype=torch.bool).tril(places - length)
        mask &= torch.ones_like(mask).triu(places - length - (places if left == -1 else left))
        scores = torch.einsum("qhd,khd->hqk", q[own], k[seen]) * scale
        parts.append(torch.einsum("hqk,khd->qhd", scores.masked_fill(~mask, -torch.inf).softmax(-1), v[seen]))
    return torch.cat(parts)


trees = st.lists(
    st.tuples(st.integers(0, 9), st.integers(1, 9)) | st.tuples(*[st.integers(1, 9)] * 3),
    min_size=1,
    max_size=3,
)


@pytest.mark.parametrize("kernel", ["fused", "in pieces", "at once"])
@settings(max_examples=30)
@given(
    trees=trees, fill=st.integers(0, 3), groups=st.sampled_from([1, 2]), window=st.none() | st.integers(1, 12)
)
def test_a_token_attends_to_its_trunk_and_to_its_branch(
    kernel: str,
    trees: list[tuple[int, ...]],
    fill: int,
    groups: int,
    window: int | None,
) -> None:
    layout = Layout(tuple(trees), fill)
    tokens = sum(map(sum, trees))
    torch.manual_seed(tokens)
    q, k, v = (
        torch.randn(1, heads, tokens + fill, SIZE, requires_grad=True)
        for heads in (2 * groups, groups, groups)
    )
    expected = dense(*(x[:, :, :tokens] for x in (q, k, v)), seen_by(layout, window))
    weights = torch.randn_like(expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(attention, "IN_PIECES", (torch.float32,) if kernel == "in pieces" else ())
        patch.setattr(attention, "_has_flash", lambda query: kernel == "at once")
        patch.setattr(attention, "varlen_attn", one_by_one)
        patch.setattr(attention, "PIECE", 3)
        found, _ = attend(None, q, k, v, None, layout=layout, sliding_window=window)
        slopes = torch.autograd.grad((found[:, :tokens] * weights).sum(), (q, k, v))
    assert found.shape == (1, tokens + fill, 2 * groups, SIZE)
    assert not found[:, tokens:].any()
    assert torch.allclose(found[:, :tokens], expected, atol=1e-6)
    for slope, right in zip(slopes, torch.autograd.grad((expected * weights).sum(), (q, k, v)), strict=True):
        assert torch.allclose(slope, right, atol=1e-5)
