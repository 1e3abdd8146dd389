"""Tools that can be called: read from a file or a server of the user's, executed in isolation.

`import_tools` reads the tools that a name stands for, a Python file, an OpenAPI document, declarations or an
MCP server; `caller` opens what calls them. The user's code runs only in isolation, never in this process.
"""

from callwright.toolbox.execute import Executor
from callwright.toolbox.opening import Caller, IsolationName, Limits, Tools, caller, import_tools
from callwright.toolbox.python import Toolbox, import_python

__all__ = [
    "Caller",
    "Executor",
    "IsolationName",
    "Limits",
    "Toolbox",
    "Tools",
    "caller",
    "import_python",
    "import_tools",
]
