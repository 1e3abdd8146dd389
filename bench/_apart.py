"""A measurement in a process of its own, so that no memory and no warm cache of another counts in it."""

import json
import os
import subprocess
import sys
from typing import Any


def apart(script: str, *told: str, **settings: str) -> Any:
    """Return what a run of a script with these words prints in its last line, as JSON.

    Environment variables of the process are `settings`; where it fails, this one ends with what it said.
    """
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", **settings}
    done = subprocess.run([sys.executable, script, *told], capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout.strip().splitlines()[-1])
