"""The Timestream adapter, over both real wires: what is asserted is the same for either."""

import threading
import time
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from handlers.adapters.timestream.sdk_wire import SdkWire
from handlers.adapters.timestream.store import TimestreamStore
from handlers.adapters.timestream.wire import Ended, PooledWire, Wire
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point
from handlers.domain.violation import Violation
from tests.support.events import ARRIVAL_MS
from tests.support.fake_ports import Clock
from tests.support.fake_timestream import FakeTimestream, Fault
from tests.support.points import point
from tests.support.scripted_socket import ANSWER, Heard, ScriptedSocket, scripted_socket

THROTTLE = Fault("ThrottlingException")
Connected = tuple[ScriptedSocket, Wire, TimestreamStore]


def points(count: int, version: int = 1, value: float = 0.5) -> list[Point]:
    """Points that differ in their host."""
    return [
        point("cpu", (("host", f"h{n:03}"),), time_ns=ARRIVAL_MS * 1_000_000, value=value, version=version)
        for n in range(count)
    ]


class Bench:
    """A store on the fake, and its clock."""

    def __init__(
        self, timestream: FakeTimestream, wire: type[PooledWire] | type[SdkWire], jitter: float = 1.0
    ) -> None:
        self.timestream = timestream
        self.clock = Clock()
        self.store = TimestreamStore(
            timestream.behind(wire(8)),
            "metrics_dev",
            "metrics",
            sleep=self.clock.sleep,
            jitter=lambda: jitter,
        )

    def write(self, some: list[Point], seconds: float = 60) -> Written:
        """Writes within that many seconds of the bench's clock."""
        return self.store.write(some, self.clock.deadline(seconds))


@pytest.fixture(params=[PooledWire, SdkWire])
def wire(request: pytest.FixtureRequest) -> type[PooledWire] | type[SdkWire]:
    """Each of the two wires."""
    found: type[PooledWire] | type[SdkWire] = request.param
    return found


@pytest.fixture
def bench(timestream: FakeTimestream, wire: type[PooledWire] | type[SdkWire]) -> Bench:
    """A store that works."""
    return Bench(timestream, wire)


def test_points_are_written_in_calls_of_a_hundred(bench: Bench) -> None:
    """All are stored, in the table that was asked for."""
    written = bench.write(points(250))
    assert written == Written([Outcome.STORED] * 250, calls=3)
    assert len(bench.timestream.rows) == 250
    assert {(call["DatabaseName"], call["TableName"]) for call in bench.timestream.calls} == {
        ("metrics_dev", "metrics")
    }


def test_what_is_shared_is_sent_once(bench: Bench) -> None:
    """Dimensions, time and version that are the same stand in the common attributes alone."""
    bench.write(points(2))
    [call] = bench.timestream.calls
    assert call["CommonAttributes"] == {
        "Dimensions": [{"Name": "metric_name", "Value": "cpu"}, {"Name": "metric_type", "Value": "system"}],
        "MeasureName": "metric",
        "MeasureValueType": "MULTI",
        "TimeUnit": "NANOSECONDS",
        "Time": str(ARRIVAL_MS * 1_000_000),
        "Version": 1,
    }
    assert call["Records"][0] == {
        "Dimensions": [{"Name": "host", "Value": "h000"}],
        "MeasureValues": [{"Name": "value", "Value": "0.5", "Type": "DOUBLE"}],
    }


@pytest.mark.parametrize("value", [0.1, 1e300, 5e-324, -0.0, 1 / 3, 2.0**53 + 2])
def test_values_arrive_exactly(bench: Bench, value: float) -> None:
    """Every double survives the way to the store."""
    bench.write(points(1, value=value))
    assert list(map(repr, bench.timestream.values().values())) == [repr(value)]


def test_throttling_is_waited_out(bench: Bench) -> None:
    """Retries back off exponentially inside the time that is left, and are counted."""
    bench.timestream.fault = lambda number, _: THROTTLE if number < 5 else None
    written = bench.write(points(3))
    assert written == Written([Outcome.STORED] * 3, calls=5, throttles=4)
    assert bench.clock.now == pytest.approx(0.2 + 0.4 + 0.8 + 1.6)


