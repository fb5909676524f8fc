"""The lake in memory: objects, partitions and views in plain Python, under the real machinery of the exports."""

import gzip
import json
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple, cast

from handlers.adapters.dynamodb.export_hours.cleanup import ExportHoursCleanup
from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.adapters.lake.objects import LakeObjects
from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.exports.choosing import choose
from handlers.domain.exports.cleanup import clean_up_hour
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, PointCount, Unload, UnloadRequest
from handlers.domain.exports.manifest import File, Manifest
from handlers.domain.exports.marking import StoredHours
from handlers.domain.exports.objects import Cleaner
from handlers.domain.exports.ports import ExportBucket, LostClaim, UnloadFailed
from handlers.domain.exports.publishing import publish, verify_job
from handlers.domain.exports.request import ExportLimits, read_request
from handlers.domain.exports.unloading import count_points, empty_job, poll_unloads, start_unloads
from handlers.vocabulary import DATASETS, LAKE
from tests.support.export_ports import HOURS, MemoryBucket, MemoryCatalog
from tests.support.memory_dynamodb import MemoryDynamoDB

LAG_S = 1200.0
LIMITS = ExportLimits(LAG_S, 30)
# Fewer than the writer makes, so that small batches have points of older hours.
_OWN_OBJECTS = 2
_AMPLE = Deadline(10_000, lambda: 0)
_ONE_CALL = Deadline(0, lambda: 0)


class Version(NamedTuple):
    """A version of a point; of one hour, series and time the greatest counts."""

    hour: Hour
    series: str
    version: int
    request: str
    place: int

    @property
    def point(self) -> tuple[Hour, str]:
        """The point that it is a version of; each series has one in an hour."""
        return self.hour, self.series


