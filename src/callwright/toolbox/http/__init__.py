"""Tools behind HTTP: `HttpExecutor` answers their calls, mocked or replayed unless live calls are allowed."""

from callwright.toolbox.http.answers import is_outage
from callwright.toolbox.http.executor import HttpExecutor

__all__ = ["HttpExecutor", "is_outage"]