def test_pauses_are_drawn_from_the_whole_span(
    timestream: FakeTimestream, wire: type[PooledWire] | type[SdkWire]
) -> None:
    """Full jitter keeps functions that were throttled together from coming back together."""
    bench = Bench(timestream, wire, jitter=0.25)
    timestream.fault = lambda number, _: THROTTLE if number < 3 else None
    bench.write(points(1))
    assert bench.clock.now == pytest.approx((0.2 + 0.4) / 4)


def test_backing_off_has_a_ceiling(bench: Bench) -> None:
    """No pause is longer than five seconds."""
    bench.timestream.fault = lambda number, _: THROTTLE if number < 20 else None
    bench.write(points(1), seconds=1000)
    assert bench.clock.now == pytest.approx(0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 14 * 5)


@pytest.mark.parametrize(
    "fault",
    [THROTTLE, Fault("InternalServerException", 500), Fault("Odd", 503), Fault("InvalidEndpointException")],
)
def test_what_does_not_pass_in_time_is_left_for_the_retry(bench: Bench, fault: Fault) -> None:
    """Points come back as RETRY by the deadline, with the cause."""
    bench.timestream.fault = lambda *_: fault
    written = bench.write(points(3), seconds=2)
    assert written.outcomes == [Outcome.RETRY] * 3
    assert written.causes == (f"WriteRecords: {fault.code}", "OutOfTime")
    assert bench.clock.now == pytest.approx(0.2 + 0.4 + 0.8)  # the next pause would end after the deadline


def test_a_connection_that_fails_is_tried_again(bench: Bench) -> None:
    """Timeouts and broken connections pass."""
    attempts = []

    def drop(_: bytes) -> None:
        attempts.append(1)
        if len(attempts) < 3:
            raise ReadTimeoutError(endpoint_url="https://example.invalid")

    bench.timestream.before = drop
    assert bench.write(points(1)).outcomes == [Outcome.STORED]
    assert len(attempts) == 3


def test_no_time_means_no_call(bench: Bench) -> None:
    """Nothing is begun after the deadline."""
    assert bench.write(points(1), seconds=0).outcomes == [Outcome.RETRY]
    assert bench.timestream.calls == []


def test_a_call_that_hangs_does_not_hold_the_batch(bench: Bench) -> None:
    """At the deadline, what has not answered is left for the retry, and the rest counts."""
    release = threading.Event()
    some = [*points(1), point("slow0" * 60, time_ns=ARRIVAL_MS * 1_000_000)]

    def hang(body: bytes) -> None:
        if b"slow" in body:
            release.wait(5)

    bench.timestream.before = hang
    many = [one._replace(time_ns=one.time_ns - n) for one in some for n in range(100)]
    deadline = Clock().deadline(0.4)
    written = bench.store.write(many, deadline)
    release.set()
    assert written.outcomes == [Outcome.STORED] * 100 + [Outcome.RETRY] * 100
    assert written.causes == ("OutOfTime",)


def test_an_older_version_is_superseded(bench: Bench) -> None:
    """A point that lost to a later version is told apart from one that is bad; writing it again changes nothing."""
    bench.write(points(2, version=5, value=1.0))
    assert bench.write(points(3, version=4, value=2.0)).outcomes == [
        Outcome.SUPERSEDED,
        Outcome.SUPERSEDED,
        Outcome.STORED,
    ]
    assert bench.write(points(2, version=5, value=1.0)).outcomes == [Outcome.STORED] * 2
    assert sorted(bench.timestream.values().values()) == [1.0, 1.0, 2.0]


def test_what_the_store_rejects_keeps_its_reason(bench: Bench) -> None:
    """The rejected record alone is refused; the rest of its call is stored."""
    some = points(3)
    some[1] = some[1]._replace(time_ns=(ARRIVAL_MS - 31 * 86_400_000) * 1_000_000)
    outcomes = bench.write(some).outcomes
    assert outcomes[::2] == [Outcome.STORED] * 2
    assert isinstance(outcomes[1], Violation)
    assert (outcomes[1].reason, outcomes[1].message) == ("rejected_by_store", "older than the magnetic store")


