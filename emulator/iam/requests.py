"""The permissions that a request takes: IAM's action and resource for each operation that a role may call here.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import binascii
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, unquote

from emulator.aws_request import AwsRequest
from emulator.iam import athena_requests, s3_requests, timestream_requests
from emulator.iam.evaluation import Permission, permission

Needed = Iterator[tuple[str, str]]
"""Actions with their resources."""


class UnknownOperationError(Exception):
    """A role calls an operation of which it is not known here which permission it takes."""


@dataclass(frozen=True, slots=True)
class Arns:
    """Makes ARNs of a request's region and account; a name that is an ARN already stays."""

    region: str
    account: str

    def of(self, service: str, kind: str, name: str) -> str:
        """The ARN of a resource; `kind` ends in what stands before the name."""
        return (
            name
            if name.startswith("arn:")
            else f"arn:aws:{service}:{self.region}:{self.account}:{kind}{name}"
        )


WorkGroupOf = Callable[[str, str], str]
"""The name of the work group of one of Athena's queries, by its region and id."""


def primary_work_group(region: str, query: str) -> str:  # noqa: ARG001 - a WorkGroupOf
    """The work group of every query, where nothing runs any."""
    return "primary"


def permissions_of(
    request: AwsRequest, account: str, work_group_of: WorkGroupOf = primary_work_group
) -> tuple[Permission, ...]:
    """All that the caller of this request must be allowed; UnknownOperationError when that is not known here."""
    arns = Arns(request.region, account)
    service, operation = request.service, request.operation
    if service == "s3":
        needed = s3_requests.needed(request)
    elif request.json_target.startswith("Timestream_20181101."):
        needed = timestream_requests.needed(operation, request.json(), arns.of)
    elif service == "athena":
        of_query = partial(work_group_of, request.region)
        needed = athena_requests.needed(operation, request.json(), arns.of, of_query)
    elif service in _READERS:
        needed = _READERS[service](operation, _parameters(request), arns)
    else:
        raise UnknownOperationError(f"{service} {operation}")
    try:
        return tuple(permission(action, resource, account) for action, resource in needed)
    except (AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
        raise UnknownOperationError(f"{service} {operation}: {error}") from error


def _parameters(request: AwsRequest) -> Any:
    if request.service == "cloudwatch":
        return {}  # by its newest protocol they are CBOR; no permission depends on them
    if request.service == "apigateway":
        return {"method": request.method, "path": request.path}
    if request.service == "lambda":
        return {"FunctionName": unquote(request.path).split("/")[3] if request.operation else ""}
    if request.json_target:
        return request.json()
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def _dynamodb(operation: str, parameters: Any, arns: Arns) -> Needed:
    def table(name: str) -> str:
        return arns.of("dynamodb", "table/", name)

    if operation in {"DescribeStream", "GetShardIterator"}:
        yield f"dynamodb:{operation}", parameters["StreamArn"]
    elif operation == "GetRecords":
        yield "dynamodb:GetRecords", parameters["ShardIterator"].partition("|")[0]
    elif operation in {"BatchGetItem", "BatchWriteItem"}:
        for name in parameters["RequestItems"]:
            yield f"dynamodb:{operation}", table(name)
    elif operation in {"TransactGetItems", "TransactWriteItems"}:
        for item in parameters["TransactItems"]:
            ((kind, inside),) = item.items()
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield f"dynamodb:{action}", table(inside["TableName"])
    else:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield f"dynamodb:{operation}", table(parameters["TableName"]) + index


def _kinesis(operation: str, parameters: Any, arns: Arns) -> Needed:
    name = parameters.get("StreamARN") or parameters.get("StreamName")
    if name is None:
        try:
            name = b64decode(parameters["ShardIterator"]).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            name = ""  # refused by the service itself, to those who may read anything
    yield f"kinesis:{operation}", arns.of("kinesis", "stream/", name)


def _glue(operation: str, parameters: Any, arns: Arns) -> Needed:
    if operation == "GetDatabases":
        database, table = "*", None
    else:
        database = parameters.get("DatabaseName") or parameters.get("DatabaseInput", parameters)["Name"]
        table = parameters.get("TableName") or parameters.get("TableInput", {}).get("Name")
    if operation == "GetTables":
        table = "*"
    elif table is None and "Table" in operation:
        table = parameters["Name"]
    yield f"glue:{operation}", arns.of("glue", "", "catalog")
    yield f"glue:{operation}", arns.of("glue", "database/", database)
    if table is not None:
        yield f"glue:{operation}", arns.of("glue", f"table/{database}/", table)


def _logs(operation: str, parameters: Any, arns: Arns) -> Needed:
    stream = parameters.get("logStreamName", "")
    yield (
        f"logs:{operation}",
        arns.of("logs", "log-group:", f"{parameters['logGroupName']}:log-stream:{stream}"),
    )


def _cloudformation(operation: str, parameters: Any, arns: Arns) -> Needed:
    if operation == "ListStackInstances":
        name = arns.of("cloudformation", "stackset/", f"{parameters['StackSetName']}:*")
        yield "cloudformation:ListStackInstances", name
    else:
        name = parameters["StackName"]
        yield f"cloudformation:{operation}", arns.of("cloudformation", "stack/", _whole_stack(name))


def _whole_stack(name: str) -> str:
    """A stack's ARN as it is, or its name with any id."""
    return name if name.startswith("arn:") else f"{name}/*"


def _cloudwatch(operation: str, _parameters: Any, arns: Arns) -> Needed:
    resource = arns.of("cloudwatch", "alarm:", "*") if operation == "DescribeAlarms" else "*"
    yield f"cloudwatch:{operation}", resource


def _apigateway(_operation: str, parameters: Any, arns: Arns) -> Needed:
    """API Gateway's actions are HTTP's methods, its resources the paths of its own API."""
    yield f"apigateway:{parameters['method']}", f"arn:aws:apigateway:{arns.region}::{parameters['path']}"


def _sts(operation: str, _parameters: Any, _arns: Arns) -> Needed:
    """Who somebody is, he may always ask: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
    if operation != "GetCallerIdentity":
        raise LookupError(operation)
    yield from ()


def _named(
    service: str, kind: str, parameter: str, operations: Mapping[str, str]
) -> Callable[[str, Any, Arns], Needed]:
    """The reader of a service whose operations name their resource in one parameter; each with its IAM action."""

    def read(operation: str, parameters: Any, arns: Arns) -> Needed:
        yield f"{service}:{operations[operation]}", arns.of(service, kind, parameters[parameter])

    return read


_READERS: Mapping[str, Callable[[str, Any, Arns], Needed]] = {
    "apigateway": _apigateway,
    "cloudformation": _cloudformation,
    "cloudwatch": _cloudwatch,
    "dynamodb": _dynamodb,
    "glue": _glue,
    "kinesis": _kinesis,
    "lambda": _named("lambda", "function:", "FunctionName", {"Invoke": "InvokeFunction"}),
    "logs": _logs,
    "sts": _sts,
    "sns": _named("sns", "", "TopicArn", {"Publish": "Publish"}),
    # A parameter's name begins with the slash that its ARN has.
    "ssm": _named("ssm", "parameter", "Name", {"GetParameter": "GetParameter"}),
    "stepfunctions": _named(
        "states", "stateMachine:", "stateMachineArn", {"StartExecution": "StartExecution"}
    ),
}
