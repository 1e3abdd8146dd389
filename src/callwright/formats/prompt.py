"""The system text: what to do, with which tools, in which format."""

from __future__ import annotations

from collections.abc import Sequence

from callwright.formats.layout import Part, layout_named
from callwright.formats.signature import TOOL_KEYS, ToolStyle, tools_text
from callwright.formats.table import format_named
from callwright.record import Task, Tool

DEFAULT_INSTRUCTION = "You are a helpful assistant."


def system_text(task: Task, tools: Sequence[Tool] | None, *, tools_as: ToolStyle = "signature") -> str:
    """Return the sections instruction, `# Tools`, format instruction and `# Examples`, as far as they apply.

    Where no tools are offered (`[]`), no format is asked for. Where it is unknown whether there are any
    (None), a format is asked for only if the task names one. A layout sets the sections apart in another way
    and in another order.
    """
    layout = layout_named(task.layout)
    parts: dict[Part, str] = {"task": task.instruction.strip() or DEFAULT_INSTRUCTION}
    if tools:
        parts["tools"] = tools_text(tools, "json" if layout.keys else tools_as, layout.keys or TOOL_KEYS)
    if tools or (tools is None and (task.format_instruction or task.output_format)):
        parts["format"] = task.format_instruction.strip() or format_named(task.output_format).instruction
    if task.few_shots:
        parts["examples"] = "\n\n".join(task.few_shots)
    return "\n\n".join(layout.framed(part, parts[part]) for part in layout.order if part in parts)
