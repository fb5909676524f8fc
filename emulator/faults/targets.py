"""Targets of faults: services by boto3's names, and their operations as far as a request tells them."""

import difflib
from collections.abc import Collection
from functools import cache

import botocore.session

from emulator.aws_request import S3_OPERATIONS, AwsRequest
from emulator.moto.app import SERVICES

# Two services of boto3's sign alike; a rule may name one of them, or both by what they sign with.
_SIGNED_ALIKE = {"timestream": ("timestream-query", "timestream-write")}
_OWN_NAMES = {"tagging": "resourcegroupstaggingapi"}
_KNOWN = frozenset(
    {*SERVICES, *_SIGNED_ALIKE["timestream"], *_SIGNED_ALIKE, *_OWN_NAMES.values(),
     "cloudformation", "dynamodbstreams", "kinesis", "lambda"}
)  # fmt: skip
# Services without the operation's name in their requests: what can be told of it, or nothing.
_TOLD = {"s3": S3_OPERATIONS, "lambda": frozenset({"Invoke"}), "scheduler": frozenset[str]()}
_MOST_SHOWN = 40


def names_of(request: AwsRequest) -> frozenset[str]:
    """The names of services that a request is a call of."""
    service = request.service
    if service == "dynamodb" and request.json_target.startswith("DynamoDBStreams_"):
        return frozenset({service, "dynamodbstreams"})
    alike = [name for name in _SIGNED_ALIKE.get(service, ()) if request.operation in _operations(name)]
    return frozenset({service, _OWN_NAMES.get(service, service), *alike})


def check(service: str, operation: str) -> tuple[str, str] | None:
    """The field that names nothing a fault could strike, and what it could name; None if both are known."""
    if service != "*" and service not in _KNOWN:
        return "service", f"{service!r} is not served here; known are * and {', '.join(sorted(_KNOWN))}"
    if operation == "*":
        return None
    services = sorted(_KNOWN) if service == "*" else [service]
    if any(operation in _operations(name) for name in services):
        return None
    known = {found for name in services for found in _operations(name)}
    return (
        "operation",
        f"{service} has no {operation!r} that a fault could strike; {_suggestion(operation, known)}",
    )


def _suggestion(operation: str, known: Collection[str]) -> str:
    if not known:
        return "its requests do not tell their operation: give *"
    if len(known) <= _MOST_SHOWN:
        return f"known are * and {', '.join(sorted(known))}"
    close = difflib.get_close_matches(operation, known, n=5, cutoff=0.3)
    return f"names like it: {', '.join(close) or 'none'}; * is all of them"


@cache
def _operations(service: str) -> frozenset[str]:
    if service in _TOLD:
        return _TOLD[service]
    names = _SIGNED_ALIKE.get(service, (_OWN_NAMES.get(service, service),))
    session = botocore.session.get_session()
    return frozenset(
        operation for name in names for operation in session.get_service_model(name).operation_names
    )
