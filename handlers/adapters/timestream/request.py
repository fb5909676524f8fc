"""The bodies of WriteRecords requests: what a series says in them is made once, and joined with what its points say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from handlers.adapters.timestream.packing import Packer
from handlers.adapters.timestream.prepared import Pair, Prepared, Preparer, dimensions_json, one_object
from handlers.domain.point import Point

_COMMON = '"CommonAttributes":{"MeasureName":"metric","MeasureValueType":"MULTI","TimeUnit":"NANOSECONDS"'
_PREPARER = Preparer()
_PACKER = Packer()


class Request(NamedTuple):
    """A body ready to be sent, and the positions of its records among the points that it was made of."""

    positions: Sequence[int]
    body: bytes


def requests_of(target: Mapping[str, str], points: Sequence[Point]) -> Iterator[Request]:
    """The requests that together write every point once; each is made when it is asked for."""
    prepared = _PREPARER.prepare([point[0] for point in points])
    batch = _Batch(target, points, prepared)
    for positions in _PACKER.pack(points, prepared):
        yield Request(positions, batch.body(positions))


def request_body(target: Mapping[str, str], points: Sequence[Point]) -> bytes:
    """The WriteRecords request for the points, with what they share in CommonAttributes."""
    prepared = _PREPARER.prepare([point[0] for point in points])
    return _Batch(target, points, prepared).body(range(len(points)))


class _Batch:
    """The points of a batch in columns, each made at once, of which every call picks its own."""

    def __init__(
        self, target: Mapping[str, str], points: Sequence[Point], prepared: Sequence[Prepared]
    ) -> None:
        self._start = f"{orjson.dumps(target).decode()[:-1]},{_COMMON}"
        self._prepared = prepared
        self._pairs = [one.pair_set for one in prepared]
        self._times = [point[1] for point in points]
        # The shortest decimal that is the double, as `repr` has it, in a fifth of its time.
        self._values = orjson.dumps([point[2] for point in points]).decode()[1:-1].split(",")
        records = {id(point[4]): point[4] for point in points}
        versions = {key: f',"Version":{record.version}' for key, record in records.items()}
        self._versions = [versions[id(point[4])] for point in points]
        self._time_texts = {time_ns: f',"Time":"{time_ns}"' for time_ns in set(self._times)}

    def body(self, positions: Sequence[int]) -> bytes:
        """The request that writes the points at these positions."""
        count = len(positions)
        pick: Callable[[Sequence[Any]], Sequence[Any]] = (
            _one(positions[0]) if count == 1 else itemgetter(*positions)
        )
        common = _common(frozenset.intersection(*pick(self._pairs)))
        names = common.names
        starts = [one.starts.get(names) or one.start_without(names) for one in pick(self._prepared)]
        values, times, versions = pick(self._values), pick(self._times), pick(self._versions)
        texts = self._time_texts
        one_time, one_version = times.count(times[0]) == count, versions.count(versions[0]) == count
        if one_time and one_version:
            records = [f'{start}{value}"}}]' for start, value in zip(starts, values, strict=True)]
        elif one_version:
            records = [
                f'{start}{value}"}}]{texts[time_ns]}'
                for start, value, time_ns in zip(starts, values, times, strict=True)
            ]
        elif one_time:
            records = [
                f'{start}{value}"}}]{version}'
                for start, value, version in zip(starts, values, versions, strict=True)
            ]
        else:
            records = [
                f'{start}{value}"}}]{texts[time_ns]}{version}'
                for start, value, time_ns, version in zip(starts, values, times, versions, strict=True)
            ]
        time_text, version_text = texts[times[0]] if one_time else "", versions[0] if one_version else ""
        head = f'{self._start}{common.dimensions}{time_text}{version_text}}},"Records":['
        return f"{head}{'},'.join(records)}}}]}}".encode()


def _one(position: int) -> Callable[[Sequence[Any]], Sequence[Any]]:
    return lambda column: (column[position],)


class _Common(NamedTuple):
    """The dimensions that a call shares: their names, and how the request has them."""

    names: frozenset[str]
    dimensions: str


@lru_cache(500)
def _common(shared: frozenset[Pair]) -> _Common:
    if not shared:
        return _Common(one_object(frozenset()), "")
    # As in a series: ours, then the client's by their names.
    pairs = sorted(shared, key=lambda pair: (pair[0] not in {"metric_name", "metric_type"}, pair))
    names = one_object(frozenset([name for name, _ in pairs]))
    return _Common(names, f',"Dimensions":{dimensions_json(pairs)}')
