"""The output formats by name. A new format is one file and one line here."""

from __future__ import annotations

from callwright.errors import ConfigError
from callwright.formats.hermes import HERMES
from callwright.formats.python_calls import PYTHON
from callwright.formats.reply import Format
from callwright.formats.xlam import XLAM

FORMATS: dict[str, Format] = {"hermes": HERMES, "xlam": XLAM, "python": PYTHON}
DEFAULT_FORMAT = "hermes"


def format_named(name: str) -> Format:
    """Return the format of a `Task.output_format`; the default one for an empty name."""
    try:
        return FORMATS[name or DEFAULT_FORMAT]
    except KeyError:
        raise ConfigError("unknown output format", expected=" | ".join(FORMATS), got=name) from None
