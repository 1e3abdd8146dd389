"""What is drawn depends on what is asked, follows the probabilities, and never on what is asked beside it."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tiny_model import make_base

pytest.importorskip("torch")
pytest.importorskip("transformers")

from written_answers import streamed

from callwright.models import Completion, Prompt
from callwright.models.local import LocalModel
from callwright.models.plain import generate
from callwright.models.sampling import Sampler, seed_of


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, torch: Any) -> LocalModel:
    return LocalModel(make_base(tmp_path_factory.mktemp("base")), batch_size=3, dtype="float32")


def drawn(text: str, sample: int = 0, temperature: float = 1.0, **more: Any) -> Prompt:
    return Prompt(segments=((text, False),), temperature=temperature, sample=sample, **more)


SHARED = "What is the weather in Oslo for the next days? " * 3
PROMPTS = [drawn(SHARED + str(k % 4), sample=k // 4) for k in range(12)]


def answered(model: LocalModel, prompts: list[Prompt], **more: Any) -> list[Completion]:
    return model.complete(prompts, max_tokens=12, **more)


def test_an_answer_does_not_depend_on_the_prompts_beside_it_nor_on_their_order(model: LocalModel) -> None:
    together = answered(model, PROMPTS)
    assert [answered(model, [prompt])[0] for prompt in PROMPTS] == together
    order = list(range(len(PROMPTS)))
    random.Random(1).shuffle(order)
    beside = [Prompt(segments=((f"other {k}", False),)) for k in range(3)]
    shuffled = answered(model, [*(PROMPTS[k] for k in order), *beside])
    assert [shuffled[order.index(k)] for k in range(len(PROMPTS))] == together


def test_samples_seeds_and_texts_give_different_answers_and_the_same_ones_again(model: LocalModel) -> None:
    texts = [c.text for c in answered(model, PROMPTS)]
    assert len(set(texts)) == len(PROMPTS)
    assert [c.text for c in answered(model, PROMPTS)] == texts
    assert not set(texts) & {c.text for c in answered(model, PROMPTS, seed=1)}


def test_what_is_not_drawn_is_the_same_beside_what_is(model: LocalModel) -> None:
    greedy = [replace(prompt, temperature=0.0) for prompt in PROMPTS[:4]]
    alone = answered(model, greedy)
    assert answered(model, [*PROMPTS, *greedy])[len(PROMPTS) :] == alone
    assert answered(model, greedy, seed=5) == alone
    assert answered(model, [replace(prompt, sample=3) for prompt in greedy]) == alone


def test_hardly_any_temperature_is_none(model: LocalModel) -> None:
    cold = [replace(prompt, temperature=1e-300) for prompt in PROMPTS[:4]]
    assert answered(model, cold) == answered(model, [replace(prompt, temperature=0.0) for prompt in cold])


def test_the_loop_for_other_architectures_draws_the_same_tokens(model: LocalModel) -> None:
    prompts = [model.tokenizer.encode(prompt.segments[0][0]) for prompt in PROMPTS]
    pickers: dict[int, Any] = {k: Sampler(1.0, seed_of(f"{k}", 0, 0)) for k in range(0, 12, 2)}
    told: dict[int, list[int]] = {}
    found = generate(
        model.model, prompts, max_tokens=8, stop=frozenset({2}), slots=4, pickers=pickers,
        finished=told.__setitem__,
    )  # fmt: skip
    assert [told[k] for k in range(12)] == found
    again = {0: Sampler(1.0, seed_of("0", 0, 0))}
    alone = generate(model.model, prompts[:1], max_tokens=8, stop=frozenset({2}), slots=1, pickers=again)
    assert alone == found[:1]
    greedy = generate(model.model, prompts, max_tokens=8, stop=frozenset({2}), slots=4)
    assert found[1::2] == greedy[1::2]
    assert found[::2] != greedy[::2]


class Scripted:
    """Picks the tokens that it is told to."""

    def __init__(self, *tokens: int) -> None:
        self._tokens = iter(tokens)

    def pick(self, logits: Any) -> int:
        return next(self._tokens)


@pytest.mark.parametrize("tokens", [(2,), (7, 2), (7, 8, 9)])
def test_an_answer_that_is_picked_ends_as_every_other(model: LocalModel, tokens: tuple[int, ...]) -> None:
    found = generate(
        model.model, [[5]], max_tokens=3, stop=frozenset({2}), slots=1, pickers={0: Scripted(*tokens)}
    )
    assert found == [list(tokens)]


def test_a_stream_draws_what_a_completion_draws(model: LocalModel) -> None:
    for prompt in PROMPTS[:3]:
        assert streamed(model, prompt, 12) == answered(model, [prompt])[0].text


@pytest.mark.parametrize(
    ("top_p", "left"), [(0.5, {0}), (0.51, {0, 1}), (0.81, {0, 1, 2}), (1.0, {0, 1, 2, 3})]
)
def test_only_the_likeliest_tokens_are_drawn(torch: Any, top_p: float, left: set[int]) -> None:
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()
    sampler = Sampler(1.0, 7, top_p)
    assert {sampler.pick(logits) for _ in range(400)} == left
    again = frequencies(Sampler(1.0, 7, top_p).pick, logits, 4000)
    whole = sum([0.5, 0.3, 0.15, 0.05][: len(left)])
    assert again == pytest.approx(
        [p / whole if i in left else 0 for i, p in enumerate([0.5, 0.3, 0.15, 0.05])], abs=0.03
    )


def test_a_drawn_answer_keeps_to_its_grammar(model: LocalModel) -> None:
    pytest.importorskip("llguidance")
    prompts = [drawn("x", sample, 2.0, grammar='start: "red" | "green" | "blue"') for sample in range(30)]
    found = [c.text for c in answered(model, prompts)]
    assert set(found) == {"red", "green", "blue"}
    assert streamed(model, prompts[0], 12) == found[0]
    assert [answered(model, [prompt])[0].text for prompt in prompts[:5]] == found[:5]


def frequencies(pick: Callable[[Any], int], logits: Any, times: int) -> list[float]:
    counts = Counter(pick(logits) for _ in range(times))
    return [counts[token] / times for token in range(len(logits))]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_tokens_are_drawn_by_their_probabilities(torch: Any, temperature: float) -> None:
    logits = torch.tensor([1.0, -1.0, 0.0, -torch.inf, 2.0])
    expected = (logits / temperature).softmax(0).tolist()
    found = frequencies(Sampler(temperature, 1).pick, logits, 6000)
    assert found[3] == 0
    assert max(abs(a - b) for a, b in zip(found, expected, strict=True)) < 0.025


def test_the_seed_of_an_answer_is_a_promise_and_fits_into_31_bits() -> None:
    assert seed_of("hi", 0, 0) == 592576037
    seeds = {seed_of(text, sample, seed) for text in "ab" for sample in range(9) for seed in range(9)}
    assert len(seeds) == 2 * 9 * 9
    assert all(0 <= seed < 2**31 for seed in seeds)
