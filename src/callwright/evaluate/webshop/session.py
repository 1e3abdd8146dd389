"""An episode of WebShop: an agent acts in the shop until it buys something or has no step left."""

from __future__ import annotations

from typing import Literal, NamedTuple

from callwright.evaluate.prompting import prompt_for
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import TOO_LONG, Turn
from callwright.evaluate.webshop.agentboard import BoardVisit
from callwright.evaluate.webshop.asking import (
    INSTRUCTIONS,
    NO_ACTION,
    TOOLS,
    Action,
    Interface,
    actions_in,
    shown,
    written,
)
from callwright.evaluate.webshop.goals import Goal
from callwright.evaluate.webshop.pages import Visit
from callwright.evaluate.webshop.progress import Progress
from callwright.evaluate.webshop.reward import Wanted
from callwright.evaluate.webshop.shop import Shop
from callwright.record import Json, Message, Task, Trajectory

Mode = Literal["princeton", "agentboard"]
_OPENED = ("item", "description", "features", "reviews", "attributes")


class Rules(NamedTuple):
    """What holds in every episode of a run."""

    mode: Mode
    interface: Interface
    steps: int
    """Actions, and replies without one, after which an episode ends."""
    output_format: str = ""


class ShopSession:
    """One episode; all that it changes is its own."""

    def __init__(self, shop: Shop, goal: Goal, rules: Rules, conditions: dict[str, Json]) -> None:
        self.shop = shop
        self.goal = goal
        self.rules = rules
        self.visit: Visit | BoardVisit
        if rules.mode == "agentboard":
            self.visit = BoardVisit(shop, goal.wanted)
        else:
            self.visit = Visit(shop, goal.instruction, goal.wanted)
        self._conditions = conditions
        self._progress = Progress(shop, goal.wanted)
        self._course: list[str] = []
        self._invalid = 0
        self._too_long = False
        self._messages: list[Message] = []

    @property
    def id(self) -> str:
        """Return the goal's id."""
        return self.goal.id

    @property
    def steps(self) -> int:
        """Return how many steps were taken."""
        return len(self._course)

    @property
    def _over(self) -> bool:
        return self._too_long or self.visit.bought is not None or self.steps >= self.rules.steps

    def turn(self) -> Turn | None:
        """Return the prompt for the next action, None if the episode is over."""
        return None if self._over else Turn("agent", prompt_for(self._trajectory()))

    def _trajectory(self) -> Trajectory:
        rules = self.rules
        if not self._messages:
            text = f"{self.goal.instruction}\n\n{self._page(self.visit.observation())}"
            self._messages.append(Message(role="user", content=text))
        return Trajectory(
            id=self.id,
            task=Task(
                instruction=INSTRUCTIONS[rules.interface],
                kind="env",
                output_format=rules.output_format if rules.interface == "tool-calls" else "",
            ),
            tools=TOOLS if rules.interface == "tool-calls" else None,
            messages=tuple(self._messages),
        )

    def _page(self, observation: str) -> str:
        index = self.visit.page == "index"
        return shown(observation, [] if index else self.visit.clickables, index)

    def take(self, reply: str | None) -> None:
        """Do what a reply says; None ends the episode."""
        if self._over:
            return
        if reply is TOO_LONG:
            self._too_long = True
            return
        self._trajectory()  # a first page that nobody asked for is remembered as well
        message, actions = actions_in(reply, self.rules.interface, self.rules.output_format)
        self._messages.append(message)
        if not actions:
            self._course.append("")
            self._invalid += 1
            observation = f"{NO_ACTION}\n\n{self._page(self.visit.observation())}"
            self._messages.append(Message(role="user", content=observation))
        for action in actions:
            # A reply may call more than the episode has steps for; each call is answered all the same.
            said = "The episode is over." if self._over else self._act(action)
            self._answer(action, said)

    def _act(self, action: Action) -> str:
        step = self.visit.act(action.name, action.argument)
        self._course.append(str(action))
        self._invalid += not step.valid
        self._progress.shown(self.visit.on_page)
        if self.visit.page in _OPENED and self.visit.product:
            self._progress.opened(self.visit.product)
        if self.visit.bought:
            self._progress.bought(self.visit.bought.total)
        refused = f"There is no tool {action.argument!r} with such arguments.\n\n" if not action.name else ""
        return refused + self._page(step.observation)

    def _answer(self, action: Action, said: str) -> None:
        if action.call is None:
            self._messages.append(Message(role="user", content=said))
        else:
            call = action.call
            self._messages.append(
                Message(role="tool", content=said, tool_call_id=call.id, name=call.name or None)
            )

    def say(self, name: str, argument: str) -> str:
        """Return the reply that asks for an action in this episode's interface."""
        return written(Action(name, argument), self.rules.interface, self.rules.output_format)

    def result(self) -> Result:
        """Return the verdict: right is a reward of 1."""
        bought, product = self.visit.bought, self.visit.product
        total = bought.total if bought else 0.0
        right = total == 1.0
        return Result(
            id=self.id,
            column=str(self._conditions["variant"]),
            style=self.goal.group,
            correct=right,
            strict=right,
            error="" if right else self._error(),
            where=self._shortfall(),
            request=self.goal.instruction,
            gold={"asin": self.goal.asin, "options": _plain(self.goal.wanted)},
            predicted={"asin": product.asin, "options": self.visit.options} if bought and product else None,
            text="\n".join(self._course),
            scores={
                "reward": total,
                "progress": self._progress.rate,
                "steps": float(self.steps),
                "invalid": float(self._invalid),
            },
            conditions=self._conditions,
        )

    def _error(self) -> str:
        if self._too_long:
            return "prompt-too-long"
        return "wrong-answer" if self.visit.bought else "gave-up"

    def _shortfall(self) -> str:
        """Return which parts of a purchase are not as they were wanted."""
        bought, wanted = self.visit.bought, self.goal.wanted
        if bought is None:
            return ""
        parts = {
            "kind": bought.kind < 1,
            "attributes": bought.attributes < len(wanted.attributes),
            "options": bought.options < len(wanted.options),
            "price": not bought.price,
        }
        return ", ".join(name for name, short in parts.items() if short)


def _plain(wanted: Wanted) -> Json:
    """Return the wanted options as JSON: values, or value by name."""
    pairs = [option for option in wanted.options if isinstance(option, tuple)]
    return dict(pairs) if pairs else list(wanted.options)
