"""InfluxDB's unmodified clients in a process of their own."""

import json
import os
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.support.local_run import ROOT, LocalRun

COMMAND = [str(ROOT / ".venv-clients" / "bin" / "python"), str(ROOT / "tests/support/influx_clients.py")]

ANY_TOKEN = "tg_anything"


def written(run: LocalRun, client: str, *writes: Mapping[str, Any], token: str = ANY_TOKEN) -> dict[str, Any]:
    """The end of some writes of a client, in one process."""
    usual = {"precision": "ns", "gzip": False}
    given = {
        "client": client,
        "url": run.environment["TIDEGAUGE_BASE_URL"],
        "token": token,
        "writes": [{**usual, **write} for write in writes],
    }
    done = subprocess.run(
        COMMAND,
        input=json.dumps(given),
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    end: dict[str, Any] = json.loads(done.stdout)
    return end
