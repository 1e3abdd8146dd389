"""callwright: build a model that calls your tools, and prove that it does."""

from callwright.errors import CallwrightError, UserError
from callwright.record import (
    Dropped,
    Issue,
    Message,
    Observation,
    Outcome,
    Preference,
    Source,
    Task,
    Tool,
    ToolCall,
    Trajectory,
    decode,
    encode,
)

__version__ = "0.1.0"

__all__ = [
    "CallwrightError",
    "Dropped",
    "Issue",
    "Message",
    "Observation",
    "Outcome",
    "Preference",
    "Source",
    "Task",
    "Tool",
    "ToolCall",
    "Trajectory",
    "UserError",
    "__version__",
    "decode",
    "encode",
]
