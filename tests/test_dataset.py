"""The data stages of a build: every row is accounted for, nothing leaks, and a seed decides every byte."""

import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from callwright import dataset
from callwright.errors import DataError, GateError
from callwright.progress import Bar
from callwright.record import Trajectory, decode
from callwright.settings import BuildSettings
from callwright.store import Report, Sink
from callwright.toolbox import Toolbox, import_python
from callwright.unify import unify
from callwright.verify import verify
from command_line import TOOLS, write_xlam

SMALL = BuildSettings(rows=80, suite=4, bfcl=0)


@pytest.fixture(scope="module")
def toolbox(tmp_path_factory: pytest.TempPathFactory) -> Toolbox:
    path = tmp_path_factory.mktemp("tools") / "tools.py"
    path.write_text(TOOLS, encoding="utf-8")
    return import_python(path)


@pytest.fixture(scope="module")
def made(toolbox: Toolbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_stages(tmp_path_factory.mktemp("run"), toolbox, (), SMALL)


def bar() -> Bar:
    return Bar(Console(file=io.StringIO()), None, None, "dataset")


def run_stages(run: Path, toolbox: Toolbox | None, data: tuple[Path, ...], config: BuildSettings) -> Path:
    for stage in ("dataset", "suite", "pairs"):
        (run / stage).mkdir(parents=True)
    dataset.make(run / "dataset", toolbox, data, config, bar())
    dataset.make_suite(run / "suite", run, toolbox, config)
    dataset.make_pairs(run / "pairs", run, config)
    return run


def rows_of(path: Path) -> list[Trajectory]:
    return [decode(line) for line in path.read_bytes().splitlines()]


def valid_rows(run: Path) -> list[Trajectory]:
    (path,) = run.glob("dataset/**/valid.jsonl")
    return rows_of(path)


def summary(run: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((run / "dataset" / "summary.json").read_bytes())
    return told


def request(t: Trajectory) -> str:
    return next(m.content for m in t.messages if m.role == "user")


def calls(t: Trajectory) -> list[tuple[str, Any]]:
    return [(c.name, c.arguments) for m in t.messages for c in m.tool_calls]


def test_every_candidate_is_a_row_or_a_reason(made: Path) -> None:
    told = summary(made)
    train, valid = rows_of(made / "dataset" / "train.jsonl"), valid_rows(made)
    assert told["verified"] == SMALL.rows
    assert (told["train"], told["valid"]) == (len(train), len(valid))
    assert valid
    assert sum(told["reasons"].values()) == told["candidates"] - len(train) - len(valid)
    assert sum(told["styles"].values()) == len(train)
    for path in made.rglob("*.report.json"):
        report = Report.load(path)
        assert report.rows_in == report.kept + report.dropped
        stem = path.name.removesuffix(".report.json")
        assert report.kept == len((path.parent / f"{stem}.jsonl").read_bytes().splitlines())
        assert report.dropped == len((path.parent / f"{stem}.dropped.jsonl").read_bytes().splitlines())


def test_training_and_validation_share_no_request_and_no_row(made: Path) -> None:
    train, valid = rows_of(made / "dataset" / "train.jsonl"), valid_rows(made)
    assert not {request(t).casefold() for t in train} & {request(t).casefold() for t in valid}
    assert len({t.id for t in [*train, *valid]}) == len(train) + len(valid)


def test_every_training_row_still_passes_the_checks(made: Path) -> None:
    for t in rows_of(made / "dataset" / "train.jsonl"):
        assert verify(t).ok, t.id
        offered = {tool.name for tool in t.tools or ()}
        assert {name for name, _ in calls(t)} <= offered


def test_some_training_rows_ask_for_another_format_but_no_suite_row_does(made: Path) -> None:
    formats = [t.task.output_format for t in rows_of(made / "dataset" / "train.jsonl")]
    assert 0 < sum(map(bool, formats)) < len(formats) / 2
    assert not any(t.task.output_format for t in rows_of(made / "suite" / "suite.jsonl"))


def test_the_suite_has_full_columns_of_requests_that_training_never_saw(made: Path) -> None:
    suite = rows_of(made / "suite" / "suite.jsonl")
    columns = [t.extra["suite"]["column"] for t in suite]
    assert set(columns) == {"in_distribution", "held_out_phrasing", "held_out_values", "held_out_tools"}
    assert all(columns.count(name) == SMALL.suite for name in columns)
    trained = {request(t) for t in rows_of(made / "dataset" / "train.jsonl")}
    assert not trained & {request(t) for t in suite}
    assert len({t.id for t in suite}) == len(suite)


def test_held_out_tools_are_none_of_the_users(made: Path, toolbox: Toolbox) -> None:
    mine = {tool.name for tool in toolbox.tools}
    for t in rows_of(made / "suite" / "suite.jsonl"):
        offered = {tool.name for tool in t.tools or ()}
        held_out = t.extra["suite"]["column"] == "held_out_tools"
        assert bool(offered & mine) != held_out or not offered


def test_a_pair_rejects_another_answer_to_a_training_row(made: Path) -> None:
    trained = {t.id.split("#")[0] for t in rows_of(made / "dataset" / "train.jsonl")}
    pairs = rows_of(made / "pairs" / "pairs.jsonl")
    assert pairs
    for t in pairs:
        assert t.id.split("#")[0] in trained
        assert t.preference is not None
        chosen, rejected = t.messages[-1], t.preference.rejected
        assert (chosen.content, chosen.tool_calls) != (rejected.content, rejected.tool_calls)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_rows(
    made: Path, toolbox: Toolbox, tmp_path: Path
) -> None:
    again = run_stages(tmp_path / "again", toolbox, (), SMALL)
    other = run_stages(tmp_path / "other", toolbox, (), BuildSettings(rows=80, suite=4, bfcl=0, seed=8))
    for name in ("dataset/train.jsonl", "suite/suite.jsonl", "pairs/pairs.jsonl"):
        assert (again / name).read_bytes() == (made / name).read_bytes()
        assert (other / name).read_bytes() != (made / name).read_bytes()


def test_data_alone_holds_out_some_of_its_own_rows(tmp_path: Path) -> None:
    raw = write_xlam(tmp_path / "raw.jsonl", 80)
    run = run_stages(tmp_path / "run", None, (raw,), SMALL)
    suite = rows_of(run / "suite" / "suite.jsonl")
    assert {t.extra["suite"]["column"] for t in suite} == {"held_out_rows"}
    trained = {request(t) for t in rows_of(run / "dataset" / "train.jsonl")}
    assert not trained & {request(t) for t in suite}
    assert len(trained) + len(valid_rows(run)) == 80
    assert any("xlam_60k" in note for note in summary(run)["notes"])
    assert {t.source.dataset for t in suite if t.source} == {"xlam_60k"}


def test_trajectories_are_taken_as_they_are_beside_raw_data(tmp_path: Path) -> None:
    raw, other = write_xlam(tmp_path / "raw.jsonl", 60), tmp_path / "other"
    other.mkdir()
    later = write_xlam(other / "later.jsonl", 120)
    later.write_text("".join(later.read_text("utf-8").splitlines(keepends=True)[60:]), encoding="utf-8")
    with Sink(tmp_path / "rows.jsonl", "unify", {}) as sink:
        for row in unify([raw]):
            sink.put(row)
    run = run_stages(tmp_path / "run", None, (tmp_path / "rows.jsonl", other), SMALL)
    trained = {request(t) for t in rows_of(run / "dataset" / "train.jsonl")}
    assert len(trained) + len(valid_rows(run)) == 120
    assert "rows.jsonl: trajectories already, taken as they are" in summary(run)["notes"]


@pytest.mark.parametrize("unified", [False, True])
def test_a_secret_in_the_data_stops_a_build_with_a_way_out_that_it_takes(
    tmp_path: Path, unified: bool
) -> None:
    data = write_xlam(tmp_path / "raw.jsonl", 40)
    data.write_text(data.read_text("utf-8").replace("Borges", "ghp_" + "Zk3Qw9Lx7" * 4, 1), encoding="utf-8")
    for name in ("dataset", "again"):
        (tmp_path / name).mkdir()
    if unified:
        data = tmp_path / "copy.jsonl"
        with Sink(data, "copy", {}) as sink:
            for row in unify([tmp_path / "raw.jsonl"], secrets="redact"):
                assert isinstance(row, Trajectory)
                sink.put(msgspec.structs.replace(row, id=row.id + " ghp_" + "Zk3Qw9Lx7" * 4))
    with pytest.raises(GateError, match=r"github-token.*unify … --secrets redact.*as --data"):
        dataset.make(tmp_path / "dataset", None, (data,), SMALL, bar())
    with Sink(tmp_path / "rows.jsonl", "unify", {}) as sink:
        for row in unify([tmp_path / "raw.jsonl"], secrets="redact"):
            sink.put(row)
    told = dataset.make(tmp_path / "again", None, (tmp_path / "rows.jsonl",), SMALL, bar())
    assert told["verified"] == 40
    assert "ghp_" not in "".join(path.read_text("utf-8") for path in (tmp_path / "again").rglob("*.json*"))


def test_tools_and_data_go_into_one_training_set(toolbox: Toolbox, tmp_path: Path) -> None:
    raw = write_xlam(tmp_path / "raw.jsonl", 40)
    run = run_stages(tmp_path / "run", toolbox, (raw,), SMALL)
    named = [{name for name, _ in calls(t)} for t in rows_of(run / "dataset" / "train.jsonl")]
    assert any("search_books" in names for names in named)
    assert any("set_alarm" in names for names in named)


def test_data_without_one_good_row_says_what_was_wrong_with_it(tmp_path: Path) -> None:
    raw = tmp_path / "raw.jsonl"
    row = {"id": 1, "query": "x", "answers": '[{"name": "no_such_tool", "arguments": {}}]', "tools": "[]"}
    raw.write_text(json.dumps(row) + "\n", encoding="utf-8")
    (tmp_path / "dataset").mkdir()
    with pytest.raises(DataError, match=r"^no row is left to train on: got 1 rows, \{'.+': 1\}"):
        dataset.make(tmp_path / "dataset", None, (raw,), SMALL, bar())


def test_too_little_data_to_hold_any_out_says_how_much_is_needed(tmp_path: Path) -> None:
    raw = write_xlam(tmp_path / "raw.jsonl", 1)
    for stage in ("dataset", "suite"):
        (tmp_path / stage).mkdir()
    dataset.make(tmp_path / "dataset", None, (raw,), SMALL, bar())
    with pytest.raises(DataError, match=r"no row is left to hold out .*give a few dozen rows"):
        dataset.make_suite(tmp_path / "suite", tmp_path, None, SMALL)


def test_blending_takes_any_number_of_files(tmp_path: Path, made: Path) -> None:
    train = made / "dataset" / "train.jsonl"
    reports = dataset.blended([train, train], tmp_path / "out", holdout=0.0, seed=1)
    assert reports["valid"].kept == 0
    assert reports["train"].kept == len(rows_of(train))
    assert reports["train"].reasons == {"duplicate": len(rows_of(train))}
