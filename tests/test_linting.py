"""`callwright lint`: tools of every kind, what is wrong with them, what calls do, and the exit code."""

import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callwright import assets, linting
from callwright.cli import app
from callwright.record import Json, Tool, Trajectory, encode
from callwright.settings import LintSettings
from callwright.synthesize.quality import CODES
from command_line import TOOLS, callwright, error_line

ROOT = Path(__file__).parent.parent
BAD = Path(__file__).parent / "lint_files"
QUICK = LintSettings(tries=0)


def found(source: object, settings: LintSettings = QUICK) -> list[tuple[str, str]]:
    return [(f.place, f.issue.code) for f in linting.lint(str(source), settings).findings]


def command(*args: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["lint", *map(str, args)])
    return done.exit_code, done.stdout, done.stderr


# --- bad files

EXPECTED: Mapping[str, list[tuple[str, str]]] = {
    "bad_tools.py": [
        ("process", "vague-name"), ("fetch_tides.arg1", "vague-name"), ("rename_port", "no-description"),
        ("rename_port.name", "undescribed"), ("hoist.flag", "restated-name"),
        ("anchor.depth_of_water", "undescribed"), ("tell_crew.what", "no-type"),
        ("stow_cargo.crates", "no-item-type"), ("sign_on.sailor", "free-form-object"),
        ("plan_voyage.days", "no-bounds"), ("plan_voyage.speed", "bounds-in-prose"),
        ("plan_voyage.wind", "enum-in-prose"), ("plan_voyage.departure_date", "no-format"),
        ("trim_sails.angle", "bad-default"), ("trim_sails.jib", "no-default"),
        ("search_harbour", "confusable-tools"), ("end_watch", "copied-description"),
        ("load_manifest", "many-parameters"), ("chart_course", "deep-nesting"),
        ("chart_course.route", "unsamplable"), ("repair_hull", "not-callable"), ("fish", "often-fails"),
        ("roll_dice", "nondeterministic"), ("ask_pilot", "often-fails"), ("ask_pilot", "error-result"),
        ("log_entry", "empty-result"), ("count_barrels", "result-schema"),
        ("count_barrels", "wrong-example"),
    ],
    "bad_tools.json": [
        ("list_ports_", "illegal-name"), ("list_ports_.coast", "required-default"),
        ("list_ports_.limit", "contradiction"), ("list_ports_.limit", "no-default"),
        ("list_ports_.limit", "bad-example"), ("getShip.imo", "contradiction"),
        ("get_ship", "duplicate-name"),
    ],
    "bad_openapi.yaml": [
        ("PUT /berths/{berth}/photo", "skipped-operation"), ("get_berths_berth", "derived-name"),
        ("get_berths_berth.berth", "unsamplable"),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_each_mistake_of_a_bad_file_is_found_at_its_place(name: str) -> None:
    assert found(BAD / name, LintSettings()) == EXPECTED[name]


def test_the_bad_files_show_every_code() -> None:
    """But for those that take more than a hundred tools, or a server that is down."""
    shown = {code for findings in EXPECTED.values() for _, code in findings}
    assert shown | {"many-tools", "not-answered"} == set(CODES)


# --- good files


@pytest.mark.parametrize(("name", "level"), [("tools.py", None), ("openapi.yaml", "mock")])
def test_the_examples_are_clean_and_all_their_tools_can_be_called(name: str, level: str | None) -> None:
    lint = linting.lint(str(ROOT / "examples" / name), LintSettings(strict=True))
    assert not lint.fails(strict=True), linting.report(lint, notes=False)
    assert all(r.callable and r.succeeded == r.calls for r in lint.rehearsals)
    if level is None:
        assert all(r.deterministic for r in lint.rehearsals)
    else:
        assert {r.level for r in lint.rehearsals} == {level}


def test_tools_of_the_public_data_are_read_without_falling_over(shared_data: Path) -> None:
    folder = shared_data / "tools"
    files = [
        *folder.rglob("*func_doc/*.json"),
        *folder.rglob("*-spec.json"),
        *folder.glob("mcp-*/tools.json"),
    ]
    assert len(files) > 10
    for path in files:
        lint = linting.lint(str(path), LintSettings())
        assert lint.tools
        assert all(f.issue.code in CODES and f.issue.expected for f in lint.findings)


# --- what a call does


STATEFUL = '''
class Till:
    def __init__(self) -> None:
        self.total = 3

    def put(self, amount: int) -> int:
        """Put coins in.

        >>> till.put(2)
        5
        """
        self.total += amount
        return self.total

    def look(self) -> int:
        """Count the coins."""
        return self.total


def half(of: float) -> float:
    """Divide by two."""
    return of / 2
'''


def test_a_toolbox_with_a_state_shows_which_tools_change_it(tmp_path: Path) -> None:
    (tmp_path / "till.py").write_text(STATEFUL, encoding="utf-8")
    rehearsals = {
        r.tool: r for r in linting.lint(str(tmp_path / "till.py"), LintSettings(tries=3)).rehearsals
    }
    assert {n: r.effect for n, r in rehearsals.items()} == {"half": "unknown", "put": "write", "look": "read"}
    assert (rehearsals["put"].held, rehearsals["put"].examples) == (1, 1)


def test_methods_of_http_tell_what_an_operation_does() -> None:
    lint = linting.lint(str(ROOT / "examples" / "openapi.yaml"), LintSettings(tries=1))
    effects = {r.tool: r.effect for r in lint.rehearsals}
    assert effects["getParcel"] == "read"
    assert effects["cancelParcel"] == effects["createParcel"] == "write"


def test_on_a_live_server_only_what_reads_is_called(tmp_path: Path) -> None:
    """Nothing answers at that port: what is called fails, what is not called has no level."""
    operations = {m: {"operationId": f"{m}_it", "responses": {}} for m in ("get", "delete", "post")}
    document = {"openapi": "3.1.0", "info": {}, "paths": {"/a": operations}}
    document |= {"servers": [{"url": "http://127.0.0.1:9"}]}
    (tmp_path / "api.json").write_text(json.dumps(document), encoding="utf-8")
    settings = LintSettings(http="live", allow="127.0.0.1:9, DELETE 127.0.0.1:9, POST 127.0.0.1:9", tries=1)
    lint = linting.lint(str(tmp_path / "api.json"), settings)
    assert {r.tool: (r.effect, bool(r.level)) for r in lint.rehearsals} == {
        "get_it": ("read", True), "delete_it": ("write", False), "post_it": ("write", False),
    }  # fmt: skip
    assert ("get_it", "not-answered") in [(f.place, f.issue.code) for f in lint.findings]


SERVER = """
from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("tests", log_level="CRITICAL")


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def add(first: int, second: int) -> int:
    '''Add two numbers.'''
    return first + second


@server.tool(annotations=ToolAnnotations(read_only_hint=False))
def remember(word: str) -> str:
    '''Keep a word in mind.'''
    return word


server.run()
"""


@pytest.mark.slow
def test_an_mcp_server_is_called_and_its_hints_are_heeded(tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="needs callwright[mcp]")
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    settings = LintSettings(tries=2, isolation="none", timeout=10)
    lint = linting.lint(f"mcp:{sys.executable} {tmp_path / 'server.py'}", settings)
    assert {r.tool: r.effect for r in lint.rehearsals} == {"add": "read", "remember": "write"}
    assert all((r.level, r.deterministic, r.callable) == ("none", True, True) for r in lint.rehearsals)


# --- worlds: everything that `synthesize` takes


def test_worlds_of_our_own_are_called_in_one_of_their_states() -> None:
    home = linting.lint("tau:home", LintSettings(tries=2))
    assert len(home.tools) == len(home.rehearsals) == 8
    if not assets.present(assets.BFCL):
        pytest.skip("the BFCL wheel is not in the cache")
    lint = linting.lint("bfcl:MathAPI,TicketAPI", LintSettings(tries=4))
    rehearsals = {r.tool: r for r in lint.rehearsals}
    assert rehearsals["add"].succeeded == rehearsals["add"].calls == 4
    assert (rehearsals["add"].effect, rehearsals["create_ticket"].effect) == ("read", "write")
    assert all(r.level == "none" for r in lint.rehearsals if r.calls)


def test_calls_of_a_toolbox_with_a_state_name_what_is_there() -> None:
    """Else not one book would be found, and each tool of a sound toolbox be blamed for it."""
    done = linting.lint(str(ROOT / "examples" / "library.py"), LintSettings())
    succeeded = {rehearsal.tool: rehearsal.succeeded for rehearsal in done.rehearsals}
    assert min(succeeded[name] for name in ("get_book", "get_member", "lend_book", "change_email")) > 0
    about_calls = [f.issue for f in done.findings if f.issue.code in ("not-callable", "often-fails")]
    assert {issue.severity for issue in about_calls} == {"info"}, "values may have to belong together"


def test_the_tools_of_rows_are_read_and_those_of_a_module_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = Tool(name="go", description="Go to a place.", parameters={"type": "object", "properties": {}})
    (tmp_path / "rows.jsonl").write_bytes(encode(Trajectory(id="r", tools=(tool,))) + b"\n")
    lint = linting.lint(str(tmp_path / "rows.jsonl"), LintSettings())
    assert (lint.tools, [r.calls for r in lint.rehearsals]) == ((tool,), [0])
    (tmp_path / "my_till.py").write_text(STATEFUL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    till = linting.lint("module:my_till", LintSettings(tries=2))
    assert {r.tool: r.effect for r in till.rehearsals} == {"half": "unknown", "put": "write", "look": "read"}


def test_thousands_of_tools_that_are_all_alike_are_told_once_each(tmp_path: Path) -> None:
    tools = [Tool(name=f"get_thing_{k}", description=f"Get thing number {k} of a city.") for k in range(3000)]
    rows = [Trajectory(id=str(k), tools=(tool,)) for k, tool in enumerate(tools)]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(encode(t) + b"\n" for t in rows))
    codes = Counter(code for _, code in found(tmp_path / "rows.jsonl"))
    assert codes["copied-description"] + codes["confusable-tools"] < 2 * len(tools)


# --- the command line


def test_what_a_tool_says_can_not_write_to_the_terminal(tmp_path: Path) -> None:
    name = "go\x1b]0;title\x07"
    (tmp_path / "tools.json").write_text(json.dumps([{"name": name, "description": "\x1b[2JGo."}]))
    _, out, err = command(tmp_path / "tools.json", "--notes")
    assert "go" in out
    assert "\x1b" not in out + err


def test_findings_go_to_stdout_one_a_line_and_the_count_to_stderr() -> None:
    code, out, err = command(BAD / "bad_tools.json")
    lines = out.splitlines()
    assert code == 1
    assert lines[0].startswith("error    list_ports_  illegal-name  'list ports!' has characters")
    assert lines[1] == (
        'warning  list_ports_.coast  required-default  is required and has the default "west"'
        ' → take "coast" out of "required"'
    )
    assert err.strip() == "lint: 3 tools, 4 errors, 2 warnings, 1 note (--notes shows them)"
    assert len(lines) == 6
    assert len(command(BAD / "bad_tools.json", "--notes")[1].splitlines()) == 7


def test_the_table_has_a_line_per_tool() -> None:
    code, out, _ = command(ROOT / "examples" / "openapi.yaml")
    table = out.splitlines()
    assert code == 0
    assert table[0].split() == ["tool", "calls", "examples", "deterministic", "effect", "isolation"]
    assert table[1].split() == ["createParcel", "8", "of", "8", "1", "of", "1", "-", "write", "mock"]
    assert len(table) == 1 + 8


def test_json_holds_all_of_it() -> None:
    code, out, _ = command(BAD / "bad_tools.py", "--json", "--tries", 2)
    told: dict[str, Json] = json.loads(out)
    assert code == 1
    assert told["tools"] == len(told["rehearsals"]) == 22
    assert {"tool", "parameter", "code", "severity", "path", "what", "edit"} == set(told["findings"][0])
    assert told["counts"]["error"] >= 4
    paths = {(f["tool"], f["path"]) for f in told["findings"]}
    assert ("plan_voyage", "tools[8].parameters.properties.days") in paths


def test_warnings_fail_only_when_asked_to(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    assert command(tmp_path / "tools.py")[0] == 0
    assert command(tmp_path / "tools.py", "--strict")[0] == 1


def test_equal_seeds_give_equal_reports() -> None:
    runs = [
        linting.to_json(linting.lint(str(ROOT / "examples" / "tools.py"), LintSettings(tries=3)))
        for _ in "ab"
    ]
    assert runs[0] == runs[1]


def test_the_page_shows_what_lint_says(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (shown,) = re.findall(r"```text\n(.*?)```", page, re.DOTALL)
    (tmp_path / "tables.py").write_text(source, encoding="utf-8")
    _, out, err = command(tmp_path / "tables.py")
    levels = re.compile(r"\b(monty|bwrap|landlock|process)$", re.MULTILINE)  # as the machine allows
    assert levels.sub("level", out + err) == levels.sub("level", shown)


@pytest.mark.slow
def test_what_is_no_toolbox_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    (tmp_path / "empty.json").write_text("[]", encoding="utf-8")
    (tmp_path / "api.json").write_text('{"openapi": "3.1.0", "paths": {}}', encoding="utf-8")
    for args in (("nosuch.py",), ("empty.json",), ("api.json",), ("empty.json", "--tries", "-1")):
        assert error_line(callwright("lint", *args, cwd=tmp_path))
