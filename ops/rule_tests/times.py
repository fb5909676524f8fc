"""Times of test files: spans such as 1h30m, and moments in UTC."""

import re
from datetime import UTC, datetime

LONGEST_S = 31 * 86_400
_SPAN = re.compile(r"(?:(\d{1,3})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,7})s)?", re.ASCII)
_UNITS_S = (86_400, 3_600, 60, 1)


def span_s(text: str) -> int:
    """Seconds of a span such as 90s, 5m, 1h30m or 0; ValueError with what was expected."""
    found = _SPAN.fullmatch(text)
    if text != "0" and (not text or found is None):
        raise ValueError(f"{text[:40]!r}: expected numbers with d, h, m and s, such as 90s, 5m or 1h30m")
    parts = found.groups() if found else ()
    seconds = sum(int(part) * unit_s for part, unit_s in zip(parts, _UNITS_S, strict=False) if part)
    if seconds > LONGEST_S:
        raise ValueError(f"{text!r}: longer than {LONGEST_S // 86_400} days")
    return seconds


def span_text(seconds: int) -> str:
    """The span as a test file would have it."""
    text, left = "", abs(seconds)
    for unit_s, unit in zip(_UNITS_S, "dhms", strict=True):
        count, left = divmod(left, unit_s)
        text += f"{count}{unit}" if count else ""
    return ("-" if seconds < 0 else "") + (text or "0")


def moment_s(text: str) -> int:
    """Seconds since 1970 of a moment such as 2026-01-05T08:00:00Z; ValueError with what was expected."""
    expected = f"{text[:40]!r}: expected a whole second in UTC, such as 2026-01-05T08:00:00Z"
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(expected) from error
    if found.tzinfo is None or found.utcoffset() or found.microsecond or found.year < 2000:
        raise ValueError(expected)
    return int(found.astimezone(UTC).timestamp())