@pytest.mark.parametrize("code", ["ValidationException", "RejectedRecordsException"])
def test_the_guilty_record_of_a_refused_call_is_found(bench: Bench, code: str) -> None:
    """A call that is refused without naming a record is halved until the guilty ones stand alone."""
    bench.timestream.fault = lambda _, body: Fault(code, message="bad host") if "h042" in str(body) else None
    outcomes = bench.write(points(100)).outcomes
    guilty = outcomes.pop(42)
    assert outcomes == [Outcome.STORED] * 99
    assert guilty == Violation("rejected_by_store", "metric", "bad host")  # type: ignore[arg-type]
    assert len(bench.timestream.calls) == 15


@pytest.mark.parametrize(
    "rejected",
    [
        [{"RecordIndex": 3}],
        [{"RecordIndex": -1}],
        [{"RecordIndex": True}],
        [{"RecordIndex": "0"}],
        [{"Reason": "x"}],
        [],
    ],
    ids=str,
)
def test_rejections_that_name_no_record_are_none(bench: Bench, rejected: object) -> None:
    """The call is halved then, as one that is refused without naming any."""
    _expect_halves(bench, rejected)


@pytest.mark.parametrize("rejected", [["0"], {"RecordIndex": 0}, "0", 7], ids=str)
def test_rejections_that_are_no_list_of_records_are_none_either(
    timestream: FakeTimestream, rejected: object
) -> None:
    """They break botocore's parser, and nothing here."""
    _expect_halves(Bench(timestream, PooledWire), rejected)


def _expect_halves(bench: Bench, rejected: object) -> None:
    bench.timestream.fault = lambda number, _: (
        Fault("RejectedRecordsException", members={"RejectedRecords": rejected}) if number == 1 else None
    )
    assert bench.write(points(3)).outcomes == [Outcome.STORED] * 3
    assert len(bench.timestream.calls) == 3


def test_a_refusal_of_one_call_does_not_stop_the_others(bench: Bench) -> None:
    """What an operator must mend is raised once all that can be stored is."""
    bench.timestream.fault = lambda _, body: Fault("AccessDeniedException") if "h001" in str(body) else None
    with pytest.raises(ConfigurationError):
        bench.write(points(1000))
    assert 900 <= len(bench.timestream.rows) < 1000


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"]
)
def test_what_an_operator_must_mend_is_raised(bench: Bench, code: str) -> None:
    """By its code alone: AWS's messages name accounts."""
    bench.timestream.fault = lambda *_: Fault(code, message="arn:aws:iam::123456789012:role/x")
    with pytest.raises(ConfigurationError) as caught:
        bench.write(points(1))
    assert str(caught.value) == f"WriteRecords: {code}"
    assert isinstance(caught.value.__cause__, ClientError)


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch, wire: type[PooledWire] | type[SdkWire]) -> Iterator[Connected]:
    """A store that is connected to a server on a socket, which accepts everything, in real time."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with scripted_socket() as server:
        found = wire(8, f"http://127.0.0.1:{server.port}")
        yield server, found, TimestreamStore(found, "d", "t", jitter=lambda: 5.0)


class ScriptedWire:
    """A wire whose calls take so many seconds to start, and end as told, one after the other."""

    connections = 2
    most = 0

    def __init__(self, clock: Clock, start_s: float, *errors: Exception | None) -> None:
        self._clock = clock
        self._start_s = start_s
        self._errors = list(errors)
        self._calls: list[object] = []

    @property
    def in_flight(self) -> int:
        """The number of calls that have not ended."""
        return len(self._calls)

    def start(self, _body: bytes, call: object) -> None:
        """Take the call's time."""
        self._clock.sleep(self._start_s)
        self._calls.append(call)
        self.most = max(self.most, len(self._calls))

    def ended(self, timeout_s: float) -> list[Ended]:
        """The end of the first call, or nothing once the time is over."""
        if self._errors and self._calls:
            return [Ended(self._calls.pop(0), self._errors.pop(0))]
        self._clock.sleep(timeout_s)
        return []

    def abandon(self) -> None:
        """Nothing is left of the calls."""
        self._calls.clear()


