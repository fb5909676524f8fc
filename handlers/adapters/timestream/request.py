"""The bodies of WriteRecords requests: what a series says in them is made once, and joined with what its points say."""

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import NamedTuple

import orjson

from handlers.adapters.timestream.packing import Packer
from handlers.adapters.timestream.prepared import Prepared, Preparer, dimensions_json, one_object
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
    versions = _versions(points)
    start = _start(target)
    for positions in _PACKER.pack(points, prepared):
        some = [points[position] for position in positions]
        ready = [prepared[position] for position in positions]
        yield Request(positions, _body(start, some, ready, versions))


def request_body(target: Mapping[str, str], points: Sequence[Point]) -> bytes:
    """The WriteRecords request for the points, with what they share in CommonAttributes."""
    prepared = _PREPARER.prepare([point[0] for point in points])
    return _body(_start(target), points, prepared, _versions(points))


def _start(target: Mapping[str, str]) -> str:
    return f"{orjson.dumps(target).decode()[:-1]},{_COMMON}"


def _versions(points: Sequence[Point]) -> dict[int, str]:
    """The JSON of the versions of the points' records, by the identity of these."""
    records = {id(point[4]): point[4] for point in points}
    return {key: f',"Version":{record.version}' for key, record in records.items()}


def _body(
    start: str, points: Sequence[Point], prepared: Sequence[Prepared], versions: Mapping[int, str]
) -> bytes:
    shared = frozenset.intersection(*[one.pair_set for one in prepared])
    names = one_object(frozenset([name for name, _ in shared]))
    common = [start]
    if shared:
        dimensions = dimensions_json([pair for pair in prepared[0].pairs if pair in shared])
        common.append(f',"Dimensions":{dimensions}')
    _, first_ns, _, _, first_record = points[0]
    times = {point[1] for point in points}
    one_time = len(times) == 1
    one_version = len({versions[key] for key in {id(point[4]) for point in points}}) == 1
    if one_time:
        common.append(f',"Time":"{first_ns}"')
    if one_version:
        common.append(versions[id(first_record)])
    starts = [one.starts.get(names) or one.start_without(names) for one in prepared]
    # The shortest decimal that is the double, as `repr` has it, in a fifth of its time.
    values = orjson.dumps([point[2] for point in points]).decode()[1:-1].split(",")
    if one_time and one_version:
        records = [f'{start}{value}"}}]' for start, value in zip(starts, values, strict=True)]
    else:
        ends = _ends(points, times, {} if one_version else versions)
        records = [f"{start}{value}{end}" for start, value, end in zip(starts, values, ends, strict=True)]
    return f'{"".join(common)}}},"Records":[{"},".join(records)}}}]}}'.encode()


def _ends(points: Sequence[Point], times: Set[int], versions: Mapping[int, str]) -> list[str]:
    """The ends of the records after their values, with the times and the versions that the call does not share."""
    if len(times) == 1:
        return [f'"}}]{versions[id(point[4])]}' for point in points]
    texts = {time_ns: f'"}}],"Time":"{time_ns}"' for time_ns in times}
    if not versions:
        return [texts[point[1]] for point in points]
    return [f"{texts[point[1]]}{versions[id(point[4])]}" for point in points]
