"""What a module says of the world that its tools act in: rules, initial states, and what is there at first.

The text ``POLICY`` of a module holds rules for whoever calls its tools. The static method ``_scenarios`` of a
class with a state returns initial states as JSON, the sibling of ``_load_scenario``, which takes one.
"""

from __future__ import annotations

import json
import types
from collections.abc import Sequence
from typing import Any

from callwright.toolbox.child import answers, snapshot
from callwright.toolbox.child.classes import ToolSet

SCENARIOS = "_scenarios"


def setting(module: types.ModuleType, sets: Sequence[ToolSet]) -> dict[str, Any]:
    """Return policy, states and the data of fresh instances, and as "unfit" what is wrong with the states."""
    policy = vars(module).get("POLICY")
    said: dict[str, Any] = {"policy": policy if isinstance(policy, str) else "", "states": [], "unfit": ""}
    said["start"] = {found.name: _start(found) for found in sets}
    try:
        said["states"] = _states(sets)
    except BaseException as error:
        said["unfit"] = answers.message(error).decode()
    return said


def _states(sets: Sequence[ToolSet]) -> list[dict[str, Any]]:
    """Return as many states as the class with the most scenarios has; the others begin again with theirs."""
    made = {s.name: list(getattr(s.cls, SCENARIOS)()) for s in sets if hasattr(s.cls, SCENARIOS)}
    states = [
        {name: scenarios[k % len(scenarios)] for name, scenarios in made.items() if scenarios}
        for k in range(max(map(len, made.values()), default=0))
    ]
    json.dumps(states, allow_nan=False)
    for state in states:
        for name, scenario in state.items():
            if not isinstance(scenario, dict):
                raise TypeError(f"a scenario of {name} is a {type(scenario).__name__}, not an object")
    return states


def _start(found: ToolSet) -> Any:
    """Return the public data of an instance that nobody has acted on; none if it can not be made."""
    try:
        found.begin(None)
        return snapshot.snapshot({found.name: found.instance})[found.name]
    except BaseException:  # whoever plays an episode will be told
        return {}
    finally:
        found.instance = None
