"""State machines, run by moto's interpreter."""

import json
import re
from collections.abc import Mapping
from typing import Any

from emulator.cloudformation.parameters import as_text
from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created, lower_tags

_TOKEN = re.compile(r"\$\{([A-Za-z0-9_]+)\}")


def _state_machine(context: Context, properties: Properties) -> Created:
    name = properties.text("StateMachineName", context.name(properties.logical_id, longest=80))
    kind = properties.text("StateMachineType", "STANDARD")
    arguments: dict[str, Any] = {}
    for member in ("LoggingConfiguration", "TracingConfiguration", "EncryptionConfiguration"):
        value = properties.get(member)
        if value is not None:
            arguments[member[0].lower() + member[1:]] = _lower_keys(value)
    arn = context.client("stepfunctions").create_state_machine(
        name=name,
        definition=_definition(properties),
        roleArn=properties.text("RoleArn"),
        type=kind,
        tags=lower_tags(properties.get("Tags")),
        **arguments,
    )["stateMachineArn"]
    return Created(arn, {"Arn": arn, "Name": name, "StateMachineRevisionId": "INITIAL"})


def _definition(properties: Properties) -> str:
    """The definition with its tokens replaced; a token without a value is an error."""
    substitutions: Mapping[str, Any] = properties.get("DefinitionSubstitutions", {})

    def replace(match: re.Match[str]) -> str:
        if match[1] not in substitutions:
            raise properties.refuse("DefinitionSubstitutions", f"has no value for ${{{match[1]}}}")
        # The token stands inside a JSON string: its value is written as one.
        return json.dumps(as_text(substitutions[match[1]]))[1:-1]

    return _TOKEN.sub(replace, properties.text("DefinitionString"))


def _lower_keys(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key[0].lower() + key[1:]: _lower_keys(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_lower_keys(item) for item in value]
    return value


HANDLERS = {"AWS::StepFunctions::StateMachine": _state_machine}
