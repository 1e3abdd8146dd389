"""What must hold of every training run; its tests need the packages of the extra."""

import pytest

pytest.importorskip("trl", reason="training needs callwright[train]")
