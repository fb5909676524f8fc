"""The documents' commands with curl, and the example in JavaScript, as they stand."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.support.documents import blocks, judge_of
from tests.support.local_run import LocalRun

CURL = sorted(
    {
        (block.name, command)
        for block in blocks()
        if block.is_commands
        for command in block.commands
        if judge_of(command) == "foreign"
    }
)


@pytest.fixture(scope="module")
def signed() -> Iterator[LocalRun]:
    """A run whose API wants signatures."""
    started = LocalRun("--environment", "prod", "--no-feed")
    yield started
    started.kill()


def _typed(command: str, run: LocalRun) -> str:
    """The output of a command, with the addresses of this run."""
    aws = run.environment["AWS_ENDPOINT_URL"]
    for written, meant in (("http://127.0.0.1:4566", aws), ("'<IngestUrl>'", '"$INGEST_URL"')):
        command = command.replace(written, meant)
    return run.shell(f'export INGEST_URL="$TIDEGAUGE_INGEST_URL"; {command}')


def test_the_commands_were_found() -> None:
    """On the pages for clients, the local run and the first deployment, and in the README."""
    assert {where for where, _ in CURL} >= {
        "README.md",
        "docs/clients.md",
        "docs/first-deploy.md",
        "docs/local.md",
    }


@pytest.mark.parametrize(
    ("where", "command"), [pair for pair in CURL if "--aws-sigv4" not in pair[1] and "clock" not in pair[1]]
)
def test_curl_gets_an_answer(run: LocalRun, where: str, command: str) -> None:
    """JSON, whatever it says; with the status behind it where that is asked for."""
    answer = _typed(command, run)
    # Some of them ask for faults, which the others share this run with.
    run.control("faults", method="DELETE")
    assert json.loads(answer[answer.index("{") : answer.rindex("}") + 1]), where


def test_curl_signs(signed: LocalRun) -> None:
    """The line of docs/clients.md, and the same without the signature is refused."""
    [command] = [one for _, one in CURL if "--aws-sigv4" in one]
    assert json.loads(_typed(command, signed))["status"] == "accepted"
    unsigned = command[: command.index("--aws-sigv4")]
    assert "Sign the request" in json.loads(_typed(unsigned, signed))["message"]


def test_curl_moves_the_clock() -> None:
    """By the hour that docs/local.md has; in a run of its own."""
    [command] = [one for _, one in CURL if "clock" in one]
    run = LocalRun("--no-feed")
    try:
        assert json.loads(_typed(command, run))["offset_seconds"] == 3600
    finally:
        run.kill()


def test_node_signs(signed: LocalRun) -> None:
    """The example of docs/clients.md, without a package."""
    [example] = [
        one.text for one in blocks() if (one.name, one.language) == ("docs/clients.md", "javascript")
    ]
    variables = {
        **signed.environment,
        "INGEST_URL": signed.environment["TIDEGAUGE_INGEST_URL"],
        "PATH": "/usr/bin:/bin",
    }
    sent = subprocess.run(
        ["node", "--input-type=module", "-e", example],  # noqa: S607 - as on any machine that has it
        env=variables,
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert len(sent.stdout.split()) == 1
    signed.wait_until_stored("hello", 1)
