"""An hour of points out of Timestream and into the lake, as often as it takes.

Each attempt has a folder of its own for what Timestream unloads, and a version of its own for its points: of two
attempts the later counts, and any version that a client sent to the lake counts before both, as those begin at
milliseconds since 1970. So an attempt may end anywhere, and the next one need not know where.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import replace

from handlers.adapters.dynamodb.export_hours.marks import ExportHoursMarks
from handlers.adapters.lake.lines import objects_of
from handlers.adapters.timestream.manifest import read_manifest
from handlers.domain.deadline import Deadline
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.manifest import Mismatch, object_key
from handlers.domain.exports.marking import StoredHours
from handlers.domain.ingest.envelope import StreamRecord
from ops.errors import OperatorError, refusals
from ops.store_copy.ends import Ends
from ops.store_copy.files import in_parts, read_points
from ops.store_copy.state import HourState
from ops.store_copy.statements import unload

# Some 15 MB of lines, and five times that as points in memory.
POINTS_OF_AN_OBJECT = 50_000
_NS = 1_000_000_000
_MARKS_S = 60.0


class HourCopier:
    """Copies hours between two ends; the clock is that of the deployments, in seconds since the epoch."""

    def __init__(self, ends: Ends, dimensions: list[str], clock: Callable[[], float] = time.time) -> None:
        self._ends, self._dimensions, self._clock = ends, dimensions, clock
        self._s3 = ends.lake.client("s3")
        self._key_arn = ends.lake.output("KeyArn")
        self._hours = StoredHours(
            ExportHoursMarks(ends.lake.client("dynamodb"), ends.lake.output("ExportHoursTableName")),
            lag_s=ends.lake.config.export.lag_minutes * 60,
            memory_s=None,
        )

    def copy(self, hour: Hour, points: int) -> HourState:
        """The hour's state once its points, of which there are so many, are in the lake.

        OperatorError if they are not, for whatever reason: then the hour can be copied again.
        """
        with refusals("cannot copy it"):
            state = self._ends.state
            begun = HourState(attempt=state.read(hour).attempt + 1)
            state.write(hour, begun)
            keys = self._unload(hour, begun.attempt, points)
            self._hours.note([hour.start_s * _NS], self._deadline())
            copied = self._write(begun, keys)
            if copied.points != points:
                raise OperatorError(f"{points} points were unloaded, and {copied.points} were in the files")
            self._mark(hour)
            # Before the hour counts as copied, so that nothing is left behind of one that does.
            self._ends.bucket.delete(key for key, _ in self._ends.bucket.listing(state.folder(hour)))
            finished = replace(copied, finished_at_s=self._clock())
            state.write(hour, finished)
            return finished

    def _unload(self, hour: Hour, attempt: int, points: int) -> list[str]:
        """Have Timestream write the hour's points; the keys of the files, once it says that all are in them."""
        bucket = self._ends.bucket
        # The documented form of a folder ends without a slash.
        folder = f"{self._ends.state.folder(hour)}{attempt}-{secrets.token_hex(3)}"
        table = self._ends.source_store.points
        sql = unload(table, hour, self._dimensions, f"s3://{bucket.name}/{folder}", self._key_arn)
        [[unloaded, _, manifest_url]] = self._ends.source_store.select(sql)[1]
        if unloaded != points:
            raise OperatorError(
                f"{points} points were counted, and Timestream unloaded {unloaded}; if points still come, "
                "run this again"
            )
        try:
            content = bucket.read(object_key(manifest_url, bucket.name))
            manifest = read_manifest(content or b"", bucket)
        except Mismatch as error:
            raise OperatorError(str(error)) from error
        if manifest.rows != points:
            raise OperatorError(f"Timestream unloaded {points} points, and its manifest has {manifest.rows}")
        return [file.key for file in manifest.files]

    def _write(self, begun: HourState, keys: list[str]) -> HourState:
        """Write the points of the files into the lake, as objects of bounded size; the state with their numbers."""
        record = StreamRecord(
            format="",
            client="",
            request_id=self._ends.request,
            arrival_ms=0,
            sequence=begun.attempt,
            shard=self._ends.request.replace("/", "-"),
            data=b"",
        )
        points = objects = 0
        for key in keys:
            body = self._s3.get_object(Bucket=self._ends.bucket.name, Key=key)["Body"]
            for part in in_parts(read_points(body, self._dimensions, record), POINTS_OF_AN_OBJECT):
                for lines in objects_of(part):
                    self._s3.put_object(Bucket=self._ends.bucket.name, Key=lines.key, Body=lines.body())
                    objects += 1
                points += len(part)
        return replace(begun, points=points, objects=objects)

    def _mark(self, hour: Hour) -> None:
        """Have the hour compacted, if it is over; `HourCopier.copy` noted before that it has points."""
        self._hours.on_stored([hour.start_s * _NS], self._clock(), self._deadline())

    def _deadline(self) -> Deadline:
        return Deadline(time.monotonic() + _MARKS_S, time.monotonic)
