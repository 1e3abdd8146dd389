"""The system text: what to do, with which tools, in which format."""

from __future__ import annotations

from collections.abc import Sequence

from callwright.formats.signature import ToolStyle, tools_text
from callwright.formats.table import format_named
from callwright.record import Task, Tool

DEFAULT_INSTRUCTION = "You are a helpful assistant."


def system_text(task: Task, tools: Sequence[Tool] | None, *, tools_as: ToolStyle = "signature") -> str:
    """Return the sections instruction, `# Tools`, format instruction and `# Examples`, as far as they apply.

    Where no tools are offered (`[]`), no format is asked for. Where it is unknown whether there are any
    (None), a format is asked for only if the task names one.
    """
    sections = [task.instruction.strip() or DEFAULT_INSTRUCTION]
    if tools:
        sections.append("# Tools\n" + tools_text(tools, tools_as))
    if tools or (tools is None and (task.format_instruction or task.output_format)):
        sections.append(task.format_instruction.strip() or format_named(task.output_format).instruction)
    if task.few_shots:
        sections.append("# Examples\n" + "\n\n".join(task.few_shots))
    return "\n\n".join(sections)
