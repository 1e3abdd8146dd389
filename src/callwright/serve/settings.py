"""What a server allows, and what it does for requests that do not say."""

from __future__ import annotations

from dataclasses import dataclass

from callwright.record import Tool


@dataclass(frozen=True)
class Limits:
    """What clients may ask for."""

    body_bytes: int = 1 << 20
    max_tokens: int = 4096
    answers: int = 8
    """Answers to one request."""
    open: int = 64
    """Answers that are written or waited for; whoever wants one more is told to come back."""
    seconds: float = 120.0
    """Until a request must be read and answered."""


@dataclass(frozen=True)
class Defaults:
    """What holds for requests that do not say otherwise."""

    tools: tuple[Tool, ...] = ()
    """Offered where a request brings none."""
    constrain: bool = False
    """Every call has to follow the schema of its tool."""
