"""The same records give the same answers, whichever store the points are in."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from handlers.domain.exports.hour import Hour, hours_between
from handlers.domain.timestamp import NS_PER_S
from handlers.vocabulary import LAKE, TIMESTREAM
from local.accounting import stored_points, superseded_points
from ops.history.asked import asked_of
from ops.history.stored import StoredHistory
from ops.store.port import Store
from tests.support.both_stores import BothStores, both_stores
from tests.support.events import kinesis_record
from tests.support.rules import a_rule

pytestmark = pytest.mark.pipeline

MINUTES = 50
HOSTS = ("a", "it's", 'quo"te', "ümlaut", "")
POINTS = {
    TIMESTREAM: """SELECT metric_name, metric_type, host, "the.zone", to_nanoseconds(time), value FROM {points}""",
    LAKE: "SELECT metric_name, metric_type, host, the__zone, time_ns, value FROM {points}",
}
Record = dict[str, Any]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BothStores]:
    """Both stores, empty."""
    with pytest.MonkeyPatch.context() as patch, both_stores(tmp_path_factory.mktemp("data"), patch) as both:
        yield both


class Clients:
    """Clients that correct, repeat and mistype, and what must be stored of it in the end."""

    def __init__(self, now_ms: int, seed: int) -> None:
        self._chance, self._now_ms = random.Random(seed), now_ms
        self.accepted = self.bad = 0
        self.kept: dict[tuple[Any, ...], float] = {}

    def record(self, position: int) -> Record:
        """A request of some points, which arrived a second after the one before it."""
        arrival_ms = self._now_ms - 1_000_000 + position * 1000
        metrics = [self._metric(arrival_ms) for _ in range(self._chance.randint(1, 30))]
        self.accepted += len(metrics)
        return kinesis_record(
            {"metrics": metrics}, position, request_id=f"r{position:05}=", arrival_ms=arrival_ms
        )

    def _metric(self, arrival_ms: int) -> dict[str, Any]:
        chance = self._chance
        name, host = chance.choice(("cpu", "disk.used")), chance.choice(HOSTS)
        minute = chance.randint(1, MINUTES)
        metric: dict[str, Any] = {
            "metric_name": name,
            "value": round(chance.uniform(-1e6, 1e6), 3),
            "timestamp": arrival_ms - minute * 60_000 - arrival_ms % 60_000,
            "dimensions": {"host": host, "the.zone": "z"} if chance.random() < 0.7 else {"host": host},
        }
        if not host:  # an empty dimension is refused, that point alone
            self.bad += 1
        else:
            series = (name, "application", host, metric["dimensions"].get("the.zone"))
            key = (*series, metric["timestamp"] * 1_000_000)
            self.kept[key] = metric["value"]  # records are made in the order in which they arrive
        return metric


RULES = [
    a_rule(rule_id="hot", metric_name="cpu", by=["host", "the.zone"], period=60),
    a_rule(
        rule_id="grows", metric_name="disk.used", statistic="increase", by=["host"], match={"the.zone": "z"}
    ),
    a_rule(rule_id="none", metric_name="cpu", by=["rack"], match={"rack": "it's"}),
]


def _history(store: Store, now_ms: int) -> list[tuple[Any, ...]]:
    """The points that those rules ask for, as a back-test reads them, by the start of their minute."""
    first, last = Hour.containing(now_ms / 1000 - 7_200), Hour.containing(now_ms / 1000)
    history = StoredHistory(store, asked_of(RULES), last)
    return sorted((
        (metric.metric_name, one.metric_type, dict(one.dimensions).get("host"), dict(one.dimensions).get("the.zone"),
         at * metric.unit_ns // (60 * NS_PER_S), value)
        for hour in hours_between(first, last)
        for part in history.slices(hour)
        for metric in history.metrics
        for one in history.read(metric, part)
        for at, value in zip(one.times, one.values, strict=True)), key=repr)  # fmt: skip


def _kept(clients: "Clients") -> list[tuple[Any, ...]]:
    """The same, of what clients sent."""
    return sorted(
        (
            (name, metric_type, host, zone, time_ns // (60 * NS_PER_S), value)
            for (name, metric_type, host, zone, time_ns), value in clients.kept.items()
            if name == "cpu" or zone == "z"
        ),
        key=repr,
    )


def test_the_same_records_in_any_weather_give_the_same_points(stores: BothStores) -> None:
    """Batches out of order, repeated whole and in parts, corrections before what they correct; nothing is lost."""
    clients, chance = Clients(stores.now_ms(), 13), random.Random(7)
    records = [clients.record(position) for position in range(60)]
    batches = [records[begin : begin + 4] for begin in range(0, len(records), 4)]
    again = [part for batch in chance.sample(batches, 8) for part in (batch, batch[:2], batch[2:])]
    order = [*batches, *again]
    chance.shuffle(order)
    for batch in order:
        stores.deliver(batch)
    wanted = sorted(([*key, value] for key, value in clients.kept.items()), key=repr)
    for kind, sql in POINTS.items():
        assert sorted(stores.rows(kind, sql), key=repr) == wanted, kind
        assert stores.quarantined(kind) == clients.bad
        assert _history(stores.stores[kind], stores.now_ms()) == _kept(clients), kind
    lake = stores.stores[LAKE]
    assert clients.accepted == stored_points(lake) + superseded_points(lake) + clients.bad
