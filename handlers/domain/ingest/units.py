"""The units in which the formats write times."""

from collections.abc import Mapping
from typing import Final

from handlers.domain.timestamp import NS_PER_MS, NS_PER_S

UNITS_NS: Final[Mapping[str, int]] = {
    "nanoseconds": 1,
    "microseconds": 1000,
    "milliseconds": NS_PER_MS,
    "seconds": NS_PER_S,
    "minutes": 60 * NS_PER_S,
    "hours": 3600 * NS_PER_S,
}

_UNITS: Final[Mapping[str, str]] = {
    "json": "milliseconds",
    "json-gz": "milliseconds",
    "remote-write": "milliseconds",
    "otlp-json": "nanoseconds",
    "otlp-pb": "nanoseconds",
    "influx-ns": "nanoseconds",
    "influx-us": "microseconds",
    "influx-ms": "milliseconds",
    "influx-s": "seconds",
    "influx-m": "minutes",
    "influx-h": "hours",
}


def unit_of(body_format: str) -> str | None:
    """The unit of a format's times; None if the client chooses it with each time."""
    return _UNITS.get(body_format)
