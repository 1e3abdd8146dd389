"""ToolQuery as a world of tasks: which tools, which interface, how many steps."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from callwright.errors import ConfigError
from callwright.evaluate.toolquery.actions import Interface, written
from callwright.evaluate.toolquery.outcomes import Domain
from callwright.evaluate.toolquery.prompts import Conversation, opening
from callwright.evaluate.toolquery.session import ToolQuerySession
from callwright.evaluate.toolquery.tasks import DomainName, Task
from callwright.formats import format_named
from callwright.record import Json

DEFAULT_STEPS = 20
"""As in AgentBoard's code; its configuration file says 30."""
INTERFACES: tuple[Interface, ...] = ("react", "unified")


class ToolQuery:
    """Questions and the tools that answer them; nothing here changes after it was made."""

    def __init__(
        self,
        tasks: Sequence[Task],
        domains: Mapping[DomainName, Domain],
        *,
        variant: str,
        about: Mapping[str, Json],
        interface: Interface = "react",
        output_format: str = "",
        max_steps: int = DEFAULT_STEPS,
        tell_date: bool = True,
    ) -> None:
        if interface not in INTERFACES:
            raise ConfigError("unknown interface", expected=" | ".join(INTERFACES), got=repr(interface))
        if max_steps < 1:
            raise ConfigError(
                "an episode needs a step", expected="max_steps of 1 or more", got=str(max_steps)
            )
        output_format = format_named(output_format).name if interface == "unified" else ""
        self.tasks = tuple(tasks)
        self.domains = dict(domains)
        self.interface: Interface = interface
        self.output_format = output_format
        self.max_steps, self.tell_date = max_steps, tell_date
        texts = {name: opening(domain, interface, output_format) for name, domain in domains.items()}
        self._openings = {name: Conversation(messages) for name, messages in texts.items()}
        self._by_id = {task.id: task for task in self.tasks}
        shown = "".join(message.content for messages in texts.values() for message in messages)
        self.conditions: dict[str, Json] = {
            "variant": f"toolquery-unified-{variant}" if interface == "unified" else f"toolquery-{variant}",
            "interface": interface,
            "output_format": output_format,
            "max_steps": max_steps,
            "tasks": len(self.tasks),
            "date_and_place": "told in the prompt" if tell_date else "to be asked for",
            "prompt_sha256": hashlib.sha256(shown.encode()).hexdigest(),
            "scorer": "AgentBoard: multiset of subgoals, success = finished and all of them",
            **about,
        }

    def reset(self, task: Task) -> ToolQuerySession:
        """Return a new session of a task."""
        return ToolQuerySession(
            task,
            self.domains[task.domain],
            self._openings[task.domain],
            interface=self.interface,
            output_format=self.output_format,
            max_steps=self.max_steps,
            tell_date=self.tell_date,
            conditions=self.conditions,
        )

    def gold(self, task: Task) -> Iterator[str]:
        """Yield the replies of the known solution, which may be one that fails (`Task.solved`)."""
        for name, arguments in task.solution:
            yield self.say(name, arguments)

    def say(self, name: str, arguments: dict[str, Json]) -> str:
        """Return the reply that makes a call through this world's interface."""
        return written(name, arguments, self.interface, self.output_format)

    def task(self, id: str) -> Task:
        """Return the task with an id; raises KeyError where there is none."""
        return self._by_id[id]
