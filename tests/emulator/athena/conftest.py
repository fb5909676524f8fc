"""A started local AWS whose Athena has an engine of the tests' own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator import Cloud, StackTemplate, start
from emulator.client import local_client
from emulator.clock import Clock
from tests.support.athena_service import REGION, ended, template
from tests.support.scripted_athena import ScriptedEngine

Query = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def engine() -> ScriptedEngine:
    """The engine behind Athena."""
    return ScriptedEngine()


@pytest.fixture(scope="module")
def clock() -> Clock:
    """The clock of the local AWS."""
    return Clock()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, engine: ScriptedEngine, clock: Clock) -> Iterator[Cloud]:
    """Start the local AWS with a bucket, work groups and a role."""
    data_dir: Path = tmp_path_factory.mktemp("data")
    stack = StackTemplate("lake", template())
    with start([REGION], [stack], data_dir=data_dir, clock=clock, make_athena=lambda: engine) as started:
        yield started
    assert engine.closed == bool(engine.sessions)


@pytest.fixture(scope="module")
def athena(cloud: Cloud) -> Iterator[Any]:
    """Athena's client, which tries nothing again."""
    client = local_client("athena", endpoint_url=cloud.endpoint_url, region=REGION)
    yield client
    client.close()


@pytest.fixture(scope="module")
def s3(cloud: Cloud) -> Iterator[Any]:
    """S3's client."""
    client = cloud.client("s3", REGION)
    yield client
    client.close()


@pytest.fixture(scope="module")
def query(athena: Any) -> Query:
    """A function that runs a query to its end in the work group `lake`, and gives its QueryExecution."""

    def run(sql: str, *, client: Any = athena, **arguments: Any) -> dict[str, Any]:
        asked = {"WorkGroup": "lake", **arguments}
        return ended(client, client.start_query_execution(QueryString=sql, **asked)["QueryExecutionId"])

    return run
