"""Sampling rules, which have no effect here: nothing is traced."""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created


def _sampling_rule(context: Context, properties: Properties) -> Created:
    name = properties.require("SamplingRule")["RuleName"]
    properties.without_effect("Tags")
    arn = context.arn("xray", f"sampling-rule/{name}")
    return Created(arn, {"RuleARN": arn})


HANDLERS = {"AWS::XRay::SamplingRule": _sampling_rule}
