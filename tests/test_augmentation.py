"""The augment verb: every variant kept means what its row means and passes `verify`; the report adds up."""

import json
import os
from pathlib import Path

import pytest

from callwright.augment import label_lost
from callwright.augmentation import POOL, Distribution, augmented, tools_of
from callwright.errors import ConfigError, DataError
from callwright.record import Dropped, Message, Tool, ToolCall, Trajectory, encode
from callwright.settings import AugmentSettings
from callwright.store import read, report_path
from callwright.synthesize import synthesize
from callwright.toolbox import Executor, import_python
from callwright.toolbox.masks import mask_of
from callwright.verify import VerifyStep, verify

TOOLS = Path(__file__).parent.parent / "examples" / "tools.py"
ALL = (
    "irrelevant=0.2,unclear=0.2,distractors=0.5,mask=0.5,order,format=0.8,keys=0.3,wording,layout=0.7,"
    "schemas=0.3"
)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    made = [
        t for t in synthesize(import_python(TOOLS).tools, accept=120, seed=7) if isinstance(t, Trajectory)
    ]
    path.write_bytes(b"".join(encode(t) + b"\n" for t in VerifyStep()(made)))
    return path


def trajectories(path: Path) -> list[Trajectory]:
    return [t for t in read(path, "test") if isinstance(t, Trajectory)]


