"""Two published pools of tools as declarations that ``callwright synthesize`` reads, one tool per name.

    python recipes/pools.py DATA OUT    # DATA/tools/{toucan-mcp,seal-tools} → OUT/tools-{toucan,seal}.jsonl

Servers publish tools of equal names that differ; of these the first one stays, and how many went is told.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any


def toucan(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the tools of Toucan's MCP servers: {server, category, name, description, input_schema}."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        tool = {key: row[key] for key in ("name", "description", "input_schema")}
        yield {**tool, "license": "MIT"}


def seal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the tools of Seal-Tools: {api_name, api_description, parameters{name: …}, required[]}."""
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield {
            "name": row["api_name"],
            "description": row["api_description"],
            "parameters": row["parameters"],
            "required": row["required"],
            "license": "Apache-2.0",
        }


def write(tools: Iterable[dict[str, Any]], out: Path) -> None:
    """Write the first tool of every name."""
    first: dict[str, dict[str, Any]] = {}
    total = 0
    for tool in tools:
        total += 1
        first.setdefault(tool["name"], tool)
    lines = (json.dumps(tool, ensure_ascii=False) + "\n" for tool in first.values())
    out.write_text("".join(lines), encoding="utf-8")
    sys.stdout.write(f"{out}: {len(first):,} tools, {total - len(first):,} of names that were there\n")


if __name__ == "__main__":
    data, made = Path(sys.argv[1]), Path(sys.argv[2])
    write(toucan(data / "tools/toucan-mcp/mcp_tools.jsonl"), made / "tools-toucan.jsonl")
    write(seal(data / "tools/seal-tools/tool.jsonl"), made / "tools-seal.jsonl")
