"""How a model searches for an answer: CoT@n, one chain tried n times, or DFSDT, a tree walked depth first.

The nodes and the rules of walking are those of ToolBench's runner (``single_chain.py``, ``DFS.py`` at
d56fdd89): thought, action and action input are nodes of their own and count for the depth; after a final
answer the walk would go back 2 replies, after a pruned node 1, after giving up 2; a second child is asked for
with the actions of the first; the first final answer ends it, and the call that reaches the limit is asked
but not used. Of a reply with several calls the first counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Literal, NamedTuple

import msgspec

from callwright import formats
from callwright.errors import ConfigError
from callwright.evaluate.sessions import Turn
from callwright.evaluate.toolbench.environment import Environment, Steps
from callwright.evaluate.toolbench.prompts import Attempt, another_way
from callwright.evaluate.toolbench.responses import FINAL_ANSWER, GAVE_UP, NO_FUNCTION
from callwright.models import Prompt
from callwright.record import Json, Message, ToolCall

MAX_DEPTH = 12
MAX_CALLS = 200
UNREADABLE = -1
"""The code of a thought that stands for a reply that could not be read."""
_BACK_AFTER_ANSWER, _BACK_AFTER_GIVING_UP, _BACK_AFTER_PRUNING, _STOP = 2, 2, 1, 10_000
_NO_SUCH = "invalid_hallucination_function_name"
"""Stands in the conversation for a function that does not exist."""
Kind = Literal["Thought", "Action", "Action Input"]


class Method(NamedTuple):
    """How to search; `text` is ToolBench's name for it."""

    text: str
    tries: int = 1
    width: int = 0
    """Children of a node in a tree; 0 for chains."""


def method_named(text: str) -> Method:
    """Return the method ``CoT@n`` or ``DFS_woFilter_wN``; ``DFSDT`` is the one of width 2."""
    if found := re.fullmatch(r"CoT@([1-9]\d?)", text):
        return Method(text, tries=int(found[1]))
    if found := re.fullmatch(r"DFS_woFilter_w([1-9])", "DFS_woFilter_w2" if text == "DFSDT" else text):
        return Method(found[0], width=int(found[1]))
    raise ConfigError("unknown search method", expected="CoT@n, DFSDT or DFS_woFilter_wN", got=repr(text))


class Node:
    """A thought, the name of an action, or its input with what came back."""

    __slots__ = (
        "children", "code", "depth", "finished", "kind", "messages", "observation", "parent", "pruned",
        "terminal", "text", "visit", "with_call",
    )  # fmt: skip

    def __init__(self, kind: Kind, text: str, parent: Node | None) -> None:
        self.kind = kind
        self.text = text
        self.parent = parent
        self.depth: int = 0 if parent is None else parent.depth + 1
        self.messages: tuple[Message, ...] = () if parent is None else parent.messages
        self.children: list[Node] = []
        self.observation = ""
        self.code: int | None = None
        self.pruned = self.terminal = self.finished = False
        self.with_call = False
        """Whether a thought stands before a call in the same reply."""
        self.visit = 0
        if parent is not None:
            parent.children.append(self)

    def path(self) -> list[Node]:
        """Return the nodes from below the root to this one."""
        up: list[Node] = []
        node: Node | None = self
        while node is not None and node.parent is not None:
            up.append(node)
            node = node.parent
        return up[::-1]


