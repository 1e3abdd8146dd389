"""Conversations over tools that share a state, from blueprints that were proven to work (APIGen-MT)."""

from callwright.synthesize.dialogue.blueprints import Place
from callwright.synthesize.dialogue.converse import SCRIPT, Cast, Conversations
from callwright.synthesize.dialogue.talks import Talks

__all__ = ["SCRIPT", "Cast", "Conversations", "Place", "Talks"]
