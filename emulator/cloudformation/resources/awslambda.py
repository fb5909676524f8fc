"""Functions and their event source mappings: recorded here, run by the local function runner.

moto is not told of them. It would invoke a mapping's function itself, one record at a time, and need containers for it.
"""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created


def _function(context: Context, properties: Properties) -> Created:
    name = properties.text("FunctionName", context.name(properties.logical_id, longest=64))
    properties.require("Code")
    properties.require("Role")
    properties.all()
    return Created(name, {"Arn": context.arn("lambda", f"function:{name}")})


def _event_source_mapping(context: Context, properties: Properties) -> Created:
    properties.require("FunctionName")
    properties.all()
    identifier = context.id(properties.logical_id, 36)
    arn = context.arn("lambda", f"event-source-mapping:{identifier}")
    return Created(identifier, {"Id": identifier, "EventSourceMappingArn": arn})


def _permission(context: Context, properties: Properties) -> Created:
    for name in ("Action", "FunctionName", "Principal"):
        properties.require(name)
    properties.all()
    return Created(context.name(properties.logical_id))


def _event_invoke_config(context: Context, properties: Properties) -> Created:
    properties.require("FunctionName")
    properties.all()
    return Created(context.name(properties.logical_id))


def _version(context: Context, properties: Properties) -> Created:
    arn = properties.text("FunctionName")
    if not arn.startswith("arn:"):
        arn = context.arn("lambda", f"function:{arn}")
    properties.all()
    return Created(f"{arn}:1", {"FunctionArn": f"{arn}:1", "Version": "1"})


def _alias(context: Context, properties: Properties) -> Created:
    arn = properties.text("FunctionName")
    if not arn.startswith("arn:"):
        arn = context.arn("lambda", f"function:{arn}")
    alias = f"{arn}:{properties.text('Name')}"
    properties.all()
    return Created(alias, {"AliasArn": alias})


PROVISIONERS = {
    "AWS::Lambda::Alias": _alias,
    "AWS::Lambda::EventInvokeConfig": _event_invoke_config,
    "AWS::Lambda::EventSourceMapping": _event_source_mapping,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _permission,
    "AWS::Lambda::Version": _version,
}
