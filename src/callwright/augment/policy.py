"""What is done to how many copies: ``order=1,layout=0.5,mask=0.1``.

>>> policy_of("order=1,mask=0.25").mask
0.25
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from callwright.errors import ConfigError


@dataclass(frozen=True)
class Policy:
    """For each operation the share of the copies that it is tried on, in the order of their application."""

    irrelevant: float = 0.0
    """Take away the tools that serve the request: no call is right."""
    unclear: float = 0.0
    """Take away a value that the call needs: a question is right."""
    distractors: float = 0.0
    """Offer tools of other rows beside the row's own."""
    mask: float = 0.0
    """Give tools and parameters names that say nothing."""
    order: float = 0.0
    """Shuffle tools and parameters."""
    format: float = 0.0
    """Ask for another output format."""
    keys: float = 0.0
    """Write the arguments of a call before its name, in formats where a call is a JSON object."""
    wording: float = 0.0
    """Say the instruction and the wish for a format in other words."""
    layout: float = 0.0
    """Set the parts of the prompt apart in another style and order."""
    schemas: float = 0.0
    """Write tools as JSON with their keys in some order, instead of signatures."""


DEFAULT_POLICY = (
    "irrelevant=0.05,unclear=0.05,distractors=0.2,mask=0.1,"
    "order=1,format=0.5,keys=0.1,wording=0.5,layout=0.5,schemas=0.1"
)
"""Written out once more in `settings`, which enters no room; a test holds the two together."""
OPERATIONS = tuple(field.name for field in fields(Policy))


def policy_of(text: str) -> Policy:
    """Return the policy that a text writes; what it does not name is not done. Raises ConfigError."""
    shares: dict[str, float] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        name, equals, told = part.partition("=")
        try:
            share = float(told) if equals else 1.0
        except ValueError:
            share = -1.0
        if name not in OPERATIONS or name in shares or not 0 <= share <= 1:
            expected = f"name=share, each of {', '.join(OPERATIONS)} at most once, shares from 0 to 1"
            raise ConfigError("not a policy", place="--policy", expected=expected, got=part)
        shares[name] = share
    return Policy(**shares)
