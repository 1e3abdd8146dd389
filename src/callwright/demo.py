"""The tools of the demo: the example file of this distribution."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from callwright.errors import ToolsError


def example_tools() -> Path:
    """Return the path of ``examples/tools.py``, from a checkout or from the installed package."""
    checkout = Path(__file__).parents[2] / "examples" / "tools.py"
    if checkout.is_file():
        return checkout
    packaged = Path(str(resources.files("callwright") / "examples" / "tools.py"))
    if packaged.is_file():
        return packaged
    raise ToolsError("the example tools are not installed", hint="callwright build your_tools.py -o out")
