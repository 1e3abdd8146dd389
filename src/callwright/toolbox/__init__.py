"""Tools that can be called: read from a file of the user's, executed in isolation.

`import_python` turns a Python file into a `Toolbox`; an `Executor` calls its tools. The user's code runs only
in isolated processes, never in this one.
"""

from callwright.toolbox.execute import Executor
from callwright.toolbox.python import Toolbox, import_python

__all__ = ["Executor", "Toolbox", "import_python"]
