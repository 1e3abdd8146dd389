"""Play many episodes with models: all that wait for the same one are asked together, every reply is kept.

Replies are kept in the journal of `answers` under the episode, the number of the reply and its prompt. A
run that was killed is played again from the start: as long as prompts are the same, replies come from the
journal, so only what was in flight is asked anew; an episode that takes another course is asked from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import msgspec

from callwright.errors import ConfigError, DataError
from callwright.evaluate.answers import Asker, Request
from callwright.evaluate.results import Result
from callwright.evaluate.sessions import TOO_LONG, Session, Turn, Who

WIDTH = 64
"""Episodes under way at a time: as many prompts as one round of batches takes."""
LOOP = 3
"""An agent that says the same so many times in a row, up to the end, goes round in circles."""


def play(
    sessions: Iterable[Session],
    askers: Mapping[Who, Asker],
    *,
    width: int = WIDTH,
    progress: Callable[[int], None] | None = None,
) -> Iterator[Result]:
    """Yield the results of all episodes in their order; sessions are made as places become free.

    `progress` is called with the number of episodes that are over. Raises ModelError for an outage, and
    ConfigError where a session wants somebody whom nobody plays.
    """
    waiting = enumerate(sessions)
    live: dict[int, Session] = {}
    over: dict[int, Result] = {}
    said: dict[str, _Said] = {}
    told = done = 0
    while True:
        for number, session in islice(waiting, width - len(live)):
            if session.id in said:
                raise DataError("two episodes have the same id", got=repr(session.id))
            said[session.id] = _Said()
            live[number] = session
        if not live:
            return
        for number in _round(live, askers, said):
            session = live.pop(number)
            over[number] = said[session.id].named(session.result())
            done += 1
        if progress:
            progress(done)
        while told in over:
            yield over.pop(told)
            told += 1


@dataclass
class _Said:
    """How often an episode was replied to, and how often the agent said the same thing last."""

    replies: int = 0
    last: str | None = None
    times: int = 0

    def note(self, who: Who, reply: str | None) -> None:
        self.replies += 1
        if who == "agent":
            self.times = self.times + 1 if reply == self.last else 1
            self.last = reply

    def named(self, result: Result) -> Result:
        """Return the result; one that was given up while the agent repeated itself is a loop."""
        if result.error != "gave-up" or self.times < LOOP:
            return result
        return msgspec.structs.replace(result, error="loop")


def _round(live: Mapping[int, Session], askers: Mapping[Who, Asker], said: Mapping[str, _Said]) -> list[int]:
    """Ask once for every session that wants a reply; return the numbers of those that want none."""
    wanted: dict[Who, list[tuple[Session, Turn]]] = {}
    over = []
    for number, session in live.items():
        turn = session.turn()
        if turn is None:
            over.append(number)
        else:
            wanted.setdefault(turn.who, []).append((session, turn))
    for who, turns in wanted.items():
        if who not in askers:
            raise ConfigError(
                f"no model plays the {who}", place=turns[0][0].id, hint="give one with --simulator"
            )
        requests = [
            Request(f"{session.id}#{said[session.id].replies}", turn.prompt) for session, turn in turns
        ]
        answers = askers[who].ask(requests)
        for (session, _), request in zip(turns, requests, strict=True):
            given = answers[request.id]
            reply = TOO_LONG if given.finish == "too-long" else given.text
            said[session.id].note(who, reply)
            session.take(reply)
    return over
