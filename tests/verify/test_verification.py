"""The verb verify from end to end: tools, judges, repairs, the gate, and the self-check."""

import json
from pathlib import Path
from typing import Any

import pytest
from judging import running, verdict
from msgspec.structs import replace

from callwright.record import Message, Task, Tool, ToolCall, Trajectory, decode, encode
from callwright.settings import VerifySettings
from callwright.verification import verified
from command_line import TOOLS, callwright, error_line

WEATHER = Tool(
    name="get_weather",
    parameters={
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
            "days": {"type": "integer"},
        },
        "required": ["city"],
    },
)


def asking(number: int, city: str = "Oslo", **arguments: Any) -> Trajectory:
    call = ToolCall(name="get_weather", arguments={"city": city, **arguments})
    return Trajectory(
        id=f"row-{number}",
        task=Task(expects="call"),
        tools=(WEATHER,),
        messages=(
            Message(role="user", content=f"Weather in {city}, please. ({number})"),
            Message(role="assistant", tool_calls=(call,)),
        ),
    )


def write(path: Path, *rows: Trajectory) -> Path:
    path.write_bytes(b"".join(encode(t) + b"\n" for t in rows))
    return path


def report(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def kept(path: Path) -> list[Trajectory]:
    return [decode(line) for line in path.read_bytes().splitlines()]


def test_tools_run_the_calls_and_the_report_names_them(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    write(tmp_path / "rows.jsonl", asking(0), asking(1, unit="kelvin"), asking(2, days=3))
    done = callwright("verify", "rows.jsonl", "-o", "out.jsonl", "--tools", "tools.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (row,) = kept(tmp_path / "out.jsonl")
    assert row.extra["verify"]["executed"] is True
    assert row.extra["verify"]["isolation"] != "none"
    told = report(tmp_path / "out.report.json")
    assert told["reasons"] == {"not-in-enum": 1, "execution-failed": 1}
    assert told["extra"]["tools"]["count"] == 3
    assert len(told["extra"]["tools"]["sha256"]) == 64


@pytest.mark.slow
@pytest.mark.parametrize(("isolation", "level"), [("process", "process"), ("none", "none")])
def test_the_level_asked_for_is_the_level_on_the_row(tmp_path: Path, isolation: str, level: str) -> None:
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    write(tmp_path / "rows.jsonl", asking(0))
    done = callwright(
        "verify",
        "rows.jsonl",
        "-o",
        "out.jsonl",
        "--tools",
        "tools.py",
        "--isolation",
        isolation,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert kept(tmp_path / "out.jsonl")[0].extra["verify"]["isolation"] == level


@pytest.mark.slow
def test_an_api_answers_from_its_document_unless_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "api.yaml").write_text(API, encoding="utf-8")
    write(tmp_path / "rows.jsonl", asking(0))
    done = callwright("verify", "rows.jsonl", "-o", "out.jsonl", "--tools", "api.yaml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert kept(tmp_path / "out.jsonl")[0].extra["verify"]["answers"] == ["mock"]
    done = callwright(
        "verify", "rows.jsonl", "-o", "live.jsonl", "--tools", "api.yaml", "--http", "live", cwd=tmp_path
    )
    assert done.returncode == 2, "live without an allow-list"


API = """\
openapi: 3.1.0
info: {title: Weather, version: "1"}
servers: [{url: "https://weather.example"}]
paths:
  /weather/{city}:
    get:
      operationId: get_weather
      summary: Get the weather of a city.
      parameters:
        - {name: city, in: path, required: true, schema: {type: string}}
        - {name: unit, in: query, schema: {type: string, enum: [celsius, fahrenheit]}}
      responses:
        "200":
          description: The weather.
          content:
            application/json:
              schema: {type: object, properties: {degrees: {type: number}}, required: [degrees]}
"""


@pytest.mark.slow
def test_repairs_are_made_only_when_asked_for(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", asking(0, days="3"))
    plain = callwright("verify", "rows.jsonl", "-o", "plain.jsonl", cwd=tmp_path)
    fixed = callwright("verify", "rows.jsonl", "-o", "fixed.jsonl", "--fix", cwd=tmp_path)
    assert (plain.returncode, fixed.returncode) == (0, 0)
    assert kept(tmp_path / "plain.jsonl") == []
    (row,) = kept(tmp_path / "fixed.jsonl")
    assert row.messages[1].tool_calls[0].arguments == {"city": "Oslo", "days": 3}
    assert "repaired" in {issue.code for issue in row.issues}


def test_a_secret_stops_the_run_and_is_not_repeated(tmp_path: Path) -> None:
    token = "ghp_" + "Zk3Qw9Lx7" * 4
    bad = asking(1)
    bad = replace(bad, messages=(replace(bad.messages[0], content=f"Use {token}"), bad.messages[1]))
    write(tmp_path / "rows.jsonl", asking(0), bad)
    done = callwright("verify", "rows.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    assert done.returncode == 1
    assert "row-1" in done.stderr
    assert token not in done.stderr
    assert not (tmp_path / "out.jsonl").exists()
    assert not (tmp_path / "out.dropped.jsonl").exists()


def test_rows_or_their_place_missing_is_one_line(tmp_path: Path) -> None:
    assert "verify ROWS -o OUT.jsonl" in error_line(callwright("verify", cwd=tmp_path))


@pytest.mark.slow
def test_judges_vote_once_are_paid_once_and_are_told_of_in_the_report(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", *(asking(k) for k in range(6)))
    with running() as server:
        server.answer = lambda request: verdict("(3)" not in request["messages"][-1]["content"], 5)
        command = [
            "verify", "rows.jsonl", "-o", "out.jsonl", "--judge", f"{server.url}#one@1/2",
            "--judge", f"{server.url}:two",
        ]  # fmt: skip
        done = callwright(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert len(server.requests) == 12
        callwright(*command, cwd=tmp_path)
        assert len(server.requests) == 12, "the journal answers the second time"
    told = report(tmp_path / "out.report.json")
    assert told["reasons"] == {"judge-rejected": 1}
    assert (tmp_path / "out.judge.jsonl").exists()
    judges = told["extra"]["judges"]
    assert judges["agreement"]["passes"] == 1.0
    assert [judge["dollars"] for judge in judges["judges"]] == [pytest.approx(6 * 1200e-6), None]
    votes = kept(tmp_path / "out.jsonl")[0].extra["judge"]["votes"]
    assert len(votes) == 2


def test_without_a_judge_its_stage_is_not_run(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", asking(0))
    done = callwright("verify", "rows.jsonl", "-o", "out.jsonl", cwd=tmp_path)
    header, line = done.stderr.splitlines()[:2]
    assert "fail semantic" in header
    assert line.count("not run") == 2


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_what_only_an_earlier_run_did_is_not_run(tmp_path: Path, workers: int) -> None:
    earlier = {"judge": {"votes": []}, "verify": {"executed": True}}
    rows = [replace(asking(k, **more), extra=earlier) for k, more in enumerate(({}, {"unit": "kelvin"}))]
    settings = VerifySettings(workers=workers)
    _, tables = verified(write(tmp_path / "rows.jsonl", *rows), tmp_path / "out.jsonl", settings)
    assert tables.splitlines()[1].count("not run") == 2
    funnel = report(tmp_path / "out.report.json")["extra"]["funnel"]["total"]
    assert (funnel["execution"], funnel["semantic"], funnel["passed"]) == (None, None, 1)


@pytest.mark.slow
def test_the_self_check_finds_nothing_wrong_and_says_so_in_numbers(tmp_path: Path) -> None:
    done = callwright("verify", "--self-check", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["wrong"] == []
    assert len(told["scores"]) >= 50
    assert all(score["planted"] for score in told["scores"])
    assert told["alarms"] == []


def test_the_self_check_runs_on_rows_of_the_users(tmp_path: Path) -> None:
    write(tmp_path / "rows.jsonl", *(asking(k) for k in range(5)))
    done = callwright("verify", "rows.jsonl", "--self-check", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "5 clean rows" in done.stderr


@pytest.mark.slow
def test_the_self_check_measures_judges_on_rows_with_a_label(tmp_path: Path) -> None:
    rows = [replace(asking(k), extra={"label": k % 2 == 0}) for k in range(6)]
    write(tmp_path / "rows.jsonl", *rows)
    with running() as server:
        server.answer = lambda request: verdict(
            any(f"({k})" in request["messages"][-1]["content"] for k in (0, 2, 4)), 5
        )
        done = callwright(
            "verify", "rows.jsonl", "--self-check", "--judge", f"{server.url}#one", "--json", cwd=tmp_path
        )
    assert done.returncode == 0, done.stderr
    assert "kappa" in json.dumps(json.loads(done.stdout)["judges"])


@pytest.mark.slow
def test_workers_change_no_byte_and_no_count(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    rows = [asking(k, unit="kelvin") if k % 7 == 0 else asking(k, days=k) for k in range(600)]
    rows += [asking(k, city="Bergen") for k in range(600, 900)]
    write(tmp_path / "rows.jsonl", *rows)
    with (tmp_path / "rows.jsonl").open("ab") as file:
        file.write(b'{"id": 3}\n\xff\n')
    told = []
    for workers in (1, 2):
        done = callwright(
            "verify", "rows.jsonl", "-o", f"{workers}.jsonl", "--workers", workers, "--tools", "tools.py",
            "--isolation", "process", cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told.append(report(tmp_path / f"{workers}.report.json"))
    for end in (".jsonl", ".dropped.jsonl"):
        assert (tmp_path / f"1{end}").read_bytes() == (tmp_path / f"2{end}").read_bytes()
    for key in ("rows_in", "kept", "dropped", "reasons", "licenses", "extra"):
        assert told[0][key] == told[1][key], key
    assert told[0]["rows_in"] == 902


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_what_stops_a_run_stops_it_with_workers_too(tmp_path: Path, workers: int) -> None:
    bad = asking(1)
    bad = replace(bad, messages=(replace(bad.messages[0], content="ghp_" + "Zk3Qw9Lx7" * 4), bad.messages[1]))
    write(tmp_path / "secret.jsonl", asking(0), bad)
    (tmp_path / "raw.jsonl").write_text('{"a": 1}\n' * 3, encoding="utf-8")
    done = callwright("verify", "secret.jsonl", "-o", "out.jsonl", "--workers", workers, cwd=tmp_path)
    assert (done.returncode, "github-token" in done.stderr) == (1, True)
    line = error_line(
        callwright("verify", "raw.jsonl", "-o", "out.jsonl", "--workers", workers, cwd=tmp_path)
    )
    assert "holds no trajectory" in line
    assert not list(tmp_path.glob("out*"))
