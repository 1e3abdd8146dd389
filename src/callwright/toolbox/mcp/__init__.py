"""MCP servers: their tools, and what calls them."""

from callwright.toolbox.mcp.executor import McpExecutor
from callwright.toolbox.mcp.server import McpServer, import_mcp

__all__ = ["McpExecutor", "McpServer", "import_mcp"]
