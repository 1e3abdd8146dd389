"""What a score is to be read against: the agent that refuses everything."""

from __future__ import annotations

from callwright.evaluate.sessions import Session


def refuse(session: Session) -> str:
    """Reply that nothing can be done; right where the reference changes nothing and tells nothing."""
    return "I can not help with that."
