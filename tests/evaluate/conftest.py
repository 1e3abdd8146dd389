"""What the tests of `evaluate` share: the pinned benchmark wheel, and the official functions as an oracle."""

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bfcl_oracle import Judged, Oracle

from callwright import assets


@pytest.fixture(scope="session")
def bfcl() -> None:
    """Skip where the pinned wheel is not in the cache: no test goes to the network for it."""
    if not assets.present(assets.BFCL):
        pytest.skip("the BFCL wheel is not in the cache")


@pytest.fixture(scope="session")
def oracle(bfcl: None, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """Ask the official decoder and checker, in their own process, about (row id, kind, value) triples."""
    folder = tmp_path_factory.mktemp("bfcl-official")
    with zipfile.ZipFile(assets.wheel(assets.BFCL)) as wheel:
        wheel.extractall(folder)
    script = Path(__file__).with_name("bfcl_oracle.py")

    def ask(requests: list[tuple[str, str, Any]]) -> list[Judged]:
        command = [sys.executable, "-W", "ignore", str(script), str(folder)]
        done = subprocess.run(command, input=pickle.dumps(requests), capture_output=True, timeout=100)
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        judged: list[Judged] = pickle.loads(done.stdout)
        return judged

    return ask
