"""EventBridge's cron and rate expressions, as far as one can say them without names, `L`, `W` and `#`.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

_MINUTE = timedelta(minutes=1)
_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_CRON = re.compile(r"cron\(([^()]+)\)")
# minutes, hours, days of the month, months, days of the week (1 is Sunday), years
_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_DAY_MINUTES = 1440


@dataclass(frozen=True)
class Cron:
    """The minutes at which something is due."""

    fields: tuple[frozenset[int], ...]
    every_minutes: int = 0

    def matches(self, moment: datetime) -> bool:
        """True if it is due in this minute. Rates count from midnight; AWS's count from the schedule's creation."""
        if self.every_minutes:
            return (int(moment.timestamp()) // 60) % self.every_minutes == 0
        weekday = moment.isoweekday() % 7 + 1
        parts = (moment.minute, moment.hour, moment.day, moment.month, weekday, moment.year)
        return all(part in allowed for part, allowed in zip(parts, self.fields, strict=True))

    def latest(self, since: datetime, until: datetime) -> datetime | None:
        """The last due minute from `since` to `until`, both included, looking back a day at most."""
        moment = until
        for _ in range(_DAY_MINUTES):
            if moment < since:
                return None
            if self.matches(moment):
                return moment
            moment -= _MINUTE
        return None


def parse_cron(expression: str) -> Cron:
    """The times an expression stands for; ValueError if it says more than is understood here."""
    rate = _RATE.fullmatch(expression)
    if rate:
        unit = {"m": 1, "h": 60, "d": _DAY_MINUTES}[rate[2][0]]
        return Cron((), int(rate[1]) * unit)
    cron = _CRON.fullmatch(expression)
    fields = cron[1].split() if cron else []
    if len(fields) != len(_RANGES):
        raise ValueError(f"{expression}: a cron of six fields, or a rate")
    try:
        return Cron(tuple(_field(text, *bounds) for text, bounds in zip(fields, _RANGES, strict=True)))
    except ValueError:
        raise ValueError(
            f"{expression}: only numbers, lists, ranges, steps, * and ? are followed here"
        ) from None


def _field(text: str, low: int, high: int) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        span, _, step = part.partition("/")
        if span in ("*", "?"):
            first, last = low, high
        else:
            begin, _, end = span.partition("-")
            first = int(begin)
            last = int(end) if end else (high if step else first)
        if not low <= first <= last <= high:
            raise ValueError(text)
        found.update(range(first, last + 1, int(step or 1)))
    return frozenset(found)
