"""DPO starts at ln 2, computes both answers from one forward, and keeps its reference."""

from pathlib import Path

import msgspec
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from callwright.errors import DataError
from callwright.record import Message, Preference, ToolCall
from callwright.train import DpoConfig, SftConfig, dpo, sft
from callwright.train.lora import add_lora, load_base
from callwright.train.preference import pair_logps
from callwright.train.tokens import Pair, tokenize_pair
from tiny_rows import pair, trajectory, write

CONFIG = DpoConfig(batch_size=2, epochs=1.0, dtype="float32", learning_rate=5e-3, sft_weight=0.0)


@pytest.fixture(scope="module")
def adapter(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sft")
    data = write(folder / "train.jsonl", [trajectory(i) for i in range(8)])
    config = SftConfig(lora_rank=4, batch_size=4, epochs=1.0, dtype="float32", learning_rate=1e-2)
    sft(config, base=tiny_base, data=data, out=folder / "run")
    return folder / "run" / "adapter"


def test_one_shared_forward_equals_two_separate_ones(tiny_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_base))
    plain = AutoModelForCausalLM.from_pretrained(str(tiny_base))
    model = add_lora(load_base(tiny_base, "float32"), 4)
    for i in range(4):
        p = tokenize_pair(pair(i), tokenizer, max_length=4096)
        assert isinstance(p, Pair)
        together = pair_logps(model, p)
        for answer, logp in zip((p.chosen, p.rejected), together, strict=True):
            logits = plain(torch.tensor([p.prompt + answer])).logits[0, len(p.prompt) - 1 : -1]
            apart = torch.log_softmax(logits, -1)[range(len(answer)), answer].sum()
            assert torch.allclose(logp, apart, atol=1e-4)


def test_rows_without_a_preference_are_one_clear_error(
    tiny_base: Path, adapter: Path, tmp_path: Path
) -> None:
    pairs = write(tmp_path / "pairs.jsonl", [trajectory(1)])
    with pytest.raises(DataError, match="no-preference"):
        dpo(CONFIG, base=tiny_base, adapter=adapter, pairs=pairs, out=tmp_path / "run")


def test_an_answer_that_can_not_be_read_is_trained_on_as_it_was_written(tiny_base: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_base))
    text = '<tool_call>\n{"name": "get_weather"<|im_end|>'
    unread = ToolCall(name="", arguments=None, raw=text, parse_error="the text ends in the middle")
    rejected = Message(role="assistant", tool_calls=(unread,))
    t = msgspec.structs.replace(pair(1), preference=Preference(rejected=rejected, error_class="malformed"))
    p = tokenize_pair(t, tokenizer, max_length=4096)
    assert isinstance(p, Pair)
    *written, end = p.rejected
    assert tokenizer.decode(written) == text.replace("<|", "< |")  # no text spells a frame
    assert end == tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert end not in written
    assert p.prompt == tokenize_pair(pair(1), tokenizer, max_length=4096).prompt  # type: ignore[union-attr]
