"""Hours of the whole way: points through the writer into the store, and out to what readers of an export see."""

from typing import Any

import pytest

from handlers import lake
from handlers.domain.exports.hour import Hour
from handlers.vocabulary import FIXED_COLUMNS
from ops.__main__ import main
from tests.support.athena_service import ended
from tests.support.events import kinesis_record
from tests.support.export_world import World, at, deployment, points, world

pytestmark = pytest.mark.pipeline
__all__ = ["deployment", "world"]


def seen(world: World, hour: Hour) -> list[tuple[Any, ...]]:
    """Seconds into the hour, value and host of each point that readers see."""
    return sorted(
        ((row["time"] // 10**6 - hour.start_s * 1000) / 1000, row["value"], row.get("host") or "")
        for row in world.read(hour)
    )


def test_hours_hold_exactly_their_points(world: World) -> None:
    """The first and the last millisecond of an hour are its own, the next one's are not."""
    first = world.hour
    world.go_to(first, 10)
    world.write(*points(first, 5, host="a"))
    world.go_to(first.plus(1), 5)
    edge = [
        {"metric_name": "edge", "value": float(n), "timestamp": at(first.plus(1), 0) + n} for n in (-1, 0)
    ]
    world.write(*edge, *points(first.plus(1), 3, host="b"))
    world.go_to(first.plus(1), 25)
    assert world.scheduled() == {str(first): "exported"}
    world.go_to(first.plus(2), 25)
    assert world.scheduled() == {str(first.plus(1)): "exported"}
    assert seen(world, first) == [*((float(n), float(n), "a") for n in range(5)), (3599.999, -1.0, "")]
    assert len(seen(world, first.plus(1))) == 4
    status = world.status(first)
    assert (status["state"], status["rows"]) == ("exported", 6)
    assert status["bytes"] == sum(
        file["bytes"] for data in status["datasets"].values() for file in data["files"]
    )


def test_aggregates_are_what_the_points_come_to(world: World) -> None:
    """Count, sum, min, max, avg and percentiles of each series and minute."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 90, host="a"), *points(hour, 10, host="b"))
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    rows = {(row["host"], row["time"] // 10**9 - hour.start_s): row for row in world.read(hour, "aggregates")}
    assert sorted(rows) == [("a", 0), ("a", 60), ("b", 0)]
    minute = rows["a", 60]
    assert (minute["count"], minute["sum"], minute["min"], minute["max"]) == (
        30,
        sum(range(60, 90)),
        60.0,
        89.0,
    )
    assert minute["avg"] == pytest.approx(74.5)
    assert minute["p50"] == pytest.approx(74.5, abs=1.5)
    assert minute["p99"] == pytest.approx(89.0, abs=1.5)


def test_a_dimension_may_be_called_anything(world: World) -> None:
    """Names with dots and dashes, of any case, and those of the aggregates' own columns: Athena takes their columns."""
    hour = world.hour
    world.go_to(hour, 30)
    dimensions = {"Host.Name": "a", "order-by": "b", "select": "c", "count": "d", "p99": "e"}
    world.write({"metric_name": "m", "value": 1.0, "timestamp": at(hour, 1), "dimensions": dimensions})
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    (row,) = world.read(hour)
    columns = {"host__name": "a", "order___by": "b", "select": "c", "count": "d", "p99": "e"}
    assert {name: row[name] for name in columns} == columns
    (minute,) = world.read(hour, "aggregates")
    assert (minute["count"], minute["export_count"], minute["export_p99"], minute["host__name"]) == (
        1,
        "d",
        "e",
        "a",
    )
    assert {"count", "host__name", "order___by", "p99", "select"} <= set(world.columns()[4:])


def test_athena_reads_an_hour(world: World) -> None:
    """By its partition in the work group that the stack has: every value with its columns, and not the hour before."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 4, host="a"), {"metric_name": "m", "value": -0.5, "timestamp": at(hour, 7)})
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    athena = world.client("athena")
    outputs = world.deployment.outputs
    sql = "SELECT value, host, to_unixtime(time) FROM metrics WHERE export_date = ? AND export_hour = ?"
    execution = athena.start_query_execution(
        QueryString=f"{sql} ORDER BY 3",
        WorkGroup=outputs["ExportWorkGroupName"],
        QueryExecutionContext={"Database": outputs["ExportDatabaseName"]},
        ExecutionParameters=[f"'{text}'" for text in str(hour).split("T")],
    )
    state = ended(athena, execution["QueryExecutionId"])
    assert state["Status"]["State"] == "SUCCEEDED", state["Status"]
    assert state["Statistics"]["DataScannedInBytes"] > 0
    rows = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["ResultSet"]["Rows"]
    told = [[value.get("VarCharValue") for value in row["Data"]] for row in rows[1:]]
    assert [(float(time) - hour.start_s, float(value), host or "") for value, host, time in told] == seen(
        world, hour
    )


def test_running_an_hour_again_replaces_it(world: World) -> None:
    """Readers see the points once, from the newest run; the older one's files stay for a day, then they go."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 5))
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    before, old = world.location(hour), seen(world, hour)
    assert world.export(first=str(hour)) == {str(hour): "exported"}
    assert world.location(hour) != before
    assert seen(world, hour) == old
    folder = str(before).split("/", 3)[3].removesuffix("results/")
    world.go_to(hour.plus(24), 30)
    world.scheduled()
    assert world.keys(folder)
    world.go_to(hour.plus(25), 30)
    world.scheduled()
    assert world.keys(folder) == []
    assert seen(world, hour) == old


def test_a_late_point_and_a_new_dimension_come_with_the_next_run(world: World) -> None:
    """Both are there an hour later, and readers' tables know the new column."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 2))
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    assert "zone" not in world.columns()
    world.go_to(hour.plus(1), 40)
    world.write({"metric_name": "late", "value": 9.0, "timestamp": at(hour, 7), "dimensions": {"zone": "z"}})
    world.go_to(hour.plus(2), 25)
    assert world.scheduled() == {str(hour): "exported", str(hour.plus(1)): "empty"}
    assert [row for row in seen(world, hour) if row[0] == 7.0] == [(7.0, 9.0, "")]
    assert world.columns()[-1] == "zone"
    assert world.columns("aggregates")[-1] == "zone"
    taken = []
    for number in range(3, 10):
        world.go_to(hour.plus(number), 25)
        taken.append(str(hour) in world.scheduled())
    # Timestream may show it six hours later, so the hour is exported once more then; the lake shows it at once.
    assert taken.count(True) == (0 if world.is_lake else 1)
    assert len(seen(world, hour)) == 3


def test_an_update_of_the_catalogs_tables_is_made_good_by_the_next_export(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudFormation sets the columns to the template's; until the next export dimensions are not seen, the rest is."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 2, host="a"))
    world.go_to(hour.plus(1), 25)
    world.scheduled()
    world.update_catalog()
    fixed = (lake.COLUMNS if world.is_lake else FIXED_COLUMNS)["metrics"]
    assert world.columns() == [name for name, _ in fixed]
    asked = "SELECT {} FROM metrics WHERE export_date || export_hour = '" + hour.date + hour.of_day + "'"
    assert main(["export", "query", asked.format("'sum', sum(value)")]) == 0
    assert told(capsys).split()[-4:-2] == ["sum", "1.0"]
    assert main(["export", "query", asked.format("host")]) == 1
    world.write(*points(hour.plus(1), 3))
    world.go_to(hour.plus(2), 25)
    world.scheduled()
    assert "host" in world.columns()
    capsys.readouterr()
    assert main(["export", "query", asked.format("'host', min(host)")]) == 0
    assert told(capsys).split()[-4:-2] == ["host", "a"]


def test_an_hour_without_points_is_exported_as_empty(world: World) -> None:
    """Before anything was ever written, and between hours that have points."""
    first = world.hour
    world.go_to(first.plus(1), 25)
    assert world.scheduled() == {str(first): "empty"}
    assert world.read(first) == []
    world.write({"metric_name": "m", "value": 1.0})
    world.go_to(first.plus(3), 25)
    assert world.scheduled() == {str(first.plus(1)): "exported", str(first.plus(2)): "empty"}
    assert world.status(first.plus(2))["state"] == "empty"


def test_an_hour_of_heartbeats_alone_asks_the_store_for_nothing(world: World) -> None:
    """A query each hour costs more than the rest of an idle month: the hour is as empty as one of no record."""
    for _ in range(4):  # the first export learns that writers note hours, and wants two hours of that
        world.go_to(world.hour.plus(1), 25)
        world.scheduled()
    hour = world.hour
    for minute in (26, 40, 59):
        world.go_to(hour, minute)
        arrival_ms, key = round(world.clock.now() * 1000), f"heartbeat/-/{minute}="
        world.deliver(kinesis_record({"heartbeat": True}, minute, partition_key=key, arrival_ms=arrival_ms))
    service, query = ("athena", "StartQueryExecution") if world.is_lake else ("timestream-query", "Query")
    world.go_to(hour.plus(1), 25)
    world.faults({"service": service, "operation": query, "fault": "denied", "count": 1})
    assert world.scheduled() == {str(hour): "empty"}
    assert not world.struck()
    assert (world.status(hour)["rows"], world.read(hour)) == (0, [])


def test_the_current_hour_can_be_exported_by_hand(world: World) -> None:
    """The hour is partial then, and exported again when it is complete."""
    hour = world.hour
    world.go_to(hour, 10)
    world.write(*points(hour, 3))
    assert world.export(first="current") == {str(hour): "exported"}
    assert (len(world.read(hour)), world.status(hour)["state"]) == (3, "partial")
    world.write(*points(hour, 5, host="b"))
    world.go_to(hour.plus(1), 25)
    assert world.scheduled() == {str(hour): "exported"}
    assert len(world.read(hour)) == 8


def told(capsys: pytest.CaptureFixture[str]) -> str:
    """The lines that a command printed, without those that the functions in this process logged."""
    lines = capsys.readouterr().out.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("{"))


def test_an_operator_exports_looks_and_asks(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """`ops export` runs an hour, shows the last ones, fills a range, and answers SQL over what readers see."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 7, host="a", **{"Host.Name": "x"}))

    def ops(*arguments: str) -> tuple[int, str]:
        capsys.readouterr()
        status = main(["export", *arguments])
        return status, told(capsys)

    assert ops("run", "current") == (0, f"{hour}  exported  7 rows, run {world.status(hour)['run']}\n")
    world.go_to(hour.plus(1), 25)
    status, text = ops("run")
    assert (status, text.split()[:3]) == (0, [str(hour), "exported", "7"])
    assert ops("run") == (0, "nothing is due\n")
    status, text = ops("status", "--hours", "2")
    lines = [line.split() for line in text.splitlines()[1:]]
    assert lines[0][:3] == [str(hour), "exported", "7"]
    assert lines[1][:2] == [str(hour.plus(1)), "waiting"]
    status, text = ops(
        "query", "--hours", "1", "SELECT host__name, count(*), sum(value) FROM metrics GROUP BY 1"
    )
    assert (status, text.split()[-5:-2]) == (0, ["x", "7", "21.0"])
    status, text = ops("query", "SELECT sum(count) FROM aggregates WHERE export_hour = '" + hour.of_day + "'")
    assert status == 0
    assert main(["export", "query", "SELECT nothing"]) == 1
    assert "nothing" in capsys.readouterr().err
    assert ops("backfill", str(hour.plus(-1)), str(hour))[0] == 0
    assert main(["export", "run", str(hour.plus(9))]) == 1
    assert "is in the future" in capsys.readouterr().err


def test_an_operator_sees_what_failed_and_is_answered_so(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit status says that it was not done, the table which hour and why."""
    hour = world.hour
    world.go_to(hour, 30)
    world.write(*points(hour, 2))
    world.go_to(hour.plus(1), 25)
    world.fail_unloads()
    assert main(["export", "run"]) == 1
    assert "failed    UnloadFailed" in told(capsys)
    assert main(["export", "status", "--hours", "2"]) == 0
    line = capsys.readouterr().out.splitlines()[1].split()
    assert line[:3] == [str(hour), "failed", "UnloadFailed:"]
