"""Requests for your tools, made up by a grammar, each with the calls that it asks for.

No language model takes part: a grammar over the tools' schemas draws values,
writes them the way people do and
builds requests around them in some twenty tones of voice. Values and tones are each split into a train and a
test half, so that a score can be reported for phrasings, values and tools that training never saw.
"""

from callwright.synthesize.account import Account
from callwright.synthesize.diversity import Diversity, diversity
from callwright.synthesize.families import TEST_FAMILIES, TRAIN_FAMILIES
from callwright.synthesize.generate import COLUMNS, synthesize
from callwright.synthesize.propose import STYLES
from callwright.synthesize.unseen import UNSEEN_TOOLS

__all__ = [
    "COLUMNS",
    "STYLES",
    "TEST_FAMILIES",
    "TRAIN_FAMILIES",
    "UNSEEN_TOOLS",
    "Account",
    "Diversity",
    "diversity",
    "synthesize",
]
