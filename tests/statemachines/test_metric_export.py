"""Every branch of the export's state machine, run from the very file that is deployed."""

import json
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import boto3
import pytest

from tests.support.state_machine import FunctionError, Machine

HOURS = ["2026-11-22T02", "2026-11-22T03"]


@pytest.fixture
def topic(deployed: Callable[..., Machine]) -> str:
    """The operators' topic."""
    return str(boto3.client("sns").create_topic(Name="operators")["TopicArn"])


@pytest.fixture
def machine(deployed: Callable[..., Machine], topic: str) -> Machine:
    """The machine with functions that do their work at once: two hours, both exported."""
    names = ("Planner", "Unloader", "Publisher", "Tidier")
    ready = deployed("metric_export.asl.json", names, {"OperatorTopicArn": topic})
    ready.functions = {
        "Planner.choose": lambda _: {"hours": HOURS, "more": False, "next": {}},
        "Planner.give_up": lambda event: {
            "hour": event["hour"], "outcome": "failed", "error": event["error"]["Error"],
        },
        "Planner.summarise": summary,
        "Unloader.claim": lambda event: job(event["hour"], event["by"], "unload"),
        "Unloader.start": lambda event: {**event["job"], "phase": "publish"},
        "Unloader.poll": lambda event: {**event["job"], "phase": "publish"},
        "Publisher": lambda event: {"hour": event["job"]["hour"], "outcome": "exported", "rows": 3, "bytes": 9},
        "Tidier": lambda _: {"hours": 0, "objects": 0},
    }  # fmt: skip
    return ready


def job(hour: str, by: str, phase: str) -> dict[str, Any]:
    """The job of an hour as far as the machine looks at it."""
    return {"hour": hour, "by": by, "phase": phase}


def summary(event: dict[str, Any]) -> dict[str, Any]:
    """What the planner says at the end."""
    failed = sum(result["outcome"] == "failed" for result in event["results"])
    return {"hours": len(event["results"]), "failed": failed, "subject": "s", "message": f"{failed} failed"}


def outcomes(machine: Machine) -> list[str]:
    """How the hours of the last round ended."""
    return [result["outcome"] for result in machine.steps("Planner")[-1]["results"]]


def notifications(topic: str) -> list[tuple[str, str]]:
    """What was published to operators."""
    from moto.sns.models import sns_backends

    found = sns_backends["123456789012"]["us-east-1"].topics[topic]
    return [(sent[2] or "", sent[1]) for sent in found.sent_notifications]


def fails(error_type: str, message: str = "", *, times: int = 10**6, then: Any = None) -> Any:
    """A function that raises so many times, and then answers."""
    calls = count()

    def function(event: dict[str, Any]) -> Any:
        if next(calls) < times:
            raise FunctionError(error_type, message)
        return then(event)

    return function


def test_hours_are_claimed_unloaded_published_and_tidied(machine: Machine, topic: str) -> None:
    """The way of an hour that meets no trouble; each step is told when it was entered."""
    ended = machine.run(scheduled_time="2026-11-22T04:15:00Z")
    assert ended.status == "SUCCEEDED"
    assert [name for name, _ in machine.calls if name != "Planner"].count("Publisher") == 2
    assert outcomes(machine) == ["exported", "exported"]
    assert machine.steps("Planner")[0]["input"] == {"scheduled_time": "2026-11-22T04:15:00Z"}
    assert all("now" in payload for _, payload in machine.calls)
    assert ended.output["summary"] == {"hours": 2, "failed": 0, "subject": "s", "message": "0 failed"}
    assert ended.output["tidied"] == {"hours": 0, "objects": 0}
    assert notifications(topic) == []


def test_without_hours_there_is_nothing_to_do(machine: Machine) -> None:
    """A run that finds nothing due ends well, and tidies."""
    machine.functions["Planner.choose"] = lambda _: {"hours": [], "more": False, "next": {}}
    assert machine.run().status == "SUCCEEDED"
    assert machine.steps("Unloader") == []
    assert len(machine.steps("Tidier")) == 1


