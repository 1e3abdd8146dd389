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
from callwright.train.preference import answer_logps, parts_of
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


@pytest.mark.parametrize("limit", [1, 1000, 100_000], ids=["a pair a forward", "some", "all pairs in one"])
def test_one_shared_forward_equals_two_separate_ones(tiny_base: Path, limit: int) -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_base))
    plain = AutoModelForCausalLM.from_pretrained(str(tiny_base))
    model = add_lora(load_base(tiny_base, "float32"), 4)
    pairs = [tokenize_pair(pair(i), tokenizer, max_length=4096) for i in range(4)]
    (parts,) = parts_of([p for p in pairs if isinstance(p, Pair)], fill=0, hands=1, limit=limit)
    assert len(parts) == {1: 4, 1000: 2, 100_000: 1}[limit]
    assert {part.whole for part in parts} == {4}
    found = {}
    for part in parts:
        answers = part.packed.targets.split(part.answers)
        for chosen, rejected, *logps in zip(
            answers[::2], answers[1::2], *answer_logps(model, part), strict=True
        ):
            found[tuple(chosen.tolist()), tuple(rejected.tolist())] = logps
    for p in pairs:
        assert isinstance(p, Pair)
        together = found.pop((tuple(p.chosen), tuple(p.rejected)))
        for answer, logp in zip((p.chosen, p.rejected), together, strict=True):
            logits = plain(torch.tensor([p.prompt + answer])).logits[0, len(p.prompt) - 1 : -1]
            apart = torch.log_softmax(logits, -1)[range(len(answer)), answer].sum()
            assert torch.allclose(logp, apart, atol=1e-4)
    assert not found


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