class TimedBucket(MemoryBucket):
    """A bucket that says when each object was written for the last time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__()
        self._clock = clock
        self._times: dict[str, float] = {}

    def write(self, key: str, content: bytes) -> None:
        """Puts an object, now."""
        super().write(key, content)
        self._times[key] = self._clock()

    def times(self, prefix: str) -> Iterator[tuple[str, float]]:
        """Keys and times."""
        return iter([(key, self._times[key]) for key in sorted(self.objects) if key.startswith(prefix)])


class Lake:
    """A ledger, two writers, a catalog, runs, and what a reader sees. The clock is the test's to move."""

    def __init__(self, start: Hour) -> None:
        self.now_s = float(start.start_s)
        self.bucket = TimedBucket(lambda: self.now_s)
        self.catalog = MemoryCatalog()
        dynamodb = MemoryDynamoDB(HOURS)
        self.ledger = ExportHoursLedger(dynamodb, HOURS)
        self._cleanup = ExportHoursCleanup(dynamodb, HOURS)
        marks = ExportHoursMarks(dynamodb, HOURS)
        self._writers = [StoredHours(marks, lag_s=LAG_S, memory_s=None) for _ in range(2)]
        self._runs = 0

    def write(self, name: str, batch: Sequence[Version], *, writer: int = 0, dies: bool = False) -> None:
        """A batch, as the writer puts it: an object for each of its newest hours, one for the rest, then marks."""
        self._writers[writer].note([version.hour.start_s * 10**9 for version in batch], _AMPLE)
        newest = sorted({version.hour for version in batch})[-_OWN_OBJECTS:]
        for hour in newest:
            lines = [version for version in batch if version.hour == hour]
            self.bucket.write(f"hot/event_hour={_text(hour)}/{name}.jsonl.gz", _object(lines))
        if late := [version for version in batch if version.hour not in newest]:
            self.bucket.write(f"late/{name}.jsonl.gz", _object(late))
        if not dies:
            self._writers[writer].on_stored(
                [version.hour.start_s * 10**9 for version in batch], self.now_s, _AMPLE
            )

    def versions(self, hour: Hour) -> set[Version]:
        """All that lies of an hour anywhere: what the union below the views reads."""
        found: set[Version] = set()
        prefixes = (f"hot/event_hour={_text(hour)}/", "late/")
        for key, content in self.bucket.objects.items():
            if key.startswith(prefixes):
                found |= {version for version in _lines(content) if version.hour == hour}
        for dataset in ("metrics", "replaced"):
            location = self.catalog.partition_location(dataset, hour)
            for key, _ in self.bucket.listing(location.partition("//exports/")[2]) if location else ():
                found |= set(_lines(self.bucket.objects[key]))
        return found

    def points(self, hour: Hour) -> dict[tuple[Hour, str], Version]:
        """The view of the points."""
        return {version.point: version for version in sorted(self.versions(hour))}

    def superseded(self, hour: Hour) -> set[Version]:
        """The view of the others."""
        versions = self.versions(hour)
        return versions - set({version.point: version for version in sorted(versions)}.values())

    def run(self, **payload: Any) -> Generator[str, None, None]:
        """An execution of the machine, a step at a time; it may be left at any, as one that is killed."""
        self._runs += 1
        by = f"run {self._runs}"
        source = LakeSource(self)
        hours = choose(read_request(payload, self.now_s, LIMITS), self.ledger, self.now_s, LIMITS).hours
        yield "chosen"
        for hour in hours:
            try:
                yield from self._export(hour, by, source)
            except LostClaim:
                continue
            except (TransientError, UnloadFailed) as error:
                self.ledger.give_up(hour, by, str(error), self.now_s)
        self.tidy()

    def _export(self, hour: Hour, by: str, source: "LakeSource") -> Iterator[str]:
        claim = self.ledger.claim(hour, by, self.now_s)
        if not isinstance(claim, Claim):
            return
        if self.ledger.has_no_points(hour, self.now_s):
            job = empty_job(claim, Layout((), written=False, kind=LAKE))
        else:
            job = count_points(claim, source, _AMPLE)
            yield "counted"
            job = start_unloads(job, source)
            while not job.is_done:
                yield "unloading"
                self.ledger.renew(claim, self.now_s)
                job = poll_unloads(job, source, self.now_s, _ONE_CALL)
        yield "unloaded"
        manifests = verify_job(job, self.bucket, _read_manifest)
        publish(job, manifests, self.ledger, self.catalog, self.bucket, now_s=self.now_s, lag_s=LAG_S)
        yield "published"

    def tidy(self) -> None:
        """The machine's last step."""
        for task in self._cleanup.due(self.now_s, 99):
            record = self._cleanup.record(task.hour)
            datasets = (*DATASETS, "replaced")
            _, again_at_s = clean_up_hour(record, datasets, self.catalog, self.bucket, self.now_s)
            self._cleanup.done(task, again_at_s)
        objects = LakeObjects(cast("Any", self.bucket))
        Cleaner(objects, self.ledger, self.catalog, LIMITS, self.now_s).clean(_AMPLE)

    def written(self) -> list[str]:
        """The writers' objects that are still there."""
        return [key for key in self.bucket.objects if key.startswith(("hot/", "late/"))]


class LakeSource:
    """The lake as exports read it; an UNLOAD reads when it is polled for the first time."""

    kind = LAKE
    call_s = 1.0
    longest_unload_s = 3900.0

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def layout(self, deadline: Deadline) -> Layout:
        """No dimension."""
        return Layout((), written=True, kind=LAKE)

    def count_points(self, hour: Hour, deadline: Deadline) -> PointCount:
        """By the two views."""
        points = len(self._lake.points(hour))
        return PointCount(points, superseded=len(self._lake.superseded(hour)))

    def start_unload(self, request: UnloadRequest) -> Unload:
        """Its token is its prefix. Some read at once, some later, as Athena may."""
        if int(request.client_token[0], 16) % 2:
            self._read(request)
        return Unload(request.prefix)

    def poll_unload(self, request: UnloadRequest, unload: Unload) -> Unload:
        """Its end."""
        if not int(request.client_token[0], 16) % 2:
            self._read(request)
        return Unload(manifest=f"s3://exports/{_manifest(request)}")

    def _read(self, request: UnloadRequest) -> None:
        lake, hour = self._lake, request.hour
        rows = lake.superseded(hour) if request.dataset == "replaced" else lake.points(hour).values()
        key = f"{request.prefix}results/0.gz"
        if rows:
            lake.bucket.write(key, _object(sorted(rows)))
        lake.bucket.write(_manifest(request), f"{key} {len(rows)}".encode() if rows else b"")

    def stop_unload(self, unload: Unload) -> None:
        """It has ended."""


