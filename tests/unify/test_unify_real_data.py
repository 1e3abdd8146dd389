"""Real files: every row and every call arrives, counted independently from the raw text."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from callwright.errors import DataError
from callwright.record import Dropped, ToolCall, Trajectory, decode, encode
from callwright.schema import check
from callwright.unify import detect, unify


@pytest.fixture(scope="module")
def raw(shared_data: Path) -> Path:
    return shared_data / "unify"


def split(paths: list[Path], source: str = "auto") -> tuple[list[Trajectory], list[Dropped]]:
    rows = list(unify(paths, source))
    assert len({r.id for r in rows}) == len(rows)
    kept = [r for r in rows if isinstance(r, Trajectory)]
    return kept, [r for r in rows if isinstance(r, Dropped)]


def calls_of(rows: list[Trajectory]) -> Iterator[tuple[Trajectory, ToolCall]]:
    return ((t, c) for t in rows for m in t.messages for c in m.tool_calls)


def unknown_calls(rows: list[Trajectory]) -> int:
    return sum(c.name not in {tool.name for tool in t.tools or ()} for t, c in calls_of(rows))


def defects(rows: list[Trajectory]) -> dict[str, int]:
    """Count calls per code, the way the published baseline counts them."""
    counts: dict[str, int] = {}
    for t, call in calls_of(rows):
        tool = next((tool for tool in t.tools or () if tool.name == call.name), None)
        if tool is not None and call.arguments is not None:
            for code in {issue.code for issue in check(tool.parameters, call.arguments)}:
                counts[code] = counts.get(code, 0) + 1
    return counts


def test_toolalpaca_keeps_all_evaluation_rows_and_calls(raw: Path) -> None:
    files = [raw / "toolalpaca" / name for name in ("eval_real.json", "eval_simulated.json")]
    golden = [g for f in files for api in json.loads(f.read_text("utf-8")) for g in api["Golden_Answers"]]
    kept, dropped = split(files)
    calls = [c for _, c in calls_of(kept)]
    assert (len(kept), len(dropped)) == (len(golden), 0) == (214, 0)
    assert len(calls) == sum(map(len, golden)) == 297
    assert unknown_calls(kept) == 15
    unparsed = sum(c.arguments is None for c in calls)
    slots = sum(bool(c.depends_on) for c in calls)
    assert unparsed + slots == 36  # what a plain JSON parser refuses; half of it refers to earlier calls
    assert slots == 18
    assert defects(kept)["not-in-enum"] == 8


def test_toolalpaca_folder_passes_over_what_holds_no_rows_and_says_so(raw: Path) -> None:
    notes: list[str] = []
    rows = list(unify([raw / "toolalpaca"], notes=notes))
    assert len(rows) == 514  # 214 golden answers, 100 bare queries, 200 judged outputs
    passed = {n.split(":")[0] for n in notes if "passed over" in n}
    assert passed == {"LICENSE", "SOURCE.txt", "public_apis.json"}


def test_seal_tools_keeps_all_rows_calls_and_references(raw: Path) -> None:
    files = [raw / "seal-tools" / f"{n}.jsonl" for n in ("dev", "test_in_domain", "test_out_domain")]
    lines = [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]
    kept, dropped = split(files)
    assert (len(kept), len(dropped)) == (len(lines), 0) == (2054, 0)
    calls = list(calls_of(kept))
    assert len(calls) == sum(len(r["calling"]) for r in lines) == 5536
    assert unknown_calls(kept) == 0
    assert all(c.arguments is not None for _, c in calls)
    assert sum(bool(c.depends_on) for _, c in calls) > 90
    wrong = defects(kept)
    assert "missing-argument" not in wrong
    assert 0.015 < wrong["wrong-type"] / len(calls) < 0.03  # published: 2.17 %


def test_seal_tools_offers_more_tools_than_needed_in_no_telling_order(raw: Path) -> None:
    kept, _ = split([raw / "seal-tools" / "dev.jsonl"])
    first_is_gold = 0
    for t in kept:
        gold = {c.name for m in t.messages for c in m.tool_calls}
        assert t.tools is not None
        assert len(t.tools) == len(gold) + 4
        assert t.extra["unify"]["offered"] == "gold+4 sampled"
        first_is_gold += t.tools[0].name in gold
    assert 0.1 < first_is_gold / len(kept) < 0.6
    again, _ = split([raw / "seal-tools" / "dev.jsonl"])
    assert list(map(encode, again)) == list(map(encode, kept))


def test_api_bank_keeps_all_dialogues_but_the_empty_one(raw: Path) -> None:
    folder = raw / "api-bank"
    texts = {f: f.read_text("utf-8") for f in folder.rglob("*.jsonl")}
    turns = [json.loads(line) for text in texts.values() for line in text.splitlines() if line.strip()]
    kept, dropped = split([folder])
    assert len(kept) + len(dropped) == len(texts) == 264
    assert [d.reason for d in dropped] == ["empty-conversation"]
    assert sum(1 for _ in calls_of(kept)) == sum(t["role"] == "API" for t in turns) == 508
    assert unknown_calls(kept) == 0
    results = [m for t in kept for m in t.messages if m.role == "tool"]
    assert len(results) == 508
    assert all(m.tool_call_id for m in results)
    said = sum(bool(m.content) for t in kept for m in t.messages if m.role == "assistant")
    assert said == sum(t["role"] == "AI" and bool(t["text"]) for t in turns)
    rates = {code: n / 508 for code, n in defects(kept).items()}
    assert rates["missing-argument"] == pytest.approx(0.0394, abs=0.01)
    assert rates["wrong-type"] == pytest.approx(0.1083, abs=0.02)


@pytest.mark.parametrize(("name", "calls"), [("en", 211), ("zh", 216)])
def test_glaive_keeps_all_rows_and_calls(raw: Path, name: str, calls: int) -> None:
    path = raw / "llamafactory-demo" / f"glaive_toolcall_{name}_demo.json"
    rows = json.loads(path.read_text("utf-8"))
    kept, dropped = split([path])
    assert (len(kept), len(dropped)) == (len(rows), 0) == (300, 0)
    written = sum(t["from"] == "function_call" for r in rows for t in r["conversations"])
    assert sum(1 for _ in calls_of(kept)) == written == calls
    assert unknown_calls(kept) == 0
    assert all(c.arguments is not None for _, c in calls_of(kept))
    languages = [t.task.lang for t in kept]
    assert languages.count(name) > 0.9 * len(languages)
    assert kept[0].source is not None
    assert kept[0].source.license == "Apache-2.0"


def test_version_1_messages_keep_reasoning_and_parallel_calls(raw: Path) -> None:
    kept, dropped = split([raw / "llamafactory-demo" / "reason_tool_use_demo_50.jsonl"])
    assert (len(kept), len(dropped), sum(1 for _ in calls_of(kept))) == (50, 0, 68)
    answers = [m for t in kept for m in t.messages if m.role == "assistant"]
    assert all(m.reasoning for m in answers)
    calls = [[(c.id, c.name) for m in t.messages for c in m.tool_calls] for t in kept]
    results = [[(m.tool_call_id, m.name) for m in t.messages if m.role == "tool"] for t in kept]
    assert all(found == made[: len(found)] for found, made in zip(results, calls, strict=True))
    assert sum(map(len, results)) == 48, "those of several calls in one list, too"


def test_openai_chat_keeps_calls_results_and_their_links(raw: Path) -> None:
    path = raw / "tau2-bench" / "train_sft-v1-small.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    kept, dropped = split([path])
    assert (len(kept), len(dropped)) == (len(rows), 0) == (37, 0)
    written = [c["id"] for r in rows for m in r["messages"] for c in m.get("tool_calls") or ()]
    assert [c.id for _, c in calls_of(kept)] == written
    assert unknown_calls(kept) == 0
    assert defects(kept) == {}
    assert all(t.task.instruction for t in kept)


def test_xlam_rows_have_required_arguments_from_the_flat_layout(raw: Path) -> None:
    kept, dropped = split([raw / "_format_exemplars" / "xlam_60k.jsonl"])
    assert (len(kept), len(dropped)) == (2, 0)
    assert kept[1].tools is not None
    assert kept[1].tools[0].parameters["required"] == ["lst", "chunk_size"]
    assert defects(kept) == {}


def test_everything_kept_survives_the_wire(raw: Path) -> None:
    kept, _ = split([raw / "llamafactory-demo", raw / "api-bank"])
    assert all(decode(encode(t)) == t for t in kept)


def test_no_file_of_another_layout_is_taken_for_a_known_one(raw: Path) -> None:
    """A layout that is not read yet must be refused or lose no call, never read as plain chat."""
    for path in sorted((raw / "_format_exemplars").glob("*.jsonl")):
        try:
            detect(path)
        except DataError:
            continue
        kept, dropped = split([path])
        text = path.read_text("utf-8")
        mentions = any(mark in text for mark in ("<tool_call>", "<call>[", "function_call", '"answers"'))
        assert not mentions or dropped or sum(1 for _ in calls_of(kept)), path.name
