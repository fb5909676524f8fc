"""The demands of AWS on a role before it creates what acts as it: trust in the service, and some permissions."""

from collections.abc import Iterator
from dataclasses import dataclass

from emulator.cloudformation.deployment import Deployment, Resource
from emulator.iam import implied_rights as rights
from emulator.iam.evaluation import Permission


@dataclass(frozen=True, slots=True)
class Acting:
    """A resource that acts as a role, the service behind it, and what it may have to do without a call here."""

    logical_id: str
    service: str
    role_arn: str
    permissions: tuple[Permission, ...] = ()


def acting(deployment: Deployment) -> Iterator[Acting]:
    """Everything of a deployment that acts as a role."""
    account = deployment.account_id
    for resource in deployment.resources.values():
        properties = resource.properties
        if resource.type == "AWS::Lambda::Function":
            found = tuple(_function(resource, deployment))
            yield Acting(resource.logical_id, "lambda.amazonaws.com", properties["Role"], found)
        elif resource.type == "AWS::Lambda::EventSourceMapping":
            function = _function_of(resource, deployment)
            if function is not None:
                role = function.properties["Role"]
                yield Acting(
                    resource.logical_id, "lambda.amazonaws.com", role, tuple(_mapping(resource, account))
                )
        elif resource.type == "AWS::StepFunctions::StateMachine":
            role = properties["RoleArn"]
            yield Acting(
                resource.logical_id, "states.amazonaws.com", role, tuple(_machine(resource, account))
            )
        elif resource.type == "AWS::Scheduler::Schedule":
            role = properties["Target"]["RoleArn"]
            yield Acting(resource.logical_id, "scheduler.amazonaws.com", role)
        elif resource.type == "AWS::ApiGateway::Method" and "Credentials" in properties.get(
            "Integration", {}
        ):
            role = properties["Integration"]["Credentials"]
            yield Acting(resource.logical_id, "apigateway.amazonaws.com", role)
        elif resource.type == "AWS::ApiGateway::Authorizer" and "AuthorizerCredentials" in properties:
            role = properties["AuthorizerCredentials"]
            yield Acting(resource.logical_id, "apigateway.amazonaws.com", role)


def _function(function: Resource, deployment: Deployment) -> Iterator[Permission]:
    mode = function.properties.get("TracingConfig", {}).get("Mode")
    if mode == "Active" or (mode == "PassThrough" and _is_called_in_a_trace(function, deployment)):
        yield from rights.FUNCTION_TRACES.on("*", deployment.account_id)
    place = function.properties.get("VpcConfig")
    if place:
        start = f"arn:aws:ec2:{deployment.region}:{deployment.account_id}:"
        interface = f"{start}network-interface/*"
        yield from rights.NETWORK_VIEW.on("*", deployment.account_id)
        yield from rights.NETWORK_INTERFACE.on(interface, deployment.account_id)
        places = [f"{start}subnet/{subnet}" for subnet in place["SubnetIds"]]
        groups = [f"{start}security-group/{group}" for group in place["SecurityGroupIds"]]
        for resource in (interface, *places, *groups):
            yield from rights.NETWORK_PLACES.on(resource, deployment.account_id)


def _is_called_in_a_trace(function: Resource, deployment: Deployment) -> bool:
    """True if a state machine that is traced calls the function."""
    return any(
        _is_traced(machine) and function.attributes["Arn"] in str(machine.properties)
        for machine in deployment.of_type("AWS::StepFunctions::StateMachine")
    )


def _is_traced(machine: Resource) -> bool:
    return machine.properties.get("TracingConfiguration", {}).get("Enabled") in {True, "true"}


def _mapping(mapping: Resource, account: str) -> Iterator[Permission]:
    source = mapping.properties["EventSourceArn"]
    yield from rights.MAPPING_SOURCES[source.split(":")[2]].on(source, account)
    if ":dynamodb:" in source:
        yield from rights.TABLE_STREAMS.on("*", account)
    bucket = mapping.properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    if bucket:
        yield from rights.FAILURES_BUCKET.on(bucket, account)
        yield from rights.FAILURES_OBJECTS.on(f"{bucket}/aws/lambda/{mapping.physical_id}/batch", account)


def _machine(machine: Resource, account: str) -> Iterator[Permission]:
    if machine.properties.get("LoggingConfiguration", {}).get("Level", "OFF") != "OFF":
        yield from rights.MACHINE_LOGS.on("*", account)
    if _is_traced(machine):
        yield from rights.MACHINE_TRACES.on("*", account)


def _function_of(mapping: Resource, deployment: Deployment) -> Resource | None:
    wanted = mapping.properties["FunctionName"].rpartition(":")[2]
    for function in deployment.of_type("AWS::Lambda::Function"):
        if function.physical_id == wanted:
            return function
    return None
