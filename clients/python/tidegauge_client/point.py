"""A point as it travels: its JSON in bytes, or the cause for which it cannot be sent."""

from __future__ import annotations

import itertools
import json
import math
import os
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from tidegauge_client.settings import METRIC_TYPES

# A store takes about 2 KB of a point's names and values.
MAX_BYTES = 16 * 1024
_MAX_DIMENSIONS = 256
_KEPT_SERIES = 4_096
_KEPT_CHARACTERS = 1_024

# As the API's model has it: what does not match would make a 400 of the whole request.
RFC_3339 = re.compile(
    "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?"
    "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_MAX_TIMESTAMP_CHARACTERS = 64
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class InvalidPointError(ValueError):
    """A point that no request may hold; `cause` is a word to count it by, in most cases the quarantine's reason."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class Encoder:
    """Makes points with the dimensions that all have; safe in threads and signal handlers, as it takes no lock."""

    def __init__(
        self, dimensions: Mapping[str, Any], metric_type: str, clock_ns: Callable[[], int] = time.time_ns
    ) -> None:
        """ValueError if the dimensions or the type are none."""
        self._metric_type = _checked_type(metric_type)
        _check_mapping(dimensions)
        self._dimensions = _read_dimensions(dimensions)
        self._stamps = Stamps(clock_ns)
        # The beginnings of the points of a series, up to the value.
        self._beginnings: dict[Any, str] = {}

    def encode(
        self, name: Any, value: Any, dimensions: Any = None, timestamp: Any = None, metric_type: Any = None
    ) -> bytes:
        """The JSON of a point; InvalidPointError says why there is none."""
        number = value if type(value) is float else _read_number(value)
        if not math.isfinite(number):
            raise InvalidPointError("value_not_finite", "a value is a finite double")
        beginning = self._beginning(name, dimensions, metric_type)
        time_ = f'"{self._stamps.next()}"' if timestamp is None else _read_timestamp(timestamp)
        return f'{beginning}{number!r},"timestamp":{time_}}}'.encode()

    def _beginning(self, name: Any, dimensions: Any, metric_type: Any) -> str:
        if dimensions is None:
            dimensions = {}
        _check_mapping(dimensions)
        if len(dimensions) > _MAX_DIMENSIONS:
            raise InvalidPointError("dimensions_too_many", f"{len(dimensions)} dimensions")
        key = (name, metric_type, *dimensions.items())
        try:
            known = self._beginnings.get(key)
        except TypeError:  # a value without a hash, which is refused with its name
            known = None
        if known is None:
            known = self._make_beginning(name, dimensions, metric_type)
            # Of other types may be equal what is not the same: 1 and True.
            if len(known) < _KEPT_CHARACTERS and all(type(part) is str for part in dimensions.values()):
                if len(self._beginnings) >= _KEPT_SERIES:
                    self._beginnings.clear()
                self._beginnings[key] = known
        return known

    def _make_beginning(self, name: Any, dimensions: Mapping[Any, Any], metric_type: Any) -> str:
        if not isinstance(name, str):
            raise InvalidPointError("metric_name_type", f"a metric's name is no {type(name).__name__}")
        if not name:
            raise InvalidPointError("metric_name_length", "a metric's name is not empty")
        type_ = self._metric_type if metric_type is None else _checked_type(metric_type)
        merged = {**self._dimensions, **_read_dimensions(dimensions)}
        named = {key: value for key, value in merged.items() if value}
        size = len(name) + sum(len(key) + len(value) for key, value in named.items())
        if size > MAX_BYTES:
            raise InvalidPointError("point_too_large", f"{size} characters of names and values")
        point = {"metric_name": name, "metric_type": type_, **({"dimensions": named} if named else {})}
        text = _json(point)[:-1] + ',"value":'
        try:
            size = len(text.encode())
        except UnicodeEncodeError as error:
            raise InvalidPointError("text_not_unicode", "a name or a value has lone surrogates") from error
        if size > MAX_BYTES:
            raise InvalidPointError("point_too_large", f"{size} bytes of names and values")
        return text


class Stamps:
    """Times that no two points have, in RFC 3339: the clock's millisecond, and below it a running number.

    So two points of a series that are recorded at once do not replace each other. The numbers of each object begin at
    a random place, so that processes with the same series keep apart.
    """

    def __init__(self, clock_ns: Callable[[], int]) -> None:
        self._clock_ns = clock_ns
        self._numbers = itertools.count(int.from_bytes(os.urandom(4), "big"))
        self._second: tuple[int, str] = (-1, "")

    def next(self) -> str:
        """The time now."""
        second, below = divmod(self._clock_ns() // 1_000_000, 1000)
        known, text = self._second
        if known != second:
            moment = datetime.fromtimestamp(second, timezone.utc)
            text = moment.replace(tzinfo=None).isoformat()
            self._second = (second, text)
        return f"{text}.{below:03d}{next(self._numbers) % 1_000_000:06d}Z"


def _read_number(value: Any) -> float:
    kind = type(value)
    if kind is bool or not (hasattr(kind, "__float__") or hasattr(kind, "__index__")):
        raise InvalidPointError("value_type", f"a value is a number, no {kind.__name__}")
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidPointError("value_not_finite", "a value is a finite double") from error
    except Exception as error:
        raise InvalidPointError("value_type", f"a {kind.__name__} gave no number") from error


def _read_timestamp(timestamp: Any) -> str:
    """The time in JSON: epoch milliseconds, an RFC 3339 text, or a datetime with its zone."""
    if isinstance(timestamp, int) and not isinstance(timestamp, bool):
        if not 0 <= timestamp < 2**63:
            raise InvalidPointError("timestamp_type", "a time is epoch milliseconds")
        return str(int(timestamp))
    if isinstance(timestamp, datetime):
        if timestamp.utcoffset() is None:
            raise InvalidPointError("timestamp_format", "a datetime has its time zone")
        timestamp = timestamp.astimezone(timezone.utc).isoformat()
    if not isinstance(timestamp, str):
        raise InvalidPointError(
            "timestamp_type", f"a time is no {type(timestamp).__name__}; milliseconds are an int"
        )
    if len(timestamp) > _MAX_TIMESTAMP_CHARACTERS or not RFC_3339.fullmatch(timestamp):
        raise InvalidPointError("timestamp_format", "a time is in RFC 3339, with its zone")
    return f'"{timestamp}"'


def _checked_type(metric_type: Any) -> str:
    if not isinstance(metric_type, str) or metric_type not in METRIC_TYPES:
        raise InvalidPointError("metric_type_unknown", f"one of {', '.join(METRIC_TYPES)}")
    return metric_type


def _check_mapping(dimensions: Any) -> None:
    if not isinstance(dimensions, Mapping):
        raise InvalidPointError("dimensions_type", f"dimensions are no {type(dimensions).__name__}")


def _read_dimensions(dimensions: Mapping[Any, Any]) -> dict[str, str]:
    """The dimensions as text; what is None or empty stays as an empty text, which takes a shared one away."""
    read: dict[str, str] = {}
    for name, value in dimensions.items():
        if not isinstance(name, str):
            raise InvalidPointError("dimension_name_type", f"a dimension's name is no {type(name).__name__}")
        read[name] = _text(value)
    return read


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    raise InvalidPointError("dimension_value_type", f"a dimension's value is no {type(value).__name__}")
