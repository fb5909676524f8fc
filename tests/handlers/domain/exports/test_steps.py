"""The contract between the steps of an export and its state machine, held against the very file that is deployed."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from handlers.domain.exports import steps

FILE = Path(__file__).parents[4] / "statemachines" / "metric_export.asl.json"
MACHINE = json.loads(FILE.read_text(encoding="utf-8"))
HOUR = MACHINE["States"]["ExportHours"]["ItemProcessor"]["States"]
STATES: dict[str, dict[str, Any]] = {**MACHINE["States"], **HOUR}

INPUTS = {
    "ChooseHours": steps.ChooseInput,
    "ClaimHour": steps.ClaimInput,
    "StartUnloads": steps.UnloadInput,
    "PollUnloads": steps.UnloadInput,
    "PublishHour": steps.PublishInput,
    "GiveUp": steps.GiveUpInput,
    "Summarise": steps.SummariseInput,
    "Tidy": steps.TidyInput,
}
FUNCTIONS = {name: state for name, state in STATES.items() if "FunctionName" in state.get("Parameters", {})}


def keys(shape: Any) -> set[str]:
    """The keys of a TypedDict."""
    return set(shape.__annotations__)


# The keys of the document that each state gets, whichever way it is reached.
CLAIMED = {"hour", "by"}
ROUND = keys(steps.ChooseOutput)
SUMMARISED = ROUND | {"results", "summary"}
DOCUMENTS = {
    "ChooseHours": set(),
    "Refused": {"error"},
    "ExportHours": ROUND,
    "ClaimHour": CLAIMED,
    "IsClaimed": keys(steps.JobPayload) & keys(steps.BusyHour),
    "Busy": keys(steps.BusyHour),
    "StartUnloads": keys(steps.JobPayload),
    "AreUnloadsDone": keys(steps.JobPayload),
    "WaitForUnloads": keys(steps.JobPayload),
    "PollUnloads": keys(steps.JobPayload),
    "PublishHour": keys(steps.JobPayload),
    "GiveUp": CLAIMED | {"error"},
    "NotEntered": CLAIMED | {"error"},
    "Summarise": ROUND | {"results"},
    "DidAnyFail": SUMMARISED,
    "NotifyFailed": SUMMARISED,
    "IsThereMore": SUMMARISED,
    "NextRound": SUMMARISED,
    "Tidy": SUMMARISED,
    "NotifyBroken": {"error"},
    "BrokeOff": {"error"},
    "NotNotified": {"error"},
}


def paths(value: Any) -> Iterator[str]:
    """Every path into the document that a state, or a part of it, has; those into the context object are not."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            if name not in {"ItemProcessor", "ResultSelector", "ResultPath", "OutputPath"}:
                yield from paths(part)
    elif isinstance(value, list):
        for part in value:
            yield from paths(part)
    elif isinstance(value, str):
        yield from re.findall(r"(?<!\$)\$\.[\w.]+", value)


def test_every_state_is_known() -> None:
    """A new state says here which document it gets, and a new function's step which input."""
    assert set(DOCUMENTS) == set(STATES)
    assert set(INPUTS) == set(FUNCTIONS)


@pytest.mark.parametrize("name", sorted(STATES))
def test_a_state_reads_only_what_its_document_has(name: str) -> None:
    """A path to a key that no step answers with would fail the execution."""
    assert {path.split(".")[1] for path in paths(STATES[name])} <= DOCUMENTS[name]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_step_gets_the_keys_of_its_input(name: str) -> None:
    """No key more, none less, and its own name."""
    payload = FUNCTIONS[name]["Parameters"]["Payload"]
    shape = INPUTS[name]
    assert {key.removesuffix(".$") for key in payload} == keys(shape)
    if "step" in keys(shape):
        assert payload["step"] in get_args(get_type_hints(shape)["step"])


@pytest.mark.parametrize(
    ("name", "shape"), [("Summarise", steps.SummariseOutput), ("Tidy", steps.TidyOutput)]
)
def test_a_result_is_selected_whole(name: str, shape: Any) -> None:
    """Each key of the output under its own name, and no other."""
    selected = STATES[name]["ResultSelector"]
    assert selected == {f"{key}.$": f"$.Payload.{key}" for key in keys(shape)}
    message = STATES["NotifyFailed"]["Parameters"]
    assert {message["Subject.$"], message["Message.$"]} == {"$.summary.subject", "$.summary.message"}


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"Summarise", "Tidy"}))
def test_an_output_is_the_next_document(name: str) -> None:
    """The other steps' outputs are passed on as they are."""
    assert FUNCTIONS[name]["OutputPath"] == "$.Payload"
    assert "ResultSelector" not in FUNCTIONS[name]


def test_phases_are_those_that_jobs_have() -> None:
    """The machine decides by phases, and by no other word."""
    jobs = {
        *get_args(get_type_hints(steps.JobPayload)["phase"]),
        *get_args(get_type_hints(steps.BusyHour)["phase"]),
    }
    asked = {
        choice["StringEquals"]
        for state in STATES.values()
        for choice in state.get("Choices", [])
        if choice["Variable"] == "$.phase"
    }
    assert asked == jobs - {"unload"}  # which is each Choice's default


def test_every_end_of_an_hour_is_a_result() -> None:
    """Hours that were not even entered as failed, and those of others, are read like all results."""
    entered = {key.removesuffix(".$") for key in STATES["NotEntered"]["Parameters"]}
    required = steps.HourResult.__required_keys__
    assert required <= entered <= keys(steps.HourResult)
    assert required <= keys(steps.BusyHour)
    ends = {name for name, state in HOUR.items() if state.get("End")}
    assert ends == {"Busy", "PublishHour", "GiveUp", "NotEntered"}