def test_unloads_are_polled_until_they_are_done(machine: Machine) -> None:
    """An UNLOAD may take many invocations; each gets the job as the last one left it."""
    turns = count(1)

    def poll(event: dict[str, Any]) -> dict[str, Any]:
        turn = next(turns)
        return {**event["job"], "token": turn, "phase": "publish" if turn == 3 else "unload"}

    machine.functions["Planner.choose"] = lambda _: {"hours": HOURS[:1], "more": False, "next": {}}
    machine.functions["Unloader.start"] = lambda event: event["job"]
    machine.functions["Unloader.poll"] = poll
    ended = machine.run()
    polled = [
        payload["job"].get("token") for payload in machine.steps("Unloader") if payload["step"] == "poll"
    ]
    assert polled == [None, 1, 2]
    assert ended.states.count("WaitForUnloads") == 3
    assert machine.steps("Publisher")[0]["job"]["token"] == 3


def test_an_hour_without_points_is_published_without_an_unload(machine: Machine) -> None:
    """Nothing is started for it."""
    machine.functions["Unloader.claim"] = lambda event: job(event["hour"], event["by"], "publish")
    machine.run()
    assert {payload["step"] for payload in machine.steps("Unloader")} == {"claim"}
    assert outcomes(machine) == ["exported", "exported"]


def test_an_hour_that_another_execution_has_is_left_to_it(machine: Machine, topic: str) -> None:
    """It says so, and nobody is alarmed."""
    machine.functions["Unloader.claim"] = lambda event: {
        **job(event["hour"], event["by"], "busy"),
        "outcome": "busy",
    }
    assert machine.run().status == "SUCCEEDED"
    assert outcomes(machine) == ["busy", "busy"]
    assert notifications(topic) == []


@pytest.mark.parametrize("step", ["Unloader.claim", "Unloader.start", "Unloader.poll", "Publisher"])
def test_a_transient_error_is_retried(machine: Machine, step: str) -> None:
    """Up to three times, and the hour is exported all the same."""
    machine.functions["Planner.choose"] = lambda _: {"hours": HOURS[:1], "more": False, "next": {}}
    machine.functions["Unloader.start"] = lambda event: event["job"] if step.endswith("poll") else {
        **event["job"], "phase": "publish",
    }  # fmt: skip
    machine.functions[step] = fails("ThrottledError", times=3, then=machine.functions[step])
    assert machine.run().status == "SUCCEEDED"
    assert outcomes(machine) == ["exported"]


@pytest.mark.parametrize("step", ["Unloader.claim", "Unloader.start", "Unloader.poll", "Publisher"])
@pytest.mark.parametrize(
    ("error", "calls"), [("TransientError", 4), ("Mismatch", 1), ("Runtime.ExitError", 3)]
)
def test_a_failing_hour_is_entered_and_does_not_stop_the_others(
    machine: Machine, topic: str, step: str, error: str, calls: int
) -> None:
    """What will not pass by itself is not retried, the rest a few times; operators hear of the failed hour alone."""
    good = machine.functions[step]
    tried = count()

    def function(event: dict[str, Any]) -> Any:
        hour = event.get("hour") or event["job"]["hour"]
        if hour == HOURS[0]:
            next(tried)
            raise FunctionError(error, "why")
        return good(event)

    if step.endswith("poll"):
        machine.functions["Unloader.start"] = lambda event: event["job"]
    machine.functions[step] = function
    ended = machine.run()
    assert ended.status == "SUCCEEDED"
    assert next(tried) == calls
    assert outcomes(machine) == ["failed", "exported"]
    (given_up,) = [payload for payload in machine.steps("Planner") if payload["step"] == "give_up"]
    assert given_up["hour"] == HOURS[0]
    assert given_up["by"].startswith("run-")
    assert given_up["error"]["Error"] == error
    assert json.loads(given_up["error"]["Cause"])["errorMessage"] == "why"
    assert notifications(topic) == [("s", "1 failed")]


def test_a_failure_that_cannot_be_entered_still_counts(machine: Machine, topic: str) -> None:
    """If the ledger does not answer either, the hour is failed, and its claim runs out."""
    machine.functions["Publisher"] = fails("Mismatch")
    machine.functions["Planner.give_up"] = fails("TransientError")
    assert machine.run().status == "SUCCEEDED"
    assert [result["error"] for result in machine.steps("Planner")[-1]["results"]] == [
        "the failure could not be entered"
    ] * 2
    assert len(notifications(topic)) == 1


