"""`ops export` as far as it needs no deployment; what it does with one is shown in the pipeline's tests."""

import argparse
from typing import Any

import pytest

from ops import export
from ops.__main__ import main
from ops.errors import OperatorError


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "yesterday"], "'yesterday' is not an hour; write it as 2026-11-22T02, in UTC"),
        (["backfill", "2026-11-22T05", "2026-11-22T04"], "the range ends (2026-11-22T04) before it begins"),
        (["backfill", "2026-11-22", "2026-11-22T04"], "is not an hour"),
        (["status", "--hours", "0"], "--hours is a number from 1 to 1000"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the line on where, one says what was expected, and no call is made."""
    assert main(["export", *arguments]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 2


class States:
    """A state machine whose execution ends in a given way, at the second look."""

    def __init__(self, **ended: Any) -> None:
        self._looks = [{"status": "RUNNING"}, ended]
        self.names: list[str] = []

    def start_execution(self, **arguments: Any) -> dict[str, str]:
        """Starts."""
        self.names.append(arguments["name"])
        return {"executionArn": "arn"}

    def describe_execution(self, **_: Any) -> dict[str, Any]:
        """Still running, then ended."""
        return self._looks.pop(0)


class Target:
    """A deployment of nothing but a state machine."""

    environment = "dev"

    def __init__(self, states: States) -> None:
        self._states = states

    def client(self, _service: str) -> States:
        """The state machine's client."""
        return self._states

    def output(self, name: str) -> str:
        """Any output."""
        return name


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_POLL_SECONDS", 0)


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({"error": "Refused", "cause": '{"errorMessage": "it is in the\\n future"}'}, "it is in the future"),
        ({"error": "BrokeOff", "cause": "ConfigurationError"}, "BrokeOff: ConfigurationError"),
        ({}, "FAILED"),
    ],
)
def test_why_an_execution_failed_is_one_line(ended: dict[str, str], words: str) -> None:
    """The message of the function that refused, or the names of what broke."""
    with pytest.raises(OperatorError, match=f"^{words}$"):
        export._execute(Target(States(status="FAILED", **ended)), {})  # type: ignore[arg-type]


def test_every_execution_has_a_name_of_its_own() -> None:
    """Two runs by hand in a second are two executions."""
    states = [States(status="SUCCEEDED", output='{"results": []}') for _ in range(2)]
    for one in states:
        assert export._execute(Target(one), {}) == []  # type: ignore[arg-type]
    (first,), (second,) = states[0].names, states[1].names
    assert first != second


def test_a_busy_hour_is_not_called_done(capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status says whether what was asked for was done, and a hostile text does not reach the terminal."""
    busy = {"hour": "2026-11-22T02", "outcome": "busy", "error": "other\x1b is exporting it"}
    assert export._report([busy]) == 1
    assert capsys.readouterr().out == "2026-11-22T02  busy      other� is exporting it\n"
    assert export._report([{"hour": "h", "outcome": "empty", "rows": 0, "run": "r"}]) == 0


def test_the_command_line_is_complete() -> None:
    """Run, backfill, status and query are there."""
    parser = argparse.ArgumentParser()
    export.add_arguments(parser)
    for arguments in (["run"], ["run", "current"], ["backfill", "a", "b"], ["status"], ["query", "SELECT 1"]):
        assert parser.parse_args(arguments).run
