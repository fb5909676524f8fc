"""Whole batches under random faults, until the stream has nothing left to send again."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.adapters.timestream.store import TimestreamStore
from handlers.adapters.timestream.wire import write_client
from handlers.domain.errors import TransientError
from handlers.domain.ingest.batch import Ports, Report, write_batch
from handlers.domain.ingest.envelope import StreamRecord, read_records
from tests.support.events import ARRIVAL_MS, batch, kinesis_record, metric
from tests.support.fake_ports import Clock, FakeQuarantine, FakeRegistry
from tests.support.fake_timestream import FakeTimestream, Fault
from tests.support.points import LIMITS

STORABLE = ("cpu", "mem")
REFUSED_BY_STORE = "refused"
POISON = "poison"  # a whole call that holds it is refused
MINUTE_MS = 60_000

good = st.builds(
    metric,
    st.sampled_from(STORABLE),
    st.integers(0, 3),
    timestamp=st.sampled_from([ARRIVAL_MS - MINUTE_MS, ARRIVAL_MS - 2 * MINUTE_MS]),
    dimensions=st.sampled_from([{}, {"host": "a"}, {"host": "b"}, {"host": "a", "az": "1"}]),
)
unstamped = st.builds(metric, st.sampled_from(STORABLE), st.integers(0, 3))
refused = st.builds(metric, st.sampled_from([REFUSED_BY_STORE, POISON]), timestamp=st.just(ARRIVAL_MS))
invalid = st.sampled_from(
    [
        "not an object",
        metric(value="1"),
        metric(timestamp=ARRIVAL_MS + 16 * MINUTE_MS),
        metric(dimensions={"time": "now"}),
        metric(dimensions={"HOST": "a", "host": "a"}),
    ]
)
metrics = st.lists(st.one_of(good, good, good, unstamped, refused, invalid), min_size=1, max_size=12)
bodies = st.one_of(
    metrics.map(lambda items: batch(*items)), metrics.map(lambda items: batch(*items)), st.just(b"{")
)
FAULTS = (
    None,
    None,
    None,
    Fault("ThrottlingException"),
    Fault("InternalServerException", 500),
    Fault("Odd", 503),
)


def settle(
    records: Sequence[StreamRecord], write: Callable[[Sequence[StreamRecord]], Report]
) -> list[Report]:
    """What an event source mapping does: sends again from the record it is told."""
    reports = []
    while records:
        reports.append(write(records))
        start = reports[-1].retry_from
        records = [record for record in records if start is not None and record.sequence >= start]
        assert len(reports) < 200
    return reports


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A client that signs, to nobody."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield write_client(8)


@given(
    contents=st.lists(bodies, min_size=1, max_size=6),
    seed=st.integers(0, 10_000),
    seconds=st.sampled_from([0.05, 0.5, 30.0]),
)
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_every_point_comes_to_exactly_one_end(
    client: Any, contents: list[Any], seed: int, seconds: float
) -> None:
    """Whatever fails on the way, accepted = stored + superseded + quarantined, and the store holds the right values."""
    chance = random.Random(seed)  # noqa: S311 -- faults, not secrets
    faults_left = 25

    def fails() -> bool:
        nonlocal faults_left
        faults_left -= 1
        return faults_left > 0 and chance.random() < 0.3

    def fault(_: int, body: dict[str, Any]) -> Fault | None:
        if POISON in str(body):
            return Fault("ValidationException", message="poison")
        return chance.choice(FAULTS) if fails() else None

    timestream = FakeTimestream(fault=fault, refuses=frozenset({REFUSED_BY_STORE}))
    clock = Clock()
    quarantine = FakeQuarantine(fails=fails)
    store = TimestreamStore(
        timestream.behind(client), "metrics_dev", "metrics", sleep=clock.sleep, jitter=lambda: 0.5
    )
    heard: set[int] = set()

    def on_stored(times: Sequence[int]) -> None:
        if fails():
            raise TransientError("UpdateItem: ThrottlingException")
        heard.update(times)

    registry = FakeRegistry(fails=fails, rivals=[["region"], ["zone"]])
    ports = Ports(registry, store, LIMITS, quarantine, on_stored)
    records = read_records(
        {
            "Records": [
                kinesis_record(body, position, arrival_ms=ARRIVAL_MS + position // 2)
                for position, body in enumerate(contents)
            ]
        }
    )
    reports = settle(records, lambda some: write_batch(some, ports, clock.deadline(seconds)))

    settled = [request for report in reports for request in report.settled]
    assert [request.record.sequence for request in settled] == [record.sequence for record in records]
    for request, body in zip(settled, contents, strict=True):
        assert request.received == (len(body["metrics"]) if isinstance(body, dict) else 1)
        assert request.received == request.stored + request.superseded + len(request.quarantined)
    lines = Counter((line["request_id"], line["index"]) for line in quarantine.lines())
    assert max(lines.values(), default=1) == 1
    assert set(lines) == {
        (request.record.request_id, item.index) for request in settled for item in request.quarantined
    }
    assert heard >= {time_ns for _, _, time_ns in timestream.rows}
    stamped, unstamped_values = expected(contents)
    stored = {
        (row[0], row[2]): value
        for row, value in timestream.values().items()
        if row[2] // 1_000_000 < ARRIVAL_MS
    }
    assert stored == stamped
    assert sorted(
        value for row, value in timestream.values().items() if row[2] // 1_000_000 >= ARRIVAL_MS
    ) == sorted(unstamped_values)


def expected(contents: list[Any]) -> tuple[dict[Any, float], list[float]]:
    """The rows that must be there in the end: the last of each series and time; unstamped points all stay."""
    rows: dict[Any, float] = {}
    unstamped_values = []
    for body in contents:
        for item in body["metrics"] if isinstance(body, dict) else ():
            if not storable(item):
                continue
            if "timestamp" not in item:
                unstamped_values.append(float(item["value"]))
                continue
            series = {"metric_name": item["metric_name"], "metric_type": "application", **item["dimensions"]}
            rows[tuple(sorted(series.items())), item["timestamp"] * 1_000_000] = float(item["value"])
    return rows, unstamped_values


def storable(item: Any) -> bool:
    """True if the metric is one of the good or the unstamped ones."""
    return isinstance(item, dict) and item["metric_name"] in STORABLE
