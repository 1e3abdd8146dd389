"""Counters of energy as Linux lays them out: packages are added up, their parts are not, and they wrap."""

from pathlib import Path

import pytest

from callwright.study.energy import counters, joules


def machine(folder: Path, **energies: int) -> Path:
    for name, energy in energies.items():
        package = folder / name.replace("_", ":")
        package.mkdir(parents=True, exist_ok=True)
        (package / "energy_uj").write_text(f"{energy}\n")
        (package / "max_energy_range_uj").write_text("1000000\n")
    return folder


def test_packages_are_added_up_without_their_parts(tmp_path: Path) -> None:
    names = {"intel-rapl_0": 100, "intel-rapl_1": 200, "intel-rapl_0_0": 50}
    before = counters(machine(tmp_path, **names))
    assert before == {"intel-rapl:0": 100, "intel-rapl:1": 200}
    after = counters(machine(tmp_path, **{"intel-rapl_0": 500_100, "intel-rapl_1": 100}))
    assert joules(before, after, tmp_path) == pytest.approx(0.5 + 0.9999)


def test_a_machine_that_does_not_tell_has_no_energy(tmp_path: Path) -> None:
    assert counters(tmp_path) == {}
    assert joules({}, {}, tmp_path) is None
    (machine(tmp_path, **{"intel-rapl_0": 1}) / "intel-rapl:0" / "energy_uj").unlink()
    assert counters(tmp_path) == {}
