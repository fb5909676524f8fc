"""The console of the local run, in a process of its own: it comes and goes with the run."""

import os
import subprocess
import sys
from pathlib import Path

from ops.bundle import ROOT

_END_S = 5.0
_INHERITED = ("PATH", "HOME", "LANG", "TMPDIR")


class Console:
    """`python -m ops console` for a region of the run, which knows no more than an operator with its addresses would.

    `port` 0 leaves the choice to the console; what it complains of goes to the file `log`. `token` is what it
    posts with, where clients have tokens.
    """

    def __init__(
        self, environment: str, region: str, *, endpoint_url: str, port: int, log: Path, token: str = ""
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log
        with log.open("w", encoding="utf-8") as errors:
            self._process = subprocess.Popen(
                [
                    *(
                        sys.executable,
                        "-m",
                        "ops",
                        "console",
                        "--environment",
                        environment,
                        "--region",
                        region,
                    ),
                    *(("--port", str(port)) if port else ()),
                ],
                cwd=ROOT,
                env={
                    **{name: os.environ[name] for name in _INHERITED if name in os.environ},
                    "AWS_ENDPOINT_URL": endpoint_url,
                    "AWS_ACCESS_KEY_ID": "local",
                    "AWS_SECRET_ACCESS_KEY": "local",
                    "AWS_REGION": region,
                    "TIDEGAUGE_TOKEN": token,
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,  # Ctrl-C is the run's, which ends this in its turn
            )

    def address(self) -> str:
        """The page's address, waited for; if there will be none, where it says why."""
        output = self._process.stdout
        line = output.readline() if output else ""
        return line.split()[-1] if line else f"did not start; see {self._log}"

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
