"""The aggregator as Lambda calls it, with the evaluations that follow."""

import gzip
import itertools
import json
from dataclasses import replace
from typing import Any

import pytest

from handlers.adapters.dynamodb import windows_table
from handlers.adapters.lake.limits import lake_limits
from handlers.domain.alerts.windows.aggregator import Aggregator
from handlers.domain.errors import ConfigurationError
from handlers.window_aggregator import build
from tests.support.alert_functions import SECONDS, START, VARIABLES, AlertFunctions
from tests.support.alert_tables import WINDOWS
from tests.support.events import batch, event, kinesis_record, metric
from tests.support.rules import a_rule


def test_a_batch_that_breaches_starts_its_interval_at_once_and_others_start_the_one_before(
    world: AlertFunctions,
) -> None:
    """There may be no batch after a breach, so none is waited for; healthy intervals cost no waiting execution."""
    world.rule(a_rule())
    world.post(1.0)
    assert world.started == [START - 60]
    world.post(1.0, position=1)
    assert world.started == [START - 60]
    world.post(3.0, position=2)
    assert world.started == [START - 60, START]
    world.now_s = START + 61
    world.post(1.0, position=3)
    assert world.started == [START - 60, START]


def test_without_rules_nothing_is_written_or_started(world: AlertFunctions) -> None:
    """The consumer costs its invocations and no more."""
    world.post(3.0)
    assert world.started == []
    assert world.dynamodb.scan(TableName=WINDOWS)["Items"] == []


def test_a_heartbeat_is_reported_and_judged_by_nothing(world: AlertFunctions, capsys: Any) -> None:
    """It writes no windows, starts no evaluation and is no record of the batch's report."""
    world.rule(a_rule())
    record = kinesis_record({}, partition_key="heartbeat/-/h0", arrival_ms=int(world.now_s * 1000) - 2000)
    assert world.aggregator.aggregate({"Records": [record]}, 30) == {"batchItemFailures": []}
    [line] = capsys.readouterr().out.splitlines()
    assert json.loads(line)["AggregatorHeartbeatAge"] == 2
    assert world.started == []
    assert world.dynamodb.scan(TableName=WINDOWS)["Items"] == []


def test_a_heartbeat_is_late_while_windows_before_it_are_not_written(
    world: AlertFunctions, capsys: Any
) -> None:
    """The batch comes again with it."""
    world.rule(a_rule())
    world.refused.add("put_item")
    late = kinesis_record({}, 1, partition_key="heartbeat/-/h1", arrival_ms=int(world.now_s * 1000))
    records = [kinesis_record(metric("cpu.load", 3.0), arrival_ms=int(world.now_s * 1000)), late]
    assert world.aggregator.aggregate({"Records": records}, 30)["batchItemFailures"]
    assert "HeartbeatAge" not in capsys.readouterr().out


def test_an_evaluation_that_cannot_be_started_is_left_to_the_sweep(world: AlertFunctions) -> None:
    """The batch is not held up: its windows are written, and the interval is free for the sweep."""
    world.rule(a_rule())
    world.refused.add("start_execution")
    assert world.post(3.0) == {"batchItemFailures": []}
    world.now_s = START + 61
    [alarm] = world.evaluate()
    assert alarm["state"] == "ALARM"


def test_a_batch_whose_windows_cannot_be_written_comes_again(world: AlertFunctions, capsys: Any) -> None:
    """The stream is told the first record; the log says why, without names of the account."""
    world.rule(a_rule())
    world.refused.add("put_item")
    answer = world.post(3.0)
    assert len(answer["batchItemFailures"]) == 1
    log = json.loads(capsys.readouterr().out)
    assert (log["retry_from"], log["cause"]) == (
        answer["batchItemFailures"][0]["itemIdentifier"], "put_item: ThrottlingException"
    )  # fmt: skip


