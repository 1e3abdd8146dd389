"""The official prompt builders, in a process of their own: ``bfcl_prompt_oracle.py WHEEL_DIR CATEGORY…``.

Writes a line per row: id, sha256 of the messages of prompting mode, sha256 of the tools of function calling,
both as JSON without further formatting. Stand-ins as in `bfcl_oracle`; locks on files are left out.
"""

import copy
import hashlib
import json
import sys
from contextlib import nullcontext

from bfcl_oracle import import_official


def sha256(value):
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def main():
    out, sys.stdout = sys.stdout, sys.stderr
    import_official(sys.argv[1])
    from bfcl_eval import utils
    from bfcl_eval.constants.enums import ModelStyle
    from bfcl_eval.constants.type_mappings import GORILLA_TO_OPENAPI
    from bfcl_eval.model_handler.utils import convert_to_tool, system_prompt_pre_processing_chat_model

    utils._get_file_lock = lambda path: nullcontext()
    for category in sys.argv[2:]:
        for row in utils.load_dataset_entry(category):
            turn = copy.deepcopy(row["question"][0])
            messages = system_prompt_pre_processing_chat_model(turn, row["function"], row["id"])
            tools = None
            if category != "format_sensitivity":  # which is for prompting only
                tools = convert_to_tool(row["function"], GORILLA_TO_OPENAPI, ModelStyle.OPENAI_COMPLETIONS)
            print(row["id"], sha256(messages), sha256(tools), file=out)


if __name__ == "__main__":
    main()
