"""Tools of every kind, opened by one name, with what can be known of the world that they act in.

A world is what rows are made from and checked against: tools, what calls them, the states that an episode may
start from, the data in them, and the rules for whoever acts there.

| name | what it opens |
|---|---|
| a file, `mcp:COMMAND` | what `toolbox.import_tools` reads |
| `module:package.module` | the source file of a module, which is not imported |
| `rows.jsonl` | the tools that a file of rows offers; nothing can be called |
| `bfcl`, `bfcl:TicketAPI,MathAPI` | BFCL's back ends from the pinned wheel, in states of our own |
| `tau:retail@FOLDER`, `tau:airline@FOLDER` | the domains of tau-bench over their database |
| `tau:home` | the lending library that needs no data |

>>> world = open_world("tau:home")
>>> len(world.tools), sorted(world.data(None))
(8, ['books', 'members'])
"""

from __future__ import annotations

from callwright.synthesize.pools import Half
from callwright.toolbox import IsolationName
from callwright.worlds.bfcl import open_bfcl
from callwright.worlds.files import open_file, open_module, world_of
from callwright.worlds.tau import open_tau
from callwright.worlds.world import State, World

__all__ = ["State", "World", "open_world", "world_of"]


def open_world(
    name: str, *, isolation: IsolationName = "auto", seed: int = 0, values: Half = "train"
) -> World:
    """Return the world of a name.

    `seed` and `values` decide which initial states are made up, where states are. Raises ToolsError for what
    holds no tools, DataError for rows or tables that can not be read.
    """
    kind, _, rest = name.partition(":")
    if kind == "bfcl":
        return open_bfcl(rest, seed=seed, values=values)
    if kind == "tau":
        return open_tau(rest)
    if kind == "module":
        return open_module(rest, isolation=isolation)
    return open_file(name, isolation=isolation)
