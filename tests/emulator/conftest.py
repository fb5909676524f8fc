"""A started local AWS for each module that asks for one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from emulator import Cloud, StackTemplate, start
from emulator.clock import Clock
from tests.support.template_fixture import everything

Clients = Callable[..., Any]

REGIONS = ("us-east-1", "eu-west-1")


@pytest.fixture(scope="module")
def clock() -> Clock:
    """The clock of the local AWS."""
    return Clock()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Cloud]:
    """Start the local AWS with a stack that has every resource type, in two regions."""
    data_dir: Path = tmp_path_factory.mktemp("data")
    started = start(
        REGIONS, [StackTemplate("everything", everything())], aws_port=0, data_dir=data_dir, clock=clock
    )
    yield started
    started.close()


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Iterator[Clients]:
    """A function that makes a client of the local AWS, in the first region unless told otherwise."""
    session = boto3.Session(aws_access_key_id="local", aws_secret_access_key="local")
    made: dict[tuple[str, str], Any] = {}

    def make(service: str, region: str = REGIONS[0]) -> Any:
        if (service, region) not in made:
            made[service, region] = session.client(
                service,
                region_name=region,
                endpoint_url=cloud.endpoint_url,
                config=Config(retries={"total_max_attempts": 1}, inject_host_prefix=False),
            )
        return made[service, region]

    yield make
    for each in made.values():
        each.close()
