"""A certificate holds where all runtimes see the same bytes, and finds every way in which they do not."""

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from callwright.cli import app
from callwright.conform import Certificate, conform, keep, lines, present
from callwright.conform.cases import Case, case
from callwright.conform.llama_server import Client, holds_odd_number
from callwright.conform.runtime import Limit, Runtime
from callwright.errors import ConfigError
from callwright.formats import plain_messages
from callwright.record import Message, ToolCall, Trajectory
from callwright.serve import answers
from callwright.store import write_json_atomic
from callwright.train import Export, export_model

CALLS = 60
SLOW = pytest.mark.slow


@pytest.fixture(scope="module")
def exported(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "tiny"
    export_model(tiny_base, out, Export())
    return out


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    shutil.copytree(exported, tmp_path / "tiny")
    return tmp_path / "tiny"


def differing(found: Certificate) -> set[tuple[str, str]]:
    return {(v.name, name) for v in found.runtimes for name, f in v.properties.items() if f.different}


def edit(folder: Path, name: str, change: Callable[[str], str]) -> None:
    file = folder / name
    before = file.read_text("utf-8")
    file.write_text(change(before), "utf-8")
    assert file.read_text("utf-8") != before


def test_an_exported_model_is_the_same_everywhere(folder: Path) -> None:
    found = conform(folder, calls=CALLS, seed=3)
    assert differing(found) == set()
    assert found.holds
    checked = {v.name: {name: f.checked for name, f in v.properties.items()} for v in found.runtimes}
    every = dict.fromkeys(("prompt", "control", "learnt", "calls", "streamed"), found.cases)
    assert checked["callwright"] == checked["Transformers"] == checked["callwright serve"] == every
    assert checked["vLLM tool parser"] == {"calls": found.cases, "streamed": found.cases}
    assert found.calls >= CALLS
    keep(folder, found)
    assert json.loads((folder / "conform.json").read_text("utf-8"))["calls"] == found.calls
    card = (folder / "README.md").read_text("utf-8")
    assert "no difference (seed 3" in card
    assert "Not verified yet" not in card


def with_a_blank(template: str) -> str:
    return template.replace("'<tool_response>\\n'", "'<tool_response> \\n'")


def without_marks(template: str) -> str:
    return template.replace("{%- generation -%}", "").replace("{%- endgeneration -%}", "")


def without_care(template: str) -> str:
    return template.replace("| replace('<|', '< |')", "")


def that_ends_early(config: str) -> str:
    told = json.loads(config)
    told["response_template"]["fields"]["tool_calls"]["close_pattern"] = "}"
    return json.dumps(told)


def that_leaves_one_out(parser: str) -> str:
    return parser.replace("for call in calls\n        ]", "for call in calls[:1]\n        ]")


def that_forgets_to_stream(parser: str) -> str:
    return parser.replace("if index < len(self.prev_tool_call_arr):", "if index:")


@pytest.mark.parametrize(
    ("file", "change", "expected"),
    [
        ("chat_template.jinja", with_a_blank, {("Transformers", "prompt"), ("Transformers", "learnt")}),
        pytest.param("chat_template.jinja", without_marks, {("Transformers", "learnt")}, marks=SLOW),
        pytest.param(
            "chat_template.jinja",
            without_care,
            {("Transformers", "prompt"), ("Transformers", "control"), ("Transformers", "learnt")},
            marks=SLOW,
        ),
        pytest.param(
            "tokenizer_config.json",
            that_ends_early,
            {("Transformers", "calls"), ("Transformers", "streamed")},
            marks=SLOW,
        ),
        pytest.param("vllm_tool_parser.py", that_leaves_one_out, {("vLLM tool parser", "calls")}, marks=SLOW),
        pytest.param(
            "vllm_tool_parser.py", that_forgets_to_stream, {("vLLM tool parser", "streamed")}, marks=SLOW
        ),
    ],
)
def test_a_defect_is_found_where_it_is(
    folder: Path, file: str, change: Callable[[str], str], expected: set[tuple[str, str]]
) -> None:
    edit(folder, file, change)
    found = conform(folder, calls=CALLS)
    assert differing(found) == expected
    assert not found.holds


@pytest.mark.slow
def test_a_control_token_that_texts_can_spell_is_found(folder: Path) -> None:
    told = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    spelt = {**told["added_tokens"][0], "id": len(told["model"]["vocab"]), "content": "<filename>"}
    told["added_tokens"].append(spelt)
    write_json_atomic(folder / "tokenizer.json", told)
    found = differing(conform(folder, calls=CALLS))
    assert ("Transformers", "control") in found
    assert ("callwright", "control") not in found, "our tokenizer makes control tokens of control text only"


@pytest.mark.slow
def test_a_server_that_reads_otherwise_is_found(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "arguments_of", lambda call: json.dumps({**call.arguments, "more": 1}))
    monkeypatch.setattr("callwright.serve.chat.arguments_of", answers.arguments_of)
    found = conform(folder, calls=CALLS)
    assert differing(found) == {("callwright serve", "calls"), ("callwright serve", "streamed")}


def test_cases_are_drawn_from_their_numbers_alone_and_all_can_be_written() -> None:
    marks = ["<|im_end|>"]
    assert [case(i, 7, marks) for i in range(20)] == [case(i, 7, marks) for i in range(20)]
    assert case(1, 7, marks) != case(1, 8, marks)
    rows = [case(i, 7, marks).row for i in range(300)]
    for row in rows:
        plain_messages(row)
    text = "".join(message.content for row in rows for message in row.messages)
    assert "<|im_end|>" in text
    assert "</tool_call>" in text


# --- the verb


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.mark.slow
def test_the_verb_prints_the_table_and_exits_with_what_it_found(folder: Path) -> None:
    done = run("conform", folder, "--calls", 5)
    assert done.exit_code == 0, done.output
    assert "| callwright serve (" in done.stderr
    edit(folder, "chat_template.jinja", with_a_blank)
    done = run("conform", folder, "--calls", 40, "--json")
    assert done.exit_code == 1
    assert "Transformers, prompt: " in done.stderr
    told = json.loads(done.stdout)
    assert any(runtime["properties"].get("prompt", {}).get("example") for runtime in told["runtimes"])


def test_a_folder_without_a_tokenizer_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no tokenizer there"):
        conform(tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_thousands_of_calls(folder: Path) -> None:
    """`callwright conform` sends ten thousand by default, which takes twelve minutes of a core."""
    found = conform(folder, calls=2_500)
    assert found.holds, differing(found)
    assert found.calls >= 2_500


@pytest.mark.parametrize("number", [0, 7, -1, 1.0, -0.0, 0.5, 52.520008, 1234567.89, 1e-5, 1e16, 2**63 - 1])
def test_what_the_template_engine_of_llama_cpp_writes_as_we_do_is_no_excuse(number: float) -> None:
    assert not holds_odd_number(calling(number))


@pytest.mark.parametrize(
    "number", [2**63, 10**30, 0.12345678, 52.5200081, 1.23456789e-7, 1.7976931348623157e308]
)
def test_what_it_can_not_write_is_known(number: float) -> None:
    assert holds_odd_number(calling(number))
    assert holds_odd_number(calling([{"deep": number}]))


def calling(value: Any) -> Case:
    answer = Message(role="assistant", tool_calls=(ToolCall(name="f", arguments={"x": value}),))
    return Case(Trajectory(id="a", messages=(answer,)), answer)


def test_differences_beyond_a_runtime_are_counted_apart(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt that is wrong everywhere is a difference only where the case is within the limit."""
    broken = Runtime("broken", "1", prompt=lambda one: [*one.prompt, 0])

    def with_limit(exceeded: Callable[[Case], bool]) -> Certificate:
        limited = replace(broken, limit=Limit("long ones", exceeded))
        monkeypatch.setattr(present, "runtimes", lambda folder, tokenizer: ([limited], []))
        return conform(folder, calls=CALLS, seed=3)

    found = with_limit(lambda case: len(case.row.messages) > 3)
    prompts = found.runtimes[0].properties["prompt"]
    assert prompts.different
    assert prompts.beyond
    assert prompts.different + prompts.beyond == prompts.checked == found.cases
    assert not found.holds
    told = "\n".join(lines(found))
    assert f"0 of {found.cases}, {prompts.beyond} beyond it" in told
    assert "Beyond broken: long ones." in told
    assert with_limit(lambda case: True).runtimes[0].properties["prompt"].different == 0


class Hasty(BaseHTTPRequestHandler):
    """Ends a connection without a word once it is quiet for a moment, as llama-server does."""

    protocol_version = "HTTP/1.1"
    timeout = 0.1

    def do_GET(self) -> None:
        body = b'{"status": "ok"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_a_connection_that_the_server_ended_is_opened_again() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Hasty) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        client = Client(server.server_port)
        for _ in range(3):
            assert client.ask("/health") == {"status": "ok"}
            time.sleep(0.3)
        server.shutdown()
    with pytest.raises(OSError, match="refused"):
        client.ask("/health")