class Search:
    """One search, as far as it has got."""

    def __init__(
        self,
        environment: Environment,
        prompt: Callable[[Sequence[Message]], Prompt],
        *,
        output_format: str = "",
        max_depth: int = MAX_DEPTH,
        max_calls: int = MAX_CALLS,
    ) -> None:
        self.environment = environment
        self.roots: list[Node] = []
        self.answers: list[Node] = []
        self.given_up: list[Node] = []
        self.leaves: list[Node] = []
        """The ends of chains."""
        self.last: Node | None = None
        """The node that was made last."""
        self.asked = 0
        self.unused_calls = 0
        """Calls behind the first of a reply."""
        self.unreadable = 0
        self.too_long = False
        self._prompt = prompt
        self._format = output_format
        self._max_depth = max_depth
        self._max_calls = max_calls
        self._visits = 0

    def run(self, method: Method) -> Steps[None]:
        """Search with a method until there is an answer or nothing left to try."""
        for _ in range(method.tries):
            root = Node("Action Input", "", None)
            self.roots.append(root)
            yield from self._tree(root, method.width) if method.width else self._chain(root)
            if self.answers:
                return

    def end(self, rng: Random) -> Node | None:
        """Return the node whose path is the result: the answer, else one drawn by `rng`.

        It is drawn from all chains, or from the branches of a tree that gave up.
        """
        if self.answers:
            return self.answers[0]
        drawn = self.leaves or self.given_up
        return rng.choice(drawn) if drawn else self.last

    def _chain(self, node: Node) -> Steps[None]:
        while not (node.pruned or node.terminal):
            reply = yield Turn("agent", self._prompt(node.messages))
            self.asked += 1
            node = yield from self._extend(node, reply)
            if node.depth >= self._max_depth and not node.terminal:
                node.pruned = True
        self.leaves.append(node)
        if node.terminal:
            self.answers.append(node)

    def _tree(self, node: Node, width: int) -> Steps[int]:
        """Walk the tree below a node; return how many replies to go back."""
        node.visit, self._visits = self._visits, self._visits + 1
        if node.terminal:
            self.answers.append(node)
            return _BACK_AFTER_ANSWER
        if node.pruned or node.depth >= self._max_depth:
            node.pruned = True
            if node.code != GAVE_UP:
                return _BACK_AFTER_PRUNING
            self.given_up.append(node)
            return _BACK_AFTER_GIVING_UP
        for _ in range(width):
            reply = yield Turn("agent", self._prompt(self._asking(node)))
            self.asked += 1
            if self.asked >= self._max_calls:
                return _STOP
            child = yield from self._extend(node, reply)
            back = yield from self._tree(child, width)
            if self.answers:
                return _STOP
            if back > 1:
                return back - 1
        return 1

    def _asking(self, node: Node) -> tuple[Message, ...]:
        """Return the conversation, and behind it what was tried from here; children do not see that."""
        tried = list(_attempts(node))
        if not tried:
            return node.messages
        return (*node.messages, Message(role="user", content=another_way(tried, node.observation)))

    def _extend(self, node: Node, reply: str | None) -> Steps[Node]:
        """Add the nodes of a reply and return the last of them."""
        message = _read(reply, self._format) if reply is not None else None
        if message is None:
            self.unreadable += reply is not None
            self.too_long |= reply is None
            self.last = Node("Thought", reply or "", node)
            self.last.pruned, self.last.code = True, UNREADABLE
            return self.last
        thought = message.content or message.reasoning or ""
        if thought or not message.tool_calls:
            node = Node("Thought", thought, node)
            node.with_call = bool(message.tool_calls)
        if message.tool_calls:
            self.unused_calls += len(message.tool_calls) - 1
            node = yield from self._act(node, message, message.tool_calls[0])
        else:
            node.messages = (*node.messages, message)
        self.last = node
        return node

    def _act(self, node: Node, message: Message, call: ToolCall) -> Steps[Node]:
        arguments = call.arguments if isinstance(call.arguments, dict) else {}
        action = Node("Action Input", written(arguments), Node("Action", call.name, node))
        seen = yield from self.environment.step(call.name, arguments)
        action.observation, action.code = seen
        action.pruned = seen.code == GAVE_UP
        if seen.code == FINAL_ANSWER:
            action.terminal = True
            _mark_finished(action)
        if seen.code == NO_FUNCTION:
            call = msgspec.structs.replace(call, name=_NO_SUCH)
        said = msgspec.structs.replace(message, tool_calls=(call,))
        result = Message(role="tool", content=seen.text, tool_call_id=call.id, name=call.name)
        action.messages = (*node.messages, said, result)
        return action


def _read(reply: str, output_format: str) -> Message | None:
    """Return what a reply says; None where it can not be read, or not be written into the next prompt."""
    message = formats.reply_message(reply, output_format)
    if not isinstance(message, Message):
        return None
    try:
        formats.assistant_text(message, output_format)
    except formats.Unrenderable:
        return None
    return message


def written(arguments: dict[str, Json]) -> str:
    """Return arguments as the input of an action."""
    return json.dumps(arguments, ensure_ascii=True)


def _attempts(node: Node) -> Iterator[Attempt]:
    """Yield the next action below each child."""
    for child in node.children:
        below = child
        while below.kind != "Action Input" and below.children:
            below = below.children[0]
        if below.kind == "Action Input" and below.parent is not None:
            yield Attempt(below.parent.text, below.text, below.observation)


def _mark_finished(node: Node) -> None:
    """Mark a node and those above it, up to the third action input, as the runner does."""
    left, up = _BACK_AFTER_ANSWER, node
    while True:
        up.finished = True
        left -= up.kind == "Action Input"
        if up.parent is None or left < 0:
            return
        up = up.parent
