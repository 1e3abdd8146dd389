"""The official BFCL functions as an oracle, in a process of their own: ``python bfcl_oracle.py WHEEL_DIR``.

Reads a pickled list of (row id, "decoded" | "text", value) from stdin, or (category, "given", (documents,
answer, value)) for a row that the data do not have, and writes, for each, what the official code says:
(decoded value or None, valid, error type). WHEEL_DIR is the unpacked wheel. What the official modules import
but scoring does not need is replaced by empty stand-ins: the model registry (it pulls in every vendor's
client), tenacity, filelock and tree-sitter. Nothing of the decoder or checker is touched.
"""

import atexit
import io
import json
import os
import pickle
import shutil
import sys
import tempfile
import types
import warnings
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

CATEGORIES = (
    "simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance",
    "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", "live_irrelevance",
    "live_relevance",
)  # fmt: skip


Judged = tuple[Any, bool, str]
Oracle = Callable[[list[tuple[str, str, Any]]], list[Judged]]


class Anything:
    """Stands for any name of a module that is imported but never used."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return self

    def __getattr__(self, name):
        return self


def stand_in(name, **values):
    module = types.ModuleType(name)
    module.__dict__.update(values)
    sys.modules[name] = module


def import_official(folder):
    """Return the official (decode function, checker, two format predicates, language enum)."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(folder))
    os.environ["BFCL_PROJECT_ROOT"] = root = tempfile.mkdtemp(prefix="bfcl-oracle-")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    setting = types.SimpleNamespace(underscore_to_dot=False)
    stand_in("bfcl_eval.constants.model_config", MODEL_CONFIG_MAPPING=defaultdict(lambda: setting))
    names = ("retry", "retry_if_exception_message", "retry_if_exception_type", "wait_random_exponential")
    stand_in("tenacity", **dict.fromkeys(names, Anything()))
    stand_in("filelock", FileLock=Anything)
    stand_in("tree_sitter", Language=Anything, Parser=Anything)
    stand_in("tree_sitter_java", language=Anything())
    stand_in("tree_sitter_javascript", language=Anything())
    from bfcl_eval.constants.enums import Language, ReturnFormat
    from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker
    from bfcl_eval.model_handler.utils import default_decode_ast_prompting
    from bfcl_eval.utils import is_empty_output, is_function_calling_format_output

    def decode(text):
        return default_decode_ast_prompting(text, ReturnFormat.PYTHON)

    def check(category, docs, calls, answer):
        return ast_checker(docs, calls, answer, Language.PYTHON, category, "no-such-model")

    return decode, check, is_empty_output, is_function_calling_format_output


def load(folder, categories=CATEGORIES):
    """Return row id → (category, function documents, ground truth or None), read with nothing but json."""
    data, rows = Path(folder) / "bfcl_eval" / "data", {}
    for category in categories:
        name = f"BFCL_v4_{category}.json"
        answers = {}
        if (data / "possible_answer" / name).is_file():
            for line in (data / "possible_answer" / name).read_text(encoding="utf-8").splitlines():
                answer = json.loads(line)
                answers[answer["id"]] = answer["ground_truth"]
        for line in (data / name).read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            rows[row["id"]] = (category, row["function"], answers.get(row["id"]))
    return rows


def judge(official, row, kind, value):
    """Follow the official runner for one answer."""
    decode, check, is_empty, is_well_formed = official
    category, docs, answer = row
    calls, decoded = value, True
    if kind == "text":
        try:
            calls = decode(value)
        except BaseException:  # the official code may even raise SystemExit or RecursionError here
            calls, decoded = None, False
    if "relevance" in category:
        called = decoded and not is_empty(calls)
        if "irrelevance" in category:
            return calls, not called, "irrelevance_error:decoder_success" if called else ""
        return calls, called, "" if called else "relevance_error:decoder_failed"
    if not decoded:
        return None, False, "ast_decoder:decoder_failed"
    if not is_well_formed(calls):
        return calls, False, "ast_decoder:decoder_wrong_output_format"
    try:
        result = check(category, docs, calls, answer)
    except Exception:
        return calls, False, "RAISED"
    return calls, result["valid"], "" if result["valid"] else result["error_type"]


def respond(official, rows, row_id, kind, value):
    if kind == "given":
        docs, answer, value = value
        return judge(official, (row_id, docs, answer), kind, value)
    return judge(official, rows[row_id], kind, value)


def main():
    requests = pickle.load(sys.stdin.buffer)
    out = sys.stdout.buffer
    sys.stdout = io.StringIO()  # the official modules may print
    official = import_official(sys.argv[1])
    rows = load(sys.argv[1])
    out.write(pickle.dumps([respond(official, rows, *request) for request in requests]))


if __name__ == "__main__":
    main()
