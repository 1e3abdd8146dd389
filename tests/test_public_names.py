"""What the package promises to its users, written down: a change here is a change of the interface."""

import ast
import importlib
from pathlib import Path

import pytest

import callwright

SOURCE = Path(callwright.__file__).parent

PACKAGE = {
    "CallwrightError", "Dropped", "Issue", "Message", "Observation", "Outcome", "Preference", "Source",
    "Task", "Tool", "ToolCall", "Trajectory", "UserError", "__version__", "decode", "encode",
}  # fmt: skip
ROOMS: dict[str, set[str]] = {
    "augment": {
        "DEFAULT_POLICY", "OPERATIONS", "AugmentStep", "Policy", "label_lost", "lineage", "policy_of",
        "share_tools",
    },
    "blend": {"Input", "Side", "SplitBy", "Tally", "blend", "normalised", "parse_shares"},
    "study": {"STUDIES", "Findings", "StudySettings", "study"},
    "conform": {"NAME", "Certificate", "conform", "differences", "keep", "lines"},
    "engine": {"Engine", "Row", "Step", "Task", "in_order", "run"},
    "evaluate": set(),
    "export": {"EXPORTS", "REASONS", "Layout", "Losses", "Unexpressible", "export", "read"},
    "formats": {
        "DEFAULT_FORMAT", "DEFAULT_INSTRUCTION", "FAMILIES", "FORMATS", "Format", "Malformed", "PlainMessage",
        "Reply", "ReplyStream", "Segment", "ToolStyle", "Unrenderable", "assistant_text", "chat_template",
        "format_named", "plain_messages", "rejected_text", "reply_message", "segments", "settled",
        "signature", "system_text", "tools_text", "written_text",
    },
    "models": {"EMBEDDED", "Arrived", "Completion", "Model", "Prompt", "open_model"},
    "pair": {
        "CAUGHT_AS", "CLASSES", "CORRUPTIONS", "Ask", "Balance", "Candidate", "Corruptions", "Failures",
        "Generations", "Offer", "Question", "Ready", "Source", "effect", "mistake_of", "pair", "read_dropped",
    },
    "report": {"outcome_text", "write"},
    "schema": {
        "FORMATS_BY_TYPE_NAME", "ISSUE_CODES", "RESULT_KEYS", "TYPE_NAMES", "Normalised", "check",
        "declared_result", "normalise", "parse_type", "surely_valid", "with_required",
    },
    "serve": {"check_address", "serve"},
    "store": {
        "BROKEN", "Report", "Run", "Sink", "StageResult", "dropped_path", "encoded", "open_bytes", "read",
        "read_lines", "read_some", "refuse_others", "refuse_to_overwrite", "report_path", "row_of",
        "row_seed", "sha256_file", "sha256_text", "together", "write_json_atomic",
    },
    "synthesize": {
        "COLUMNS", "STYLES", "TEST_FAMILIES", "TRAIN_FAMILIES", "UNSEEN_TOOLS", "Account", "Diversity",
        "diversity", "synthesize",
    },
    "toolbox": {
        "Caller", "Executor", "IsolationName", "Limits", "Toolbox", "Tools", "caller", "import_python",
        "import_tools",
    },
    "train": {
        "Details", "DpoConfig", "Export", "Measured", "Progress", "SftConfig", "dpo", "export_model",
        "plan_dpo", "plan_sft", "sft",
    },
    "unify": {
        "EVIDENCE", "REASONS", "SOURCES", "STAGE", "Batch", "Detection", "Source", "detect", "unify",
        "unify_lines",
    },
    "verify": {
        "CHECKS", "ERROR_CLASSES", "Check", "ClassCount", "Execute", "Funnel", "FunnelRow", "Grounding",
        "Repaired", "Verdict", "VerifyStep", "each", "funnel", "ground", "is_error_shaped", "repair",
        "settle", "verdicts", "verify",
    },
    "worlds": {"State", "World", "open_world", "world_of"},
}  # fmt: skip


def declared(room: str) -> list[str]:
    """Return the room's ``__all__``, or, where it has none, the public names of its ``__init__``."""
    module = importlib.import_module(f"callwright.{room}")
    names = vars(module).get("__all__")
    if names is not None:
        return list(names)
    found = []
    for node in ast.parse((SOURCE / room / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.Assign):
            found += [target.id for target in node.targets if isinstance(target, ast.Name)]
    return [name for name in found if not name.startswith("_")]


def test_the_package_exports_exactly_these_names() -> None:
    assert set(callwright.__all__) == PACKAGE
    assert len(callwright.__all__) == len(PACKAGE)


def test_every_room_is_listed() -> None:
    assert {path.parent.name for path in SOURCE.glob("*/__init__.py")} == set(ROOMS)


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_exports_exactly_these_names(room: str) -> None:
    names = declared(room)
    assert set(names) == ROOMS[room]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_what_is_exported_exists(room: str) -> None:
    module = importlib.import_module(f"callwright.{room}")
    assert [name for name in ROOMS[room] if name not in vars(module)] == []
