"""Make preference pairs: a right answer as chosen, a wrong one as rejected.

Rejected answers come from three sources: a weaker model's own answers (`Generations`, xLAM §3.5), failures
that a stage dropped and that ask what a kept row asks (`Failures`), and targeted corruption (`Corruptions`).
Each is named after the mistake it shows, in one vocabulary; `Balance` chooses so that no class dominates and
length tells nothing. A rejected answer always differs in effect from the chosen one.

    >>> from callwright.record import Message, Tool, ToolCall, Trajectory
    >>> call = Message(role="assistant", tool_calls=(ToolCall(name="now"),))
    >>> asked = Message(role="user", content="What time is it?")
    >>> row = Trajectory(id="a", tools=(Tool(name="now"),), messages=(asked, call))
    >>> (made,) = pair([row], [Corruptions(seed=1)])
    >>> made.id, made.preference.error_class in CLASSES
    ('a#p', True)
"""

from callwright.pair.balance import Balance
from callwright.pair.candidate import Candidate, Offer, Ready, Source
from callwright.pair.classes import CAUGHT_AS, CLASSES, mistake_of
from callwright.pair.corruptions import CORRUPTIONS, Corruptions
from callwright.pair.effect import effect
from callwright.pair.failures import Failures, read_dropped
from callwright.pair.generations import Ask, Generations, Question
from callwright.pair.step import pair

__all__ = [
    "CAUGHT_AS",
    "CLASSES",
    "CORRUPTIONS",
    "Ask",
    "Balance",
    "Candidate",
    "Corruptions",
    "Failures",
    "Generations",
    "Offer",
    "Question",
    "Ready",
    "Source",
    "effect",
    "mistake_of",
    "pair",
    "read_dropped",
]
