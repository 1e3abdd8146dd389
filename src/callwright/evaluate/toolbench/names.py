"""How ToolBench writes the names of categories, tools, APIs and parameters.

>>> function_name("Songkick concert", "TheClique")
'songkick_concert_for_theclique'
"""

from __future__ import annotations

import re

MAX_LENGTH = 64
"""Of a longer function name the last characters count."""
_OTHER = re.compile("[^\u4e00-\u9fa5a-zA-Z0-9_^]")
_RUNS = re.compile("__+")
_RESERVED = frozenset({"from", "class", "return", "false", "true", "id", "and"})


def standardize(name: str) -> str:
    """Return `name` in lower case with single underscores for all but letters, digits, ^ and Chinese."""
    text = _RUNS.sub("_", _OTHER.sub("_", name)).lower().strip("_")
    return f"get_{text}" if text[:1].isdigit() else text


def change_name(name: str) -> str:
    """Return a name that is no word of Python: seven of them get ``is_`` in front."""
    return f"is_{name}" if name in _RESERVED else name


def plain_name(name: str) -> str:
    """Return the name of an API or of a parameter as models see it."""
    return change_name(standardize(name))


def function_name(api: str, tool: str) -> str:
    """Return the name of the function that stands for an API of a tool; two APIs can end up with one."""
    return f"{plain_name(api)}_for_{standardize(tool)}"[-MAX_LENGTH:]


def category_folder(category: str) -> str:
    """Return a category as the caches name its folder."""
    return re.sub("[ ,/]", "_", category).replace("__", "_")
