"""Energy that the processor took, where the machine tells: Linux's counters of whole packages (RAPL).

Everything that runs meanwhile is counted. Most virtual machines tell nothing.
"""

from __future__ import annotations

from pathlib import Path

COUNTERS = Path("/sys/class/powercap")


def counters(folder: Path = COUNTERS) -> dict[str, int]:
    """Return the microjoules of each package so far; none where they can not be read."""
    found: dict[str, int] = {}
    for package in sorted(folder.glob("intel-rapl:*")):
        if package.name.count(":") > 1:  # a part of a package, which is counted in it
            continue
        try:
            found[package.name] = int((package / "energy_uj").read_text())
        except (OSError, ValueError):
            return {}
    return found


def joules(before: dict[str, int], after: dict[str, int], folder: Path = COUNTERS) -> float | None:
    """Return the energy between two readings; None where the machine does not tell."""
    if not before or before.keys() != after.keys():
        return None
    spent = 0
    for name, start in before.items():
        end = after[name]
        if end < start:  # the counter began anew
            end += int((folder / name / "max_energy_range_uj").read_text())
        spent += end - start
    return spent / 1e6
