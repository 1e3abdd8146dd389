"""What `blend` costs in memory as rows become many, beside the 300 MB that a process may take, and in time.

The rows are made from a seed while they are read: a request of 8 to 40 words for one of 500 tools, three
quarters answered by a call, the others by a sentence; a tenth are copies with one or two words changed. Each
measurement runs in a process of its own; the rows that stay go to a temporary file, as always.

    python bench/blend.py [rows]      # 200,000 unless told; a million takes several minutes
"""

import json
import random
import resource
import sys
import time
from collections.abc import Iterator

from _apart import apart

LIMIT = 300
"""MB."""
SIDES = {"no near-duplicates": (0.0, 0.75), "with them": (0.8, 0.75), "with them, all calls": (0.8, 1.0)}


def make_rows(count: int, share: float) -> Iterator[object]:
    """Yield trajectories; `share` of them call a tool."""
    from callwright.record import Message, Task, Tool, ToolCall, Trajectory

    rng = random.Random(7)
    syllables = [a + b for a in "bdfgklmnprstv" for b in "aeiou"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(20_000)]
    tools = [Tool(name=f"{rng.choice(words)}_{k}") for k in range(500)]
    recent: list[tuple[list[str], Tool, str]] = []
    for number in range(count):
        if recent and rng.random() < 0.1:
            said, tool, value = rng.choice(recent)
            said = list(said)
            said[rng.randrange(len(said))] = rng.choice(words)
        else:
            said = rng.choices(words, k=rng.randint(8, 40))
            tool, value = rng.choice(tools), rng.choice(words)
        recent = [*recent[-200:], (said, tool, value)]
        calls = (ToolCall(name=tool.name, arguments={"place": value, "n": number % 50}),)
        answer = (
            Message(role="assistant", tool_calls=calls)
            if rng.random() < share
            else Message(role="assistant", content=" ".join(rng.choices(words, k=12)))
        )
        yield Trajectory(
            id=f"made/rows/{number}",
            task=Task(expects="call" if answer.tool_calls else "no_call"),
            tools=(tool,),
            messages=(Message(role="user", content=" ".join(said)), answer),
        )


def child(side: str, count: int) -> None:
    """Blend, and print CPU seconds, peak memory in MB, and how many rows went which way."""
    from callwright.blend import blend
    from callwright.record import Dropped

    near, share = SIDES[side]
    kept = dropped = 0
    started = time.process_time()
    for item in blend([("made", make_rows(count, share))], seed=7, near=near):  # type: ignore[list-item]
        dropped += isinstance(item, Dropped)
        kept += not isinstance(item, Dropped)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(json.dumps([seconds, peak, kept, dropped]))


def main(count: int) -> None:
    """Print a line per kind of blend."""
    for side in SIDES:
        seconds, peak, kept, dropped = apart(__file__, "child", side, str(count))
        print(
            f"{side:22} {count:,} rows: {count / seconds:8,.0f} rows/CPU-s, made as they are read; peak "
            f"{peak:5.0f} MB, {peak / LIMIT:.2f} of {LIMIT}; {kept:,} kept, {dropped:,} dropped"
        )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["child", side, count]:
            child(side, int(count))
        case [*rest]:
            main(int(rest[0]) if rest else 200_000)
