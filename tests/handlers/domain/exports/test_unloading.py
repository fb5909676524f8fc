"""UNLOADs over many invocations, whichever store they run in."""

from collections.abc import Iterator

import pytest

from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, ExportJob, PointCount, Unload, UnloadRequest
from handlers.domain.exports.ports import UnloadFailed
from handlers.domain.exports.unloading import count_points, poll_unloads, start_unloads
from handlers.vocabulary import LAKE, TIMESTREAM

HOUR = Hour.parse("2026-11-22T02")
NOW_S = float(HOUR.end_s + 900)
CLAIM = Claim(Attempt(HOUR, 1, NOW_S), "execution")
LAYOUT = Layout(("host",), written=True)
JOB = ExportJob(CLAIM, LAYOUT, PointCount(7, "first", "last"))
AMPLE = Deadline(10_000, lambda: 0)
DONE = Unload(rows=7, manifest="s3://exports/p_manifest.json")


class ScriptedSource:
    """A store that answers in the order given, and remembers what it was asked. An exception is raised."""

    kind = TIMESTREAM
    call_s = 70.0
    longest_unload_s = 3900.0

    def __init__(self, *answers: Unload | Exception, layout: Layout = LAYOUT, points: int = 7) -> None:
        self._answers: Iterator[Unload | Exception] = iter(answers)
        self._layout, self._points = layout, points
        self.started: list[UnloadRequest] = []
        self.polled: list[tuple[UnloadRequest, Unload]] = []
        self.stopped: list[Unload] = []

    def layout(self, deadline: Deadline) -> Layout:
        """The layout given."""
        return self._layout

    def count_points(self, hour: Hour, deadline: Deadline) -> PointCount:
        """The count given."""
        assert hour == HOUR
        return PointCount(self._points, "first", "last") if self._points else PointCount(0)

    def start_unload(self, request: UnloadRequest) -> Unload:
        """The next answer."""
        self.started.append(request)
        return self._next()

    def poll_unload(self, request: UnloadRequest, unload: Unload) -> Unload:
        """The next answer."""
        self.polled.append((request, unload))
        return self._next()

    def stop_unload(self, unload: Unload) -> None:
        """Remembers it."""
        self.stopped.append(unload)

    def _next(self) -> Unload:
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_points_are_counted_before_they_are_unloaded() -> None:
    """The job has the columns and the count of its hour."""
    assert count_points(CLAIM, ScriptedSource(), AMPLE) == JOB


@pytest.mark.parametrize(
    "source",
    [ScriptedSource(points=0), ScriptedSource(layout=Layout((), written=False))],
    ids=["no points", "no column"],
)
def test_an_hour_without_points_needs_no_unload(source: ScriptedSource) -> None:
    """Nothing is started for an hour that has nothing, nor for a table that was never written to."""
    job = count_points(CLAIM, source, AMPLE)
    assert job.is_done
    assert job.counted == PointCount(0)
    assert start_unloads(job, source) == job
    assert source.started == []


def test_both_unloads_are_started_with_their_tokens() -> None:
    """Each below its attempt's prefix, with its attempt's client token."""
    source = ScriptedSource(Unload("m"), Unload("a"))
    job = start_unloads(JOB, source)
    assert [request.client_token for request in source.started] == [
        CLAIM.attempt.client_token(dataset) for dataset in ("metrics", "aggregates")
    ]
    assert [request.prefix for request in source.started] == [
        CLAIM.attempt.prefix(dataset) for dataset in ("metrics", "aggregates")
    ]
    assert not job.is_done


def test_an_invocation_that_dies_while_starting_does_not_start_twice() -> None:
    """An UNLOAD that is started again carries the same client token; one that is known to run is left alone."""
    with pytest.raises(TransientError):
        start_unloads(JOB, ScriptedSource(Unload("m"), TransientError("throttled")))
    again = ScriptedSource(Unload("m"), Unload("a"))
    job = start_unloads(JOB, again)
    assert again.started[0].client_token == CLAIM.attempt.client_token("metrics")
    untouched = ScriptedSource()
    assert start_unloads(job, untouched) == job
    assert untouched.started == []


def test_unloads_are_polled_in_turn_until_both_are_done() -> None:
    """Each is asked for with the request and the state that it was left in."""
    started = start_unloads(JOB, ScriptedSource(Unload("m1"), Unload("a1")))
    source = ScriptedSource(Unload("m2"), DONE, DONE)
    job = poll_unloads(started, source, NOW_S, AMPLE)
    assert job.is_done
    assert job.unloads == {"metrics": DONE, "aggregates": DONE}
    assert [unload.token for _, unload in source.polled] == ["m1", "a1", "m2"]
    assert source.polled[0][0] == source.polled[2][0] == JOB.request("metrics")


def test_an_invocation_polls_once_and_then_as_long_as_there_is_time() -> None:
    """However little time is left a step makes progress, and it begins no call that it may not survive."""
    started = start_unloads(JOB, ScriptedSource(Unload("m1"), Unload("a1")))
    source = ScriptedSource(Unload("m2"))
    job = poll_unloads(started, source, NOW_S, Deadline(source.call_s - 1, lambda: 0))
    assert len(source.polled) == 1
    assert job.unloads["metrics"].token == "m2"


def test_endless_unloads_are_given_up() -> None:
    """After the store's own limit nothing will come any more; what still runs is to be stopped."""
    started = start_unloads(JOB, ScriptedSource(Unload("m"), DONE))
    source = ScriptedSource()
    with pytest.raises(UnloadFailed, match="has not ended"):
        poll_unloads(started, source, NOW_S + source.longest_unload_s + 1, AMPLE)
    assert source.stopped == [Unload("m")]


def test_what_lost_is_unloaded_after_what_counts() -> None:
    """A version that comes between the two is among those that lost, or in an object that stays; never in neither."""
    lake = Layout(("host",), written=True, kind=LAKE)
    job = count_points(CLAIM, ScriptedSource(layout=lake), AMPLE)
    assert list(job.unloads) == ["metrics", "aggregates", "replaced"]
    source = ScriptedSource(Unload("m"), Unload("a"), Unload("m"), DONE, DONE, Unload("r"), DONE)
    job = start_unloads(job, source)
    assert [request.dataset for request in source.started] == ["metrics", "aggregates"]
    job = poll_unloads(job, source, NOW_S, AMPLE)
    assert [request.dataset for request in source.started] == ["metrics", "aggregates", "replaced"]
    assert job.is_done