def test_no_more_calls_are_in_flight_than_there_are_connections() -> None:
    """The next one starts when another has ended."""
    clock = Clock()
    wire = ScriptedWire(clock, 0.0, *[None] * 1000)
    written = TimestreamStore(wire, "d", "t", sleep=clock.sleep).write(points(1000), clock.deadline(60))
    assert written.outcomes == [Outcome.STORED] * 1000
    assert wire.most == 2 < written.calls


def test_answers_that_came_before_the_deadline_count_after_it() -> None:
    """They may have been waiting while the last request was made."""
    clock = Clock()
    store = TimestreamStore(ScriptedWire(clock, 2.0, None), "d", "t", sleep=clock.sleep)
    assert store.write(points(1), clock.deadline(1)) == Written([Outcome.STORED], calls=1)


def test_calls_of_a_batch_that_fails_are_not_heard_of_by_the_next() -> None:
    """Their answers would be taken for those of its own points."""
    clock = Clock()
    wire = ScriptedWire(clock, 0.0, RuntimeError("odd"))
    store = TimestreamStore(wire, "d", "t", sleep=clock.sleep)
    with pytest.raises(RuntimeError):
        store.write(points(150), clock.deadline(60))
    assert not wire.in_flight


def test_a_call_that_hangs_after_it_was_throttled_says_both() -> None:
    """The causes of what is left for the retry are all told."""
    clock = Clock()
    throttle = ClientError({"Error": {"Code": "ThrottlingException"}}, "WriteRecords")
    store = TimestreamStore(ScriptedWire(clock, 0.0, throttle), "d", "t", sleep=clock.sleep)
    written = store.write(points(1), clock.deadline(60))
    assert written.causes == ("WriteRecords: ThrottlingException", "OutOfTime")
    assert written.outcomes == [Outcome.RETRY]


def in_real_time(seconds: float) -> Deadline:
    """A deadline that far from now."""
    return Deadline(time.monotonic() + seconds, time.monotonic)


def test_a_service_that_hangs_past_the_deadline_costs_its_calls_alone(connected: Connected) -> None:
    """The batch ends in time with what has answered, and the next one is written as if nothing had been."""
    server, wire, store = connected
    gone = threading.Event()

    def hang(heard: Heard) -> bytes:
        if b"h00" in heard.body:
            gone.wait(10)
        return ANSWER

    server.answer = hang
    began_s = time.monotonic()
    written = store.write(points(300), in_real_time(1))
    assert time.monotonic() - began_s < 5
    assert set(written.outcomes) == {Outcome.RETRY, Outcome.STORED}
    assert written.outcomes.count(Outcome.RETRY) <= 100
    assert written.causes == ("OutOfTime",)
    gone.set()
    assert wire.ended(0.2) == []
    server.answer = lambda _: ANSWER
    assert store.write(points(300), in_real_time(30)).outcomes == [Outcome.STORED] * 300


def test_a_call_that_backs_off_holds_no_other(connected: Connected) -> None:
    """While it pauses, the others go on."""
    server, _, store = connected
    throttled = b"HTTP/1.1 429 Slow\r\nContent-Length: 33\r\n\r\n" + b'{"__type": "ThrottlingException"}'
    first = threading.Event()

    def throttle(heard: Heard) -> bytes:
        if b"h000" not in heard.body or first.is_set():
            return ANSWER
        first.set()
        return throttled

    server.answer = throttle
    written = store.write(points(3000), in_real_time(30))
    assert written == Written([Outcome.STORED] * 3000, calls=len(server.heard), throttles=1)
    sent, again = (place for place, heard in enumerate(server.heard) if b"h000" in heard.body)
    assert again - sent > 8  # more than those that were on their way with it


def test_the_client_makes_one_attempt_and_keeps_a_connection_for_each_thread() -> None:
    """How long to go on is the store's to decide, which knows the time."""
    config = SdkWire(8).sdk.meta.config
    assert config.retries["total_max_attempts"] == 1
    assert config.max_pool_connections == 8
