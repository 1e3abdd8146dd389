"""Conversations over tools that share a state, from blueprints that were proven to work (APIGen-MT)."""

from callwright.synthesize.dialogue.converse import Conversations, Place, Talks

__all__ = ["Conversations", "Place", "Talks"]
