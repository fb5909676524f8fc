"""The functions of a deployment as configured; a property that would be ignored is refused with its logical id."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.cloudformation.deployment import Deployment, Resource
from emulator.errors import UnsupportedFunctionError

_PROPERTIES = frozenset(
    {
        "Architectures", "Code", "Description", "Environment", "EphemeralStorage", "FunctionName",
        "Handler", "KmsKeyArn", "LoggingConfig", "MemorySize", "PackageType", "RecursiveLoop",
        "ReservedConcurrentExecutions", "Role", "Runtime", "Tags", "Timeout", "TracingConfig", "VpcConfig",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """A function as its template describes it."""

    logical_id: str
    name: str
    arn: str
    role_arn: str
    region: str
    handler: str
    runtime: str
    timeout_s: float
    memory_mb: int
    environment: Mapping[str, str]
    log_group: str
    log_format: str
    log_level: str | None
    traced: bool
    reserved_concurrency: int | None
    vpc: Mapping[str, Any]


def read_functions(deployment: Deployment) -> Mapping[str, FunctionConfig]:
    """The functions of a deployment by name."""
    configs = [_function(deployment, item) for item in deployment.of_type("AWS::Lambda::Function")]
    return {config.name: config for config in configs}


def _function(deployment: Deployment, resource: Resource) -> FunctionConfig:
    properties = resource.properties
    unknown = sorted(set(properties) - _PROPERTIES)
    if unknown:
        raise UnsupportedFunctionError(f"{resource.logical_id}: {', '.join(unknown)} is not honoured here")
    if not str(properties.get("Runtime", "")).startswith("python"):
        raise UnsupportedFunctionError(
            f"{resource.logical_id}: only Python runs here, not {properties.get('Runtime')}"
        )
    logging: Mapping[str, Any] = properties.get("LoggingConfig", {})
    reserved = properties.get("ReservedConcurrentExecutions")
    return FunctionConfig(
        logical_id=resource.logical_id,
        name=resource.physical_id,
        arn=resource.attributes["Arn"],
        role_arn=properties["Role"],
        region=deployment.region,
        handler=properties["Handler"],
        runtime=properties["Runtime"],
        timeout_s=float(properties.get("Timeout", 3)),
        memory_mb=int(properties.get("MemorySize", 128)),
        environment={
            name: str(value) for name, value in properties.get("Environment", {}).get("Variables", {}).items()
        },
        log_group=logging.get("LogGroup", f"/aws/lambda/{resource.physical_id}"),
        log_format=logging.get("LogFormat", "Text"),
        log_level=logging.get("ApplicationLogLevel"),
        traced=properties.get("TracingConfig", {}).get("Mode") == "Active",
        reserved_concurrency=None if reserved is None else int(reserved),
        vpc=properties.get("VpcConfig", {}),
    )
