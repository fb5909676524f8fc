"""OTLP's data points in JSON, each from its object."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from handlers.domain.ingest.formats.otlp.request import (
    MAX_BUCKETS,
    Buckets,
    Common,
    ExponentialHistogram,
    Histogram,
    Refused,
    Summary,
    invalid,
    too_deep,
)
from handlers.domain.ingest.validator import NotFinite
from handlers.domain.violation import Reason, Violation

# As long as any number of 64 bits may be written; longer ones are not read.
_NUMBER = re.compile(r"-?\d{1,40}(\.\d{1,400})?([eE][+-]?\d{1,5})?", re.ASCII)
_NOT_FINITE: Final = frozenset({"NaN", "Infinity", "-Infinity"})


def number(raw: Any) -> tuple[int, object, int, int, bytes]:
    """The time, value, flags, number of exemplars and attributes of a gauge's or sum's data point."""
    if not isinstance(raw, dict):
        raise invalid("a data point is an object")
    value = raw.get("asDouble")
    if value is None:
        value = raw.get("asInt")
    if isinstance(value, str):
        value = as_value(value)
    exemplars = raw.get("exemplars")
    flags = raw.get("flags")
    return (
        _time_ns(raw),
        value,
        as_integer(flags, "flags") if flags else 0,
        len(exemplars) if isinstance(exemplars, list) else 0,
        attributes_key(raw.get("attributes")),
    )


def histogram(raw: Any) -> tuple[Common, Histogram]:
    """A histogram's data point."""
    common = _common(raw)
    counts = [as_count(count, "bucketCounts") for count in _list(raw, "bucketCounts")]
    bounds = [as_double(bound, "explicitBounds") for bound in _list(raw, "explicitBounds")]
    values = Histogram(_count(raw, "count"), *_statistics(raw), counts, bounds)
    return common, values


def exponential_histogram(raw: Any) -> tuple[Common, ExponentialHistogram]:
    """An exponential histogram's data point."""
    common = _common(raw)
    return common, ExponentialHistogram(
        _count(raw, "count"),
        *_statistics(raw),
        as_integer(raw.get("scale") or 0, "scale"),
        _count(raw, "zeroCount"),
        as_double(raw.get("zeroThreshold") or 0.0, "zeroThreshold"),
        _buckets(raw, "positive"),
        _buckets(raw, "negative"),
    )


def summary(raw: Any) -> tuple[Common, Summary]:
    """A summary's data point; what a number is sent without is 0, as protobuf leaves it out."""
    common = _common(raw)
    quantiles = []
    for pair in _list(raw, "quantileValues"):
        if not isinstance(pair, dict):
            raise invalid("quantileValues is a list of objects")
        quantiles.append(
            (as_double(pair.get("quantile") or 0.0, "quantile"), as_value(pair.get("value") or 0.0))
        )
    return common, Summary(_count(raw, "count"), as_value(raw.get("sum") or 0.0), quantiles)


def attributes_key(attributes: object) -> bytes:
    """Attributes as they were sent, in a form that can be looked up and is read only once."""
    if not attributes:
        return b""
    try:
        return orjson.dumps(attributes)
    except TypeError:  # half of a surrogate pair, a number that no double holds, 254 levels
        pass
    try:
        return json.dumps(attributes, default=lambda value: value.literal).encode()
    except RecursionError:
        raise too_deep() from None


def as_integer(raw: object, name: str) -> int:
    """An integer that is written as a number or as a text; raises `Refused`."""
    if isinstance(raw, str) and _NUMBER.fullmatch(raw):
        raw = int(raw) if raw.lstrip("-").isdigit() else float(raw)
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    raise invalid(f"{name} is an integer, as a number or as a text")


def as_double(raw: object, name: str) -> float:
    """A number, which may be infinite or none; raises `Refused`."""
    value = as_value(raw)
    if isinstance(value, NotFinite):
        return float(value.literal)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    raise invalid(f"{name} is a number")


def as_value(raw: object) -> object:
    """A number that is written as one or as a text, for the rules that every value keeps."""
    if isinstance(raw, str):
        if raw in _NOT_FINITE:
            return NotFinite(raw)
        if _NUMBER.fullmatch(raw):
            return float(raw)
    return raw


def as_count(raw: object, name: str) -> int:
    """An integer of at least 0; raises `Refused`."""
    count = raw if type(raw) is int else as_integer(raw, name)
    if count < 0:
        raise invalid(f"{name} is below 0")
    return count


def _common(raw: Any) -> Common:
    if not isinstance(raw, dict):
        raise invalid("a data point is an object")
    exemplars = raw.get("exemplars")
    return Common(
        _time_ns(raw),
        as_integer(raw.get("flags") or 0, "flags"),
        len(exemplars) if isinstance(exemplars, list) else 0,
        attributes_key(raw.get("attributes")),
    )


def _time_ns(raw: Mapping[str, Any]) -> int:
    time = raw.get("timeUnixNano")
    if type(time) is str and len(time) == 19 and time.isdecimal() and time.isascii():
        return int(time)
    if time is None:
        return 0
    try:
        return as_integer(time, "timeUnixNano")
    except Refused:
        message = "timeUnixNano is nanoseconds since 1970, an integer as a number or as a text"
        raise Refused(Violation(Reason.TIMESTAMP_TYPE, "timestamp", message)) from None


def _count(raw: Mapping[str, Any], name: str) -> int:
    return as_count(raw.get(name) or 0, name)


def _statistics(raw: Mapping[str, Any]) -> tuple[object, object, object]:
    return as_value(raw.get("sum")), as_value(raw.get("min")), as_value(raw.get("max"))


def _buckets(raw: Mapping[str, Any], name: str) -> Buckets:
    buckets = raw.get(name) or {}
    if not isinstance(buckets, dict):
        raise invalid(f"{name} is an object")
    counts = [as_count(count, "bucketCounts") for count in _list(buckets, "bucketCounts")]
    return Buckets(as_integer(buckets.get("offset") or 0, "offset"), counts)


def _list(raw: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = raw.get(name) or ()
    if not isinstance(found, list | tuple) or len(found) > MAX_BUCKETS:
        raise invalid(f"{name} is a list of at most {MAX_BUCKETS}")
    return found
