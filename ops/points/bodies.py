"""Bodies of requests made of points, each with a time of its own: a body may be sent twice and is stored once."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

T = TypeVar("T")

_POINTS = 500
_BYTES = 512 * 1024


def bodies(items: Iterable[T], metric: Callable[[T], object]) -> Iterator[tuple[bytes, list[T]]]:
    """Bodies with the items in them, in their order; none is near what a request may hold."""
    some: list[T] = []
    size = 0
    for item in items:
        more = len(_json(metric(item)))
        if some and (len(some) == _POINTS or size + more > _BYTES):
            yield _json({"metrics": list(map(metric, some))}), some
            some, size = [], 0
        some.append(item)
        size += more
    if some:
        yield _json({"metrics": list(map(metric, some))}), some


def stamped(metric: Mapping[str, Any], time_s: float, number: int) -> dict[str, Any]:
    """The metric with a time: its own, or this millisecond's and as many nanoseconds as the number says (modulo 1e6).

    The number keeps points of one series apart that come at once.
    """
    if "timestamp" in metric:
        return dict(metric)
    moment = datetime.fromtimestamp(time_s, UTC)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}{number % 1_000_000:06}Z"
    return {**metric, "timestamp": text}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
