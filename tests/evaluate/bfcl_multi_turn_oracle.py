"""The official multi-turn and memory code as an oracle, in a process of its own: ``python … WHEEL_DIR``.

Reads a pickled list of (kind, row id, value) from stdin and writes one answer for each:
"decoded", "text" and "calls" judge a result (steps per turn: lists of executable calls, text, or calls with
JSON-text arguments): (valid, error type). "answer" judges the steps of a memory question. "executed" gives
the results of calls on fresh back ends, "asked" lets the official prompting handler of an OpenAI-compatible
server converse with an agent whose replies are given, and returns what each of its requests held. "memory"
lets that handler hold all prerequisite conversations of a scenario and ask some questions after them.

Samples leave nothing behind: each has a name of its own, and what the back ends change for all their
instances, constants and default arguments, is put back. Nothing of the checker, the executor or the handler
is touched.
"""

import atexit
import contextlib
import copy
import io
import itertools
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

from bfcl_oracle import Anything, stand_in

from callwright.evaluate.bfcl.bm25 import BM25Plus

CATEGORIES = ("multi_turn_base", "multi_turn_miss_func", "multi_turn_miss_param", "multi_turn_long_context")
DONE = "Done."
"""What the agent says once its replies are used up."""
Request = tuple[str, str, Any]
MultiTurnOracle = Callable[[list[Request]], list[Any]]


