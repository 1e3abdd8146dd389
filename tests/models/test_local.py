"""Text becomes tokens in one way only, and answers come back whole."""

import copy
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callwright.errors import ConfigError, DataError
from callwright.models import Completion, Prompt, open_model

pytest.importorskip("torch")
pytest.importorskip("transformers")

from callwright.formats import PlainMessage, chat_template, segments
from callwright.models.local import (
    CACHE,
    SLOTS,
    LocalModel,
    best_dtype,
    encode,
    fitted,
    opening,
    silence,
    turn_end,
)

CHAT = Prompt(segments=(("<|im_start|>user\n", True), ("hello", False), ("<|im_end|>\n", True)))


@pytest.fixture(scope="module")
def model(tiny_dir: Path) -> LocalModel:
    return LocalModel(tiny_dir, batch_size=2, dtype="float32")


def test_data_can_not_end_a_turn(tokenizer: Any) -> None:
    assert encode(tokenizer, [("a<|im_end|>", True)])[-1] == 2
    assert 2 not in encode(tokenizer, [("a<|im_end|>", False)])


@given(
    st.lists(st.sampled_from(["<|im_end|>", "<|im_start|>", "<|endoftext|>", "<|", "im", "|>", " 7", "é"]))
)
def test_data_never_yields_a_special_token(tokenizer: Any, parts: list[str]) -> None:
    ids = encode(tokenizer, [("".join(parts), False)])
    assert not set(ids) & set(tokenizer.all_special_ids)
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == "".join(parts)


def test_a_model_without_our_end_of_turn_ends_with_its_own(tmp_path: Path) -> None:
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE(vocab={"<s>": 0, "</s>": 1, "<": 2, "/": 3, "s": 4, ">": 5}, merges=[]))
    foreign = PreTrainedTokenizerFast(tokenizer_object=raw, bos_token="<s>", eos_token="</s>")
    assert encode(foreign, [("s", False), ("<|im_end|>", True)]) == [4, 1]
    assert encode(foreign, [("</s>", False)]) == [2, 3, 4, 5]  # text still ends nothing
    assert turn_end(foreign) == "</s>"


def test_a_text_begins_as_the_tokenizer_begins_one(model: LocalModel) -> None:
    from tokenizers.processors import TemplateProcessing

    assert opening(model.tokenizer) == []
    assert fitted(model.tokenizer, chat_template()) == chat_template()
    begun = copy.deepcopy(model.tokenizer)
    begun.bos_token = "<|endoftext|>"
    begun.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", 0)]
    )
    assert opening(begun) == [0]
    begun.chat_template = fitted(begun, chat_template())
    messages = [PlainMessage("system", "be brief", 0.0), PlainMessage("user", "hello", 0.0)]
    ours = [*opening(begun), *encode(begun, segments(messages, generation_prompt=True))]
    plain = [{"role": m.role, "content": m.content} for m in messages]
    theirs = begun.apply_chat_template(plain, add_generation_prompt=True, return_dict=False)
    assert ours == theirs
    assert ours[0] == 0
    opened = copy.copy(model)
    opened.tokenizer = begun
    prompt = Prompt(segments=tuple((s.text, s.control) for s in segments(messages, generation_prompt=True)))
    assert opened.complete([prompt], max_tokens=2)[0].prompt_tokens == len(ours)


def test_a_model_with_our_end_of_turn_keeps_it(tokenizer: Any) -> None:
    assert turn_end(tokenizer) == "<|im_end|>"


@given(st.lists(st.tuples(st.sampled_from(["<|im_end|>", "hello", "  "]), st.booleans())))
def test_segments_are_tokenized_each_on_its_own(tokenizer: Any, segments: list[tuple[str, bool]]) -> None:
    alone = [token for segment in segments for token in encode(tokenizer, [segment])]
    assert encode(tokenizer, segments) == alone
    assert encode(tokenizer, [(text, control, True) for text, control in segments]) == alone


def test_completions_come_in_the_order_of_the_prompts(model: LocalModel) -> None:
    prompts = [Prompt(segments=((text, False),)) for text in ("hello", "a", "hello hello", "7  7", "hell")]
    told: dict[int, Completion] = {}
    together = model.complete(prompts, max_tokens=6, arrived=told.__setitem__)
    assert together == [model.complete([prompt], max_tokens=6)[0] for prompt in prompts]
    assert [told[place] for place in range(len(prompts))] == together
    assert [c.prompt_tokens for c in together] == [len(encode(model.tokenizer, p.segments)) for p in prompts]


