"""Functions written for a test, run by AWS's runtime client as the local run does."""

import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment, Resource
from emulator.lambda_ import Functions, start_functions

ROOT = Path(__file__).resolve().parents[3]
RUNTIME = ROOT / "build" / "host" / "runtime"
NOWHERE = "http://127.0.0.1:9"

Start = Callable[..., Functions]


@pytest.fixture(scope="session")
def runtime() -> Path:
    """AWS's runtime client, installed once as the local run does."""
    if not RUNTIME.is_dir():
        subprocess.run([sys.executable, "-m", "ops", "bundle", "--target", "host"], cwd=ROOT, check=True)
    return RUNTIME


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


@pytest.fixture
def clock() -> Clock:
    """The clock that the functions follow."""
    return Clock()


@pytest.fixture
def start(tmp_path: Path, runtime: Path, clock: Clock) -> Iterator[Start]:
    """Start a function from its source, until the test ends."""
    started: list[Functions] = []

    def begin(source: str, *more: Resource, endpoint_url: str = NOWHERE, **properties: Any) -> Functions:
        bundle = tmp_path / "bundle"
        bundle.mkdir()
        (bundle / "app.py").write_text(textwrap.dedent(source))
        started.append(
            start_functions(
                deployment(function(**properties), *more),
                endpoint_url=endpoint_url,
                clock=clock,
                bundle=bundle,
                runtime=runtime,
                log_folder=tmp_path / "logs",
            )
        )
        return started[-1]

    yield begin
    for functions in started:
        functions.close()