def test_a_stream_that_is_read_again_in_other_batches_counts_every_record_once(world: AlertFunctions) -> None:
    """Batches of 100 and 100 records, and of 120 and 100 when a new poller begins at the checkpoint before them."""
    rule = a_rule(statistic="count", operator=">=", threshold=1)
    world.rule(rule)
    now = world.now_s
    record = metric(timestamp=int(now * 1000))
    happened = event(*[record] * 220, arrival_ms=int(now * 1000))["Records"]
    for first, last in ((1, 100), (101, 200), (1, 120), (121, 220)):
        assert world.aggregator.aggregate({"Records": happened[first - 1 : last]}, SECONDS) == {
            "batchItemFailures": []
        }
    [alarm] = world.evaluate(START)
    assert alarm["value"] == 220


def test_requests_that_cannot_be_read_and_points_that_are_not_stored_do_not_count(
    world: AlertFunctions,
) -> None:
    """What the writer quarantines breaches nothing; of a point sent twice in a request the last counts."""
    world.rule(a_rule(statistic="count", operator=">=", threshold=2))
    twice = metric(timestamp=int(world.now_s * 1000))
    happened = event(b"{", batch(metric(value=True), twice, {**twice, "value": 5}))
    for record in happened["Records"]:
        record["kinesis"]["approximateArrivalTimestamp"] = world.now_s
    world.aggregator.aggregate(happened, SECONDS)
    assert world.evaluate(START) == []


def test_points_are_judged_by_the_limits_of_the_store_that_there_is(world: AlertFunctions) -> None:
    """What the writer of a lake takes, its alerts count, and the other way round."""
    own = {name: value for name, value in VARIABLES.items() if name != "MAGNETIC_RETENTION_DAYS"}
    lake = {**own, "STORE_KIND": "lake", "RETENTION_DAYS": "90", "DIMENSION_NAMES": "250"}
    assert build(lake, world.connect, world.connect_dynamodb).reader.limits == lake_limits(90, 250)
    assert world.aggregator.reader.limits.dimension_names == 120


def test_a_batch_that_expands_is_counted_in_portions(world: AlertFunctions) -> None:
    """As the writer stores it: each of its records once."""
    world.rule(a_rule(statistic="count", operator=">=", threshold=1))
    now_ms = int(world.now_s * 1000)
    body = gzip.compress(json.dumps(metric(timestamp=now_ms)).encode().ljust(6 * 2**20))
    happened = [
        kinesis_record(body, number, partition_key=f"json-gz/-/r{number}", arrival_ms=now_ms)
        for number in range(3)
    ]
    assert world.aggregator.aggregate({"Records": happened}, SECONDS) == {"batchItemFailures": []}
    [alarm] = world.evaluate(START)
    assert alarm["value"] == 3


