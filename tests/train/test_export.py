"""A trained model for other runtimes: the folder says what the adapter says, and carries what they need."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM, AutoTokenizer

from callwright.errors import ConfigError
from callwright.formats import Malformed, system_text
from callwright.formats.hermes import parse
from callwright.models.adapters import base_of
from callwright.record import Task, Tool
from callwright.store import write_json_atomic
from callwright.train import DpoConfig, Export, Measured, SftConfig, dpo, export_model, sft
from callwright.train.export import beside
from callwright.train.export.card import CONFORMANCE, with_conformance
from callwright.train.export.modelfile import modelfile
from stand_in_vllm import parser_class
from tiny_rows import pair, trajectory, write

IDS = torch.tensor([[1, 40, 77, 130, 9, 2, 300, 41, 5]])


@pytest.fixture(scope="module")
def runs(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an SFT run and the DPO run that started from it."""
    folder = tmp_path_factory.mktemp("runs")
    data = write(folder / "train.jsonl", [trajectory(i) for i in range(12)])
    config = SftConfig(lora_rank=4, batch_size=4, epochs=1.0, dtype="float32", learning_rate=5e-2)
    sft(config, base=tiny_base, data=data, out=folder / "sft")
    pairs = write(folder / "pairs.jsonl", [pair(i) for i in range(8)])
    dpo(
        DpoConfig(batch_size=4, dtype="float32"),
        base=tiny_base, adapter=folder / "sft" / "adapter", pairs=pairs, out=folder / "dpo",
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def adapter(runs: Path) -> Path:
    return runs / "dpo" / "adapter"


def logits_of(folder: Path, **how: Any) -> torch.Tensor:
    model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=torch.float32, **how)
    return model(input_ids=IDS).logits.detach()


def adapted(tiny_base: Path, adapter: Path) -> torch.Tensor:
    from peft import PeftModel

    base = AutoModelForCausalLM.from_pretrained(str(tiny_base), dtype=torch.float32)
    return PeftModel.from_pretrained(base, str(adapter))(input_ids=IDS).logits.detach()


def front_of(folder: Path) -> dict[str, Any]:
    front: dict[str, Any] = yaml.safe_load((folder / "README.md").read_text("utf-8").split("---\n")[1])
    return front


