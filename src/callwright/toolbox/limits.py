"""The limits that everything that calls tools takes, and which of them make no sense."""

from __future__ import annotations

from callwright.errors import ConfigError

LEAST_MEMORY = 128
"""Megabytes that an interpreter needs to start."""


def check(*, timeout: float, output_bytes: int, workers: int, memory_mb: int = LEAST_MEMORY) -> None:
    """Raise ConfigError for the first limit that can not be kept."""
    for name, number in (("timeout", timeout), ("output_bytes", output_bytes), ("workers", workers)):
        if number <= 0:
            raise ConfigError("not usable", place=name, expected="more than 0", got=str(number))
    if memory_mb < LEAST_MEMORY:
        raise ConfigError(
            "not usable", place="memory_mb", expected=f"at least {LEAST_MEMORY}", got=str(memory_mb)
        )
