"""A batch: what becomes of it case by case, and whole batches under random faults."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.adapters.lake.store import LakeStore
from handlers.adapters.timestream.store import TimestreamStore
from handlers.adapters.timestream.wire import PooledWire
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.batch import Ports, Report, ignore, write_batch
from handlers.domain.ingest.envelope import StreamRecord, read_records
from handlers.domain.ingest.formats.redriven import redriven_body
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point, versions_of
from handlers.domain.violation import Reason, Violation
from tests.support.events import ARRIVAL_MS, FIRST_SEQUENCE, batch, kinesis_record, metric, records
from tests.support.fake_ports import Clock, FakeQuarantine, FakeRegistry
from tests.support.fake_s3 import FakeS3, refusal
from tests.support.fake_timestream import FakeTimestream, Fault
from tests.support.points import LIMITS

AT = ARRIVAL_MS - 1000
TOO_OLD = Violation(Reason.REJECTED_BY_STORE, "metric", "too old")

STORABLE = ("cpu", "mem")
REFUSED_BY_STORE = "refused"
POISON = "poison"  # a whole call that holds it is refused
MINUTE_MS = 60_000


class Store:
    """Answers as the test wants, and remembers what it was asked to write."""

    def __init__(
        self,
        outcome: Callable[[Point], Outcome | Violation] = lambda _: Outcome.STORED,
        *,
        keeps_every_version: bool = False,
    ) -> None:
        self.written: list[list[tuple[str, float]]] = []
        self.keeps_every_version = keeps_every_version
        self._outcome = outcome

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """Every point comes to the end that the test has chosen."""
        assert self.keeps_every_version or len(versions_of(points)) == len(points)
        self.written.append([(point.series.metric_name, point.value) for point in points])
        return Written([self._outcome(point) for point in points], calls=1)


def work(
    *bodies: object,
    store: Store | None = None,
    registry: FakeRegistry | None = None,
    quarantine: FakeQuarantine | None = None,
    on_stored: Callable[[Sequence[int]], object] = len,
    on_admitted: Callable[[Sequence[int]], object] = len,
) -> Report:
    """One batch of these bodies."""
    ports = Ports(
        registry or FakeRegistry(),
        store or Store(),
        LIMITS,
        quarantine or FakeQuarantine(),
        lambda times_ns, _: on_stored(times_ns),
        lambda times_ns, _: on_admitted(times_ns),
    )
    return write_batch(records(*bodies), ports, Clock().deadline(10))


def accounts(report: Report) -> list[tuple[int, int, int, int]]:
    """Received, stored, superseded and refused, for each request."""
    return [(r.received, r.stored, r.superseded, len(r.quarantined)) for r in report.settled]


def test_the_last_of_a_series_and_time_wins() -> None:
    """In a request, the one that stands last; in a batch, the one that arrived last. The others are superseded."""
    store = Store()
    twice = batch(metric(value=1, timestamp=AT), metric(value=2, timestamp=AT))
    assert accounts(work(twice, metric("other"), store=store)) == [(2, 1, 1, 0), (1, 1, 0, 0)]
    assert store.written[0][0] == ("cpu.load", 2.0)
    store = Store()
    assert accounts(work(twice, metric(value=3, timestamp=AT), store=store)) == [(2, 0, 2, 0), (1, 1, 0, 0)]
    assert store.written == [[("cpu.load", 3.0)]]


def test_a_store_that_keeps_every_version_is_given_them_all() -> None:
    """In one call; those that lose within the batch are counted as superseded, and all of them are reported."""
    store, reported = Store(keeps_every_version=True), list[Sequence[int]]()
    report = work(
        batch(metric(value=1, timestamp=AT), metric(value=2, timestamp=AT)),
        metric(value=3, timestamp=AT),
        metric("other"),
        store=store,
        on_stored=reported.append,
    )
    assert accounts(report) == [(2, 0, 2, 0), (1, 1, 0, 0), (1, 1, 0, 0)]
    assert [[value for _, value in call] for call in store.written] == [[1.0, 2.0, 3.0, 0.5]]
    assert [len(times) for times in reported] == [4]
    assert report.calls == 1


@pytest.mark.parametrize("keeps_every_version", [True, False])
def test_a_point_that_two_redrives_sent_is_no_version_of_itself(keeps_every_version: bool) -> None:
    """Both copies count as stored, or as superseded by what came after the first request; never as both."""
    [first] = records(metric(value=1, timestamp=AT), arrival_ms=ARRIVAL_MS - 5000)
    body = redriven_body(first, 1, {0: metric(value=1, timestamp=AT)})
    twice = [kinesis_record(body, position, partition_key=f"redriven/-/r{position}") for position in (0, 1)]
    corrected = kinesis_record(metric(value=2, timestamp=AT), 2)
    for sent, expected in (
        (twice, [(1, 1, 0, 0), (1, 1, 0, 0)]),
        ([*twice, corrected], [(1, 0, 1, 0), (1, 0, 1, 0), (1, 1, 0, 0)]),
    ):
        ports = Ports(
            FakeRegistry(),
            Store(keeps_every_version=keeps_every_version),
            LIMITS,
            FakeQuarantine(),
            on_stored=ignore,
        )
        report = write_batch(read_records({"Records": sent}), ports, Clock().deadline(10))
        assert accounts(report) == expected


def test_a_version_whose_object_was_not_written_waits_alone() -> None:
    """The others are in the store, each by itself, and settled if they stand before it."""
    store = Store(
        lambda point: Outcome.RETRY if point.value == 2 else Outcome.STORED, keeps_every_version=True
    )
    report = work(metric(value=1, timestamp=AT), metric(value=2, timestamp=AT), metric(value=3), store=store)
    assert (report.retry_from, accounts(report)) == (FIRST_SEQUENCE + 1, [(1, 1, 0, 0)])


def test_what_lost_to_a_refused_point_takes_its_place() -> None:
    """A point is only superseded by one that is there."""
    store = Store(lambda point: TOO_OLD if point.value == 2 else Outcome.STORED)
    report = work(batch(metric(value=1, timestamp=AT), metric(value=2, timestamp=AT)), store=store)
    assert accounts(report) == [(2, 1, 0, 1)]
    assert store.written == [[("cpu.load", 2.0)], [("cpu.load", 1.0)]]


def test_what_lost_to_a_transient_failure_waits_with_it() -> None:
    """Neither request is settled until the later one is stored."""
    store = Store(lambda _: Outcome.RETRY)
    report = work(metric(value=1, timestamp=AT), metric(value=2, timestamp=AT), store=store)
    assert (report.retry_from, report.settled) == (FIRST_SEQUENCE, [])


def test_the_retry_starts_at_the_first_transient_failure() -> None:
    """What is before it is settled, even if it was bad; nothing after it is counted or quarantined."""
    quarantine = FakeQuarantine()
    store = Store(lambda point: Outcome.RETRY if point.series.metric_name == "slow" else Outcome.STORED)
    report = work(
        metric(), b"{", batch(metric(), metric("slow")), metric(), b"[", store=store, quarantine=quarantine
    )
    assert (report.retry_from, report.retry_request) == (FIRST_SEQUENCE + 2, "request/2+=")
    assert accounts(report) == [(1, 1, 0, 0), (1, 0, 0, 1)]
    assert [line["request_id"] for line in quarantine.lines()] == ["request/1+="]
    [key] = quarantine.objects
    assert key.endswith(f"-{FIRST_SEQUENCE}-{FIRST_SEQUENCE + 1}.jsonl")


def test_the_retry_of_the_rest_adds_another_object() -> None:
    """Quarantined lines of the first attempt are not replaced by those of the second."""
    quarantine = FakeQuarantine()
    failing = [True]
    store = Store(lambda _: Outcome.RETRY if failing[0] else Outcome.STORED)
    bodies = records(b"{", batch(metric(), metric(value="x")))
    ports = Ports(FakeRegistry(), store, LIMITS, quarantine, ignore)
    first = write_batch(bodies, ports, Clock().deadline(10))
    failing[0] = False
    write_batch([r for r in bodies if r.sequence >= (first.retry_from or 0)], ports, Clock().deadline(10))
    assert [(line["request_id"], line["index"]) for line in quarantine.lines()] == [
        ("request/0+=", 0),
        ("request/1+=", 1),
    ]


def test_when_the_quarantine_fails_the_retry_starts_at_the_first_refusal() -> None:
    """What is before it is settled."""
    report = work(metric(), metric(value="x"), metric(), quarantine=FakeQuarantine(fails=lambda: True))
    assert (report.retry_from, accounts(report)) == (FIRST_SEQUENCE + 1, [(1, 1, 0, 0)])
    assert report.causes == ["PutObject: SlowDown"]


def test_when_the_registry_fails_only_unknown_names_wait() -> None:
    """Points whose names are known are stored meanwhile."""
    report = work(
        metric(),
        metric(dimensions={"new": "x"}),
        registry=FakeRegistry(fails=lambda: True),
    )
    assert (report.retry_from, accounts(report)) == (FIRST_SEQUENCE + 1, [(1, 1, 0, 0)])


def test_points_that_break_a_rule_use_up_no_dimension_name() -> None:
    """Names are only admitted for points that are otherwise good."""
    registry = FakeRegistry()
    work(
        metric(value="x", dimensions={"new": "x"}),
        metric(timestamp=0, dimensions={"old": "x"}),
        registry=registry,
    )
    assert registry.stored == {}


def test_an_unreadable_record_counts_as_one_point() -> None:
    """It is told apart, and its neighbours are stored."""
    report = work(b"\x00", metric())
    assert accounts(report) == [(1, 0, 0, 1), (1, 1, 0, 0)]
    assert [request.unreadable for request in report.settled] == [True, False]


def test_a_late_point_that_lost_is_superseded() -> None:
    """The store has a later version of it."""
    assert accounts(work(metric(), store=Store(lambda _: Outcome.SUPERSEDED))) == [(1, 0, 1, 0)]


def test_what_an_operator_must_mend_stops_the_batch() -> None:
    """Nothing is quarantined for it."""

    def broken(point: Point) -> Any:
        raise ConfigurationError("WriteRecords: AccessDeniedException")

    quarantine = FakeQuarantine()
    with pytest.raises(ConfigurationError):
        work(metric(), b"{", store=Store(broken), quarantine=quarantine)
    assert quarantine.objects == {}


def test_the_times_of_what_is_stored_are_reported() -> None:
    """Only of what is stored: what was refused, superseded or must be retried is not there to be exported."""
    ends: dict[str, Outcome | Violation] = {"late": Outcome.SUPERSEDED, "slow": Outcome.RETRY, "old": TOO_OLD}
    heard: list[int] = []
    some = [metric(name, timestamp=AT + n) for n, name in enumerate(["a", "late", "slow", "old", "b"])]
    work(
        *some,
        store=Store(lambda point: ends.get(point.series.metric_name, Outcome.STORED)),
        on_stored=heard.extend,
    )
    assert heard == [AT * 1_000_000, (AT + 4) * 1_000_000]


def test_when_stored_points_cannot_be_reported_they_come_again() -> None:
    """A late point that its hour does not know of would be missing from its export."""

    def failing(times: Sequence[int]) -> None:
        raise TransientError("UpdateItem: InternalServerError")

    report = work(b"{", metric(), on_stored=failing)
    assert (report.retry_from, accounts(report)) == (FIRST_SEQUENCE + 1, [(1, 0, 0, 1)])
    assert report.causes == ["UpdateItem: InternalServerError"]


def test_the_times_of_points_are_announced_before_they_are_stored() -> None:
    """An hour that has points is known as one before it has them, whatever becomes of the write."""
    happened: list[str] = []

    def stored(_: Point) -> Outcome:
        happened.append("stored")
        return Outcome.RETRY

    work(
        metric("a", timestamp=AT), store=Store(stored), on_admitted=lambda times: happened.append(f"{times}")
    )
    assert happened == [f"[{AT * 1_000_000}]", "stored"]


def test_points_that_cannot_be_announced_are_not_stored_but_come_again() -> None:
    """What is refused in the same batch before them is settled all the same."""

    def failing(times: Sequence[int]) -> None:
        raise TransientError("UpdateItem: InternalServerError")

    store = Store()
    report = work(b"{", metric(), store=store, on_admitted=failing)
    assert (report.retry_from, accounts(report)) == (FIRST_SEQUENCE + 1, [(1, 0, 0, 1)])
    assert (report.causes, store.written) == (["UpdateItem: InternalServerError"], [])


def test_a_batch_without_points_calls_no_port() -> None:
    """Nothing to write, nothing to look up."""
    store = Store()
    registry = FakeRegistry()
    assert accounts(work(b"{", store=store, registry=registry)) == [(1, 0, 0, 1)]
    assert (store.written, registry.refreshes) == ([], 0)


# --- under random faults ---

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
    """A client that signs, without a network."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield PooledWire(8)


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
    chance = random.Random(seed)
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

    def on_stored(times: Sequence[int], _: Deadline) -> None:
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


