"""What the whole test suite shares: where public data lies, and a tiny model made on the spot."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tiny_model import make_base

ROOT = Path(__file__).parent.parent
# Hundreds of tests start the command line, which would be compiled each time where an image keeps nothing.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# A busy machine is no failure: how fast things are is measured in bench/.
settings.register_profile("untimed", settings.default, deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets beside the checkout; tests that need it skip where it is absent."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the public data folder is absent")
    return folder


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory with 2 layers, 64 dimensions and a tokenizer of 600 tokens."""
    pytest.importorskip("trl", reason="training needs callwright[train]")
    return make_base(tmp_path_factory.mktemp("tiny") / "base")
