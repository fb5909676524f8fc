"""The lake's adapter under everything that S3 may do."""

import random
import threading
from collections.abc import Sequence

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.adapters.lake.store import THREADS, LakeStore
from handlers.domain.errors import ConfigurationError
from handlers.domain.ingest.store import Outcome, Written
from handlers.domain.point import Point, versions_of
from tests.support.fake_ports import Clock
from tests.support.fake_s3 import FakeS3, refusal
from tests.support.lake_points import HOUR_NS, POINTS, START_NS, point, record


def write(s3: FakeS3, points: Sequence[Point], seconds: float = 60) -> Written:
    """Within so many seconds of a clock of its own."""
    clock = Clock()
    store = LakeStore(s3, "exports", sleep=clock.sleep, jitter=lambda: 1.0)
    return store.write(points, clock.deadline(seconds))


def first(times: int, error: Exception) -> FakeS3:
    """An S3 that fails so many times."""
    left = iter(range(times))

    def fault(_: str) -> None:
        if next(left, None) is not None:
            raise error

    return FakeS3(fault)


def test_points_are_written_to_the_bucket() -> None:
    """An object for each hour, by one call each."""
    s3 = FakeS3()
    written = write(s3, [point(), point(time_ns=START_NS + HOUR_NS), point(time_ns=START_NS + 1)])
    assert written == Written([Outcome.STORED] * 3, calls=2)
    assert {put["Bucket"] for put in s3.puts} == {"exports"}
    assert len(s3.lines()) == 3


def test_no_points_make_no_call() -> None:
    """Nothing is written of a batch in which all points are refused."""
    s3 = FakeS3()
    assert write(s3, []) == Written([])
    assert s3.puts == []


@pytest.mark.parametrize(
    "error",
    [
        refusal("SlowDown"),
        refusal("InternalError"),
        refusal("RequestTimeout"),
        ReadTimeoutError(endpoint_url="https://s3"),
        ConnectTimeoutError(endpoint_url="https://s3"),
    ],
)
def test_what_may_pass_is_tried_again(error: Exception) -> None:
    """Until it is taken; then it is no cause of anything any more."""
    s3 = first(2, error)
    written = write(s3, [point()])
    assert (written.outcomes, written.calls, written.causes) == ([Outcome.STORED], 3, ())
    assert written.throttles == (2 if "SlowDown" in str(error) else 0)


def test_what_does_not_pass_is_retried_with_its_batch() -> None:
    """Each object by itself: those that were taken count as stored."""

    def fault(key: str) -> None:
        if "event_hour=2025-11-25-21" in key:
            raise refusal("SlowDown")

    written = write(FakeS3(fault), [point(), point(time_ns=START_NS + HOUR_NS)], seconds=2)
    assert written.outcomes == [Outcome.STORED, Outcome.RETRY]
    assert written.causes == ("PutObject: SlowDown", "OutOfTime")
    assert written.throttles == written.calls - 1


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_what_an_operator_must_mend_fails_loudly(code: str) -> None:
    """And names no account."""
    with pytest.raises(ConfigurationError, match=f"^PutObject: {code}$"):
        write(first(1, refusal(code)), [point()])


def test_objects_are_put_side_by_side() -> None:
    """All of a batch at once: each waits here until all are on their way."""
    together = threading.Barrier(THREADS, timeout=30)
    s3 = FakeS3(lambda _: together.wait())
    written = write(s3, [point(time_ns=START_NS - hour * HOUR_NS) for hour in range(24)])
    assert written.outcomes == [Outcome.STORED] * 24
    assert written.calls == THREADS


@settings(max_examples=40)
@given(POINTS, st.integers(0, 999))
def test_whatever_happens_the_objects_hold_each_version(points: list[Point], seed: int) -> None:
    """A batch that is cut, repeated, bisected, read again in other cuts, throttled, or taken without an answer.

    The distinct versions in the objects are the batch's, no matter which attempts died in between.
    """
    chance = random.Random(seed)
    ordered = sorted(points, key=lambda one: one.record.sequence)

    def fail(_: str) -> None:
        if chance.random() < 0.3:
            raise chance.choice(
                [refusal("SlowDown"), refusal("InternalError"), ReadTimeoutError(endpoint_url="x")]
            )

    s3 = FakeS3(fail, fail)
    unsettled = set(range(len(ordered)))
    for _ in range(200):
        start, end = sorted(chance.sample(range(len(ordered) + 1), 2))
        outcomes = write(s3, ordered[start:end], seconds=0.3).outcomes
        unsettled -= {start + place for place, one in enumerate(outcomes) if one is Outcome.STORED}
        if not unsettled:
            break
    assert not unsettled
    found = {
        (line["series"], line["time_ns"], line["version"], line["request"], line["index"])
        for line in s3.lines()
    }
    assert len(found) == len(
        {(p.series, p.time_ns, p.record.version, p.record.request_id, p.request_index) for p in points}
    )
    assert len({line[:2] for line in found}) == len(versions_of(points))


def test_a_batch_that_repeats_writes_the_same_objects() -> None:
    """After a function that died once it had written all of them."""
    s3 = FakeS3()
    batch = [
        point(record=record(sequence), time_ns=START_NS - sequence * HOUR_NS) for sequence in range(1, 9)
    ]
    write(s3, batch)
    before = dict(s3.objects)
    write(s3, batch)
    assert s3.objects == before
    assert len(s3.puts) == 2 * THREADS
