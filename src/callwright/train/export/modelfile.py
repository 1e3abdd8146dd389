"""The file from which Ollama makes a model of a GGUF file.

Ollama does not run the chat template inside the file. Its own templates are Go's, and of a tool they see
name, description and parameters in an order of Go's. So the bytes that the model learnt are had for fixed
tools only, whose text is written into the file here; calls of earlier turns are in Go's JSON either way.
"""

from __future__ import annotations

from collections.abc import Sequence

from callwright.formats import DEFAULT_INSTRUCTION, format_named, system_text
from callwright.record import Task, Tool

_SYSTEM = "{{ if .System }}{{ .System }}{{ else }}%s{{ end }}"
_ANY_TOOLS = "{{ if .Tools }}\n\n# Tools\n{{ range .Tools }}{{ json .Function }}\n{{ end }}\n%s{{ end }}"
_TURNS = """\
{{ range .Messages }}{{ if eq .Role "user" }}<|im_start|>user
{{ .Content }}<|im_end|>
{{ else if eq .Role "assistant" }}<|im_start|>assistant
{{ .Content }}{{ if and .Content .ToolCalls }}
{{ end }}{{ range $i, $call := .ToolCalls }}{{ if $i }}
{{ end }}<tool_call>
{"name": "{{ $call.Function.Name }}", "arguments": {{ $call.Function.Arguments }}}
</tool_call>{{ end }}<|im_end|>
{{ else if eq .Role "tool" }}<|im_start|>tool
<tool_response>
{{ .Content }}
</tool_response><|im_end|>
{{ end }}{{ end }}<|im_start|>assistant
"""


def modelfile(file: str, tools: Sequence[Tool], turn_end: str) -> str:
    """Return the Modelfile of a GGUF file; the text of `tools` stands in it, whatever a request brings."""
    instruction = _literal(DEFAULT_INSTRUCTION)
    if tools:
        behind = system_text(Task(), tools).removeprefix(DEFAULT_INSTRUCTION)
        # Ollama looks for calls only where a template speaks of tools.
        shown = _literal(behind) + "{{ if .Tools }}{{ end }}"
        note = "The tools below are the model's; those of a request are not read."
    else:
        shown = _ANY_TOOLS % _literal(format_named("").instruction)
        note = "Tools are shown as JSON, not as the model learnt them; for fixed ones export with --tools."
    template = f"<|im_start|>system\n{_SYSTEM % instruction}{shown}<|im_end|>\n{_TURNS}"
    template = template.replace("<|im_end|>", turn_end)
    return (
        f"# ollama create NAME -f Modelfile\n# {note}\n"
        f'FROM ./{file}\nPARAMETER temperature 0\nPARAMETER stop "{turn_end}"\n'
        f'TEMPLATE """{template}"""\n'
    )


def _literal(text: str) -> str:
    """Return text that a Go template writes as it is, and that does not end the value in the Modelfile."""
    marked = text.replace("{{", "\0").replace('"""', "\1")
    return marked.replace("\0", '{{ "{{" }}').replace("\1", '{{ "\\"\\"\\"" }}')
