"""Journals know a prompt by the text that `repr` gives, so that text is a promise."""

import math

import pytest

from callwright.errors import ConfigError
from callwright.models import Prompt

ASKED = {"messages": (("system", "s"), ("user", "hi")), "segments": (("<s>", True), ("hi", False))}
GREEDY = (
    "Prompt(messages=(('system', 's'), ('user', 'hi')), segments=(('<s>', True), ('hi', False)), grammar='')"
)


def test_a_prompt_that_is_not_sampled_is_written_as_it_always_was() -> None:
    assert repr(Prompt(**ASKED)) == GREEDY
    assert repr(Prompt(**ASKED, settled=bool, temperature=0, sample=3)) == GREEDY


def test_a_sampled_prompt_is_written_with_temperature_and_sample() -> None:
    sampled = Prompt(**ASKED, temperature=0.7, sample=2)
    assert repr(sampled) == GREEDY[:-1] + ", temperature=0.7, sample=2)"
    assert repr(Prompt(**ASKED, temperature=1)) == repr(Prompt(**ASKED, temperature=1.0))
    assert sampled != Prompt(**ASKED, temperature=0.7, sample=3) != Prompt(**ASKED)


@pytest.mark.parametrize("temperature", [-0.1, math.nan, math.inf])
def test_what_is_no_temperature_is_refused(temperature: float) -> None:
    with pytest.raises(ConfigError, match="not a temperature"):
        Prompt(temperature=temperature)
