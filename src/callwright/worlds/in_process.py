"""Calls tools that are known and harmless in this process, episode by episode, each on a scene of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence, Set
from types import TracebackType
from typing import Protocol, Self

import msgspec

from callwright.record import Change, Episode, Isolation, Json, Observation, Played, ToolCall
from callwright.toolbox import episodes as stories
from callwright.toolbox.child import answers, results
from callwright.worlds.world import State

OUTPUT_BYTES = 65_536
"""Of one result; as much as isolated tools may return."""
_decode = msgspec.json.Decoder().decode


class Failed(Exception):
    """A tool did not do what was asked; the text is all that there is to say."""


class Scene(Protocol):
    """What the calls of one episode act on."""

    def call(self, name: str, arguments: dict[str, Json]) -> object:
        """Return a tool's result; the arguments are the scene's own. Raises Failed, or anything else."""
        ...

    def changes(self) -> Sequence[Change]:
        """Return what differs from the beginning."""
        ...


class Stage(Protocol):
    """Where episodes begin; it pickles, for workers."""

    @property
    def names(self) -> Set[str]:
        """Return the names of the tools."""
        ...

    @property
    def classes(self) -> Set[str]:
        """Return the names by which an initial state may be given."""
        ...

    def begin(self, state: State, names: Set[str]) -> Scene:
        """Return a fresh scene for an episode that calls the tools `names`; raises what does not fit."""
        ...


class InProcess:
    """A `toolbox.Caller` without isolation. Never raises for what a call or a state holds."""

    isolation: Isolation = "none"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __call__(self, call: ToolCall) -> Observation:
        """Call one tool, as an episode of its own."""
        return self.many([call])[0]

    def many(self, calls: Sequence[ToolCall]) -> list[Observation]:
        """Call tools, each as an episode of its own."""
        return [played.observations[0] for played in self.play([Episode((call,)) for call in calls])]

    def play(self, episodes: Sequence[Episode]) -> list[Played]:
        """Run episodes and return what came of each."""
        return [self._played(episode) for episode in episodes]

    def _played(self, episode: Episode) -> Played:
        play = stories.prepare(episode, self._stage.names, self._stage.classes)
        if not play.sent:
            return stories.assembled(play, ())
        # Read back from JSON, state and arguments are nobody else's, and a tool may keep or change them.
        state, calls = json.loads(play.request)  # which takes lone surrogates, as isolated processes do
        try:
            scene = self._stage.begin(state, {name for name, _ in calls})
        except Exception as error:
            why = stories.refusal(f"the state does not fit: {answers.message(error).decode()}")
            return stories.assembled(play, [why] * len(calls))
        seen = [_observed(scene, name, arguments) for name, arguments in calls]
        return stories.assembled(play, seen, tuple(scene.changes()))

    def close(self) -> None:
        """Do nothing: nothing was started."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def _observed(scene: Scene, name: str, arguments: dict[str, Json]) -> Observation:
    start = time.perf_counter()
    try:
        text = results.encode(scene.call(name, arguments), OUTPUT_BYTES)
        return Observation(ok=True, value=_decode(text), seconds=time.perf_counter() - start)
    except results.Oversize:
        error = f"the result is longer than {OUTPUT_BYTES} bytes"
        return Observation(ok=False, kind="oversize", error=error, seconds=time.perf_counter() - start)
    except Failed as failed:
        error = str(failed)
    except Exception as raised:
        error = answers.message(raised).decode()
    return Observation(ok=False, kind="raised", error=error, seconds=time.perf_counter() - start)