def test_a_refused_range_fails_the_execution_in_words(machine: Machine, topic: str) -> None:
    """Nothing broke, so nobody is notified; who asked reads why."""
    machine.functions["Planner.choose"] = fails("ExportRequestError", "2026-11-22T09 is in the future")
    ended = machine.run(first="2026-11-22T09")
    assert (ended.status, ended.error) == ("FAILED", "Refused")
    assert "in the future" in ended.cause
    assert notifications(topic) == []


@pytest.mark.parametrize("step", ["Planner.choose", "Planner.summarise", "Tidier"])
def test_what_breaks_a_whole_run_is_told_and_fails_it(machine: Machine, topic: str, step: str) -> None:
    """Without its planner, or its tidier, an execution ends as failed after it told the operators."""
    machine.functions[step] = fails("ConfigurationError", "no table")
    ended = machine.run()
    assert (ended.status, ended.error, ended.cause) == ("FAILED", "BrokeOff", "ConfigurationError")
    ((subject, message),) = notifications(topic)
    assert subject == "Metric export broke off"
    assert "ConfigurationError" in message


@pytest.mark.parametrize("step", ["Planner.choose", "Planner.give_up", "Planner.summarise", "Tidier"])
def test_the_other_steps_are_retried_too(machine: Machine, step: str) -> None:
    """A moment without DynamoDB or S3 does not break a run."""
    machine.functions[step] = fails("TransientError", times=3, then=machine.functions[step])
    if step.endswith("give_up"):
        machine.functions["Publisher"] = fails("Mismatch")
    assert machine.run().status == "SUCCEEDED"


def test_operators_who_cannot_be_told_fail_the_execution(machine: Machine, topic: str) -> None:
    """Then the alarm on failed executions tells them."""
    machine.functions["Publisher"] = fails("Mismatch")
    boto3.client("sns").delete_topic(TopicArn=topic)
    ended = machine.run()
    assert (ended.status, ended.error) == ("FAILED", "NotNotified")
    assert ended.states.count("NotifyFailed") == 1


def test_a_broken_run_that_cannot_be_told_fails_as_well(machine: Machine, topic: str) -> None:
    """However it ends, it does not look like success."""
    machine.functions["Planner.choose"] = fails("ConfigurationError")
    boto3.client("sns").delete_topic(TopicArn=topic)
    assert machine.run().error == "NotNotified"


def test_more_hours_than_a_round_holds_are_taken_in_rounds(machine: Machine) -> None:
    """The planner is asked again with what it said is next, until there is no more."""

    def choose(event: dict[str, Any]) -> dict[str, Any]:
        turn = event["input"].get("round", 1)
        return {"hours": HOURS[:1], "more": turn < 3, "next": {"round": turn + 1}}

    machine.functions["Planner.choose"] = choose
    assert machine.run().status == "SUCCEEDED"
    asked = [payload["input"] for payload in machine.steps("Planner") if payload["step"] == "choose"]
    assert asked == [{}, {"round": 2}, {"round": 3}]
    assert len(machine.steps("Tidier")) == 1


def test_a_round_with_failures_is_followed_by_the_next(machine: Machine, topic: str) -> None:
    """Operators are told, and the rest is exported."""
    machine.functions["Planner.choose"] = lambda event: {
        "hours": HOURS[:1], "more": "round" not in event["input"], "next": {"round": 2},
    }  # fmt: skip
    machine.functions["Publisher"] = fails("Mismatch", times=1, then=machine.functions["Publisher"])
    assert machine.run().status == "SUCCEEDED"
    assert outcomes(machine) == ["exported"]
    assert len(notifications(topic)) == 1


def test_hours_are_exported_a_few_at_a_time(machine: Machine) -> None:
    """Timestream serves seven queries with its smallest unit, and an hour has two."""
    three = threading.Barrier(3)

    def claim(event: dict[str, Any]) -> dict[str, Any]:
        three.wait(20)
        time.sleep(0.2)
        return job(event["hour"], event["by"], "unload")

    machine.functions["Planner.choose"] = lambda _: {
        "hours": [f"2026-11-22T{number:02}" for number in range(9)], "more": False, "next": {},
    }  # fmt: skip
    machine.functions["Unloader.claim"] = claim
    machine.run()
    assert machine.busiest["Unloader"] == 3
