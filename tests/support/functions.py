"""Functions as a template describes them, and as they are deployed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from emulator import Deployment, Functions, Resource
from emulator.lambda_.event_source_mapping.configuration import UNLIMITED, MappingConfig

ROOT = Path(__file__).resolve().parents[2]
RUNTIME = ROOT / "build" / "host" / "runtime"
NOWHERE = "http://127.0.0.1:9"

MAPPING = MappingConfig(
    logical_id="Mapping",
    uuid="00000000-0000-4000-8000-000000000001",
    function_name="writer",
    source_arn="arn:aws:kinesis:us-east-1:123456789012:stream/metrics",
    batch_size=100,
    window_s=0.0,
    parallelization=1,
    bisect=True,
    report_failures=True,
    max_retries=2,
    max_age_s=UNLIMITED,
    starting_position="TRIM_HORIZON",
    starting_at_s=None,
    destination_arn=None,
)

Start = Callable[..., Functions]


def function(**properties: Any) -> Resource:
    """A function as a template describes it, and as it is deployed."""
    return Resource(
        logical_id="Function",
        type="AWS::Lambda::Function",
        physical_id="writer",
        attributes={"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:writer"},
        properties={
            "Role": "arn:aws:iam::123456789012:role/writer",
            "Handler": "app.handler",
            "Runtime": "python3.13",
            "Timeout": 20,
            "MemorySize": 256,
            "LoggingConfig": {"LogGroup": "writer-logs"},
            **properties,
        },
    )


def deployment(*resources: Resource) -> Deployment:
    """A stack of these resources."""
    return Deployment(
        account_id="123456789012",
        region="eu-west-1",
        stack_name="metrics-dev",
        resources={resource.logical_id: resource for resource in resources},
        outputs={},
        parameters={},
    )
