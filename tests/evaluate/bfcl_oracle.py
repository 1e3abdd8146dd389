"""The official BFCL functions as an oracle, in a process of their own: ``python bfcl_oracle.py WHEEL_DIR``.

Reads a pickled list of (row id, kind, value) from stdin, or (category, "given", (documents, answer, value))
for a row that the data do not have, and writes, for each, what the official code says: (decoded value or
None, valid, error type). The kinds are "decoded", "text" (prompting), "calls" (function calling) and
"variant" (a wording and a text); with "_" in front of a kind the names of the model's tools have "_" for ".".
WHEEL_DIR is the unpacked wheel.
What the official modules import but scoring does not need is replaced by empty stand-ins: the model registry
(it pulls in every vendor's client), openai, overrides, tenacity and filelock; tree-sitter by the installed
one behind the old interface, or by nothing where it is not installed. Nothing of decoders or checker is
touched.
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
    "simple_python", "simple_java", "simple_javascript", "multiple", "parallel", "parallel_multiple",
    "irrelevance", "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple",
    "live_irrelevance", "live_relevance",
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


class OldParser:
    """tree-sitter's parser with the interface that it had in 0.21."""

    def set_language(self, language):
        self.parser = self.new(language)

    def parse(self, source):
        return types.SimpleNamespace(root_node=OldRoot(self.parser.parse(source).root_node))


class OldRoot:
    def __init__(self, node):
        self.node = node

    def sexp(self):
        return str(self.node)

    def __getattr__(self, name):
        return getattr(self.node, name)


def stand_in_for_tree_sitter():
    try:
        import tree_sitter
        import tree_sitter_java  # noqa: F401
        import tree_sitter_javascript  # noqa: F401
    except ImportError:
        stand_in("tree_sitter", Language=Anything, Parser=Anything)
        stand_in("tree_sitter_java", language=Anything())
        stand_in("tree_sitter_javascript", language=Anything())
        return
    old = types.ModuleType("tree_sitter")
    old.Language, old.Parser = lambda pointer, name: tree_sitter.Language(pointer), OldParser
    OldParser.new = tree_sitter.Parser
    # The parsers of the package import what they need at once; afterwards the real module is back.
    sys.modules["tree_sitter"] = old
    from bfcl_eval.model_handler.parser import java_parser, js_parser  # noqa: F401

    sys.modules["tree_sitter"] = tree_sitter


def import_official(folder):
    """Return the official (decoders by kind, checker, two format predicates)."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(folder))
    os.environ["BFCL_PROJECT_ROOT"] = root = tempfile.mkdtemp(prefix="bfcl-oracle-")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    settings = defaultdict(lambda: types.SimpleNamespace(underscore_to_dot=False))
    settings["underscored"] = types.SimpleNamespace(underscore_to_dot=True)
    stand_in("bfcl_eval.constants.model_config", MODEL_CONFIG_MAPPING=settings)
    names = ("retry", "retry_if_exception_message", "retry_if_exception_type", "wait_random_exponential")
    stand_in("tenacity", **dict.fromkeys(names, Anything()))
    stand_in("filelock", FileLock=Anything)
    stand_in("openai", OpenAI=Anything, RateLimitError=Exception)
    stand_in("overrides", final=lambda method: method)
    stand_in_for_tree_sitter()
    from bfcl_eval.constants.enums import Language, ReturnFormat
    from bfcl_eval.eval_checker.ast_eval.ast_checker import ast_checker
    from bfcl_eval.model_handler.api_inference.openai_completion import OpenAICompletionsHandler
    from bfcl_eval.model_handler.utils import default_decode_ast_prompting, parse_prompt_variation_params
    from bfcl_eval.utils import is_empty_output, is_function_calling_format_output

    def decode_text(text, category):
        return default_decode_ast_prompting(text, ReturnFormat[language_of(category)])

    def check(category, docs, calls, answer, model):
        return ast_checker(docs, calls, answer, Language[language_of(category)], category, model)

    handler = OpenAICompletionsHandler.__new__(OpenAICompletionsHandler)
    handler.is_fc_model = True

    def decode_calls(result, category):
        return handler.decode_ast(result, ReturnFormat[language_of(category)], has_tool_call_tag=False)

    def decode_variant(value, category):
        variant, text = value
        answers, tagged, *_ = parse_prompt_variation_params(variant)
        return default_decode_ast_prompting(text, ReturnFormat(answers), tagged)

    decoders = {"text": decode_text, "calls": decode_calls, "variant": decode_variant}
    return decoders, check, is_empty_output, is_function_calling_format_output


def language_of(category):
    return {"simple_java": "JAVA", "simple_javascript": "JAVASCRIPT"}.get(category, "PYTHON")


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
    decoders, check, is_empty, is_well_formed = official
    category, docs, answer = row
    calls, decoded = value, True
    model, kind = "underscored" if kind.startswith("_") else "any", kind.removeprefix("_")
    if kind in decoders:
        try:
            calls = decoders[kind](value, category)
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
        result = check(category, docs, calls, answer, model)
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
