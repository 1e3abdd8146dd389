"""Say the instruction and the wish for a format in other words (xLAM §3.2, instruction following).

The bundled words replace only what this package says by default: what a source says, only a model can
rephrase, and whether the sense is the same, only a second model can tell (`rephrase`).
"""

from __future__ import annotations

import random

import msgspec

from callwright.formats import format_named
from callwright.record import Trajectory

INSTRUCTIONS = (
    "You are an assistant that can use tools.",
    "Help the user with the tools below.",
    "Decide for each request whether a tool serves it, and call it if so.",
    "Act as a careful assistant: call tools where they help, and answer in words where they do not.",
    "You translate requests into calls of the functions that you are given.",
    "Work on the user's request. You have tools; use them only where they fit.",
    "You are an agent with access to functions. Fill in their arguments from what the user says.",
    "Be helpful and exact. Never make up an argument.",
)
"""In place of no instruction at all."""
_FORMAT_WISHES = (
    "{wish}",
    "Output format: {wish}",
    "Write your answer like this. {wish}",
    "Keep strictly to this form: {wish}",
    "How to answer: {wish}",
    "The answer is read by a program. {wish}",
)


def reword(t: Trajectory, rng: random.Random) -> Trajectory:
    """Return the row with an instruction where it had none, and its format asked for in other words."""
    task = t.task
    opening = t.messages[0].role == "system" if t.messages else False
    if not task.instruction.strip() and not opening:
        task = msgspec.structs.replace(task, instruction=rng.choice(INSTRUCTIONS))
    if t.tools and not task.format_instruction.strip():
        wish = rng.choice(_FORMAT_WISHES).format(wish=format_named(task.output_format).instruction)
        task = msgspec.structs.replace(task, format_instruction=wish)
    return t if task == t.task else msgspec.structs.replace(t, task=task)