def test_windows_beyond_a_transaction_are_written_in_parts_that_count_once(
    world: AlertFunctions, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """A batch is cut between its records, and stays so when it is read again; all of its points count."""
    monkeypatch.setattr(windows_table, "ITEM_BYTES", 300)
    monkeypatch.setattr(windows_table, "_TRANSACTION_ITEMS", 2)
    world.rule(a_rule(by=["host"], statistic="count", operator=">=", threshold=1))
    happened = _of_many_hosts(world.now_s, records=8, hosts=5)
    for _ in range(2):
        assert world.aggregator.aggregate(happened, SECONDS) == {"batchItemFailures": []}
    alarms = world.evaluate(START)
    assert sorted((alarm["group"]["host"], alarm["value"]) for alarm in alarms) == [
        (f"h-{record}-{host}", 1) for record in range(8) for host in range(5)
    ]
    assert json.loads(capsys.readouterr().out.splitlines()[0])["details"]["windows_left_out"] == 0


def test_a_record_beyond_a_transaction_holds_up_nothing(
    world: AlertFunctions, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Its newest windows are written, and the others counted in the log; the records behind it count."""
    monkeypatch.setattr(windows_table, "ITEM_BYTES", 135)
    monkeypatch.setattr(windows_table, "_TRANSACTION_ITEMS", 1)
    for period in (60, 120):
        world.rule(a_rule(rule_id=f"r{period}", by=["host"], statistic="count", threshold=0, period=period))
    happened = _of_many_hosts(world.now_s, records=2, hosts=18)
    assert world.aggregator.aggregate(happened, SECONDS) == {"batchItemFailures": []}
    report = json.loads(capsys.readouterr().out.splitlines()[0])
    assert report["details"]["windows_left_out"] == 2
    assert len(world.evaluate(START + 60)) == 36


def _of_many_hosts(now_s: float, records: int, hosts: int) -> dict[str, Any]:
    """A batch of records, each with a point of so many hosts of its own."""
    bodies = [
        batch(
            *(
                metric(timestamp=int(now_s * 1000), dimensions={"host": f"h-{record}-{host}"})
                for host in range(hosts)
            )
        )
        for record in range(records)
    ]
    happened = event(*bodies)
    for record in happened["Records"]:
        record["kinesis"]["approximateArrivalTimestamp"] = now_s
    return happened


@pytest.mark.parametrize(("portion_s", "counted"), [(1.0, 5), (12.0, 3), (100.0, 1)])
def test_no_portion_is_begun_that_may_not_end_in_time(
    world: AlertFunctions, portion_s: float, counted: int
) -> None:
    """The first one always is, so that a batch gets on; the stream is told from where, and each record counts once."""
    world.rule(a_rule(statistic="count", operator=">=", threshold=1))
    now_ms = int(world.now_s * 1000)
    body = gzip.compress(json.dumps(metric(timestamp=now_ms)).encode().ljust(6 * 2**20))
    happened = [
        kinesis_record(body, number, partition_key=f"json-gz/-/r{number}", arrival_ms=now_ms)
        for number in range(5)
    ]
    # The watch is looked at when the batch comes, and before and after each portion.
    times = itertools.chain([0.0], (portion * portion_s for n in itertools.count() for portion in (n, n + 1)))
    slow = replace(world.aggregator, stopwatch=times.__next__)
    answer = slow.aggregate({"Records": happened}, SECONDS)
    assert answer["batchItemFailures"] == [
        {"itemIdentifier": record["kinesis"]["sequenceNumber"]} for record in happened[counted : counted + 1]
    ]
    world.aggregator.aggregate({"Records": happened[counted:]}, SECONDS)
    [alarm] = world.evaluate(START)
    assert alarm["value"] == 5


@pytest.mark.parametrize("precision", ["ns", "auto"])
def test_points_of_other_protocols_count_like_our_own(world: AlertFunctions, precision: str) -> None:
    """They are read by the same table as the writer's."""
    world.rule(a_rule(statistic="count", operator=">=", threshold=1))
    now_ms = int(world.now_s * 1000)
    body = f"cpu.load value=5 {now_ms}000000\ncpu.load value=7 {now_ms}000001\nbroken\n".encode()
    happened = kinesis_record(body, partition_key=f"influx-{precision}/-/r", arrival_ms=now_ms)
    world.aggregator.aggregate({"Records": [happened]}, SECONDS)
    [alarm] = world.evaluate(START)
    assert alarm["value"] == 2


@pytest.mark.parametrize(
    ("error", "number", "age_s", "is_passed_over"),
    [
        (ValueError("x"), 1, 301, True),
        (ValueError("x"), 1, 299, False),
        (ValueError("x"), 2, 301, False),
        (ConfigurationError("x"), 1, 3000, False),
    ],
)
def test_a_request_that_the_aggregator_fails_on_alone_holds_alerts_up_for_minutes(
    world: AlertFunctions,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    number: int,
    age_s: int,
    is_passed_over: bool,
) -> None:
    """Halved out of its batch it is passed over after five; what an operator must mend is not."""

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(Aggregator, "process", fail)
    arrival_ms = int((world.now_s - age_s) * 1000)
    records = [kinesis_record(metric(), position, arrival_ms=arrival_ms) for position in range(number)]
    if is_passed_over:
        assert world.aggregator.aggregate({"Records": records}, 30) == {"batchItemFailures": []}
        assert json.loads(capsys.readouterr().out)["passed_over"] == "request/0+="
    else:
        with pytest.raises(type(error)):
            world.aggregator.aggregate({"Records": records}, 30)
