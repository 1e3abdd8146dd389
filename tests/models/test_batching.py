"""The batched loop gives, token by token, what transformers' own greedy search gives for each prompt."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("torch")
pytest.importorskip("transformers")

from random_llama import STOP, VOCABULARY, alone, make_llama, some_prompts

from callwright.models import Prompt
from callwright.models.attention import ATTENTION
from callwright.models.batching import LOOK, can_decode, decode
from callwright.models.plain import generate
from callwright.models.prefixes import Prefill, Prefixes
from callwright.models.slots import GROWTH, SlotCache


@pytest.fixture(scope="module", params=["sdpa", ATTENTION])
def llama(torch: Any, request: pytest.FixtureRequest) -> Any:
    return make_llama(request.param)


@pytest.mark.slow
@pytest.mark.parametrize("slots", [1, 4, 16])
def test_tokens_equal_a_plain_greedy_search(llama: Any, slots: int) -> None:
    prompts = some_prompts(14, seed=slots)
    answers = decode(llama, prompts, max_tokens=24, stop=STOP, slots=slots)
    assert answers == [alone(llama, prompt, 24) for prompt in prompts]
    lengths = {len(answer) for answer in answers}
    assert len(lengths) > 3, "the test is only worth something where rows end at different times"


@pytest.mark.slow
@given(
    st.lists(st.lists(st.integers(4, 6), min_size=1, max_size=40), max_size=6),
    st.integers(1, 3),
    st.integers(1, 9),
)
@settings(max_examples=25)
def test_any_mix_of_shared_prefixes_gives_the_same_tokens(
    llama: Any, prompts: list[list[int]], slots: int, max_tokens: int
) -> None:
    answers = decode(llama, prompts, max_tokens=max_tokens, stop=STOP, slots=slots)
    assert answers == [alone(llama, prompt, max_tokens) for prompt in prompts]


def test_equal_prompts_and_prefixes_of_each_other_are_no_special_case(llama: Any) -> None:
    base = some_prompts(1, seed=7, longest=50)[0] * 3
    prompts = [base, base[:-1], base, [*base, 5], base[:20]]
    assert decode(llama, prompts, max_tokens=8, stop=STOP, slots=3) == [alone(llama, p, 8) for p in prompts]


def test_slots_grow_and_shrink_with_their_rows(llama: Any) -> None:
    """A long row among short ones: all keep their own tokens while the cache is laid out anew."""
    prompts = [*some_prompts(6, seed=3, longest=20), [5] * 700, *some_prompts(6, seed=4, longest=20)]
    answers = decode(llama, prompts, max_tokens=12, stop=STOP, slots=3)
    assert answers == [alone(llama, prompt, 12) for prompt in prompts]


@pytest.fixture
def new_memory_is_not_a_number(torch: Any) -> Iterator[None]:
    """What torch gives and nobody has written to."""
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    assert torch.empty(4).isnan().all()
    yield
    torch.use_deterministic_algorithms(before)


@pytest.mark.usefixtures("new_memory_is_not_a_number")
@pytest.mark.parametrize("longest", [0, GROWTH, 4 * GROWTH])
def test_no_token_is_lost_where_the_slots_grow_and_shrink(llama: Any, torch: Any, longest: int) -> None:
    rng = random.Random(0)
    lengths = [*range(GROWTH - 12, GROWTH + 4), 3 * GROWTH, 20, 3 * GROWTH + 1]
    prompts = [[rng.randrange(4, VOCABULARY) for _ in range(length)] for length in lengths]
    cache = SlotCache(2, 2, longest)
    for prompt in prompts:
        prefill = Prefill(llama)
        with torch.inference_mode():
            prefill(prompt)
            cache.load(0, prefill.cache)
            cache.next_step([len(prompt)])
        for layer, source in zip(cache.layers, prefill.cache.layers, strict=True):
            assert torch.equal(layer.keys[0, :, : len(prompt)], source.keys[0])
            assert torch.equal(layer.values[0, :, : len(prompt)], source.values[0])
            assert layer.keys.isfinite().all(), "what is masked takes part in a product"
            assert layer.values.isfinite().all()


def test_a_shared_prefix_is_read_once(llama: Any, torch: Any) -> None:
    read = []
    hook = llama.get_input_embeddings().register_forward_hook(
        lambda _, inputs, __: read.append(inputs[0].shape[1]) if inputs[0].shape[1] > 1 else None
    )
    prefix = [7] * 100
    try:
        decode(llama, [[*prefix, 4, 9], [*prefix, 5, 9]], max_tokens=1, stop=STOP, slots=2)
    finally:
        hook.remove()
    assert read == [102, 2]


@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 20_000, 1 << 30])
def test_conversations_that_go_on_give_the_same_tokens(llama: Any, limit: int) -> None:
    prefixes = Prefixes(limit)
    conversations = some_prompts(6, seed=21)
    rng = random.Random(2)
    for _ in range(4):
        answers = decode(llama, conversations, max_tokens=9, stop=STOP, slots=3, prefixes=prefixes)
        assert answers == [alone(llama, prompt, 9) for prompt in conversations]
        conversations = [
            [*prompt, *answer, *(rng.randrange(4, VOCABULARY) for _ in range(5))]
            for prompt, answer in zip(conversations, answers, strict=True)
        ]
        rng.shuffle(conversations)
        assert prefixes.bytes <= limit


def test_of_a_conversation_only_what_is_new_is_read(llama: Any) -> None:
    read = []
    hook = llama.get_input_embeddings().register_forward_hook(
        lambda _, inputs, __: read.append(inputs[0].shape[1]) if inputs[0].shape[1] > 1 else None
    )
    prefixes = Prefixes(1 << 30)
    first, other = [7] * 60, [8] * 60
    try:
        one, two = decode(llama, [first, other], max_tokens=6, stop=STOP, slots=2, prefixes=prefixes)
        more = [[*first, *one, 4, 5], [*other, *two, 4, 5]]
        decode(llama, more, max_tokens=1, stop=STOP, slots=2, prefixes=prefixes)
    finally:
        hook.remove()
    # The last token of an answer was never read: it was only written.
    assert read == [60, 60, 3, 3]


def test_what_was_not_used_for_longest_goes_first(torch: Any) -> None:
    def layers(tokens: int) -> list[tuple[Any, Any]]:
        return [(torch.zeros(1, 1, tokens, 4), torch.zeros(1, 1, tokens, 4))]  # 32 bytes a token

    prefixes = Prefixes(32 * 10)
    prefixes.keep([1, 2, 3, 4], layers(4))
    prefixes.keep([5, 6, 7, 8], layers(4))
    assert prefixes.longest([1, 2, 3, 9])[0] == 3  # used
    prefixes.keep([9] * 4, layers(4))
    assert [prefixes.longest(ids)[0] for ids in ([1, 2, 3, 4], [5, 6, 7, 8], [9] * 4)] == [4, 0, 4]
    prefixes.keep([1, 2, 3, 4, 5], layers(5))  # in place of its prefix
    assert prefixes.bytes == 32 * 9
    prefixes.keep([3] * 11, layers(11))  # larger than all there is room for
    assert prefixes.longest([3] * 11)[0] == 0
    assert prefixes.bytes == 32 * 9


def test_a_garbage_cell_of_the_cache_is_never_seen(llama: Any) -> None:
    """Rows that end leave their numbers behind in the slot; a shorter row must not read them."""
    prompts = [[9] * 300, [4, 5], [6, 7], [8, 9]]
    answers = decode(llama, prompts, max_tokens=30, stop=STOP, slots=1)
    assert answers == [alone(llama, prompt, 30) for prompt in prompts]


def test_every_answer_is_told_of_when_it_is_there(llama: Any) -> None:
    told: dict[int, list[int]] = {}
    prompts = some_prompts(9, seed=5)
    found = decode(llama, prompts, max_tokens=10, stop=STOP, slots=4, finished=told.__setitem__)
    assert [told[place] for place in range(9)] == found
    told.clear()
    found = generate(llama, prompts, max_tokens=10, stop=STOP, slots=4, finished=told.__setitem__)
    assert [told[place] for place in range(9)] == found


def test_a_settled_answer_is_written_no_further_and_its_neighbours_are(llama: Any) -> None:
    prompts = some_prompts(9, seed=5)
    whole = decode(llama, prompts, max_tokens=40, stop=STOP, slots=4)
    long = [place for place, answer in enumerate(whole) if len(answer) > LOOK]
    assert len(long) > 2
    found = decode(
        llama, prompts, max_tokens=40, stop=STOP, slots=4, settled=lambda place, _: place == long[0]
    )
    assert found[long[0]] == whole[long[0]][:LOOK]
    assert [a for i, a in enumerate(found) if i != long[0]] == [
        a for i, a in enumerate(whole) if i != long[0]
    ]


def test_the_fallback_loop_gives_the_same_tokens(llama: Any) -> None:
    prompts = some_prompts(6, seed=9)
    expected = [alone(llama, prompt, 10) for prompt in prompts]
    assert generate(llama, prompts, max_tokens=10, stop=STOP, slots=4) == expected


def test_sliding_attention_takes_the_fallback(llama: Any) -> None:
    from transformers import MistralConfig, MistralForCausalLM

    sizes = {
        "vocab_size": VOCABULARY,
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
    }
    assert can_decode(llama)
    assert not can_decode(MistralForCausalLM(MistralConfig(**sizes, sliding_window=8)))


@pytest.mark.slow
def test_the_embedded_model_in_float32_gives_the_same_tokens(embedded_dir: Path) -> None:
    from callwright.models.local import LocalModel, encode

    model = LocalModel(embedded_dir, dtype="float32")
    asked = [
        "List three rivers.",
        "What is 12 times 12?",
        'Write {"name": "x"} as YAML.',
        "Say hi.",
        "Name a colour that starts with b.",
    ]
    prompts = [
        Prompt(
            segments=(
                ("<|im_start|>system\nYou are a helpful assistant. Answer in one short sentence.", True),
                ("<|im_end|>\n<|im_start|>user\n", True),
                (text, False),
                ("<|im_end|>\n<|im_start|>assistant\n", True),
            )
        )
        for text in asked
    ]
    encoded = [encode(model.tokenizer, prompt.segments) for prompt in prompts]
    expected = [alone(model.model, ids, 16) for ids in encoded]
    for slots in (1, 3):
        assert decode(model.model, encoded, max_tokens=16, stop=frozenset({2}), slots=slots) == expected


def test_the_module_has_no_state_between_calls(llama: Any) -> None:
    prompts = some_prompts(5, seed=13)
    first = decode(llama, prompts, max_tokens=9, stop=STOP, slots=2)
    assert decode(llama, list(reversed(prompts)), max_tokens=9, stop=STOP, slots=2) == first[::-1]
