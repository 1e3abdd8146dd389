"""Training tests need the packages of the extra; their tiny base model is the one of `tests/conftest.py`."""

import pytest

pytest.importorskip("trl", reason="training needs callwright[train]")
