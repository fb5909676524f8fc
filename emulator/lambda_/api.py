"""The calls of Lambda that the local run answers: reading functions and mappings, and invoking a function."""

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

import orjson

from emulator.aws_request import AwsRequest
from emulator.cloudformation.deployment import Deployment, Resource
from emulator.http_server import Response
from emulator.lambda_.invocation import InvokeResult, refused
from emulator.lambda_.permissions import named_function, policy_of
from emulator.responses import error

_FUNCTIONS = "/2015-03-31/functions"
_FUNCTION = re.compile(rf"{_FUNCTIONS}/([^/]+)(?:/(configuration|invocations))?/?")
_MAPPINGS = "/2015-03-31/event-source-mappings"


Invoker = Callable[[str, str, bytes, str], InvokeResult]
"""Runs a function: region, function name, payload, and RequestResponse or Event."""


class LambdaApi:
    """Answers for Lambda from the deployments, and hands invocations to whoever runs functions."""

    def __init__(self) -> None:
        self._deployments: dict[tuple[str, str], Deployment] = {}
        self._invoker: Invoker | None = None
        self._lock = threading.Lock()

    def publish(self, deployment: Deployment) -> None:
        """Answer for this deployment's functions from now on."""
        with self._lock:
            self._deployments[deployment.region, deployment.stack_name] = deployment

    def invoke_with(self, invoker: Invoker) -> None:
        """Hand invocations to this function from now on."""
        self._invoker = invoker

    def policy(self, arn: str) -> Mapping[str, Any] | None:
        """The resource-based policy of the function of this ARN; None when there is no such function."""
        region = arn.split(":")[3]
        function = self._function(region, named_function(arn))
        if function is None:
            return None
        return policy_of(function, self._resources(region, "AWS::Lambda::Permission"))

    def names(self) -> frozenset[str]:
        """The functions of every region, each by its name and by its logical id."""
        with self._lock:
            found = [
                one for made in self._deployments.values() for one in made.of_type("AWS::Lambda::Function")
            ]
        return frozenset(name for one in found for name in (one.physical_id, one.logical_id))

    def answer(self, request: AwsRequest) -> Response:
        """Lambda's reply."""
        path = unquote(request.path)
        if request.method == "GET" and path.rstrip("/") == _FUNCTIONS:
            functions = self._resources(request.region, "AWS::Lambda::Function")
            return _json({"Functions": [_configuration(function) for function in functions]})
        if request.method == "GET" and path.rstrip("/") == _MAPPINGS:
            mappings = self._resources(request.region, "AWS::Lambda::EventSourceMapping")
            return _json({"EventSourceMappings": [_mapping(mapping) for mapping in mappings]})
        match = _FUNCTION.fullmatch(path)
        if match is None or (request.method == "POST") != (match[2] == "invocations"):
            return error(
                request, "UnknownOperationException", f"The local run has no {request.method} {path}", 400
            )
        name = named_function(match[1])
        function = self._function(request.region, name)
        if function is None:
            return error(request, "ResourceNotFoundException", f"Function not found: {name}", 404)
        if match[2] == "invocations":
            return self._invoke(request, name)
        configuration = _configuration(function)
        return _json(configuration if match[2] else {"Configuration": configuration, "Tags": {}})

    def invoke(self, region: str, name: str, payload: bytes, kind: str = "RequestResponse") -> InvokeResult:
        """The result of an invocation by whoever runs functions."""
        if self._invoker is None:
            return refused(500, "ServiceException", "No function runs yet")
        return self._invoker(region, name, payload, kind)

    def _invoke(self, request: AwsRequest, name: str) -> Response:
        kind = request.header("x-amz-invocation-type") or "RequestResponse"
        if kind == "DryRun":
            return Response(204)
        result = self.invoke(request.region, name, request.body or b"{}", kind)
        headers = [
            ("Content-Type", "application/json"),
            ("x-amzn-RequestId", str(uuid.uuid4())),
            ("X-Amz-Executed-Version", "$LATEST"),
        ]
        if result.function_error is not None:
            headers.append(("X-Amz-Function-Error", result.function_error))
        if kind == "Event":
            return Response(202, headers)
        return Response(result.status, headers, result.payload)

    def _resources(self, region: str, resource_type: str) -> list[Resource]:
        with self._lock:
            here = [deployment for (place, _), deployment in self._deployments.items() if place == region]
        return [resource for deployment in here for resource in deployment.of_type(resource_type)]

    def _function(self, region: str, name: str) -> Resource | None:
        for function in self._resources(region, "AWS::Lambda::Function"):
            if function.physical_id == name:
                return function
        return None


def _configuration(function: Resource) -> dict[str, Any]:
    properties = function.properties
    shown: dict[str, Any] = {
        "FunctionName": function.physical_id,
        "FunctionArn": function.attributes["Arn"],
        "Architectures": properties.get("Architectures", ["x86_64"]),
        "MemorySize": int(properties.get("MemorySize", 128)),
        "Timeout": int(properties.get("Timeout", 3)),
        "TracingConfig": properties.get("TracingConfig", {"Mode": "PassThrough"}),
        "State": "Active",
        "Version": "$LATEST",
    }
    for name in ("Description", "Environment", "Handler", "LoggingConfig", "Role", "Runtime"):
        if name in properties:
            shown[name] = properties[name]
    return shown


def _mapping(mapping: Resource) -> dict[str, Any]:
    properties: Mapping[str, Any] = mapping.properties
    shown = {
        name: value for name, value in properties.items() if name not in {"Enabled", "FunctionName", "Tags"}
    }
    enabled = properties.get("Enabled", True) in {True, "true"}
    return {
        **shown,
        "UUID": mapping.physical_id,
        "FunctionArn": properties["FunctionName"],
        "State": "Enabled" if enabled else "Disabled",
    }


def _json(payload: Any) -> Response:
    return Response(200, [("Content-Type", "application/json")], orjson.dumps(payload))
