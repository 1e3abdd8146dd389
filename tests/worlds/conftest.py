"""What the tests of worlds share: the worlds with calls for them, opened once, skipped without their data."""

from functools import cache

import pytest
from world_samples import LIBRARY, Sample, of_bfcl, of_records

from callwright import assets
from callwright.worlds import open_world

WORLDS = ("bfcl", "tau:home", "tau:retail", "tau:airline", "library")


@pytest.fixture(scope="session")
def bfcl() -> None:
    """Skip where the pinned wheel is not in the cache: no test goes to the network for it."""
    if not assets.present(assets.BFCL):
        pytest.skip("the BFCL wheel is not in the cache")


@pytest.fixture(params=WORLDS)
def sample(request: pytest.FixtureRequest) -> Sample:
    """A world, and a call for each of its tools in each of some states."""
    if request.param == "bfcl":
        request.getfixturevalue("bfcl")
        return _bfcl()
    if request.param == "library":
        return _records("library", LIBRARY)
    if request.param == "tau:home":
        return _records("tau:home", "tau:home")
    data = request.getfixturevalue("shared_data")
    return _records(request.param, f"{request.param}@{data / 'taubench' / 'v1'}")


@cache
def _bfcl() -> Sample:
    return of_bfcl(open_world("bfcl"))


@cache
def _records(name: str, opened: str) -> Sample:
    return of_records(name, open_world(opened))