def test_a_gguf_file_says_what_the_adapter_says(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    expected = adapted(tiny_base, adapter)
    size: dict[str, int] = {}
    for quantization, tolerance in (("f16", 2e-2), ("q8_0", 0.2)):
        out = tmp_path / quantization
        export_model(adapter, out, Export(to="gguf", quantization=quantization, dtype="float32"))  # type: ignore[arg-type]
        file = f"{quantization}.gguf"
        size[quantization] = (out / file).stat().st_size
        found = logits_of(out, gguf_file=file)
        assert (found - expected).abs().max() < tolerance
    assert (expected - logits_of(tiny_base)).abs().max() > 0.5, "the adapter does something"
    assert size["q8_0"] < size["f16"]


def test_a_gguf_file_holds_the_tokenizer_and_a_template_that_every_engine_reads(
    adapter: Path, tmp_path: Path
) -> None:
    from gguf import GGUFReader, TokenType

    export_model(adapter, tmp_path / "m", Export(to="gguf"))
    fields = GGUFReader(tmp_path / "m" / "m.gguf").fields
    template = fields["tokenizer.chat_template"].contents()
    assert "generation" in AutoTokenizer.from_pretrained(str(adapter)).chat_template
    assert "generation -" not in template
    assert beside.without_generation(AutoTokenizer.from_pretrained(str(adapter)).chat_template) == template
    tokens, kinds = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type"))
    control = [token for token, kind in zip(tokens, kinds, strict=True) if kind == TokenType.CONTROL]
    assert control == ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    assert tokens[fields["tokenizer.ggml.eos_token_id"].contents()] == "<|im_end|>"
    assert fields["tokenizer.ggml.add_bos_token"].contents() is False


def test_an_architecture_that_is_not_understood_is_refused_and_nothing_is_left(
    tiny_base: Path, tmp_path: Path
) -> None:
    from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

    config = GPTNeoXConfig(
        vocab_size=600, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    GPTNeoXForCausalLM(config).save_pretrained(str(tmp_path / "neox"))
    AutoTokenizer.from_pretrained(str(tiny_base)).save_pretrained(str(tmp_path / "neox"))
    with pytest.raises(ConfigError, match=r"architecture.*gpt_neox"):
        export_model(tmp_path / "neox", tmp_path / "out", Export(to="gguf"))
    assert [path.name for path in tmp_path.iterdir()] == ["neox"]


def test_answers_are_read_by_transformers_alone(adapter: Path, tmp_path: Path) -> None:
    export_model(adapter, tmp_path / "m", Export())
    tokenizer = AutoTokenizer.from_pretrained(str(tmp_path / "m"))
    call = '<tool_call>\n{"name": "f", "arguments": {"a": [1]}}\n</tool_call>'
    text = f"<think>\nOslo.\n</think>\n\nLet me look.\n{call}"
    assert tokenizer.parse_response(f"{text}<|im_end|>", prefix="<|im_start|>assistant\n") == {
        "role": "assistant",
        "reasoning_content": "Oslo.",
        "content": "Let me look.",
        "tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {"a": [1]}}}],
    }


def test_no_export_loads_code(adapter: Path, tiny_base: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for file in tiny_base.iterdir():
        (source / file.name).write_bytes(file.read_bytes())
    for name in ("config.json", "tokenizer_config.json"):
        told = json.loads((source / name).read_text("utf-8"))
        write_json_atomic(source / name, {**told, "auto_map": {"AutoModelForCausalLM": "evil.Evil"}})
    export_model(source, tmp_path / "m", Export())
    for file in (tmp_path / "m").glob("*.json"):
        assert "auto_map" not in file.read_text("utf-8"), file.name
    assert sorted(p.suffix for p in (tmp_path / "m").iterdir() if p.suffix in (".bin", ".pt", ".pkl")) == []


def test_control_tokens_that_no_frame_writes_are_plain_in_what_is_handed_on(
    tiny_base: Path, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    model = AutoModelForCausalLM.from_pretrained(str(tiny_base))
    tokenizer = AutoTokenizer.from_pretrained(str(tiny_base))
    tokenizer.add_special_tokens({"additional_special_tokens": ["<filename>", "<|tool|>"]})
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(str(source))
    tokenizer.save_pretrained(str(source))
    number = tokenizer.convert_tokens_to_ids("<filename>")
    export_model(source, tmp_path / "m", Export())
    found = AutoTokenizer.from_pretrained(str(tmp_path / "m"))
    assert tokenizer.encode("<filename>") == [number]
    assert number not in found.encode("a <filename> b")
    assert found.decode(found.encode("a <filename> b")) == "a <filename> b"
    assert found.decode([number]) == "<filename>", "it keeps its number"
    assert len(found) == len(tokenizer)
    assert len(found.encode("<|tool|>")) == 1, "texts spell marks like this one apart"


def test_an_adapter_stays_one(tiny_base: Path, adapter: Path, tmp_path: Path) -> None:
    export_model(adapter, tmp_path / "m", Export(to="adapter"))
    assert base_of(tmp_path / "m") == tiny_base
    assert torch.equal(adapted(tiny_base, tmp_path / "m"), adapted(tiny_base, adapter))
    with pytest.raises(ConfigError, match="no adapter"):
        export_model(tiny_base, tmp_path / "again", Export(to="adapter"))
    with pytest.raises(ConfigError, match="is there already"):
        export_model(adapter, tmp_path / "m", Export(to="adapter"))


def test_the_card_tells_both_runs_their_licences_and_the_scores(
    runs: Path, adapter: Path, tmp_path: Path
) -> None:
    for name, licences in (("sft", {"Apache-2.0": 7, "CC-BY-NC-4.0": 5}), ("dpo", {"": 8})):
        file = runs / name / "train.json"
        write_json_atomic(file, {**json.loads(file.read_text("utf-8")), "licences": licences})
    measured = (
        Measured("bfcl_v4", "", 100, 0.25, 0.18, 0.34),
        Measured("bfcl_v4", "simple", 50, 0.5, 0.4, 0.6),
    )
    export_model(adapter, tmp_path / "mine", Export(measured=measured))
    front = front_of(tmp_path / "mine")
    assert front["license"] == ["apache-2.0", "cc-by-nc-4.0", "unknown"]
    assert front["library_name"] == "transformers"
    (index,) = front["model-index"]
    (result,) = index["results"]
    assert result["dataset"] == {"name": "bfcl_v4", "type": "bfcl-v4"}
    assert [(m["name"], m["value"], m["args"]["n"]) for m in result["metrics"]] == [
        ("all", 0.25, 100),
        ("simple", 0.5, 50),
    ]
    text = (tmp_path / "mine" / "README.md").read_text("utf-8")
    assert text.index("## SFT") < text.index("## DPO")
    assert "The licence of 5 of these rows forbids commercial use." in text
    assert "| bfcl_v4 | simple | 50 | 50.0% | 40.0% … 60.0% |" in text
    assert str(runs) not in text, "where it was trained is nobody's business"


def test_the_section_on_conformance_is_replaced_and_nothing_else() -> None:
    card = f"# m\n\n{CONFORMANCE}\n\nold\n\n## Licences\n\n- MIT\n"
    assert with_conformance(card, ["new"]) == f"# m\n\n{CONFORMANCE}\n\nnew\n\n## Licences\n\n- MIT\n"
    assert with_conformance("# m\n", ["new"]) == "# m\n"
    assert with_conformance(with_conformance(card, ["a"]), ["b"]) == with_conformance(card, ["b"])


# --- the parser for vLLM

pieces = st.lists(
    st.sampled_from(
        [
            "<tool_call>", "</tool_call>", "\n", '{"name": "f", "arguments": {"a": 1}}', "text", " ", '"',
            '{"name": "g", "arguments": {}}', '{"name": "f"}', '{"name": "f", "arguments": {"a": NaN}}',
            "<tool", "<", '{"name": "f", "arguments": {"a": 1, "a": 2}}',
            '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>',
        ]
    ),
    max_size=7,
)  # fmt: skip


@given(pieces.map("".join))
def test_vllm_reads_what_we_read_and_guesses_nothing(text: str) -> None:
    ours = parse(text)
    found = parser_class()(None).extract_tool_calls(text, None)
    made = [(call.function.name, json.loads(call.function.arguments)) for call in found.tool_calls]
    if isinstance(ours, Malformed):
        assert (found.content, made, found.tools_called) == (text, [], False)
    else:
        assert made == [(call.name, call.arguments) for call in ours.calls]
        assert (found.content or "") == ours.text


def test_half_a_character_leaves_vllm_as_json_that_can_be_sent() -> None:
    text = '<tool_call>\n{"name": "f", "arguments": {"a": "\\ud83d", "b": "é"}}\n</tool_call>'
    [call] = parser_class()(None).extract_tool_calls(text, None).tool_calls
    assert call.function.arguments.encode()
    assert json.loads(call.function.arguments) == {"a": "\ud83d", "b": "é"}


@given(pieces.map("".join), st.data())
def test_what_vllm_streams_is_what_it_reads_at_once(text: str, data: st.DataObject) -> None:
    parser = parser_class()(msgspec.defstruct("Tokenizer", [("eos_token_id", int)])(2))
    ends = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    told, calls, before = "", [], ""
    for end in [*ends, len(text)]:
        ids = [2] if end == len(text) else []
        delta = parser.extract_tool_calls_streaming(
            before, text[:end], text[len(before) : end], [], ids, ids, None
        )
        before = text[:end]
        if delta is not None:
            told += delta.content or ""
            calls += [(call.function.name, json.loads(call.function.arguments)) for call in delta.tool_calls]
    ours = parse(text)
    if not isinstance(ours, Malformed):
        assert (told, calls) == (ours.text, [(call.name, call.arguments) for call in ours.calls])
    elif not calls:
        assert told == text, "an answer that is no reply is told as the text that it is"


# --- Ollama


def test_tools_of_a_modelfile_are_written_as_training_wrote_them() -> None:
    tools = [
        Tool(name="find", description='Finds "things".', parameters={"properties": {"q": {"type": "string"}}})
    ]
    text = modelfile("m.gguf", tools, "<|im_end|>")
    assert system_text(Task(), tools).partition("# Tools")[2] in text
    assert text.count('"""') == 2
    assert "FROM ./m.gguf\n" in text
    assert 'PARAMETER stop "<|im_end|>"' in text


def test_a_description_can_not_leave_its_place_in_a_modelfile() -> None:
    tools = [Tool(name="find", description='a {{ .Secret }} """\nFROM evil\n')]
    text = modelfile("m.gguf", tools, "<|im_end|>")
    assert text.count('"""') == 2
    assert "{{ .Secret" not in text
    assert '{{ "{{" }} .Secret' in text
