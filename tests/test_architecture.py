"""The house rules that can be decided by reading the sources: who imports whom, and what stays small.

This test imports nothing of the package; it parses every file. The bare-interpreter test below it runs the
package in a fresh process and looks at what got loaded.
"""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "callwright"

LAYER_0 = {"errors", "record", "schema"}
LAYER_1 = {"search", "secrets", "store", "engine", "assets", "formats", "toolbox", "models"}
LAYER_2 = {"unify", "verify", "augment", "blend", "export"}
LAYER_3 = {"synthesize", "pair", "train", "evaluate", "serve"}
LAYER_4 = {
    "build", "conform", "study", "report", "cli", "demo",
    "dataset", "verification", "training", "scoring", "served", "doctor", "options", "settings", "console",
    "progress", "weights", "benchmarks", "grading", "suites", "suite_scoring", "augmentation",
    "rephrasing", "worlds", "linting", "synthesis", "conversing", "pairing", "parameters",
    "finetuning", "exporting", "exits"}  # fmt: skip
BELOW = {"errors", "record", "schema", *LAYER_1}

MAY: dict[str, set[str]] = {
    "errors": set(),
    "record": {"errors"},
    "schema": {"errors", "record"},
    **{unit: set(LAYER_0) for unit in LAYER_1},
    **{unit: set(BELOW) for unit in LAYER_2 | LAYER_3},
    **dict.fromkeys(LAYER_4, BELOW | LAYER_2 | LAYER_3 | LAYER_4),
    "__init__": {"errors", "record", "schema"},
    "__main__": {"cli"},
}
MAY["secrets"] |= {"search"}
MAY["engine"] |= {"store"}
MAY["toolbox"] |= {"store"}
MAY["synthesize"] |= {"verify"}
MAY["pair"] |= {"verify"}

HEAVY: dict[str, set[str]] = {
    # package → the places that may import it
    "torch": {"train", "models", "doctor.py"},
    "transformers": {"train", "models", "conform"},
    "peft": {"train", "models"},
    "trl": {"train"},
    "accelerate": {"train"},
    "datasets": {"train"},
    "gguf": {"models/convert.py", "train/export/gguf_file.py"},
    "llama_cpp": {"conform/llama_cpp.py"},
    "vllm": {"conform/vllm_parser.py", "train/export/vllm_tool_parser.py"},
    "tree_sitter": {"evaluate"},
    "tree_sitter_java": {"evaluate"},
    "tree_sitter_javascript": {"evaluate"},
    "mpmath": {"evaluate"},
    "llguidance": {"models/constrained.py"},
    "starlette": {"serve", "report/viewer/app.py"},
    "prometheus_client": {"serve/metrics.py"},
    "uvicorn": {"serve", "served.py", "conform/server.py", "report/viewer/__init__.py"},
    "ray": {"engine"},
    "openai": {"models/chat.py", "conform/server.py"},
    "mcp": {"toolbox"},
    "mcp_types": {"toolbox"},
    "httpx2": {"toolbox"},
    "anyio": {"toolbox"},
    "pydantic_monty": {"toolbox"},
    "pyarrow": {"unify/columns.py", "export/columns.py"},
}


@cache
def sources() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree(path)))


def unit_of(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported_names(path: Path) -> Iterator[str]:
    """Yield absolute dotted names of everything a file imports, function-local imports included."""
    package = ["callwright", *path.relative_to(SOURCE).parts[:-1]]
    for node in nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{stem}.{alias.name}" for alias in node.names)


def test_imports_point_down() -> None:
    violations = []
    for path in sources():
        unit = unit_of(path)
        assert unit in MAY, f"{path.name}: unit {unit!r} has no layer; give it one in MAY"
        for name in imported_names(path):
            parts = name.split(".")
            if parts[0] != "callwright" or len(parts) < 2:
                continue
            target = parts[1]
            if target in MAY and target != unit and target not in MAY[unit]:
                violations.append(f"{path.relative_to(SOURCE)} imports callwright.{target}")
    assert not violations, "\n".join(violations)


def test_heavy_packages_stay_in_their_rooms() -> None:
    violations = []
    for path in sources():
        place = path.relative_to(SOURCE)
        for name in imported_names(path):
            rooms = HEAVY.get(name.split(".")[0])
            if rooms is not None and str(place) not in rooms and place.parts[0] not in rooms:
                violations.append(f"{place} imports {name}")
    assert not violations, "\n".join(violations)


def test_no_pattern_relies_on_what_early_releases_of_python_3_11_get_wrong() -> None:
    """Until 3.11.5 a possessive group matched what it must not; `(?>…)` was always right."""
    possessive = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+")
    suspicious = [
        f"{path.relative_to(SOURCE)}:{node.lineno}"
        for path in sources()
        for node in nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and possessive.search(node.value)
    ]
    known = {"toolbox/http/allowlist.py", "toolbox/http/request.py"}  # characters of addresses, no patterns
    assert {place.partition(":")[0] for place in suspicious} <= known, suspicious


def test_no_drawer_for_odds_and_ends() -> None:
    banned = {"utils", "util", "core", "common", "base", "helpers", "helper", "manager", "misc"}
    assert not [p for p in sources() if p.stem in banned or banned & set(p.relative_to(SOURCE).parts)]


def test_modules_and_functions_stay_small() -> None:
    too_long = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if text.count("\n") > 500:
            too_long.append(f"{path.relative_to(SOURCE)}: {text.count(chr(10))} lines")
        for node in nodes(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 100:
                    too_long.append(f"{path.relative_to(SOURCE)}:{node.lineno} {node.name}: {length} lines")
    assert not too_long, "\n".join(too_long)


def test_every_module_says_what_it_is_for() -> None:
    silent = [str(p) for p in sources() if not ast.get_docstring(tree(p))]
    assert not silent


def test_no_eval_no_pickle_no_remote_code() -> None:
    """DESIGN promise: model output is never evaluated, pickles are never loaded."""
    offences = []
    for path in sources():
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):  # noqa: SIM102
                if node.func.id in {"eval", "exec"}:
                    offences.append(f"{path.name}:{node.lineno} {node.func.id}")
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
                offences.append(f"{path.name}:{node.lineno} trust_remote_code")
        if {"pickle", "dill", "cloudpickle", "marshal"} & {n.split(".")[0] for n in imported_names(path)}:
            offences.append(f"{path.name} imports a pickle")
    assert not offences


@pytest.mark.parametrize("unit", sorted(LAYER_0 | LAYER_1 | LAYER_2 | {"synthesize", "pair", "cli"}))
def test_data_verbs_need_no_heavy_package(unit: str) -> None:
    if not ((SOURCE / unit).is_dir() or (SOURCE / f"{unit}.py").is_file()):
        pytest.fail(f"callwright.{unit} is missing")
    code = (
        f"import sys, callwright, callwright.{unit}; "
        "heavy = {'torch', 'transformers', 'ray', 'trl', 'peft', 'datasets', 'numpy', 'openai'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "[]"


def test_no_two_modules_of_tests_share_a_name() -> None:
    """Pytest imports them by their name alone, and says nothing as long as one of the two is run."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("*.py") if path.name != "conftest.py")
    assert [name for name, count in names.items() if count > 1] == []
