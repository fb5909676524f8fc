"""The unloader as the state machine calls it."""

from typing import Any

import pytest

from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, ExportJob, PointCount, Unload
from handlers.domain.exports.ports import LostClaim
from handlers.domain.exports.steps import JobPayload
from handlers.metric_export_unloader import MetricExportUnloader, build
from tests.support.export_ports import HOURS
from tests.support.fake_athena import FakeAthena
from tests.support.memory_dynamodb import MemoryDynamoDB

VARIABLES = {
    "DATABASE_NAME": "metrics_dev",
    "TABLE_NAME": "metrics",
    "EXPORT_HOURS_TABLE": HOURS,
    "EXPORT_BUCKET": "exports",
    "KEY_ARN": "key",
}
NOW = "2026-11-22T03:15:00Z"
HOUR = "2026-11-22T02"


class EmptyTimestream:
    """A store that was never written to, and counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def query(self, **_call: Any) -> dict[str, Any]:
        """No rows."""
        self.asked += 1
        return {"Rows": []}


@pytest.fixture
def unloader() -> MetricExportUnloader:
    """The function on an empty ledger and store."""
    clients = {"dynamodb": MemoryDynamoDB(HOURS), "timestream-query": EmptyTimestream()}
    return build(VARIABLES, connect=lambda service, **_settings: clients[service])


def claim(by: str, now: str = NOW) -> dict[str, Any]:
    """The event of the first step."""
    return {"step": "claim", "now": now, "hour": HOUR, "by": by}


def test_a_step_nobody_knows_is_refused(unloader: MetricExportUnloader) -> None:
    """A state machine that is newer than the function fails at once, and is not taken to poll an UNLOAD."""
    with pytest.raises(ConfigurationError, match="no such step: 'watch'"):
        unloader.run({"step": "watch", "now": NOW, "job": {}}, 170)


def test_an_hour_that_another_execution_has_is_busy(unloader: MetricExportUnloader) -> None:
    """The second one is told who has it."""
    job = unloader.run(claim("a"), 170)
    assert job["phase"] == "publish"
    assert job.keys() == JobPayload.__annotations__.keys()
    busy = unloader.run(claim("b"), 170)
    assert busy == {"phase": "busy", "hour": HOUR, "by": "b", "outcome": "busy", "error": "a is exporting it"}


@pytest.mark.parametrize("url", [None, "https://query-cell1.timestream.us-east-1.amazonaws.com"])
def test_the_store_is_asked_at_the_endpoint_that_is_given(url: str | None) -> None:
    """In a VPC that is the cell's; without one the SDK asks Timestream for it."""
    made: dict[str, Any] = {}

    def connect(service: str, **settings: Any) -> Any:
        made[service] = settings
        return MemoryDynamoDB(HOURS)

    build({**VARIABLES, **({"TIMESTREAM_ENDPOINT_URL": url} if url else {})}, connect=connect)
    assert made["timestream-query"]["endpoint_url"] == url
    assert "endpoint_url" not in made["dynamodb"]


@pytest.mark.parametrize("step", ["start", "poll"])
def test_a_step_after_the_claim_was_lost_fails(unloader: MetricExportUnloader, step: str) -> None:
    """Another execution took the hour over."""
    job = unloader.run(claim("a"), 170)
    assert unloader.run({"step": step, "now": NOW, "job": job}, 170) == job
    unloader.run(claim("b", "2026-11-22T04:15:00Z"), 170)
    with pytest.raises(LostClaim):
        unloader.run({"step": step, "now": "2026-11-22T04:16:00Z", "job": job}, 170)


LAKE = {
    "STORE_KIND": "lake",
    "GLUE_DATABASE": "metrics_lake",
    "WORK_GROUP": "metrics-lake-compaction",
    "TABLE_NAME": "points",
    "DIMENSIONS_TABLE": "dimensions",
    "EXPORT_HOURS_TABLE": HOURS,
    "EXPORT_BUCKET": "exports",
}


def test_queries_that_nobody_waits_for_are_stopped() -> None:
    """An execution that lost its claim leaves Athena nothing to read on for."""
    athena = FakeAthena(*["RUNNING"] * 50)
    clients = {"dynamodb": MemoryDynamoDB(HOURS), "athena": athena, "glue": None}
    unloader = build(LAKE, connect=lambda service, **_settings: clients[service])
    hour = Hour.parse(HOUR)
    lost = unloader.ledger.claim(hour, "a", float(hour.end_s + 900))
    assert isinstance(lost, Claim)
    job = ExportJob(lost, Layout((), written=True, kind="lake"), PointCount(1))
    job = job.having("metrics", Unload("query-1")).having("aggregates", Unload(rows=1))
    unloader.ledger.claim(hour, "b", float(hour.end_s + 9000))
    with pytest.raises(LostClaim):
        unloader.run({"step": "poll", "now": "2026-11-22T05:30:00Z", "job": job.payload()}, 170)
    assert athena.stopped == ["query-1"]


def test_a_store_that_nobody_knows_is_refused() -> None:
    """By name, as the function starts."""
    with pytest.raises(ConfigurationError, match="STORE_KIND is neither timestream nor lake: 'influx'"):
        build({**LAKE, "STORE_KIND": "influx"})


def test_an_hour_without_points_asks_the_store_nothing() -> None:
    """The writer's notes say so; the job is that of an hour that was counted in vain, ready to be published."""
    store = EmptyTimestream()
    clients = {"dynamodb": MemoryDynamoDB(HOURS), "timestream-query": store}
    unloader = build(VARIABLES, connect=lambda service, **_settings: clients[service])
    jobs = [
        unloader.run(
            {
                "step": "claim",
                "now": f"2026-11-22T{hour + 1:02}:15:00Z",
                "hour": f"2026-11-22T{hour:02}",
                "by": "a",
            },
            170,
        )
        for hour in range(2, 9)
    ]
    counted = store.asked
    assert counted
    assert {job["phase"] for job in jobs} == {"publish"}
    job = unloader.run(
        {"step": "claim", "now": "2026-11-22T10:15:00Z", "hour": "2026-11-22T09", "by": "a"}, 170
    )
    assert store.asked == counted
    assert job.keys() == JobPayload.__annotations__.keys()
    assert {**job, "hour": "", "started_at": 0} == {**jobs[0], "hour": "", "started_at": 0}
