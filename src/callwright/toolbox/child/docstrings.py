"""Docstrings as people write them (Google, NumPy, Sphinx, plain) read into descriptions.

>>> parse("Add two numbers.\\n\\nArgs:\\n    a: First one.").parameters
{'a': 'First one.'}
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_GOOGLE_HEADING = re.compile(r"([A-Z][A-Za-z ]+):\s*")
_NUMPY_RULE = re.compile(r"\s*-{3,}\s*")
_SPHINX_FIELD = re.compile(r"\s*[:@](\w+)(?:\s+([^:]+))?:\s*(.*)")
_PARAMETER_HEADINGS = {
    "args", "arguments", "parameters", "params", "other parameters", "keyword args", "keyword arguments",
    "attributes", "fields",
}  # fmt: skip
_OTHER_HEADINGS = {
    "returns", "return", "yields", "yield", "raises", "raise", "warns", "example", "examples", "note",
    "notes", "see also", "references", "warning", "warnings", "todo", "requests",
}  # fmt: skip
_SPHINX_PARAMETERS = {"param", "parameter", "arg", "argument", "key", "keyword"}


class Doc(NamedTuple):
    """What a docstring says: the first paragraph, and one description for each parameter it names."""

    description: str
    parameters: dict[str, str]


def parse(docstring: str | None) -> Doc:
    """Read a docstring of any style; an absent one is empty."""
    lines = inspect.cleandoc(docstring).splitlines() if docstring else []
    paragraph: list[str] = []
    parameters: dict[str, str] = {}
    for heading, body in _sections(lines):
        if heading == "":
            paragraph = _first_paragraph(body)
        elif heading in _PARAMETER_HEADINGS:
            parameters.update(_entries(body))
    parameters.update(_sphinx(lines))
    return Doc(" ".join(paragraph), {name: text for name, text in parameters.items() if text})


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield (heading in lower case, lines below it); the text before the first heading has heading ''."""
    heading, body = "", list[str]()
    skip = False
    for i, line in enumerate(lines):
        if skip:
            skip = False
            continue
        found, skip = _heading(line, lines[i + 1] if i + 1 < len(lines) else "")
        if found is None:
            body.append(line)
        else:
            yield heading, body
            heading, body = found, []
    yield heading, body


def _heading(line: str, following: str) -> tuple[str | None, bool]:
    """Return the section that `line` opens, and whether a rule under it belongs to the heading."""
    known = _PARAMETER_HEADINGS | _OTHER_HEADINGS
    name = line.strip().lower()
    if _NUMPY_RULE.fullmatch(following) and name in known:
        return name, True
    google = _GOOGLE_HEADING.fullmatch(line)
    if google and google[1].lower() in known:
        return google[1].lower(), False
    return None, False


def _first_paragraph(lines: list[str]) -> list[str]:
    paragraph: list[str] = []
    for line in lines:
        if _SPHINX_FIELD.fullmatch(line) or (paragraph and not line.strip()):
            break
        if line.strip():
            paragraph.append(" ".join(line.split()))
    return paragraph


def _entries(body: list[str]) -> dict[str, str]:
    """Read the entries of a parameter section: a name at the margin, its text beside it or indented below."""
    margin = min((_indent(line) for line in body if line.strip()), default=0)
    entries: dict[str, list[str]] = {}
    names: list[str] = []
    for line in body:
        if not line.strip():
            continue
        if _indent(line) == margin:
            names, text = _entry(line.strip(), beside=margin > 0)
            for name in names:
                entries[name] = [text] if text else []
        else:
            for name in names:
                entries[name].append(line.strip())
    return {name: " ".join(texts) for name, texts in entries.items()}


def _entry(line: str, *, beside: bool) -> tuple[list[str], str]:
    """Split ``name (type): text`` (Google) or ``first, second : type`` (NumPy) into names and text."""
    match = re.fullmatch(r"(\**\w+(?:\s*,\s*\**\w+)*)\s*(\([^)]*\))?\s*(?::\s*(.*))?", line)
    if not match:
        return [], ""
    names = [name.strip(" *") for name in match[1].split(",")]
    # At the margin of the docstring the text after the colon is NumPy's type, not a description.
    return names, (match[3] or "") if beside else ""


def _sphinx(lines: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    current = ""
    for line in lines:
        field = _SPHINX_FIELD.fullmatch(line)
        if field:
            kind, subject, text = field[1].lower(), (field[2] or "").split(), field[3].strip()
            current = subject[-1] if kind in _SPHINX_PARAMETERS and subject else ""
            if current:
                found[current] = text
        elif current and line.strip() and _indent(line):
            found[current] = f"{found[current]} {line.strip()}".strip()
        else:
            current = ""
    return found


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def fields_of(cls: type) -> dict[str, str]:
    """Return what a class says about its fields: a string under the field, or the class's own docstring."""
    described = parse(cls.__doc__).parameters
    try:
        body = ast.parse(inspect.cleandoc("\n" + inspect.getsource(cls))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return described
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, text in pairwise(statements):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
            and isinstance(text.value.value, str)
        ):
            described[field.target.id] = " ".join(text.value.value.split())
    return described
