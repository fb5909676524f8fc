"""A started local AWS for each module that asks for one."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Cloud, StackTemplate, start
from emulator.clock import Clock
from tests.support.aws_clients import Clients, clients_of
from tests.support.functions import ROOT, RUNTIME
from tests.support.template_fixture import everything

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
    with clients_of(cloud.endpoint_url, region=REGIONS[0]) as make:
        yield make


@pytest.fixture(scope="session")
def runtime() -> Path:
    """AWS's runtime client, installed once as the local run does."""
    if not RUNTIME.is_dir():
        subprocess.run([sys.executable, "-m", "ops", "bundle", "--target", "host"], cwd=ROOT, check=True)
    return RUNTIME
