"""A verifier that measures itself: known defects planted into clean rows, and how many of them it finds.

>>> from callwright.record import Message, ToolCall, Trajectory
>>> row = Trajectory(id="a", messages=(Message(role="user", content="hi"),
...     Message(role="assistant", content="hello")))
>>> self_check([row]).wrong
()
"""

from callwright.verify.selfcheck.measure import PLANTS, Alarm, Score, SelfCheck, self_check
from callwright.verify.selfcheck.plants import Plant

__all__ = ["PLANTS", "Alarm", "Plant", "Score", "SelfCheck", "self_check"]
