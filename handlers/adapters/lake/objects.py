"""The objects that the lake's writers put into the bucket: those of one hour below `hot/`, those of many in `late/`."""

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence

from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.objects import Written
from handlers.lake import EVENT_HOUR, HOT, LATE


class LakeObjects:
    """The port `WrittenObjects` over the bucket."""

    def __init__(self, bucket: S3ExportBucket) -> None:
        self._bucket = bucket

    def hours(self) -> Sequence[Hour]:
        """The folders below `hot/`, but those that are called otherwise."""
        folders = (folder.partition("=") for folder in self._bucket.folders(f"{HOT}/"))
        found = (_hour(value) for name, _, value in folders if name == EVENT_HOUR)
        return [hour for hour in found if hour is not None]

    def of_hour(self, hour: Hour) -> Iterator[Written]:
        """The objects in the hour's folder."""
        return self._written(f"{HOT}/{EVENT_HOUR}={hour.date}-{hour.of_day}/")

    def shared(self) -> Sequence[Written]:
        """The objects in `late/`."""
        return list(self._written(f"{LATE}/"))

    def hours_in(self, key: str) -> frozenset[Hour] | None:
        """The hours that an object's lines say."""
        content = self._bucket.read(key)
        if content is None:
            return None
        try:
            with gzip.open(io.BytesIO(content)) as lines:
                hours = {_hour(json.loads(line)[EVENT_HOUR]) for line in lines}
        except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError):
            return None
        return None if None in hours else frozenset(hour for hour in hours if hour is not None)

    def delete(self, keys: Iterable[str]) -> int:
        """A thousand at a time."""
        return self._bucket.delete(keys)

    def _written(self, prefix: str) -> Iterator[Written]:
        return (Written(key, at_s) for key, at_s in self._bucket.times(prefix))


def _hour(text: str) -> Hour | None:
    """The hour of a text as `event_hour` has it."""
    try:
        return Hour.parse(f"{text[:10]}T{text[11:]}") if text[10:11] == "-" else None
    except ValueError:
        return None
