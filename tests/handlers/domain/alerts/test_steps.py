"""The steps' inputs and answers, held against the definition of the state machine that sends and reads them."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from handlers.domain.alerts.steps import (
    EvaluateInput,
    NextPageInput,
    Page,
    PendingNotification,
    Plan,
    PlanInput,
    StepInput,
)

DEFINITION = json.loads(Path("statemachines/alert_evaluation.asl.json").read_text())
STEPS = {"plan": PlanInput, "evaluate": EvaluateInput, "hand_out": NextPageInput}


def states(definition: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every state of a definition, those inside of maps too."""
    for name, state in definition["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


def paths(value: Any) -> Iterator[str]:
    """Every path in a state, but for those that a result is put at, and not into the states inside of a map."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in {"ResultPath", "ResultSelector", "ItemProcessor"}:
                yield from paths(item)
    elif isinstance(value, list):
        for item in value:
            yield from paths(item)
    elif isinstance(value, str) and value.startswith("$."):
        yield value
    elif isinstance(value, str) and value.startswith("States.JsonToString("):
        yield value.removeprefix("States.JsonToString(").removesuffix(")")


def test_the_steps_that_are_typed_are_those_that_are_sent() -> None:
    """Each call of the evaluator sends the fields of its step's input, no more and no fewer."""
    sent = {}
    for _, state in states(DEFINITION):
        if state.get("Resource") == "arn:aws:states:::lambda:invoke":
            payload = state["Parameters"]["Payload"]
            sent[payload["step"]] = {name.removesuffix(".$") for name in payload}
    assert sent == {step: set(get_type_hints(shape)) for step, shape in STEPS.items()}
    assert set(get_args(StepInput)) == set(STEPS.values())
    for step, shape in STEPS.items():
        assert get_args(get_type_hints(shape)["step"]) == (step,)


@pytest.mark.parametrize(("answer", "prefix"), [(Plan, "$.plan."), (Page, "$.handed.page.")])
def test_the_definition_reads_the_fields_of_the_answers(answer: type, prefix: str) -> None:
    """Each field of a plan and of a page is read somewhere, and nothing else is."""
    read = {
        path.removeprefix(prefix)
        for _, state in states(DEFINITION)
        for path in paths(state)
        if path.startswith(prefix)
    }
    assert read == set(get_type_hints(answer))


def test_the_definition_reads_the_fields_of_a_notification() -> None:
    """Claim, publish and confirm take each field of a pending notification, and nothing else."""
    notifications = dict(states(DEFINITION))["Notifications"]
    read = {
        path.removeprefix("$.notification.")
        for _, state in states(notifications["ItemProcessor"])
        for path in paths(state)
    }
    assert read == {*get_type_hints(PendingNotification), "$.claim", "$.texts"}
