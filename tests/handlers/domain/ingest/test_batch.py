"""What becomes of a batch, case by case."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.batch import Ports, Report, write_batch
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point, versions_of
from handlers.domain.violation import Reason, Violation
from tests.support.events import ARRIVAL_MS, FIRST_SEQUENCE, batch, metric, records
from tests.support.fake_ports import Clock, FakeQuarantine, FakeRegistry
from tests.support.points import LIMITS

AT = ARRIVAL_MS - 1000
TOO_OLD = Violation(Reason.REJECTED_BY_STORE, "metric", "too old")


class Store:
    """Answers as the test wants, and remembers what it was asked to write."""

    def __init__(self, outcome: Callable[[Point], Outcome | Violation] = lambda _: Outcome.STORED) -> None:
        self.written: list[list[tuple[str, float]]] = []
        self._outcome = outcome

    def write(self, points: Sequence[Point], deadline: Deadline) -> Written:
        """Every point comes to the end that the test has chosen."""
        assert len(versions_of(points)) == len(points)
        self.written.append([(point.series.metric_name, point.value) for point in points])
        return Written([self._outcome(point) for point in points], calls=1)


def work(
    *bodies: object,
    store: Store | None = None,
    registry: FakeRegistry | None = None,
    quarantine: FakeQuarantine | None = None,
    on_stored: Callable[[Sequence[int]], object] = len,
) -> Report:
    """One batch of these bodies."""
    ports = Ports(
        registry or FakeRegistry(), store or Store(), LIMITS, quarantine or FakeQuarantine(), on_stored
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
    assert report.retry_from == FIRST_SEQUENCE + 2
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
    ports = Ports(FakeRegistry(), store, LIMITS, quarantine, len)
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


def test_the_times_of_what_is_stored_are_told() -> None:
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


def test_when_nobody_hears_of_it_the_points_come_again() -> None:
    """A late point that its hour does not know of would be missing from its export."""

    def deaf(times: Sequence[int]) -> None:
        raise TransientError("UpdateItem: InternalServerError")

    report = work(b"{", metric(), on_stored=deaf)
    assert (report.retry_from, accounts(report)) == (FIRST_SEQUENCE + 1, [(1, 0, 0, 1)])
    assert report.causes == ["UpdateItem: InternalServerError"]


def test_an_empty_batch_of_points_asks_nobody() -> None:
    """Nothing to write, nothing to look up."""
    store = Store()
    registry = FakeRegistry()
    assert accounts(work(b"{", store=store, registry=registry)) == [(1, 0, 0, 1)]
    assert (store.written, registry.refreshes) == ([], 0)
