"""The way of history into a replay: hour after hour, each from where it is, and those named that nobody could read."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from handlers.domain.collection import paused_collection
from handlers.domain.exports.hour import Hour, hours_between
from ops.errors import OperatorError
from ops.history.asked import AskedMetric
from ops.history.hours import History
from ops.output import counted
from ops.replay.history_replay import HistoryReplay

Say = Callable[[str], object]


@dataclass(slots=True)
class HistoryRead:
    """The hours that were read, with their points; those that could not be, with why; and remarks on others."""

    points: dict[Hour, int] = field(default_factory=dict)
    unread: dict[Hour, str] = field(default_factory=dict)
    remarks: dict[Hour, str] = field(default_factory=dict)


@dataclass(slots=True)
class Progress:
    """Lines of progress: each hour where standard error is a terminal or all of it takes long."""

    hours: int
    say: Say
    clock: Callable[[], float] = time.monotonic
    _begun_s: float = 0.0
    _points: int = 0

    def __post_init__(self) -> None:
        self._begun_s = self.clock()

    def read(self, number: int, hour: Hour, outcome: str, points: int) -> None:
        """Say a line on an hour."""
        self._points += points
        passed_s = self.clock() - self._begun_s
        rest_s = passed_s / number * (self.hours - number)
        rest = f", about {rest_s:.0f} s to go" if number < self.hours else f" in {passed_s:.1f} s"
        self.say(f"{number}/{self.hours} {hour}  {outcome}; {self._points:,} points so far{rest}")


def replay_history(
    replay: HistoryReplay,
    metrics: Sequence[AskedMetric],
    history_of: Callable[[Hour], History],
    span: range,
    progress: Progress,
) -> HistoryRead:
    """Has the points of a span (seconds since 1970) judged, from the beginning of its first hour on.

    An hour that cannot be read is left out, as an outage of the evaluation is.
    """
    found = HistoryRead()
    first, last = Hour.containing(span.start), Hour.containing(span.stop - 1)
    for number, hour in enumerate(hours_between(first, last), start=1):
        try:
            history = history_of(hour)
            found.points[hour] = _replay_hour(replay, metrics, history, hour, span.stop)
            outcome = counted(found.points[hour], "point")
            remark = history.remark(hour)
        except OperatorError as error:
            found.points.pop(hour, None)
            found.unread[hour] = remark = str(error)
            outcome = "not read"
            replay.skip_until(hour.end_s)
        else:
            if remark:
                found.remarks[hour] = remark
        progress.read(number, hour, f"{outcome} ({remark})" if remark else outcome, found.points.get(hour, 0))
    return found


@paused_collection()
def _replay_hour(
    replay: HistoryReplay, metrics: Sequence[AskedMetric], history: History, hour: Hour, end_s: int
) -> int:
    points = 0
    for part in history.slices(hour):
        if part.start_s < end_s:
            for metric in metrics:
                for readings in history.read(metric, part):
                    replay.add(readings)
                    points += len(readings.values)
            replay.judge_until(min(part.end_s, end_s))
    replay.judge_until(min(hour.end_s, end_s))
    return points


def say(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)


def hours_text(hours: Mapping[Hour, str]) -> str:
    """Hours with why, those that follow each other for one reason together."""
    runs: list[tuple[Hour, Hour, str]] = []
    for hour, why in sorted(hours.items()):
        if runs and runs[-1][2] == why and runs[-1][1].plus(1) == hour:
            runs[-1] = runs[-1][0], hour, why
        else:
            runs.append((hour, hour, why))
    return "; ".join(
        f"{first if first == last else f'{first} to {last}'}: {why}" for first, last, why in runs
    )
