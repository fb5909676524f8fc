"""Exports when something goes wrong: whatever it is, readers see a whole hour, and no point is lost or doubled."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.support.export_world import CrashError, World, at, deployment, nothing, points, world

pytestmark = pytest.mark.pipeline
__all__ = ["deployment", "world"]


_NUMBERS = count()
STEPS = [
    "metric_export_planner.choose",
    "metric_export_unloader.claim",
    "metric_export_unloader.start",
    "metric_export_publisher",
    "metric_export_planner.summarise",
    "metric_export_tidier",
]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_crash_at_any_step_loses_and_doubles_nothing(world: World, moment: str) -> None:
    """Each step's process dies once, before its work or after it: the hour is there whole, by the retry."""
    for step in STEPS:
        hour = world.hour
        world.go_to(hour, 30)
        world.write(*points(hour, 4))
        world.go_to(hour.plus(1), 25)
        crashes = count()

        def crash(name: str, _: dict[str, Any], step: str = step, crashes: Iterator[int] = crashes) -> None:
            if name == step and next(crashes) == 0:
                raise CrashError

        setattr(world, moment, crash)
        assert world.scheduled()[str(hour)] == "exported", step
        assert next(crashes) > 1, step
        assert len(world.read(hour)) == 4, step
        setattr(world, moment, nothing)


@pytest.mark.parametrize("step", STEPS[1:4])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_killed_execution_is_finished_by_the_next(world: World, step: str, moment: str) -> None:
    """Whichever step it is stopped at, before its work or after it: readers see the old hour or the whole new one."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 4))
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    world.write(*points(hour, 6, host="late"))
    world.go_to(hour.plus(2), 25)
    executions: list[str] = []

    def kill(name: str, event: dict[str, Any]) -> None:
        asked = event.get("hour") or event.get("job", {}).get("hour")
        if name == step and asked == str(hour):
            world.client("stepfunctions").stop_execution(executionArn=executions[0])

    executions.append(world.start())
    setattr(world, moment, kill)
    # moto's interpreter trips over a Map that is stopped, and calls the execution failed.
    assert world.ended(executions[0])["status"] in {"ABORTED", "FAILED"}
    setattr(world, moment, nothing)
    assert len(world.read(hour)) in {4, 10}
    world.go_to(hour.plus(3), 25)
    world.scheduled()
    assert len(world.read(hour)) == 10


def test_of_two_executions_one_exports_the_hour(world: World) -> None:
    """The other one says so."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 4))
    world.go_to(hour.plus(1), 25)
    other: list[dict[str, str]] = []

    def meanwhile(name: str, _: dict[str, Any]) -> None:
        if name.endswith("start") and not other:
            other.append({})
            other[0] = world.export(first=str(hour))

    world.after = meanwhile
    assert world.scheduled() == {str(hour): "exported"}
    assert other == [{str(hour): "busy"}]
    assert len(world.read(hour)) == 4


def test_an_unload_that_breaks_publishes_nothing(world: World) -> None:
    """Files without a manifest are not seen; readers keep what they had, and the next run makes it good."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 4))
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    before = world.location(hour)
    world.write({"metric_name": "late", "value": 1.0, "timestamp": at(hour, 9)})
    world.fail_unloads()
    assert world.export(first=str(hour)) == {str(hour): "failed"}
    assert world.location(hour) == before
    world.go_to(hour.plus(2), 25)
    assert world.scheduled()[str(hour)] == "exported"
    assert len(world.read(hour)) == 5


def fault(service: str, operation: str, error: str, times: int, status: int = 400) -> dict[str, Any]:
    """An operation that fails so many times."""
    return {"service": service, "operation": operation, "error": error, "status": status, "count": times}


def name(what: dict[str, Any]) -> str:
    """A fault's, for the test's."""
    return "-".join(str(part) for part in what.values())[:60]


OF_ANY_STORE = [
    fault("glue", "UpdateTable", "ConcurrentModificationException", 2),
    fault("glue", "CreatePartition", "InternalServiceException", 1, status=500),
    fault("dynamodb", "UpdateItem", "ThrottlingException", 2),
    fault("s3", "ListObjectsV2", "SlowDown", 2, status=503),
]
OF_TIMESTREAM = [
    fault("timestream-query", "Query", "ThrottlingException", 2),
    {"timestream": {"empty_first_pages": {"count": 4}}},
    {"timestream": {"throttle": {"Query": {"count": 1}}}},
    {"timestream": {"lose_replies": {"Query": {"count": 1}}}},
]
OF_THE_LAKE = [
    fault("athena", "StartQueryExecution", "TooManyRequestsException", 2),
    fault("athena", "GetQueryExecution", "ThrottlingException", 2),
    fault("athena", "GetQueryResults", "TooManyRequestsException", 1),
    fault("s3", "GetObject", "SlowDown", 2, status=503),
    fault("glue", "GetTable", "ThrottlingException", 2),
]


def outlive(world: World, trouble: dict[str, Any]) -> None:
    """Exports an hour in spite of it."""
    hour = world.hour
    world.go_to(hour, 30)
    # A dimension that is new changes the tables, so what is asked of Glue is asked each time.
    world.write(*points(hour, 4, **{f"host{next(_NUMBERS)}": "a"}))
    world.go_to(hour.plus(1), 25)
    world.faults(trouble)
    assert world.scheduled() == {str(hour): "exported"}
    assert world.struck()
    assert len(world.read(hour)) == 4


@pytest.mark.parametrize("trouble", OF_ANY_STORE, ids=name)
def test_trouble_that_passes_is_outlived(world: World, trouble: dict[str, Any]) -> None:
    """Throttling and passing failures of any service are retried within the run."""
    outlive(world, trouble)


@pytest.mark.parametrize("deployment", ["dev"], indirect=True)
@pytest.mark.parametrize("trouble", OF_TIMESTREAM, ids=name)
def test_trouble_of_timestream_is_outlived(world: World, trouble: dict[str, Any]) -> None:
    """Throttled and lost answers, and pages without rows."""
    outlive(world, trouble)


@pytest.mark.parametrize("deployment", ["lake"], indirect=True)
@pytest.mark.parametrize("trouble", OF_THE_LAKE, ids=name)
def test_trouble_of_the_lake_is_outlived(world: World, trouble: dict[str, Any]) -> None:
    """Throttling of Athena, and of what it reads and writes."""
    outlive(world, trouble)


def test_a_denied_bucket_fails_the_hour_and_nothing_else(world: World) -> None:
    """Nothing is published of it; when the bucket can be written again, the next run exports it."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 4))
    world.go_to(hour.plus(1), 25)
    world.faults({"service": "s3", "operation": "PutObject", "error": "AccessDenied", "status": 403})
    assert world.scheduled() == {str(hour): "failed"}
    assert world.location(hour) is None
    world.faults()
    world.go_to(hour.plus(2), 25)
    assert world.scheduled() == {str(hour.plus(1)): "empty", str(hour): "exported"}
    assert len(world.read(hour)) == 4
