"""The documentation against the code: generated parts, links, command lines, examples, forbidden words."""

import ast
import importlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from callwright import decode
from callwright.cli import app

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
RECIPES = sorted((ROOT / "recipes").glob("*.sh"))
FENCE = re.compile(r"^[ ]*```(\w*)\n(.*?)^[ ]*```", re.MULTILINE | re.DOTALL)

# Written in pieces, so that this file may say what no file may contain.
FORBIDDEN = (
    "/wo" + "rk/", "/fa" + "rm/", ".lib" + "rary", "/tmp/te" + "am", "/ro" + "ot/",
    "py" + "pi.o", "pythonh" + "osted", "registry" + ".np", "deb" + ".deb",
)  # fmt: skip


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


@pytest.fixture(scope="module")
def generate() -> Iterator[ModuleType]:
    """The generator of the pages, imported as the script that it is."""
    folder = str(ROOT / "docs")
    sys.path.insert(0, folder)
    yield importlib.import_module("generate")
    sys.path.remove(folder)


# --- generated parts ------------------------------------------------------------------------------


def test_generated_parts_are_up_to_date(generate: ModuleType) -> None:
    stale = [name_of(path) for path, text in generate.files().items() if path.read_text("utf-8") != text]
    assert not stale, f"run `make docs`: {stale}"


def test_every_generated_block_is_shown_somewhere(generate: ModuleType) -> None:
    shown = {
        name for page in PAGES for name in re.findall(r"generated:([a-z-]+) -->", page.read_text("utf-8"))
    }
    assert shown == set(generate.BLOCKS)


def test_a_page_with_an_unknown_block_is_refused(generate: ModuleType) -> None:
    with pytest.raises(KeyError):
        generate.filled("<!-- generated:nothing -->\n<!-- /generated -->")


def test_a_finding_without_an_example_is_refused(generate: ModuleType) -> None:
    codes = dict.fromkeys(generate.issue_codes())
    with pytest.raises(ValueError, match="brand-new"):
        generate.require_equal("EXAMPLES", codes, {**codes, "brand-new": None})


@pytest.mark.slow
def test_filling_a_filled_page_changes_nothing(generate: ModuleType) -> None:
    for text in generate.pages().values():
        assert generate.filled(text) == text


# --- pages ----------------------------------------------------------------------------------------


def test_the_readme_stays_short() -> None:
    assert README.read_text("utf-8").count("\n") <= 150


