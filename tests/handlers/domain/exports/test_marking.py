"""Every point reaches its hour's export, whatever happens in which order, and hours without points cost no query."""

from collections.abc import Collection, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.exports.choosing import choose
from handlers.domain.exports.hour import Hour, complete_at_s
from handlers.domain.exports.job import Claim
from handlers.domain.exports.marking import MAGNETIC_S, MARGIN_S, SETTLE_S, WHOLE_S, Mark, StoredHours
from handlers.domain.exports.record import Published
from handlers.domain.exports.request import ExportLimits, read_request
from tests.support.export_ports import HOURS
from tests.support.memory_dynamodb import MemoryDynamoDB

LAG = 900.0
MEMORY = 3600.0
LIMITS = ExportLimits(LAG, 30)
HOUR = Hour.parse("2026-11-22T02")
COMPLETE = complete_at_s(HOUR, LAG)
AMPLE = Deadline(10_000, lambda: 0)


class CountingMarks:
    """Counts the hours it is asked to mark, and has them settled for five minutes."""

    def __init__(self) -> None:
        self.asked: list[Hour] = []
        self.noted: list[Hour] = []
        self.failing = False

    def note_points(self, hours: Collection[Hour]) -> None:
        """Everything is noted, unless it fails."""
        if self.failing:
            raise TransientError("no answer")
        self.noted += sorted(hours)

    def mark_late(self, marks: Mapping[Hour, Mark], *, already_after_s: float) -> Mapping[Hour, float]:
        """Everything is marked."""
        self.asked += marks
        return dict.fromkeys(marks, already_after_s + 240)


def _late(marks: CountingMarks) -> StoredHours:
    return StoredHours(marks, lag_s=LAG, memory_s=6 * 3600)


def test_a_point_on_time_marks_nothing() -> None:
    """Before its hour is complete a point needs no mark: the hour's export has not begun."""
    marks = CountingMarks()
    assert (
        _late(marks).on_stored([HOUR.start_s * 10**9, HOUR.end_s * 10**9], COMPLETE - MARGIN_S - 1, AMPLE)
        == 0
    )
    assert marks.asked == []


def test_a_point_after_its_hour_is_complete_marks_it() -> None:
    """From a minute before the export may begin on, points of the hour are late; those of the next are not."""
    marks = CountingMarks()
    assert (
        _late(marks).on_stored(
            [HOUR.start_s * 10**9, (HOUR.end_s * 10**9) - 1, HOUR.end_s * 10**9], COMPLETE - 30, AMPLE
        )
        == 1
    )
    assert marks.asked == [HOUR]


def test_a_point_that_the_store_shows_late_marks_its_hour_even_on_time() -> None:
    """What is older than the memory store keeps may be queryable hours later, after the hour's export."""
    marks = CountingMarks()
    late = StoredHours(marks, lag_s=LAG, memory_s=MEMORY)
    late.on_stored([HOUR.start_s * 10**9], HOUR.end_s + 60.0, AMPLE)
    assert marks.asked == [HOUR]


@pytest.mark.parametrize("memory_s", [6 * 3600, None])
def test_a_process_marks_an_hour_once_in_some_minutes(memory_s: float | None) -> None:
    """A mark lies ahead, so the next points of the hour cost nothing until it is near."""
    marks = CountingMarks()
    late = StoredHours(marks, lag_s=LAG, memory_s=memory_s)
    for second in range(600):
        late.on_stored([HOUR.start_s * 10**9] * 50, COMPLETE + second, AMPLE)
    assert 2 <= len(marks.asked) <= 4


@pytest.mark.parametrize("points", [1, 10_000])
def test_points_of_one_hour_are_one_mark(points: int) -> None:
    """Marks are counted by hours, not by points."""
    marks = CountingMarks()
    _late(marks).on_stored([HOUR.start_s * 10**9 + index for index in range(points)], COMPLETE + 60, AMPLE)
    assert len(marks.asked) == 1


def test_a_mark_vouches_only_for_points_stored_before_it_settles(
    ledger: ExportHoursLedger, marks: ExportHoursMarks
) -> None:
    """Whenever a point was stored, an export that holds it is due within minutes, not at the last look alone."""
    late = StoredHours(marks, lag_s=LAG, memory_s=MEMORY)
    for seconds in (0, 100, 239, 241, 299, 301, 500, 1000):
        late.on_stored([HOUR.start_s * 10**9], COMPLETE + seconds, AMPLE)
        settled = ledger.read([HOUR])[HOUR].settled_at_s
        assert settled is not None
        assert COMPLETE + seconds + MARGIN_S <= settled <= COMPLETE + seconds + SETTLE_S


def test_in_the_lake_a_mark_waits_until_objects_are_whole(
    ledger: ExportHoursLedger, marks: ExportHoursMarks
) -> None:
    """The export that a late point's mark asks for begins when the point's object may go after it, and is the last."""
    late = StoredHours(marks, lag_s=LAG, memory_s=None)
    for seconds in (0, 100, 239, 241, 299, 301, 500, 1000):
        late.on_stored([HOUR.start_s * 10**9], COMPLETE + seconds, AMPLE)
        record = ledger.read([HOUR])[HOUR]
        assert record.settled_at_s is not None
        assert COMPLETE + seconds + WHOLE_S + MARGIN_S <= record.settled_at_s == record.final_at_s