def test_every_variant_means_what_its_row_means_and_passes_verify(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "varied.jsonl"
    report, table = augmented(rows, out, AugmentSettings(policy=ALL, copies=3))
    originals = {t.id: t for t in trajectories(rows)}
    written = trajectories(out)
    variants = [t for t in written if t.id not in originals]
    assert report.kept == len(written) == 4 * len(originals)
    assert [t for t in written if t.id in originals] == list(originals.values())
    for t in variants:
        note = t.extra["augment"]
        assert label_lost(originals[note["of"]], t) == ""
        assert verify(t).ok
    told = json.loads(report_path(out).read_text())["extra"]["variants"]
    assert told["count"] == len(variants) == sum(told["formats"].values()) == sum(told["styles"].values())
    assert told["operations"]["order"] == sum("order" in t.extra["augment"]["done"] for t in variants)
    assert f"{len(variants):,} variants" in table


@pytest.mark.slow
def test_masked_calls_give_the_results_of_their_rows_when_executed(rows: Path, tmp_path: Path) -> None:
    out = tmp_path / "varied.jsonl"
    augmented(rows, out, AugmentSettings(policy="mask,order", originals=False))
    originals = {t.id: t for t in trajectories(rows)}
    variants = trajectories(out)
    assert sum(mask_of(t) is not None for t in variants) > len(variants) / 2
    with Executor(import_python(TOOLS)) as run:
        for t in variants[:40]:
            before, after = (
                verify(each, execute=run.play) for each in (originals[t.extra["augment"]["of"]], t)
            )
            assert after.ok
            assert [o.value for o in after.observations] == [o.value for o in before.observations]


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte(rows: Path, tmp_path: Path) -> None:
    for workers in (1, 2):
        augmented(rows, tmp_path / f"{workers}.jsonl", AugmentSettings(policy=ALL, workers=workers))
    assert (tmp_path / "1.jsonl").read_bytes() == (tmp_path / "2.jsonl").read_bytes()


def test_a_variant_that_breaks_a_rule_is_dropped_for_it_and_its_row_stays(tmp_path: Path) -> None:
    tool = Tool(name="f", parameters={"type": "object", "properties": {"n": {"type": "integer"}}})
    call = ToolCall(name="f", arguments={"n": "many"})
    bad = Trajectory(
        id="bad",
        tools=(tool,),
        messages=(Message(role="user", content="many"), Message(role="assistant", tool_calls=(call,))),
    )
    data, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    data.write_bytes(encode(bad) + b"\n")
    report, _ = augmented(data, out, AugmentSettings(policy="order"))
    assert (report.rows_in, report.kept, report.reasons) == (2, 1, {"wrong-type": 1})
    (dropped,) = read(tmp_path / "out.dropped.jsonl", "test")
    assert isinstance(dropped, Dropped)
    assert dropped.id == "bad#a1"


def test_distractors_come_from_the_input_or_from_the_file_that_is_named(rows: Path, tmp_path: Path) -> None:
    pool = tmp_path / "pool.jsonl"
    tool = Tool(name="grow_moss", description="Grow moss on stones.")
    pool.write_bytes(encode(Trajectory(id="p", tools=(tool,))) + b"\n")
    own = {tool.name for t in trajectories(rows) for tool in t.tools or ()}
    for named, expected in ((None, own), (pool, {*own, "grow_moss"})):
        out = tmp_path / "varied.jsonl"
        augmented(rows, out, AugmentSettings(policy="distractors", originals=False, pool=named))
        assert {tool.name for t in trajectories(out) for tool in t.tools or ()} == expected


def test_a_file_that_is_named_for_its_tools_and_offers_none_is_refused(rows: Path, tmp_path: Path) -> None:
    pool, out = tmp_path / "pool.jsonl", tmp_path / "varied.jsonl"
    bare = encode(Trajectory(id="p", messages=(Message(role="user", content="hi"),)))
    for text, said in (
        (b'{"question": "x"}\n', "holds no trajectory: got 1 other line"),
        (b"", "holds no tool: expected rows that offer tools"),
        (bare, "holds no tool: expected rows that offer tools"),
    ):
        pool.write_bytes(text)
        with pytest.raises(DataError, match=said):
            augmented(rows, out, AugmentSettings(policy="distractors", pool=pool))
        assert not out.exists()


def test_a_pipe_is_not_read_twice(rows: Path, tmp_path: Path) -> None:
    """The second time there would be nothing in it, and no row would come out."""
    pipe, out = tmp_path / "pipe", tmp_path / "varied.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(DataError, match="is read twice"):
        augmented(pipe, out, AugmentSettings(policy="distractors"))
    assert not out.exists()


def test_a_pool_holds_one_tool_of_each_name_and_has_an_end() -> None:
    rows = [Trajectory(id=str(k), tools=(Tool(name=f"t{k}"), Tool(name="t0"))) for k in range(POOL + 9)]
    pool = tools_of([Dropped(id="x", stage="s", reason="r"), *rows])
    assert len(pool) == POOL == len({tool.name for tool in pool})


def test_originals_are_no_variants() -> None:
    counted = Distribution()
    counted.add(Trajectory(id="a"))
    counted.add(Dropped(id="a", stage="s", reason="r"))
    assert counted.variants == 0
    assert counted.text() == "0 variants that mean what their rows mean\n"


def test_what_an_earlier_run_made_is_not_counted_again(rows: Path, tmp_path: Path) -> None:
    first, second, third = (tmp_path / f"{k}.jsonl" for k in range(3))
    report, _ = augmented(rows, first, AugmentSettings(policy="order,format"))
    _, table = augmented(first, second, AugmentSettings(copies=0))
    assert table == "0 variants that mean what their rows mean\n"
    told = json.loads(report_path(second).read_text())["extra"]["variants"]
    assert told == {"count": 0, "operations": {}, "formats": {}, "styles": {}}
    again, table = augmented(first, third, AugmentSettings(policy="order"))
    told = json.loads(report_path(third).read_text())["extra"]["variants"]
    assert told["count"] == again.kept - report.kept == report.kept
    assert told["operations"] == {"order": report.kept}
    assert sum(told["formats"].values()) == sum(told["styles"].values()) == report.kept
    only, _ = augmented(first, second, AugmentSettings(policy="order", originals=False))
    assert json.loads(report_path(second).read_text())["extra"]["variants"]["count"] == only.kept


def scripted(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text("".join(json.dumps({"match": "", "text": text}) + "\n"))
    return f"scripted:{path}"


def test_other_words_are_rows_of_their_own_and_stay_in_the_journal(tmp_path: Path) -> None:
    call = ToolCall(name="f", arguments={})
    row = Trajectory(
        id="r",
        tools=(Tool(name="f", description="Do it."),),
        messages=(
            Message(role="system", content="Call f at once."),
            Message(role="user", content="Do it now please"),
            Message(role="assistant", tool_calls=(call,)),
        ),
    )
    data, out = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    data.write_bytes(encode(row) + b"\n")
    right = '<tool_call>\n{"name": "f", "arguments": {}}\n</tool_call>'
    config = AugmentSettings(
        policy="order",
        rephrase=scripted(tmp_path, "w", "Without delay, call f."),
        solver=scripted(tmp_path, "s", right),
    )
    augmented(data, out, config)
    written = {t.id: t for t in trajectories(out)}
    assert list(written) == ["r", "r#a1", "r#r", "r#r#a1"]
    assert written["r#r#a1"].messages[0].content == "Without delay, call f."
    assert written["r#r#a1"].extra["augment"]["root"] == "r"
    assert written["r#r#a1"].extra["augment"]["copy"] == "r/1"
    assert json.loads(report_path(out).read_text())["extra"]["rephrased"] == {"rephrased": 1, "not solved": 0}
    assert (tmp_path / "out.writer.jsonl").is_file()
    assert (tmp_path / "out.solver.jsonl").is_file()


def test_a_solver_without_anything_to_solve_is_a_mistake(rows: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nothing to solve"):
        augmented(rows, tmp_path / "out.jsonl", AugmentSettings(solver="smollm2-135m"))
    assert not list(tmp_path.iterdir())
