"""What a variant says about where it comes from, in ``extra["augment"]``."""

from __future__ import annotations

from collections.abc import Mapping

from callwright.record import Json, Trajectory


def lineage(t: Trajectory, variant: Trajectory, copy: int | str, told: Mapping[str, Json]) -> dict[str, Json]:
    """Return the note of a variant of `t`: the row (`of`), the first of its line (`root`), which copy it is.

    Of a variant's variant the copy is a path, such as ``r/1``, so that equal paths mark variants that came
    about alike. The mask stays on what is made of a masked row.
    """
    earlier, now = (row.extra.get("augment") for row in (t, variant))
    before = earlier if isinstance(earlier, dict) else {}
    note: dict[str, Json] = {
        "of": t.id,
        "root": before.get("root", t.id),
        "copy": f"{before['copy']}/{copy}" if "copy" in before else copy,
        **told,
    }
    return {**note, "mask": now["mask"]} if isinstance(now, dict) and "mask" in now else note
