"""The loads of the alerts' benchmark, in small: what they tell of holds for as many rules and groups as there are."""

from dataclasses import replace

import pytest

from benchmarks.alert_scale import (
    LOADS,
    SHARDS,
    ScaleLoad,
    Used,
    aggregate,
    dollars_a_month,
    evaluate,
    prepare,
)
from handlers.vocabulary import (
    ALERT_RULES_KEY,
    ALERT_WINDOWS_KEY,
    ALERTS_KEY,
    OPEN_INDEX,
    OPEN_KEY,
    SILENCES_KEY,
)
from tests.support.memory_dynamodb import MemoryDynamoDB, MemoryTables

_NAMES = {
    name: name for name in ("AlertRulesTable", "AlertWindowsTable", "AlertsTable", "AlertSilencesTable")
}
_BATCHES = 6 * SHARDS


def run(load: ScaleLoad) -> tuple[list[Used], list[Used]]:
    """The use that both functions make of everything, over tables in memory."""
    keys = (ALERT_RULES_KEY, ALERT_WINDOWS_KEY, ALERTS_KEY, SILENCES_KEY)
    tables = {
        name: MemoryDynamoDB(name, key, {OPEN_INDEX: OPEN_KEY} if name == "AlertsTable" else {})
        for name, key in zip(_NAMES, keys, strict=True)
    }
    dynamodb = MemoryTables(tables)
    prepare(load, dynamodb, _NAMES)
    return aggregate(load, dynamodb, _NAMES), evaluate(load, dynamodb, _NAMES)


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


@pytest.mark.parametrize("name", LOADS)
def test_loads_tell_what_they_are_named_for(name: str) -> None:
    """Groups that fire are notified once, and once when they resolve; healthy ones never."""
    load = replace(LOADS[name], rules=2, groups=SHARDS * 3)
    aggregated, evaluated = run(load)
    assert all(used.invocations == _BATCHES for used in aggregated)
    told = [interval.name for interval in load.intervals if interval.name]
    changing = {"all fire", "all resolve", "all fire by late points"}
    assert [used.details["notified"] for used in evaluated] == [
        load.rules * load.groups if said in changing else 0 for said in told
    ]
    assert all(used.details["rounds"] == 1 for used in evaluated)


def test_what_an_interval_costs_grows_with_the_alerts_that_fire_and_no_faster() -> None:
    """Two or three write units for each, and a page of forty messages for each forty."""
    few, many = (
        run(ScaleLoad(1, groups, LOADS["10-rules-1000-groups-fire"].intervals))[1][0] for groups in (40, 160)
    )
    assert many.writes - few.writes == pytest.approx(2 * 120, rel=0.6)
    assert many.details["pages"] == 4 * few.details["pages"]
    assert many.reads < 8 * few.reads


def test_each_chunk_reads_everything_so_rules_are_in_few() -> None:
    """A thousand rules in four chunks, each of which reads the rules and the windows once."""
    [used] = run(ScaleLoad(1_000, 1))[1]
    assert used.details["chunks"] == 4
    assert used.calls < 4 * 40
    assert used.invocations == 1 + 4


def test_a_sketch_of_few_points_costs_less_than_twice_a_sum() -> None:
    """A thousand groups with up to ten points each in a batch, by the units of both."""
    dollars = {}
    for statistic in ("avg", "p99"):
        load = ScaleLoad(1, 1_000, points=10, fields={"statistic": statistic})
        [[_, before], [used]] = run(load)
        before.seconds = used.seconds = 0.0
        dollars[statistic] = dollars_a_month(before, used)
    assert 1.0 < dollars["p99"] / dollars["avg"] < 2.0
