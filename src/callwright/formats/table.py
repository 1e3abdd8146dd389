"""The output formats by name. A new format is one file and one line here."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from callwright.errors import ConfigError
from callwright.formats.function_tags import FUNCTION_TAGS
from callwright.formats.hermes import HERMES
from callwright.formats.json_list import JSON_LIST
from callwright.formats.key_values import KEY_VALUES
from callwright.formats.markdown import MARKDOWN
from callwright.formats.mistral import MISTRAL
from callwright.formats.openai_message import OPENAI
from callwright.formats.plain_text import PLAIN_TEXT
from callwright.formats.python_calls import PYTHON
from callwright.formats.react import REACT
from callwright.formats.reply import Format
from callwright.formats.toml import TOML
from callwright.formats.typescript import TYPESCRIPT
from callwright.formats.xlam import XLAM
from callwright.formats.xml import XML
from callwright.formats.yaml import YAML

FORMATS: dict[str, Format] = {
    each.name: each
    for each in (
        HERMES, XLAM, JSON_LIST, MISTRAL, OPENAI, XML, YAML, TOML, PYTHON, REACT, PLAIN_TEXT, MARKDOWN,
        FUNCTION_TAGS, TYPESCRIPT, KEY_VALUES,
    )
}  # fmt: skip
DEFAULT_FORMAT = "hermes"


SWAPPED = "/arguments"
"""Behind the name of a format whose calls are JSON objects: with the arguments of a call before its name."""


@lru_cache(maxsize=64)
def format_named(name: str) -> Format:
    """Return the format of a `Task.output_format`; the default one for an empty name."""
    base = FORMATS.get(name.removesuffix(SWAPPED) or DEFAULT_FORMAT)
    if base is None or (name.endswith(SWAPPED) and base.render_swapped is None):
        expected = f"{' | '.join(FORMATS)}, of which some take {SWAPPED}"
        raise ConfigError("unknown output format", expected=expected, got=name)
    if base.render_swapped is None or not name.endswith(SWAPPED):
        return base
    instruction = _KEYS.sub(r"\2, \1", base.instruction)
    return replace(base, name=name, instruction=instruction, render=base.render_swapped, grammar=None)


_KEYS = re.compile(r'("name": \.\.\.), ("arguments": "?\{\.\.\.\}"?)')