@given(
    contents=st.lists(bodies, min_size=1, max_size=6),
    seed=st.integers(0, 10_000),
    seconds=st.sampled_from([0.05, 0.5, 30.0]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_version_lies_in_the_lake_once(contents: list[Any], seed: int, seconds: float) -> None:
    """Whatever fails on the way, and read again in other batches: accepted = versions in the lake + quarantined.

    The greatest version of each point is the one that a reader shall have.
    """
    chance = random.Random(seed)
    faults_left = 25

    def fails() -> bool:
        nonlocal faults_left
        faults_left -= 1
        return faults_left > 0 and chance.random() < 0.3

    def may_fail(_: object) -> None:
        if fails():
            raise refusal(chance.choice(["SlowDown", "InternalError", "RequestTimeout"]))

    def on_stored(_times_ns: Sequence[int], _deadline: Deadline) -> None:
        if fails():
            raise TransientError("UpdateItem: ThrottlingException")

    s3, clock, quarantine = FakeS3(may_fail, may_fail), Clock(), FakeQuarantine(fails=fails)
    store = LakeStore(s3, "exports", sleep=clock.sleep, jitter=lambda: 0.5)
    registry = FakeRegistry(fails=fails, rivals=[["region"], ["zone"]])
    ports = Ports(registry, store, LIMITS, quarantine, on_stored)
    batch_records = records(*contents)
    reports = settle(batch_records, lambda some: write_batch(some, ports, clock.deadline(seconds)))
    settled = [request for report in reports for request in report.settled]
    for request in settled:
        assert request.received == request.stored + request.superseded + len(request.quarantined)

    in_lake = versions(s3)
    accepted = sum(request.received for request in settled)
    assert accepted == len(in_lake) + sum(len(request.quarantined) for request in settled)
    assert winners(in_lake) == expected(contents)[0]

    faults_left = 0
    cut = chance.randrange(len(batch_records) + 1)
    for again in (batch_records[:cut], batch_records[cut:], batch_records):
        settle(again, lambda some: write_batch(some, ports, clock.deadline(30)))
    assert versions(s3) == in_lake


def versions(s3: FakeS3) -> dict[tuple[Any, ...], Any]:
    """The lines of all objects, each version of a point once."""
    return {
        (line["series"], line["time_ns"], line["version"], line["request"], line["index"]): line
        for line in s3.lines()
    }


def winners(lines: dict[tuple[Any, ...], Any]) -> dict[Any, float]:
    """The values that count of stamped points that both stores take."""
    read = {}
    for _, line in sorted(lines.items()):
        if line["metric_name"] in STORABLE and line["time_ns"] < ARRIVAL_MS * 1_000_000:
            series = {"metric_name": line["metric_name"], "metric_type": line["metric_type"], **line["dims"]}
            read[tuple(sorted(series.items())), line["time_ns"]] = line["value"]
    return read
