"""Times as clients write them, as nanoseconds since the epoch."""

import re
from datetime import UTC, datetime

from handlers.domain.violation import Reason, Violation

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000
_YEAR_10000_S = 253_402_300_800

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)
_EXPECTED = "a timestamp is epoch milliseconds (an integer) or an RFC 3339 string, with its zone"
_DIGITS = "epoch milliseconds are a number, without quotation marks"


def read_timestamp(raw: object) -> int | Violation:
    """Nanoseconds since the epoch; digits below the nanosecond are cut."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw * NS_PER_MS
    if isinstance(raw, float) and raw.is_integer():
        return int(raw) * NS_PER_MS
    if isinstance(raw, str):
        return _read_rfc3339(raw)
    return Violation(Reason.TIMESTAMP_TYPE, "timestamp", _EXPECTED)


def _read_rfc3339(text: str) -> int | Violation:
    match = _RFC3339.fullmatch(text)
    if match is None:
        said = _DIGITS if text.isdecimal() else _EXPECTED
        return Violation(Reason.TIMESTAMP_FORMAT, "timestamp", said)
    date, time, fraction, sign, hours, minutes = match.groups()
    try:
        seconds = round(datetime.fromisoformat(f"{date}T{time}").replace(tzinfo=UTC).timestamp())
    except ValueError:
        return Violation(Reason.TIMESTAMP_FORMAT, "timestamp", "no such date or time of day")
    if sign:
        ahead = int(hours) * 3600 + int(minutes) * 60
        seconds += -ahead if sign == "+" else ahead
    return seconds * NS_PER_S + (int(fraction[:9].ljust(9, "0")) if fraction else 0)


def timestamp_text(time_ns: int) -> int | str:
    """A time as `read_timestamp` takes it: epoch milliseconds, or RFC 3339 where they do not say it all."""
    milliseconds, rest = divmod(time_ns, NS_PER_MS)
    seconds = time_ns // NS_PER_S
    if not rest or not 0 <= seconds < _YEAR_10000_S:
        return milliseconds
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{time_ns % NS_PER_S:09}Z"
