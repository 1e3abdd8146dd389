"""Tokens of tools as signatures and as JSON, by the embedded model's tokenizer, on the tools of BFCL.

Beside the two renderings of `formats.tools_text` stands what most chat templates show: the whole function in
OpenAI's notation, indented as `tojson(indent=4)` writes it. Every different tool of the single-turn rows
counts once.

    python bench/signatures.py
"""

import json
import statistics

from callwright.evaluate.bfcl.data import SINGLE_TURN, load
from callwright.evaluate.bfcl.prompt import trajectory_of
from callwright.formats import signature, tools_text
from callwright.record import Tool
from callwright.weights import embedded_model


def main() -> None:
    """Print mean and median tokens a tool, and how many times as many as signatures."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(embedded_model() / "tokenizer.json"))
    tools: dict[bytes | str, Tool] = {}
    for row in load(SINGLE_TURN).rows:
        for tool in trajectory_of(row).tools or ():
            tools.setdefault(tools_text([tool], "json"), tool)
    texts = {
        "signature": [signature(tool) for tool in tools.values()],
        "JSON, one line": [tools_text([tool], "json") for tool in tools.values()],
        "OpenAI, indented": [json.dumps(openai(tool), indent=4) for tool in tools.values()],
    }
    counts = {
        name: [len(each.ids) for each in tokenizer.encode_batch(written)] for name, written in texts.items()
    }
    least = sum(counts["signature"])
    print(f"{len(tools):,} tools      mean    median   of signatures")
    for name, found in counts.items():
        mean, median = statistics.mean(found), statistics.median(found)
        print(f"{name:<18}{mean:>8.1f}{median:>8.0f}{sum(found) / least:>10.2f}")


def openai(tool: Tool) -> dict[str, object]:
    """Return a tool in OpenAI's notation."""
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


if __name__ == "__main__":
    main()