def _manifest(request: UnloadRequest) -> str:
    return f"athena/{request.client_token}.csv"


def _read_manifest(content: bytes, bucket: ExportBucket) -> Manifest:
    if not content:
        return Manifest((), 0)
    key, rows = content.decode().split()
    return Manifest((File(key, bucket.end_of(key, 1)[1], int(rows)),), int(rows))


def _object(versions: Iterable[Version]) -> bytes:
    lines = (
        json.dumps({**version._asdict(), "hour": str(version.hour), "event_hour": _text(version.hour)}) + "\n"
        for version in versions
    )
    return gzip.compress("".join(lines).encode(), mtime=0)


@cache
def _lines(content: bytes) -> tuple[Version, ...]:
    found = map(json.loads, gzip.decompress(content).splitlines())
    return tuple(
        Version(Hour.parse(each["hour"]), each["series"], each["version"], each["request"], each["place"])
        for each in found
    )


def _text(hour: Hour) -> str:
    return f"{hour.date}-{hour.of_day}"


class History:
    """A lake, what was written to it, and a plain dictionary of what must be in it."""

    def __init__(self, start: Hour) -> None:
        self.lake = Lake(start)
        self._batches: list[list[Version]] = []
        self._accepted: defaultdict[Hour, set[Version]] = defaultdict(set)
        self._runs: list[Generator[str, None, None]] = []

    def write(self, points: list[tuple[int, str, int]], **how: Any) -> None:
        """A new batch."""
        now, number = Hour.containing(self.lake.now_s), len(self._batches)
        self._batches.append(
            [
                Version(now.plus(-back), series, number * 2 - older * 5, f"request {number}", index)
                for index, (back, series, older) in enumerate(points)
            ]
        )
        self._put(self._batches[-1], f"batch-{number}", **how)

    def again(self, which: int, parts: int, **how: Any) -> None:
        """A batch that was written before, whole or in parts."""
        if not self._batches:
            return
        number = which % len(self._batches)
        batch = self._batches[number]
        size = -(-len(batch) // parts)
        for first in range(0, len(batch), size):
            name = f"batch-{number}" if parts == 1 else f"batch-{number}-{first}"
            self._put(batch[first : first + size], name, **how)

    def begin(self) -> None:
        """A run, beside one that is not done."""
        self._runs = [*self._runs, self.lake.run()][-2:]

    def step(self, which: int, steps: int) -> None:
        """A run goes on."""
        for _ in range(steps if self._runs else 0):
            next(self._runs[which % len(self._runs)], None)

    def kill(self, which: int) -> None:
        """A run ends where it is."""
        if self._runs:
            self._runs.pop(which % len(self._runs)).close()

    def fail(self, calls: int) -> None:
        """The catalog fails at one of its next calls."""
        self.lake.catalog.fail_at = len(self.lake.catalog.calls) + calls

    def tidy(self) -> None:
        """Another run's last step."""
        self.lake.tidy()

    def check(self) -> None:
        """Accepted = points + superseded, in each hour; of each point the greatest version counts."""
        for hour, accepted in self._accepted.items():
            best = {version.point: version for version in sorted(accepted)}
            assert self.lake.points(hour) == best
            assert self.lake.superseded(hour) == accepted - set(best.values())

    def _put(self, batch: list[Version], name: str, **how: Any) -> None:
        self.lake.write(name, batch, **how)
        for version in batch:
            self._accepted[version.hour].add(version)