@every_page
def test_relative_links_resolve(page: Path) -> None:
    text = FENCE.sub("", page.read_text("utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    relative = [t.partition("#")[0] for t in targets if not re.match(r"[a-z]+:|#", t)]
    assert [t for t in relative if not (page.parent / t).exists()] == []


def test_every_page_of_the_docs_is_reachable_from_the_readme() -> None:
    reached, todo = set[Path](), [README]
    while todo:
        page = todo.pop()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        for target in re.findall(r"\]\(([^)\s#]+)\)", page.read_text("utf-8")):
            there = (page.parent / target).resolve()
            todo += sorted(there.glob("*.md")) if there.is_dir() else [there] if there.suffix == ".md" else []
    assert [name_of(p) for p in (ROOT / "docs").rglob("*.md") if p.resolve() not in reached] == []


@every_page
def test_fences_are_closed(page: Path) -> None:
    assert page.read_text("utf-8").count("```") % 2 == 0


# --- command lines --------------------------------------------------------------------------------


@cache
def command_lines() -> list[tuple[str, str]]:
    """Every command line of ours in the pages, fenced or inline, and in the recipes, with its place."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        fenced = "\n".join(body for language, body in FENCE.findall(text) if language in ("sh", "text"))
        inline = re.findall(r"`(callwright [^`]*)`", FENCE.sub("", text))
        lines = [line.strip() for line in fenced.splitlines()] + [" ".join(line.split()) for line in inline]
        found += [(name_of(page), line) for line in lines if line.startswith("callwright ")]
    for recipe in RECIPES:
        script = re.sub(r"\\\n\s*", "", recipe.read_text("utf-8"))
        for name, usual in re.findall(r"^(\w+)=\$\{\1:-([^}]*)\}", script, re.MULTILINE):
            script = script.replace(f'"${name}"', usual)
        lines = [line for line in script.splitlines() if line.startswith(("run ", "train "))]
        found += [(name_of(recipe), f"callwright {line.removeprefix('run ')}") for line in lines]
    return found


@cache
def whole_parser() -> Any:
    return typer.main.get_command(app)


def verb_of(words: list[str]) -> tuple[Any, str, list[str]]:
    """Return the parser of the verb, its name and the words that it has to parse."""
    parser = whole_parser()
    name = ""
    while words and words[0] in getattr(parser, "commands", {}):
        parser, name, words = parser.commands[words[0]], f"{name} {words[0]}".strip(), words[1:]
    return parser, name, words


def test_there_are_command_lines_to_check() -> None:
    assert len(command_lines()) > 20
    assert {verb_of(shlex.split(line, comments=True)[1:])[1] for _, line in command_lines()} >= {
        "unify", "verify", "blend", "train sft", "train dpo", "evaluate", "compare", "serve", "build",
    }  # fmt: skip


@pytest.mark.parametrize(("place", "line"), command_lines())
def test_command_lines_parse(place: str, line: str) -> None:
    parser, name, words = verb_of(shlex.split(line, comments=True)[1:])
    assert name, f"{place}: {line}: no such verb"
    if words:  # `callwright doctor` in a sentence names the verb only
        with parser.make_context(name, words, resilient_parsing=False) as context:
            assert context.params


def test_a_wrong_option_would_be_noticed() -> None:
    parser, name, words = verb_of(shlex.split("verify in.jsonl -o out.jsonl --no-such-option"))
    with pytest.raises(Exception, match="no-such-option"):
        parser.make_context(name, words)


def test_every_verb_has_help(generate: ModuleType) -> None:
    for verb in generate.commands():
        result = CliRunner().invoke(app, [*verb.split(), "--help"])
        assert result.exit_code == 0, verb
        assert "Usage" in result.output


def test_the_readme_names_every_verb(generate: ModuleType) -> None:
    text = README.read_text("utf-8")
    assert [verb for verb in generate.commands() if f"`{verb}`" not in text] == []


# --- examples -------------------------------------------------------------------------------------


def fenced(page: Path, language: str) -> list[str]:
    return [body for found, body in FENCE.findall(page.read_text("utf-8")) if found == language]


def test_the_python_example_is_ten_lines_and_runs_without_torch(tmp_path: Path) -> None:
    (example,) = fenced(README, "python")
    assert len([line for line in example.splitlines() if line.strip()]) <= 10
    ast.parse(example)
    raw = ROOT / "tests" / "golden" / "xlam_60k" / "raw.jsonl"
    (tmp_path / "logs.jsonl").write_bytes(raw.read_bytes())
    heavy = "\nimport sys\nassert not {'torch', 'transformers', 'openai'} & set(sys.modules)\n"
    ran = subprocess.run(
        [sys.executable, "-c", example + heavy],
        cwd=tmp_path, capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    rows = [decode(line) for line in (tmp_path / "train.jsonl").read_bytes().splitlines()]
    dropped = (tmp_path / "train.dropped.jsonl").read_bytes().splitlines()
    assert rows
    assert ran.stdout.startswith(f"{len(rows)} ")
    assert (
        len(rows) + len(dropped)
        == msgspec.json.decode((tmp_path / "train.report.json").read_bytes())["rows_in"]
    )


def test_the_record_example_is_a_trajectory() -> None:
    (example,) = fenced(ROOT / "docs" / "record.md", "json")
    assert decode(example).messages[1].tool_calls[0].arguments == {"city": "Bergen"}


@pytest.mark.parametrize("recipe", RECIPES, ids=name_of)
def test_recipes_are_valid_shell(recipe: Path) -> None:
    assert subprocess.run(["bash", "-n", str(recipe)], capture_output=True).returncode == 0


# --- what must not be said ------------------------------------------------------------------------


def tracked_files() -> list[Path]:
    """Return the files under version control, or, outside a checkout, everything that would be."""
    try:
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        return [path for name in listed.split("\0") if name and (path := ROOT / name).is_file()]
    except (OSError, subprocess.CalledProcessError):
        folders = ("src", "tests", "docs", "recipes", "examples", "bench")
        return [path for folder in folders for path in (ROOT / folder).rglob("*.*") if path.is_file()]


def test_no_file_names_a_machine_or_a_package_index() -> None:
    found = []
    for path in tracked_files():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{name_of(path)}: {word}" for word in FORBIDDEN if word in text]
    assert not found


def test_results_are_traceable() -> None:
    """A number in the table has a date, a commit and an interval; without any, the page says so."""
    text = (ROOT / "docs" / "results.md").read_text("utf-8")
    before, _, rest = text.partition("<!-- generated:studies -->")
    studies, _, behind = rest.partition("<!-- /generated -->")
    told = [line for line in studies.splitlines() if line.startswith("`callwright study ")]
    assert len(told) == len(re.findall("^### ", studies, re.MULTILINE))
    assert all(re.search(r"`: \d{4}-\d{2}-\d{2}, [0-9a-f]{7,40}, ", line) for line in told)
    rows = [line for line in (before + behind).splitlines() if line.startswith("| 2")]
    assert rows or "No results yet" in text
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", cells[0]), row
        assert re.search(r"\b[0-9a-f]{7,40}\b", cells[1]), row
        assert all(cells[:7]), row
