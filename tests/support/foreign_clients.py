"""Unmodified clients that are not Python's, told no more of a local run than its environment file says."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.local_run import ROOT, LocalRun

DEBIANS_AWS = Path("/usr/bin/aws")
CALLS = ROOT / "tests" / "clients" / "javascript" / "calls.mjs"

# Doubles at the ends of their range and of their precision, each to come back as it was sent.
VALUES = (0.1, -1 / 3, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740991.0, 0.0, -2.0)


class ForeignClients:
    """The AWS CLI of Debian, and Node.js with the AWS SDK for JavaScript."""

    def __init__(self, run: LocalRun, home: Path) -> None:
        self.variables: Mapping[str, str] = {
            **run.environment,
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "AWS_MAX_ATTEMPTS": "1",
        }

    @property
    def table(self) -> str:
        """The metrics table's name, as SQL has it."""
        return '"{TIDEGAUGE_DATABASE_NAME}"."{TIDEGAUGE_TABLE_NAME}"'.format_map(self.variables)

    def aws(self, *arguments: str) -> Any:
        """The answer to an AWS CLI command, read as JSON; the error's text if it was refused."""
        # This release is older than the variable that names the endpoint.
        command = [str(DEBIANS_AWS), "--endpoint-url", self.variables["AWS_ENDPOINT_URL"], "--output", "json"]
        done = self._process([*command, *arguments], "")
        if done.returncode:
            assert done.returncode == 254, done.stderr
            return done.stderr.strip()
        return json.loads(done.stdout or "null")

    def node(self, *calls: Sequence[Any]) -> list[dict[str, Any]]:
        """The `output` or `error` of each call, made by Node's fetch or the SDK as `calls.mjs` describes."""
        done = self._process(["node", str(CALLS)], json.dumps(calls))
        assert (done.returncode, done.stderr) == (0, "")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def _process(self, command: Sequence[str], text: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command, env=self.variables, input=text, capture_output=True, text=True, check=False, timeout=60
        )


def scalars(answer: Mapping[str, Any]) -> list[list[str | None]]:
    """The rows of a query's answer, as text."""
    return [[datum.get("ScalarValue") for datum in row["Data"]] for row in answer["Rows"]]
