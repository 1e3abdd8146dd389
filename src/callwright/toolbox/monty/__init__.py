"""Tools that are pure computation, run in Monty, an interpreter in Rust without files, network or clock."""

from callwright.toolbox.monty.executor import MontyExecutor, available

__all__ = ["MontyExecutor", "available"]
