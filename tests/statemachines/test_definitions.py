"""What every definition keeps, seen without running it: the service's own linter notices none of this."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from templates.config import load
from templates.stacks.regional import regional

FILES = sorted(Path("statemachines").glob("*.asl.json"))
# A state's input and output may hold 256 KiB, and nothing catches what exceeds it.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PAYLOAD_LIMIT = 256 * 1024
INTEGRATIONS = {"apigateway:invoke", "dynamodb:updateItem", "lambda:invoke", "sns:publish"}


def machines(definition: Mapping[str, Any], where: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The machine and those inside its maps and branches."""
    yield where or "top", definition
    for name, state in definition["States"].items():
        inner = [state[key] for key in ("ItemProcessor", "Iterator") if key in state] + state.get(
            "Branches", []
        )
        for machine in inner:
            yield from machines(machine, f"{where}/{name}")


def states(definition: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """All states, wherever they are."""
    for where, machine in machines(definition):
        for name, state in machine["States"].items():
            yield f"{where}/{name}", state


def targets(state: Mapping[str, Any]) -> set[str]:
    """Where a state may lead."""
    found = {state[key] for key in ("Next", "Default") if key in state}
    return found | {rule["Next"] for key in ("Choices", "Catch") for rule in state.get(key, [])}


@pytest.fixture(params=FILES, ids=lambda path: path.name.removesuffix(".asl.json"))
def path(request: pytest.FixtureRequest) -> Path:
    """Each definition in turn."""
    found: Path = request.param
    return found


@pytest.fixture
def definition(path: Path) -> Mapping[str, Any]:
    """The definition, read."""
    document: Mapping[str, Any] = json.loads(path.read_text())
    return document


def test_every_state_is_reached_and_every_target_exists(definition: Mapping[str, Any]) -> None:
    """No `Next` leads nowhere, and no state is left over."""
    for where, machine in machines(definition):
        reached, waiting = set(), [machine["StartAt"]]
        while waiting:
            name = waiting.pop()
            assert name in machine["States"], f"{where}: {name}"
            if name not in reached:
                reached.add(name)
                waiting += targets(machine["States"][name])
        assert reached == set(machine["States"]), where


def test_every_machine_can_end(definition: Mapping[str, Any]) -> None:
    """From each state an end can be reached, so that no execution goes round for ever by its definition."""
    for where, machine in machines(definition):
        ending = {
            name
            for name, state in machine["States"].items()
            if state.get("End") or state["Type"] in ("Succeed", "Fail")
        }
        while True:
            more = {name for name, state in machine["States"].items() if targets(state) & ending} - ending
            if not more:
                break
            ending |= more
        assert ending == set(machine["States"]), where


def test_every_task_is_retried_with_growing_jittered_pauses_and_caught(definition: Mapping[str, Any]) -> None:
    """The machine has a time limit; each task has a Retry with backoff and jitter, and a Catch for the rest."""
    assert definition["TimeoutSeconds"] > 0
    for where, state in states(definition):
        if state["Type"] != "Task":
            continue
        trying = [retry for retry in state["Retry"] if retry.get("MaxAttempts", 3) > 0]
        assert trying, where
        for retry in trying:
            assert retry["BackoffRate"] > 1, where
            assert retry["JitterStrategy"] == "FULL", where
            assert retry["MaxAttempts"] <= 10, where
        assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], where


def test_maps_catch_what_their_items_do_not(definition: Mapping[str, Any]) -> None:
    """A map has a bound on its concurrency, and one broken item is not the end of the execution."""
    for where, state in states(definition):
        if state["Type"] == "Map":
            assert 1 <= state["MaxConcurrency"] <= 40, where
            assert state["Catch"][-1]["ErrorEquals"] == ["States.ALL"], where


def test_only_what_the_interpreter_runs_is_used(definition: Mapping[str, Any]) -> None:
    """JSONPath and optimized integrations: the deployed file is the one that was run here."""
    text = json.dumps(definition)
    assert "JSONata" not in text
    assert "{%" not in text
    assert "Assign" not in {key for _, state in states(definition) for key in state}
    for where, state in states(definition):
        if state["Type"] == "Task":
            assert state["Resource"].rsplit(":::", 1)[1] in INTEGRATIONS, where


def test_every_token_has_a_value_and_every_value_a_token(path: Path) -> None:
    """The template gives each `${Token}` of the file a value; what nobody uses is not given."""
    resources = json.loads(regional(load("dev")).to_json())["Resources"].values()
    text = json.dumps(json.loads(path.read_text()), separators=(",", ":"))
    [machine] = [
        resource["Properties"]
        for resource in resources
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
        and resource["Properties"]["DefinitionString"] == text
    ]
    tokens = set(re.findall(r"\$\{(\w+)\}", text))
    given = set(machine["DefinitionSubstitutions"])
    assert tokens <= given
    assert given - tokens <= {"Partition"}


def test_definitions_fit_their_quota(path: Path) -> None:
    """A definition may hold 1 MB; ours stay far below it."""
    assert path.stat().st_size < PAYLOAD_LIMIT
