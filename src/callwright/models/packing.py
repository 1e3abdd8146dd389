"""Linear layers with their weights laid out for oneDNN once, and not anew in every product.

Products of few rows are bound by reading the weights, which a plain `torch.nn.Linear` lays out each time. For
inference only: gradients do not pass.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

ROWS = 32
"""The number of rows that the layout is made for; others work as well."""


class PackedLinear(nn.Module):
    """Does what a `nn.Linear` does; its weights can be read no more."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.in_features, self.out_features = linear.in_features, linear.out_features
        self.bias = linear.bias
        self._packed: Tensor = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), ROWS)

    def forward(self, x: Tensor) -> Tensor:
        """Return the products of the last dimension with the weights."""
        out: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")
        return out


def pack(model: Any) -> None:
    """Replace the linear layers of a model on the CPU, where this torch and this processor can."""
    for module in list(model.modules()):
        for name, child in module.named_children():
            if type(child) is nn.Linear:
                try:
                    setattr(module, name, PackedLinear(child))
                except (AttributeError, RuntimeError):  # no oneDNN, or none for this number format
                    return
