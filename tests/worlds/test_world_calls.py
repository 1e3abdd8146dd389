"""Every world under the same laws: tools work, repeat, keep to their episode, and survive any argument."""

import json
import pickle
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from world_samples import Sample

from callwright.errors import ConfigError
from callwright.record import Change, Episode, Json, Played, ToolCall
from callwright.toolbox import Caller, Limits

LIMITS = Limits(timeout=20)


@pytest.fixture
def caller(sample: Sample) -> Iterator[Caller]:
    with sample.world.caller(LIMITS) as opened:
        yield opened


def seen(played: Played) -> tuple[list[tuple[bool, Json, str]], tuple[Change, ...]]:
    return [(o.ok, o.value, o.error) for o in played.observations], played.changes


def worked(played: Played) -> bool:
    (only,) = played.observations
    value = only.value[0] if isinstance(only.value, list) and only.value else only.value
    return only.ok and not (isinstance(value, dict) and "error" in value)


def test_every_tool_works_with_what_can_be_known(sample: Sample, caller: Caller) -> None:
    played = caller.play(sample.episodes)
    fine = Counter(e.calls[0].name for e, p in zip(sample.episodes, played, strict=True) if worked(p))
    broken = {"get_outside_temperature_from_weather_com"}  # it answers 404 to everybody
    assert [tool.name for tool in sample.world.tools if not fine[tool.name] and tool.name not in broken] == []


def test_only_tools_that_write_change_something(sample: Sample, caller: Caller) -> None:
    played = caller.play(sample.episodes)
    changing = {e.calls[0].name for e, p in zip(sample.episodes, played, strict=True) if p.changes}
    assert changing == sample.writes
    assert all(worked(p) for p in played if p.changes)


@pytest.mark.slow
def test_an_episode_repeats_and_leaves_nothing_to_the_next(sample: Sample, caller: Caller) -> None:
    first = list(map(seen, caller.play(sample.episodes)))
    again = list(map(seen, caller.play(sample.episodes[::-1])))
    assert first == again[::-1]


def test_calls_of_an_episode_share_its_state(sample: Sample, caller: Caller) -> None:
    stories = [*by_state(sample.episodes)][:20]
    once, twice = caller.play(stories), caller.play(stories)
    assert list(map(seen, once)) == list(map(seen, twice))
    assert sum(len(p.changes) > 1 for p in once) > len(once) / 2


def by_state(episodes: Sequence[Episode]) -> Iterator[Episode]:
    """Yield episodes of all the calls that begin in the same state."""
    stories: dict[str, list[Episode]] = {}
    for episode in episodes:
        stories.setdefault(json.dumps(episode.state), []).append(episode)
    for told in stories.values():
        yield Episode(tuple(call for episode in told for call in episode.calls), told[0].state)


def test_a_single_call_is_an_episode_of_its_own(sample: Sample, caller: Caller) -> None:
    calls = [episode.calls[0] for episode in sample.episodes if episode.state is None]
    apart = [seen(p)[0][0] for p in caller.play([Episode((call,)) for call in calls])]
    assert [(o.ok, o.value, o.error) for o in caller.many(calls)] == apart
    assert [(o.ok, o.value, o.error) for o in map(caller, calls[:5])] == apart[:5]


def test_what_comes_back_is_json_and_nobody_elses(sample: Sample, caller: Caller) -> None:
    before = json.dumps([episode.state for episode in sample.episodes[:50]])
    for played in caller.play(sample.episodes[:50]):
        assert msgspec.json.decode(msgspec.json.encode(played), type=Played) == played
        for observation in played.observations:
            if isinstance(observation.value, dict):
                observation.value.clear()
    assert json.dumps([episode.state for episode in sample.episodes[:50]]) == before


def test_calls_and_states_that_are_none_are_refused(sample: Sample, caller: Caller) -> None:
    good = sample.episodes[0]
    bad = (ToolCall(name="no_such_tool"), ToolCall(name=good.calls[0].name, arguments=None))
    mixed, stateless, empty = caller.play(
        [
            Episode((bad[0], *good.calls, bad[1]), good.state),
            Episode(good.calls, {"Nowhere": {}}),
            Episode(()),
        ]
    )
    assert [o.kind for o in mixed.observations] == ["refused", "result", "refused"]
    assert [o.kind for o in stateless.observations] == ["refused"]
    assert stateless.observations[0].error == "no class with a state is named 'Nowhere'"
    assert empty == Played(())


def test_a_caller_reaches_a_worker(sample: Sample, caller: Caller) -> None:
    sent = pickle.loads(pickle.dumps(caller))
    with sent:
        assert list(map(seen, sent.play(sample.episodes[:8]))) == list(
            map(seen, caller.play(sample.episodes[:8]))
        )


def test_what_runs_in_this_process_says_so_and_takes_no_other_order(sample: Sample, caller: Caller) -> None:
    if sample.world.name.endswith(".py"):
        pytest.skip("runs in isolation")
    assert caller.isolation == "none"
    assert {o.isolation for p in caller.play(sample.episodes[:50]) for o in p.observations} == {"none"}
    with pytest.raises(ConfigError, match="expected auto or none, got bwrap"):
        sample.world.caller(Limits(isolation="bwrap"))


values = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.integers(-3, 60), st.floats(), st.text(max_size=8),
        st.sampled_from(["", "/", "..", "a", "2026-01-31", "\ud800", "1e400", "SFO", "Buy", "driver"]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_argument_comes_back_as_an_observation(
    sample: Sample, caller: Caller, data: st.DataObject
) -> None:
    base = data.draw(st.sampled_from(sample.episodes))
    calls = data.draw(st.lists(st.sampled_from(sample.episodes).flatmap(twisted), min_size=8, max_size=16))
    probe = seen(caller.play([base])[0])
    (played,) = caller.play([Episode((*calls, *base.calls), base.state)])
    assert len(played.observations) == len(calls) + 1
    for observation in played.observations:
        assert observation.ok == (observation.kind == "result")
        assert observation.ok or observation.error
        assert msgspec.json.encode(observation)
    assert seen(caller.play([base])[0]) == probe


def twisted(episode: Episode) -> st.SearchStrategy[ToolCall]:
    """Return calls of an episode's tool with some arguments replaced, left out, or added."""
    (call,) = episode.calls
    names = [*(call.arguments or {}), "extra"]
    changed = st.dictionaries(st.sampled_from(names), values, max_size=3)
    left_out = st.sets(st.sampled_from(names), max_size=1)

    def arguments(new: dict[str, Any], gone: set[str]) -> ToolCall:
        given = {**(call.arguments or {}), **{k: v for k, v in new.items() if k != "extra" or gone}}
        return ToolCall(name=call.name, arguments={k: v for k, v in given.items() if k not in gone})

    return st.builds(arguments, changed, left_out)
