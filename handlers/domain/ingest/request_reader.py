"""The reader of requests in all formats, which a process has one of: it knows the series that it has read before."""

import gc
from collections.abc import Callable, Sequence
from typing import Final

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.ingest.formats import read_request
from handlers.domain.ingest.formats.foreign import DimensionMapping
from handlers.domain.ingest.formats.gzipped import inflate
from handlers.domain.ingest.formats.plain_json import PlainJson
from handlers.domain.ingest.reading import BatchReading, InvalidBody
from handlers.domain.ingest.store import StoreLimits
from handlers.domain.ingest.validator import PointValidator

# Some 30,000 series with what a client writes for each. A stream of ever new ones ends there, and so do those that come
# again: they are judged once more.
_KEPT_BYTES: Final = 48 * 2**20


class RequestReader:
    """Reads batches by the limits of a store. Series are kept from batch to batch, as clients repeat them all the time.

    Equal series of a batch are one object, whatever formats they came in. `kept_bytes` bounds what is kept.
    """

    def __init__(
        self, limits: StoreLimits, otlp_attributes: frozenset[str], *, kept_bytes: int = _KEPT_BYTES
    ) -> None:
        self.limits = limits
        self._otlp_attributes = otlp_attributes
        self._kept_bytes = kept_bytes
        self._forget()

    def read(self, records: Sequence[StreamRecord]) -> BatchReading:
        """The points of all records in their order, and whatever else there is to say of some of them."""
        if self._validator.memory.kept_bytes + self._mapping.memory.kept_bytes > self._kept_bytes:
            self._forget()
        reading = BatchReading()
        # The collector would look at all points again and again while there come more, and none of them is garbage.
        was_collecting = gc.isenabled()
        gc.disable()
        try:
            for position, record in enumerate(records):
                self._read(position, record, reading)
        finally:
            if was_collecting:
                gc.enable()
        return reading

    def payload(self, record: StreamRecord) -> Callable[[int], object]:
        """Gives what the client wrote at an index of a record that can be read."""
        return read_request(record, self._validator, self._mapping).payload

    def _read(self, position: int, record: StreamRecord, reading: BatchReading) -> None:
        points = reading.points
        before = len(points)
        try:
            body = _json(record)
            if body is not None and self._plain.read(body, record, points):
                reading.counts.append(len(points) - before)
                return
            found = read_request(record, self._validator, self._mapping)
        except InvalidBody as error:
            reading.counts.append(0)
            reading.invalid[position] = error.violation
            return
        points += found.points
        reading.counts.append(len(found.points))
        if found.refusals or found.dropped or found.ignored:
            reading.others[position] = found

    def _forget(self) -> None:
        self._validator = PointValidator(self.limits)
        self._mapping = DimensionMapping(self._otlp_attributes)
        self._plain = PlainJson(self._validator)


def _json(record: StreamRecord) -> bytes | None:
    """The body of a record if it is to be in our own JSON; `InvalidBody` if that cannot be inflated."""
    if record.format == "json":
        return record.data
    return inflate(record.data) if record.format == "json-gz" else None