def test_a_process_notes_an_hour_once() -> None:
    """On time or late, an hour that has points is noted by the first of them in each process."""
    marks = CountingMarks()
    stored = _late(marks)
    for minute in range(90):
        stored.on_stored([(HOUR.start_s + minute * 60) * 10**9] * 3, HOUR.start_s + minute * 60.0, AMPLE)
    assert marks.noted == [HOUR, HOUR.plus(1)]


@pytest.mark.parametrize("memory_s", [MEMORY, None], ids=["a table", "the lake"])
def test_a_year_of_hours_is_noted_and_marked_in_as_many_tries_as_it_takes(memory_s: float | None) -> None:
    """One request can hold a point for every hour of a year: each try goes on where time ran out in the last one."""
    times_ns = [HOUR.plus(-number).start_s * 10**9 for number in range(8760)]
    marks, tries = CountingMarks(), 1
    stored = StoredHours(marks, lag_s=LAG, memory_s=memory_s)

    def is_done() -> bool:
        moments = iter(range(10))
        try:
            stored.on_stored(times_ns, COMPLETE, Deadline(9, lambda: next(moments, 9)))
        except TransientError:
            return False
        return True

    while not is_done():
        tries += 1
    assert 5 <= tries <= 11
    assert sorted(marks.noted) == sorted(set(marks.noted))
    assert len(marks.noted) == 8760
    # In the lake the oldest are asked for by whoever lets objects go.
    assert len(marks.asked) == len(set(marks.asked)) == (8760 if memory_s else 50)
    assert max(marks.asked) == HOUR


def test_a_note_that_failed_is_tried_again() -> None:
    """The batch comes again, and its hours are not taken to be noted."""
    marks = CountingMarks()
    stored = _late(marks)
    marks.failing = True
    with pytest.raises(TransientError):
        stored.on_stored([HOUR.start_s * 10**9], float(HOUR.start_s), AMPLE)
    marks.failing = False
    stored.on_stored([HOUR.start_s * 10**9], float(HOUR.start_s), AMPLE)
    assert marks.noted == [HOUR]


STEPS = st.lists(
    st.tuples(
        st.integers(0, 120),  # minutes until it happens
        st.sampled_from(["store", "store", "run", "other run", "killed run"]),
        st.integers(0, 3),  # hours back
        st.integers(0, 1),  # by which of two writers
        st.integers(0, 6),  # hours until the store shows what is older than its memory
    ),
    max_size=40,
)


@settings(max_examples=200)
@given(STEPS)
def test_every_point_is_in_the_last_export_of_its_hour(steps: list[tuple[int, str, int, int, int]]) -> None:
    """Points, writers, runs and killed runs in any order: hours later every export holds every point of its hour."""
    world = _World()
    for minutes, kind, back, writer, delay in steps:
        world.now += minutes * 60 + 7
        if minutes <= 90:
            world.look()
        if kind == "store":
            world.store(Hour.containing(world.now).plus(-back), writer, delay)
        else:
            world.run(kind)
    for _ in range(10):
        world.now += 3600
        world.run("run")
    world.check()


class _World:
    """A ledger, two writers, a store that shows points late, and runs."""

    def __init__(self) -> None:
        dynamodb = MemoryDynamoDB(HOURS)
        self.ledger = ExportHoursLedger(dynamodb, HOURS)
        marks = ExportHoursMarks(dynamodb, HOURS)
        self.writers = [StoredHours(marks, lag_s=LAG, memory_s=MEMORY) for _ in range(2)]
        self.now = float(HOUR.start_s)
        self.ledger.has_no_points(HOUR, self.now - 3 * 3600)
        self.look()
        self.points: list[tuple[Hour, float]] = []  # hour, and when the store shows it
        self.runs = 0
        self.first: Hour | None = None  # what the first run was due to export

    def store(self, hour: Hour, writer: int, delay_hours: int) -> None:
        age = self.now - hour.start_s
        shown = self.now + (delay_hours * 3600 if age > MEMORY else MARGIN_S - 1)
        self.points.append((hour, min(shown, self.now + MAGNETIC_S)))
        self.writers[writer].on_stored([hour.start_s * 10**9], self.now, AMPLE)

    def look(self) -> None:
        """An hourly run has looked at the notes of some hour."""
        self.ledger.has_no_points(HOUR.plus(-9), self.now)

    def run(self, kind: str) -> None:
        self.runs += 1
        request = read_request({}, self.now, LIMITS)
        self.first = self.first or request.due
        choice = choose(request, self.ledger, self.now, LIMITS)
        for hour in choice.hours:
            claim = self.ledger.claim(hour, f"run {self.runs}", self.now)
            if isinstance(claim, Claim) and self.ledger.has_no_points(hour, self.now):
                assert hour not in {stored for stored, _ in self.points}, f"{hour} would be skipped"
            if isinstance(claim, Claim) and kind != "killed run":
                published = Published(claim.attempt.run, self.now, self.now + 30, 1, 1)
                self.ledger.complete(claim, published, LAG)

    def check(self) -> None:
        entries = self.ledger.read({hour for hour, _ in self.points})
        for hour, shown in self.points:
            entry = entries.get(hour)
            if self.first is not None and hour < self.first and entry is None:
                continue  # it was over before the first export, and no late point asked for it
            assert entry is not None, f"{hour} was never exported"
            assert entry.published is not None, f"{hour} was never published"
            assert entry.published.started_at_s >= shown, f"{hour} lacks a point"
            assert entry.due_at_s is None
