"""The stacks of this machine, and the calls of CloudFormation that read them."""

import threading
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from emulator.aws_request import AwsRequest
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment, Resource
from emulator.cloudformation.naming import unique_id
from emulator.cloudformation.parameters import as_text
from emulator.http_server import Response
from emulator.responses import error

_NAMESPACE = "http://cloudformation.amazonaws.com/doc/2010-05-15/"

Parameters = Mapping[str, str]


class Stacks:
    """Every deployment by region and name, answering for CloudFormation."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stacks: dict[tuple[str, str], tuple[Deployment, str]] = {}
        self._lock = threading.Lock()
        self._operations: Mapping[str, Callable[[str, Parameters], str]] = {
            "DescribeStackResource": self._describe_stack_resource,
            "DescribeStackResources": self._describe_stack_resources,
            "DescribeStacks": self._describe_stacks,
            "ListStackResources": self._list_stack_resources,
            "ListStacks": self._list_stacks,
        }

    def publish(self, deployment: Deployment) -> None:
        """Show this deployment from now on, in the place of an earlier one of the same name and region."""
        created = self._clock.utcnow().strftime("%Y-%m-%dT%H:%M:%SZ")
        with self._lock:
            self._stacks[deployment.region, deployment.stack_name] = (deployment, created)

    def answer(self, request: AwsRequest) -> Response:
        """CloudFormation's reply; stacks are made when the emulator starts, so nothing here changes one."""
        name = request.operation
        operation = self._operations.get(name)
        if operation is None:
            return error(
                request, "InvalidAction", f"The local run's CloudFormation only reads stacks, not {name}", 400
            )
        parameters = {key: values[0] for key, values in parse_qs(request.body.decode()).items()}
        try:
            result = operation(request.region, parameters)
        except LookupError as missing:
            return error(request, "ValidationError", str(missing.args[0]), 400)
        body = (
            f'<{name}Response xmlns="{_NAMESPACE}"><{name}Result>{result}</{name}Result><ResponseMetadata>'
            f"<RequestId>{unique_id(f'{request.region}/{name}')}</RequestId></ResponseMetadata></{name}Response>"
        )
        return Response(200, [("Content-Type", "text/xml")], body.encode())

    def _describe_stacks(self, region: str, parameters: Parameters) -> str:
        found = [self._find(region, parameters)] if parameters.get("StackName") else self._in(region)
        return f"<Stacks>{''.join(_stack(deployment, created) for deployment, created in found)}</Stacks>"

    def _list_stacks(self, region: str, parameters: Parameters) -> str:
        wanted = {value for name, value in parameters.items() if name.startswith("StackStatusFilter.")}
        shown = self._in(region) if not wanted or "CREATE_COMPLETE" in wanted else []
        members = "".join(
            f"<member>{_summary(deployment, created)}</member>" for deployment, created in shown
        )
        return f"<StackSummaries>{members}</StackSummaries>"

    def _describe_stack_resources(self, region: str, parameters: Parameters) -> str:
        deployment, created = self._find(region, parameters)
        wanted = parameters.get("LogicalResourceId")
        members = "".join(
            f"<member>{_resource(deployment, resource, created, 'Timestamp')}</member>"
            for resource in deployment.resources.values()
            if wanted in {None, resource.logical_id}
        )
        return f"<StackResources>{members}</StackResources>"

    def _describe_stack_resource(self, region: str, parameters: Parameters) -> str:
        deployment, created = self._find(region, parameters)
        name = parameters.get("LogicalResourceId", "")
        if name not in deployment.resources:
            raise LookupError(f"Resource {name} does not exist for stack {deployment.stack_name}")
        detail = _resource(deployment, deployment.resources[name], created, "LastUpdatedTimestamp")
        return f"<StackResourceDetail>{detail}</StackResourceDetail>"

    def _list_stack_resources(self, region: str, parameters: Parameters) -> str:
        deployment, created = self._find(region, parameters)
        members = "".join(
            f"<member>{_resource(deployment, resource, created, 'LastUpdatedTimestamp')}</member>"
            for resource in deployment.resources.values()
        )
        return f"<StackResourceSummaries>{members}</StackResourceSummaries>"

    def _in(self, region: str) -> list[tuple[Deployment, str]]:
        with self._lock:
            return [entry for (place, _), entry in self._stacks.items() if place == region]

    def _find(self, region: str, parameters: Parameters) -> tuple[Deployment, str]:
        wanted = parameters.get("StackName", "")
        for deployment, created in self._in(region):
            if wanted in {deployment.stack_name, _stack_id(deployment)}:
                return deployment, created
        raise LookupError(f"Stack with id {wanted} does not exist")


def _stack_id(deployment: Deployment) -> str:
    return (
        f"arn:aws:cloudformation:{deployment.region}:{deployment.account_id}:stack/{deployment.stack_name}/"
        f"{unique_id(f'{deployment.region}/{deployment.stack_name}')}"
    )


def _summary(deployment: Deployment, created: str) -> str:
    return _elements(
        StackId=_stack_id(deployment),
        StackName=deployment.stack_name,
        CreationTime=created,
        StackStatus="CREATE_COMPLETE",
    )


def _stack(deployment: Deployment, created: str) -> str:
    outputs = "".join(
        f"<member>{_elements(OutputKey=name, OutputValue=value)}</member>"
        for name, value in deployment.outputs.items()
    )
    parameters = "".join(
        f"<member>{_elements(ParameterKey=name, ParameterValue=_parameter(value))}</member>"
        for name, value in deployment.parameters.items()
    )
    return (
        f"<member>{_summary(deployment, created)}<DisableRollback>false</DisableRollback>"
        f"<Outputs>{outputs}</Outputs><Parameters>{parameters}</Parameters></member>"
    )


def _resource(deployment: Deployment, resource: Resource, created: str, time_name: str) -> str:
    return _elements(
        StackName=deployment.stack_name,
        StackId=_stack_id(deployment),
        LogicalResourceId=resource.logical_id,
        PhysicalResourceId=resource.physical_id,
        ResourceType=resource.type,
        ResourceStatus="CREATE_COMPLETE",
        **{time_name: created},
    )


def _parameter(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else as_text(value)


def _elements(**values: str) -> str:
    return "".join(f"<{name}>{escape(value)}</{name}>" for name, value in values.items())