def test_so_many_prompts_share_a_step_as_their_caches_have_room_for(tiny_dir: Path) -> None:
    model = LocalModel(tiny_dir, dtype="float32")
    token = 2 * 2 * 2 * 16 * 4  # keys and values, two layers, two heads of 16 in float32
    assert model.slots(100) == SLOTS
    assert model.slots(CACHE // token // 5) == 5
    assert model.slots(CACHE) == 1


def test_finish_says_whether_the_model_stopped(model: LocalModel) -> None:
    for completion in model.complete([CHAT, Prompt(segments=(("x", False),))], max_tokens=5):
        assert completion.completion_tokens == 5 if completion.finish == "length" else True
        assert completion.completion_tokens <= 5
        assert "<|im_end|>" not in completion.text


def test_a_prompt_that_does_not_fit_is_named_before_anything_is_generated(model: LocalModel) -> None:
    long = Prompt(segments=(("x" * 510, False),))
    assert model.fits(CHAT, 8)
    assert not model.fits(long, 8)
    assert model.fits(long, 2)
    with pytest.raises(DataError, match=r"prompt 1 does not fit .* at most 504 tokens, got 510"):
        model.complete([CHAT, long], max_tokens=8, arrived=lambda *_: pytest.fail("generated"))


def test_nothing_to_do_is_done(model: LocalModel) -> None:
    assert model.complete([], max_tokens=4) == []


@pytest.mark.parametrize("segments", [(), (("", True),)])
def test_an_empty_prompt_is_refused(model: LocalModel, segments: tuple[tuple[str, bool], ...]) -> None:
    with pytest.raises(DataError, match="prompt 0 is empty"):
        model.complete([Prompt(segments=segments)], max_tokens=4)


def test_no_tokens_to_generate_is_refused(model: LocalModel) -> None:
    with pytest.raises(ConfigError, match="max_tokens"):
        model.complete([CHAT], max_tokens=0)


def test_an_adapter_is_merged_into_its_base(tiny_dir: Path, tmp_path: Path, torch: Any) -> None:
    peft = pytest.importorskip("peft")
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(tiny_dir, dtype=torch.float32)
    config = peft.LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM")
    torch.manual_seed(0)
    peft.get_peft_model(base, config).save_pretrained(tmp_path / "adapter")
    adapted = LocalModel(tmp_path / "adapter", dtype="float32")
    plain = LocalModel(tiny_dir, dtype="float32")
    assert type(adapted.model) is type(plain.model)
    ids = torch.tensor([encode(plain.tokenizer, CHAT.segments)])
    with torch.inference_mode():
        assert not torch.allclose(adapted.model(ids).logits, plain.model(ids).logits)
    assert adapted.complete([CHAT], max_tokens=4)[0].prompt_tokens == len(
        encode(plain.tokenizer, CHAT.segments)
    )


def test_an_adapter_without_its_base_says_where_it_looked(tmp_path: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": "/nowhere/base"}), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="/nowhere/base"):
        LocalModel(tmp_path)


def test_a_pickled_adapter_is_refused(tmp_path: Path, tiny_dir: Path) -> None:
    (tmp_path / "adapter_config.json").write_text(
        json.dumps({"base_model_name_or_path": str(tiny_dir), "peft_type": "LORA"}), encoding="utf-8"
    )
    (tmp_path / "adapter_model.bin").write_bytes(b"pickle")
    with pytest.raises(ConfigError, match="safetensors"):
        LocalModel(tmp_path)


@pytest.mark.parametrize("content", [None, "{}", "[1]", "nonsense"])
def test_a_directory_that_is_no_model_is_refused(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError):
        open_model(str(tmp_path))


def test_the_spec_of_a_directory_opens_it(tiny_dir: Path) -> None:
    assert open_model(str(tiny_dir)).name == tiny_dir.name
    assert open_model("smollm2-135m", embedded=lambda: tiny_dir).name == "smollm2-135m"


def test_the_number_format_is_one_that_models_come_in(torch: Any) -> None:
    assert best_dtype("cpu") in (torch.bfloat16, torch.float32)
    assert best_dtype("mps") is torch.float32


@pytest.mark.slow
def test_the_embedded_model_speaks(embedded_dir: Path) -> None:
    model = open_model("smollm2-135m", embedded=lambda: embedded_dir)
    prompt = Prompt(
        segments=(
            ("<|im_start|>user\n", True),
            ("What is the capital of France?", False),
            ("<|im_end|>\n<|im_start|>assistant\n", True),
        )
    )
    completion = model.complete([prompt], max_tokens=32)[0]
    assert "Paris" in completion.text
    assert completion.finish == "stop"


def test_no_library_reports_home(monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants
    from huggingface_hub.utils import _telemetry, send_telemetry

    def started() -> None:
        raise AssertionError("a report was about to be sent")

    monkeypatch.setattr(_telemetry, "_start_telemetry_thread", started)
    for name in ("HF_HUB_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
        monkeypatch.setattr(constants, name, False)
    with pytest.raises(AssertionError, match="about to be sent"):
        send_telemetry("trl/sft")
    silence()
    send_telemetry("trl/sft")


def test_threads_that_encode_at_once_get_what_each_asked_for(tokenizer: Any) -> None:
    parts = [("<|im_start|>", True), ("user\nsay <|im_end|> now", False), ("<|im_end|>", True)] * 4
    expected = encode(tokenizer, parts)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: encode(tokenizer, parts), range(200)))
    finally:
        sys.setswitchinterval(before)
    assert found == [expected] * 200
