"""The layers of a model, translated by torch.compile.

A layer with adapters is a hundred small operations. A GPU does each of them faster than Python asks for the
next, so a model of a hundred million weights leaves it idle for most of a step; a translated layer asks for a
few large ones.
"""

from __future__ import annotations

from typing import Any

import torch
from transformers import AttentionInterface

from callwright.train.attention import ATTENTION, attend

VARIANTS = 32
"""Of a layer, kept translated: it differs by whether it is trained, measured or a reference, and by whether
its input has a gradient."""


def compiled(model: Any, backend: str = "inductor") -> Any:
    """Let the layers of a model be translated when they are first used; return the model.

    Attention stays as it is, a call of one kernel, since what it is told differs with every pack.
    """
    torch._dynamo.config.recompile_limit = VARIANTS
    AttentionInterface.register(ATTENTION, torch.compiler.disable(attend))  # type: ignore[no-untyped-call]
    for layer in model.get_decoder().layers:
        layer.compile(dynamic=True, backend=backend)
    return model
