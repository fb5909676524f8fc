"""Programs with tidegauge-client, from `record` to the rows in the store."""

import pytest

from tests.support.local_run import LocalRun
from tests.support.stored_rows import stored_rows
from tidegauge_client import GATEWAY, NOT, STREAM, Client

pytestmark = pytest.mark.pipeline

COUNT = 1_500


@pytest.mark.parametrize("compression", [GATEWAY, NOT, STREAM])
def test_every_point_is_stored_whatever_happens_on_its_way(running: LocalRun, compression: str) -> None:
    """Points of one series that are recorded at once, in batches, while the stream refuses some; none twice."""
    name = f"client.{compression}"
    running.control(
        "faults",
        {
            "service": "kinesis",
            "operation": "PutRecord",
            "error": "ProvisionedThroughputExceededException",
            "count": 2,
        },
    )
    client = Client(
        running.environment["TIDEGAUGE_BASE_URL"], compression=compression, dimensions={"host": "ä"}
    )
    for value in range(COUNT):
        client.record(name, value, {"shard": value % 3, "empty": ""})
    assert client.flush(60)
    client.close()
    stats = client.stats()
    assert (stats.accepted, stats.dropped, stats.retried) == (COUNT, {}, 2)
    running.wait_until_stored(name, COUNT)
    rows = stored_rows(running, name)
    assert sorted(row.value for row in rows) == list(range(COUNT))
    assert {dict(row.dimensions)["host"] for row in rows} == {"ä"}
    assert len({row.time_ns for row in rows}) == COUNT
