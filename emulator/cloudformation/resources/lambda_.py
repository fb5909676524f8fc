"""Functions and their event source mappings: recorded here, run by the local function runner.

moto is not told of them. It would invoke a mapping's function itself, one record at a time, and need containers for it.
"""

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created

# https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
_WITHOUT_FUNCTION_URLS = frozenset(
    {
        "ap-east-2", "ap-south-2", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7",
        "ca-west-1", "eu-central-2", "eu-south-2", "il-central-1", "me-central-1",
    }
)  # fmt: skip
# The conditions that a permission can set for calls by a function's URL, each for one action.
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
_OF_FUNCTION_URLS = {
    "FunctionUrlAuthType": "lambda:InvokeFunctionUrl",
    "InvokedViaFunctionUrl": "lambda:InvokeFunction",
}


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
    given = properties.subset("FunctionUrlAuthType", "InvokedViaFunctionUrl", "SourceAccount", "SourceArn")
    properties.only("FunctionUrlAuthType", "AWS_IAM", "NONE")
    for name, action in _OF_FUNCTION_URLS.items():
        if name in given and properties.get("Action") != action:
            raise properties.refuse(name, f"is for the action {action} alone")
    return Created(context.name(properties.logical_id))


def _url(context: Context, properties: Properties) -> Created:
    arn = properties.text("TargetFunctionArn")
    properties.require("AuthType")
    properties.only("AuthType", "NONE")
    properties.only("InvokeMode", "BUFFERED")
    if context.region in _WITHOUT_FUNCTION_URLS:
        raise properties.refuse("TargetFunctionArn", f"AWS has no function URLs in {context.region}")
    url = f"https://{context.id(properties.logical_id, 32)}.lambda-url.{context.region}.on.aws/"
    return Created(arn, {"FunctionArn": arn, "FunctionUrl": url})


HANDLERS = {
    "AWS::Lambda::EventSourceMapping": _event_source_mapping,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _permission,
    "AWS::Lambda::Url": _url,
}
