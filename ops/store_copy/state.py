"""The state of a copy: an object for each hour, in the lake's bucket beside what was unloaded."""

import json
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.exports.hour import Hour

# Boto3's clients have so many connections.
_THREADS = 10


@dataclass(frozen=True, slots=True)
class HourState:
    """An hour's copy: how often it was begun and, once it is finished, what was copied and when (epoch seconds)."""

    attempt: int = 0
    points: int = 0
    objects: int = 0
    finished_at_s: float | None = None

    def has(self, points: int) -> bool:
        """True if it is finished with at least so many points, which the source has by now."""
        return self.finished_at_s is not None and self.points >= points


class CopyState:
    """The states of the hours that are copied out of one Timestream database."""

    def __init__(self, bucket: S3ExportBucket, database: str) -> None:
        self._bucket, self._database = bucket, database

    def folder(self, hour: Hour) -> str:
        """The prefix below which all that is unloaded of an hour lies until it is copied."""
        return f"copy/{self._database}/{hour}/"

    def read(self, hour: Hour) -> HourState:
        """The hour's state; that of an hour nobody began if there is none or it cannot be understood."""
        content = self._bucket.read(self._key(hour))
        try:
            return HourState(**json.loads(content)) if content else HourState()
        except (ValueError, TypeError):
            return HourState()

    def read_all(self, hours: Iterable[Hour]) -> Mapping[Hour, HourState]:
        """The states of hours, some read at a time."""
        wanted = list(hours)
        with ThreadPoolExecutor(_THREADS) as pool:
            return dict(zip(wanted, pool.map(self.read, wanted), strict=True))

    def write(self, hour: Hour, state: HourState) -> None:
        """Put the hour's state in place of the one before."""
        self._bucket.write(self._key(hour), json.dumps(asdict(state)).encode())

    def _key(self, hour: Hour) -> str:
        return f"copy/{self._database}/{hour}.json"
