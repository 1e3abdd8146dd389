"""A run directory as a build leaves it, small, with any text in every place that takes one."""

import json
from pathlib import Path
from typing import Any

from callwright.evaluate.results import Result, write_results
from callwright.record import Message, Task, Tool, ToolCall, Trajectory, encode

STAGES = ("dataset", "suite", "before", "sft", "pairs", "dpo", "after", "answer", "conform")
TRAINED = {
    "rows": 1500, "dropped": {}, "steps": 90, "epochs": 2.0, "tokens": 123_456, "supervised_tokens": 12_345,
    "tokens_per_second": 310.5, "dtype": "bfloat16", "peak_memory_mb": 2100,
    "trainable_parameters": 4_884_480, "metrics": {"reward_margin": 0.25},
}  # fmt: skip


def write_run(
    run: Path, text: str = "plain", columns: tuple[str, ...] = ("in_distribution", "held_out")
) -> Path:
    """Write all stages; `text` stands wherever data, models or users have a say."""
    for stage in STAGES:
        (run / stage).mkdir(parents=True)
        write(
            run / stage / "done.json", {"summary": {}, "seconds": 1.25, "before": "", "outputs": {text: "x"}}
        )
    write(run / "run.json", {"config": {"tools": text, "rows": 3}, "stages": dict.fromkeys(STAGES, "")})
    write_dataset(run, text)
    for name in ("suite", "bfcl"):
        for side in ("before", "after"):
            path = run / side / name / "results.jsonl"
            write_results(path, [result(i, columns[i % len(columns)], side, text) for i in range(24)])
    for stage in ("sft", "dpo"):
        write(run / stage / "train.json", {"stage": stage, **TRAINED})
        steps = [{"step": i, "loss": 2.0 / i, text: 1} for i in range(1, 30)]
        (run / stage / "metrics.jsonl").write_text(
            "".join(json.dumps(s) + "\n" for s in steps), encoding="utf-8"
        )
        write(
            run / stage / "examples.json", {text: [[f"asked {text}", 0.0], [text, 1.0], ["<|im_end|>", 1.0]]}
        )
    write_certificate(run / "conform" / "conform.json", text)
    return run


def write_certificate(path: Path, text: str) -> None:
    """Write a certificate with one runtime that agrees, one that does not, and one that is not here."""
    example = {"case": text, "expected": text, "got": text, "answer": text}
    runtimes = [
        {"name": "callwright", "version": "0.1.0", "properties": {"prompt": {"checked": 90, "different": 0}}},
        {
            "name": text,
            "version": "1",
            "properties": {"prompt": {"checked": 90, "different": 3, "example": example}},
        },
        {"name": "llama.cpp", "version": "", "properties": {}},
    ]
    about = {"model": text, "callwright": "0.1.0", "seed": 7, "cases": 90, "calls": 100, "seconds": 1.5}
    write(path, {**about, "runtimes": runtimes})


def write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")


def write_dataset(run: Path, text: str) -> None:
    told = {"train": 3, "funnel": f"source rows\n{text} 3", "styles": {text: 3}}
    told["reasons"] = {text: 2, "duplicate": 5}
    write(run / "dataset" / "summary.json", told)
    tool = Tool(name="f", description=text, parameters={"type": "object", "properties": {text: {}}})
    call = ToolCall(name=text, arguments={text: [text]}, id="call_0")
    rows = [
        Trajectory(
            id=f"{text}/{i}",
            task=Task(expects="call"),
            tools=(tool,),
            messages=(Message(role="user", content=text), Message(role="assistant", tool_calls=(call,))),
        )
        for i in range(3)
    ]
    (run / "dataset" / "train.jsonl").write_bytes(b"".join(encode(row) + b"\n" for row in rows))


def result(i: int, column: str, side: str, text: str) -> Result:
    right = i % 4 == 0 if side == "before" else i % 3 != 0
    return Result(
        id=f"{text}/{i}", column=column, style=text, correct=right, strict=right,
        error="" if right else text, where=text, request=text,
        gold=[{"name": text, "arguments": {text: text}}], predicted=[{"name": "other", "arguments": {}}],
        text=text,
    )  # fmt: skip
