"""Regular expressions in linear time over long texts: Rust's engine, reached through the schema validator.

Python's own engine tries every alternative at every character; looking for a dozen patterns in every row
would cost more than reading it. jsonschema-rs, which checks our schemas, brings Rust's engine along, and
asking it for a pattern is asking whether a text is valid.

    >>> Search(r"AKIA[0-9A-Z]{16}")("no key in here")
    False
"""

from __future__ import annotations

import jsonschema_rs


class Search:
    """Tells whether a pattern occurs in a text; without look-around and back-references."""

    def __init__(self, pattern: str) -> None:
        absent = {"not": {"type": "string", "pattern": pattern}}
        self.is_absent = jsonschema_rs.Draft202012Validator(
            absent, pattern_options=jsonschema_rs.RegexOptions()
        ).is_valid
        """Return whether the pattern does not occur in a text: the engine itself, for hot loops."""

    def __call__(self, text: str) -> bool:
        """Return whether the pattern occurs in `text`."""
        return not self.is_absent(text)