def prepare(folder):
    """Make the official modules importable: what they import but do not need here becomes a stand-in."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(folder))
    os.environ["BFCL_PROJECT_ROOT"] = root = tempfile.mkdtemp(prefix="bfcl-oracle-")
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    setting = types.SimpleNamespace(underscore_to_dot=False)
    stand_in("bfcl_eval.constants.model_config", MODEL_CONFIG_MAPPING=defaultdict(lambda: setting))
    stand_in("bfcl_eval.eval_checker.eval_runner_helper")
    for language in ("java", "js"):
        parse = {f"parse_{'javascript' if language == 'js' else language}_function_call": Anything()}
        stand_in(f"bfcl_eval.model_handler.parser.{language}_parser", **parse)
    names = ("retry", "retry_if_exception_message", "retry_if_exception_type", "wait_random_exponential")
    stand_in("tenacity", **dict.fromkeys(names, Anything()))
    stand_in("filelock", FileLock=lambda path: contextlib.nullcontext())
    stand_in("overrides", final=lambda f: f, override=lambda f: f, EnforceOverrides=object)
    stand_in("dotenv", load_dotenv=Anything())
    stand_in("tqdm", tqdm=Anything())
    stand_in("openai", OpenAI=Anything(), RateLimitError=Exception)
    # The same formulas as in rank_bm25, which is no dependency; they are held against recorded values of it.
    stand_in("rank_bm25", BM25Plus=BM25Plus)


class Official:
    """The official modules and data."""

    def __init__(self, folder):
        prepare(folder)
        from bfcl_eval.eval_checker import eval_runner
        from bfcl_eval.eval_checker.multi_turn_eval import multi_turn_utils
        from bfcl_eval.eval_checker.multi_turn_eval.func_source_code import long_context, posting_api
        from bfcl_eval.model_handler import utils
        from bfcl_eval.utils import load_file, load_ground_truth_entry

        self.runner, self.executor, self.utils = eval_runner, multi_turn_utils, utils
        self.constants, self.posting = long_context, posting_api
        self.pristine = {
            name: copy.deepcopy(value)
            for name, value in vars(long_context).items()
            if isinstance(value, dict) and name.endswith("_EXTENSION")
        }
        self.rows, self.answers = {}, {}
        for category in CATEGORIES:
            questions = load_file(Path(folder) / "bfcl_eval" / "data" / f"BFCL_v4_{category}.json")
            self.rows |= {row["id"]: row for row in questions}
            self.answers |= {a["id"]: a["ground_truth"] for a in load_ground_truth_entry(category)}
        self.count = 0

    def forget(self):
        for name in [name for name in vars(self.executor) if name.endswith("_instance")]:
            del vars(self.executor)[name]
        for default in self.posting.TwitterAPI.post_tweet.__defaults__:
            default.clear()
        for name, value in self.pristine.items():
            constant = getattr(self.constants, name)
            constant.clear()
            constant.update(copy.deepcopy(value))

    def judge(self, kind, row_id, result):
        decode = {
            "decoded": lambda result, has_tool_call_tag: result,
            "text": self.utils.default_decode_execute_prompting,
            "calls": lambda result, has_tool_call_tag: self.utils.convert_to_function_call(result),
        }[kind]
        self.count += 1
        verdict = self.runner._evaluate_single_multi_turn_entry(
            types.SimpleNamespace(decode_execute=decode), row_id, result, self.answers[row_id],
            dict(self.rows[row_id]), f"m{self.count}", row_id.rsplit("_", 1)[0],
        )  # fmt: skip
        return verdict["valid"], "" if verdict["valid"] else verdict["error"]["error_type"]

    def judge_answer(self, answers, result):
        decode = self.utils.default_decode_execute_prompting
        verdict = self.runner._evaluate_single_agentic_entry(
            types.SimpleNamespace(decode_execute=decode), "memory_kv_0", result, answers,
            {"question": []}, "m", "memory_kv",
        )  # fmt: skip
        return verdict["valid"], "" if verdict["valid"] else verdict["error"]["error_type"]

    def handler(self, replies, asked):
        """Return the official handler with an agent that says `replies`; its requests end up in `asked`."""
        from bfcl_eval.model_handler.api_inference.openai_completion import OpenAICompletionsHandler

        said = itertools.chain(replies, itertools.repeat(DONE))

        class Handler(OpenAICompletionsHandler):
            def _query_prompting(self, inference_data):
                asked.append([(m["role"], m["content"]) for m in inference_data["message"]])
                return next(said), 0.0

            def _parse_query_response_prompting(self, reply):
                message = {"role": "assistant", "content": reply}
                return {"model_responses": reply, "model_responses_message_for_chat_history": message,
                        "input_token": 0, "output_token": 0}  # fmt: skip

        self.count += 1
        handler = Handler.__new__(Handler)
        handler.is_fc_model, handler.registry_name = False, "m"
        handler.model_name_underline_replaced = f"m{self.count}"
        return handler

    def converse(self, row_id, replies):
        asked = []
        result, _ = self.handler(replies, asked).inference(self.entry(row_id), False, True)
        return asked, result

    def remember(self, scenario, replies, questions):
        """Return the requests of a scenario's conversations and of some questions, with all results."""
        from bfcl_eval.utils import load_dataset_entry, populate_initial_settings_for_memory_test_cases

        rows = [row for row in load_dataset_entry("memory_kv") if row["scenario"] == scenario]
        told = [row for row in rows if "prereq" in row["id"]]
        rows = told + [row for row in rows if "prereq" not in row["id"]][:questions]
        folder = Path(tempfile.mkdtemp(dir=os.environ["BFCL_PROJECT_ROOT"]))
        asked, results = [], []
        handler = self.handler(replies, asked)
        for row in populate_initial_settings_for_memory_test_cases(rows, folder):
            results.append(handler.inference(row, False, True)[0])
        return asked, results

    def entry(self, row_id):
        """Return a row as the official command line would give it to a handler, documents included."""
        from bfcl_eval.utils import add_language_specific_hint_to_function_doc as hint
        from bfcl_eval.utils import populate_test_cases_with_predefined_functions as populate

        return hint(populate([copy.deepcopy(self.rows[row_id])]))[0]

    def respond(self, kind, row_id, value):
        self.forget()
        if kind == "asked":
            return self.converse(row_id, value)
        if kind == "memory":
            return self.remember(row_id, *value)
        if kind == "answer":
            return self.judge_answer(*value)
        if kind == "executed":
            row, calls = self.rows[row_id], value
            self.count += 1
            return self.executor.execute_multi_turn_func_call(
                calls, row["initial_config"], row["involved_classes"], f"m{self.count}", row_id,
                long_context="long_context" in row_id,
            )[0]  # fmt: skip
        return self.judge(kind, row_id, value)


def main():
    requests = pickle.load(sys.stdin.buffer)
    out = sys.stdout.buffer
    sys.stdout = io.StringIO()  # the official modules print
    official = Official(Path(sys.argv[1]))
    out.write(pickle.dumps([official.respond(*request) for request in requests]))


if __name__ == "__main__":
    main()
