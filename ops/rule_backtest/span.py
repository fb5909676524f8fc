"""The span of a back-test, as operators type it: times of UTC, or how long ago."""

import argparse
from datetime import UTC, datetime

from handlers.domain.alerts.periods import Timing
from ops.errors import OperatorError
from ops.output import moment, sanitize
from ops.period import period_s

_DEFAULT_S = 86_400
_MOST_S = 366 * 86_400


def span_of(begin: str | None, end: str | None, now_s: int, timing: Timing) -> range:
    """The span in seconds since 1970, of whole evaluation intervals; by default the day until now.

    It ends with the last interval that an evaluation may be ready for, as points of later ones are still on their way.
    OperatorError for one that is in the future, is empty, or is too long.
    """
    end_s = now_s if end is None else _time_s("--to", end, now_s)
    begin_s = end_s - _DEFAULT_S if begin is None else _time_s("--from", begin, now_s)
    for option, time_s in (("--from", begin_s), ("--to", end_s)):
        if time_s > now_s:
            now = moment(now_s)
            raise OperatorError(
                f"{option} {moment(time_s)} is in the future: it is {now} by the clock of AWS"
            )
    if begin_s >= end_s:
        raise OperatorError(f"--from {moment(begin_s)} is not before --to {moment(end_s)}")
    if end_s - begin_s > _MOST_S:
        raise OperatorError(
            f"from {moment(begin_s)} to {moment(end_s)} is more than {_MOST_S // 86_400} days"
        )
    interval_s = timing.interval_s
    end_s = min(end_s, now_s - timing.ready_at(-interval_s))
    span = range(begin_s // interval_s * interval_s, end_s // interval_s * interval_s)
    if not span:
        raise OperatorError(
            f"from {moment(begin_s)} to {moment(end_s)} there is no whole evaluation interval of {interval_s} s, "
            f"and what ended in the last {timing.ready_at(-interval_s)} s is not judged yet"
        )
    return span


def _time_s(option: str, text: str, now_s: int) -> int:
    try:
        return now_s - period_s(text)
    except argparse.ArgumentTypeError:
        pass
    try:
        found = datetime.fromisoformat(text)
        return int((found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        raise OperatorError(
            f"{option} {sanitize(text[:40])!r}: a time of UTC such as 2026-11-25, 2026-11-25T08 or 2026-11-25T08:30, "
            "one with an offset, or how long ago, such as 90m, 24h or 7d"
        ) from error
