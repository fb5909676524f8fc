"""Faults of functions, as their callers see them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from emulator.faults import Faults, parse_rule
from emulator.faults.spec import rule_of
from tests.support.functions import Start

APPENDS = """
    import os, time
    def handler(event, context):
        time.sleep(event.get("before", 0))
        with open(event["file"], "a") as file:
            file.write("done ")
        return os.getpid()
"""


@pytest.fixture
def faults() -> Faults:
    """The faults of the functions."""
    return Faults(seed=1)


Ask = Callable[[str], None]


@pytest.fixture
def ask(faults: Faults) -> Ask:
    """Put a fault in force, in short."""
    return lambda text: faults.add(parse_rule(rule_of(text)))


def test_a_killed_function_ends_as_one_out_of_memory(
    start: Start, tmp_path: Path, faults: Faults, ask: Ask
) -> None:
    """In mid-invocation nothing more is done; the error is Lambda's, and the next event has a new process."""
    functions, file = start(APPENDS, faults=faults), tmp_path / "file"
    first = functions.invoke("writer", {"file": str(file)}).payload
    for fault in ("kill:100x1", "memory:100x1"):
        ask(f"lambda/writer={fault}")
        result = functions.invoke("writer", {"file": str(file), "before": 30})
        error = json.loads(result.payload)
        assert (result.function_error, error["errorType"]) == ("Unhandled", "Runtime.ExitError")
        assert error["errorMessage"].endswith("Error: Runtime exited with error: signal: killed")
    assert file.read_text() == "done "
    assert functions.invoke("writer", {"file": str(file)}).payload != first
    log = (tmp_path / "logs" / "writer.log").read_text()
    assert log.count("Max Memory Used: 256 MB") == 1


def test_a_function_may_be_killed_after_its_work(
    start: Start, tmp_path: Path, faults: Faults, ask: Ask
) -> None:
    """All is done, and its caller hears that it was killed."""
    functions, file = start(APPENDS, faults=faults), tmp_path / "file"
    ask("lambda/Function=kill+afterx1")
    assert b"signal: killed" in functions.invoke("writer", {"file": str(file)}).payload
    assert file.read_text() == "done "


def test_a_time_out_does_not_have_to_be_waited_for(
    start: Start, tmp_path: Path, faults: Faults, ask: Ask
) -> None:
    """It ends as if the function's own time were over."""
    functions, file = start(APPENDS, faults=faults), tmp_path / "file"
    ask("lambda=timeout:50x1")
    result = functions.invoke("writer", {"file": str(file), "before": 30})
    assert json.loads(result.payload)["errorType"] == "Sandbox.Timedout"
    assert b"timed out after 20.00 seconds" in result.payload
    assert not file.exists()


def test_a_function_may_not_come_up(start: Start, tmp_path: Path, faults: Faults, ask: Ask) -> None:
    """Its process is gone; when the fault is over the next one starts."""
    functions, file = start(APPENDS, faults=faults), tmp_path / "file"
    first = functions.invoke("writer", {"file": str(file)}).payload
    ask("lambda/writer=initx2")
    for _ in range(2):
        assert b"exit status 1" in functions.invoke("writer", {"file": str(file)}).payload
    assert file.read_text() == "done "
    assert functions.invoke("writer", {"file": str(file)}).payload != first


@pytest.mark.parametrize(
    ("fault", "status", "done"),
    [("throttle", 429, ""), ("internal", 500, ""), ("503+after", 503, "done "), ("lost", 500, "done ")],
)
def test_a_call_is_refused_by_lambda(
    start: Start, tmp_path: Path, faults: Faults, ask: Ask, fault: str, status: int, done: str
) -> None:
    """Before the function runs, or after it without its answer; a fault of another function strikes nothing."""
    functions, file = start(APPENDS, faults=faults), tmp_path / "file"
    file.touch()
    ask("lambda/reader=internal")
    ask(f"lambda:Invoke/writer={fault}x1")
    result = functions.invoke("writer", {"file": str(file)})
    assert (result.status, result.throttled, file.read_text()) == (status, True, done)
    assert functions.invoke("writer", {"file": str(file)}).status == 200
