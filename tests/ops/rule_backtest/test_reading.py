"""Hours of history on their way into a replay."""

from collections.abc import Iterator, Sequence

from handlers.domain.exports.hour import Hour
from ops.errors import OperatorError
from ops.history.asked import AskedMetric, Readings, asked_of
from ops.history.hours import Slice
from ops.replay.history_replay import HistoryReplay
from ops.rule_backtest.alerts import AlertLog
from ops.rule_backtest.reading import HistoryRead, Progress, hours_text, replay_history
from tests.support.replays import DEPLOYMENT
from tests.support.rules import a_rule

FIRST = Hour.parse("2026-11-25T04")
HEARTBEAT = a_rule(
    by=["host"], statistic="count", operator="<", threshold=1, missing_data="missing", datapoints="2 of 2"
)


class Minutely:
    """A history with a point of a host in each minute, in two parts an hour; of some hours it cannot be read."""

    def __init__(self, *unreadable: Hour, breaks_off: bool = False) -> None:
        self._unreadable, self._breaks_off = unreadable, breaks_off

    def slices(self, hour: Hour) -> Sequence[Slice]:
        """Two halves."""
        if hour in self._unreadable and not self._breaks_off:
            raise OperatorError("never exported")
        middle_s = hour.start_s + 1800
        return [Slice(hour.start_s, middle_s), Slice(middle_s, hour.end_s)]

    def read(self, metric: AskedMetric, part: Slice) -> Iterator[Readings]:
        """The points, or some of them where it breaks off."""
        minutes = list(range(part.start_s // 60, part.end_s // 60))
        yield Readings(metric, "system", (("host", "a"),), minutes[:5], [1.0] * 5)
        if Hour.containing(part.start_s) in self._unreadable and part.start_s % 3600:
            raise OperatorError("the store is gone")
        yield Readings(metric, "system", (("host", "a"),), minutes[5:], [1.0] * len(minutes[5:]))

    def remark(self, hour: Hour) -> str:
        """Something to say of the last hour."""
        return "late points came" if hour == FIRST.plus(3) else ""


def replayed(history: Minutely, hours: int = 4) -> tuple[HistoryRead, AlertLog, list[str]]:
    """What was read, the log of a rule that fires where points are missing, and what was said."""
    span, said = range(FIRST.start_s, FIRST.start_s + 3600 * hours), list[str]()
    log = AlertLog([HEARTBEAT], span)
    replay = HistoryReplay([([HEARTBEAT], log)], DEPLOYMENT, FIRST.start_s)
    times = iter(range(100))
    progress = Progress(hours, said.append, clock=lambda: float(next(times)))
    found = replay_history(replay, asked_of([HEARTBEAT]), lambda _: history, span, progress)
    return found, log, said


def test_every_hour_is_read_and_told_of() -> None:
    """With its points, how many there were until then, and how long the rest may take."""
    found, log, said = replayed(Minutely())
    assert list(found.points.values()) == [60] * 4
    assert not log.of(HEARTBEAT)
    assert said[0] == "1/4 2026-11-25T04  60 points; 60 points so far, about 3 s to go"
    assert said[-1] == "4/4 2026-11-25T07  60 points (late points came); 240 points so far in 4.0 s"
    assert found.remarks == {FIRST.plus(3): "late points came"}


def test_an_hour_that_cannot_be_read_is_not_silence() -> None:
    """It is named, and rules judge nothing in it: a host that goes on is not missing."""
    found, log, _ = replayed(Minutely(FIRST.plus(1)))
    assert found.unread == {FIRST.plus(1): "never exported"}
    assert list(found.points) == [FIRST, FIRST.plus(2), FIRST.plus(3)]
    assert not log.of(HEARTBEAT)


def test_an_hour_that_breaks_off_is_not_silence_either() -> None:
    """What was read of the half that did not come to its end is judged by nobody."""
    found, log, _ = replayed(Minutely(FIRST.plus(1), breaks_off=True))
    assert found.unread == {FIRST.plus(1): "the store is gone"}
    assert not log.of(HEARTBEAT)


def test_hours_are_told_of_together_where_they_follow_each_other_for_one_reason() -> None:
    """So a month of them is a line."""
    hours = {FIRST.plus(number): "never exported" for number in (0, 1, 2, 5)} | {FIRST.plus(6): "gone"}
    assert hours_text(hours) == (
        "2026-11-25T04 to 2026-11-25T06: never exported; 2026-11-25T09: never exported; 2026-11-25T10: gone"
    )
