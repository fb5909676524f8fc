"""Functions: traced as the environment says, and no further than it pays for."""

from dataclasses import replace

import pytest

from templates.config import load
from templates.config.pipeline import Tracing
from tests.support.generated import Generated, build


def traced(mode: str) -> Generated:
    """The regional stack with a mode of tracing."""
    return build("regional", replace(load("dev"), tracing=Tracing(mode=mode, percent=5)))


@pytest.mark.parametrize(
    ("mode", "functions"), [("off", "PassThrough"), ("sampled", "PassThrough"), ("active", "Active")]
)
def test_the_mode_decides_who_is_traced(mode: str, functions: str) -> None:
    """Off is off everywhere, rights included; active alone makes batches begin traces, at a rate that Lambda sets."""
    stack = traced(mode)
    on = mode != "off"
    assert {one["TracingConfig"]["Mode"] for one in stack.of("AWS::Lambda::Function").values()} == {functions}
    machines = stack.of("AWS::StepFunctions::StateMachine").values()
    assert {one["TracingConfiguration"]["Enabled"] for one in machines} == {on}
    assert [one["TracingEnabled"] for one in stack.of("AWS::ApiGateway::Stage").values()] == [on]
    rules = stack.of("AWS::XRay::SamplingRule").values()
    assert [rule["SamplingRule"]["FixedRate"] for rule in rules] == ([0.05] if on else [])
    assert ("xray:" in str(stack.of("AWS::IAM::Role"))) == on
