"""Models of the Hugging Face Hub: the user's cache first, the network only where that lacks one, and aloud.

What is fetched are configuration, tokenizer and safetensors, never pickles, and no copy in another layout.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from callwright.errors import AssetError, ExtraMissing

WANTED = ["*.json", "*.safetensors", "*.model", "*.txt", "*.jinja"]
UNWANTED = ["consolidated*", "original/*", "onnx/*", "runs/*"]
ASKED_FOR = "CALLWRIGHT_HUB_OFFLINE"
"""Environment: what the user said of ``HF_HUB_OFFLINE`` before the command line set it for its libraries."""


def hub_directory(name: str, say: Callable[[str], None]) -> Path:
    """Return the directory of the model `name` in the Hugging Face cache; `say` is told before it is fetched.

    Raises `AssetError` where it is neither there nor can be fetched.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError
    except ImportError as error:
        raise ExtraMissing(str(error), hint="pip install 'callwright[train]'") from None
    try:
        folder = Path(
            snapshot_download(name, allow_patterns=WANTED, ignore_patterns=UNWANTED, local_files_only=True)
        )
    except LocalEntryNotFoundError:
        return Path(_fetch(name, say))
    # A cache may hold no more of a model than what somebody once looked up.
    return folder if any(folder.glob("*.safetensors")) else Path(_fetch(name, say))


def _fetch(name: str, say: Callable[[str], None]) -> str:
    from huggingface_hub import constants, snapshot_download

    if os.environ.get(ASKED_FOR, os.environ.get("HF_HUB_OFFLINE", "0")).upper() in ("1", "ON", "YES", "TRUE"):
        raise _missing(name, "HF_HUB_OFFLINE is set")
    say(f"  fetching {name} from {constants.ENDPOINT}")
    offline, constants.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE, False
    try:
        return snapshot_download(name, allow_patterns=WANTED, ignore_patterns=UNWANTED)
    except Exception as error:  # the hub's, of its HTTP client, or of the disk
        raise _missing(name, str(error).strip().partition("\n")[0][:200] or type(error).__name__) from error
    finally:
        constants.HF_HUB_OFFLINE = offline


def _missing(name: str, why: str) -> AssetError:
    return AssetError(
        f"{name} is neither a directory nor in the Hugging Face cache, and can not be fetched",
        got=why,
        hint=f"on a connected machine run `hf download {name}`, or name a directory",
    )
