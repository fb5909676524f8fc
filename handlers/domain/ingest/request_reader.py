"""The reader of requests in all formats, which a process has one of: it knows the series that it has read before."""

from collections.abc import Callable, Sequence
from typing import Final

from handlers.domain.collection import paused_collection
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
        self,
        limits: StoreLimits,
        otlp_attributes: frozenset[str],
        *,
        kept_bytes: int = _KEPT_BYTES,
        passed_over: frozenset[str] = frozenset(),
    ) -> None:
        """Of records in the formats that are `passed_over` it reads nothing."""
        self.limits = limits
        self._passed_over = passed_over
        self._otlp_attributes = otlp_attributes
        self._kept_bytes = kept_bytes
        self._forget()

    @paused_collection()
    def read(self, records: Sequence[StreamRecord]) -> BatchReading:
        """The points of all records in their order, and whatever else there is to say of some of them."""
        if self._validator.memory.kept_bytes + self._mapping.memory.kept_bytes > self._kept_bytes:
            self._forget()
        reading = BatchReading()
        read_plainly, points, counted = self._plain.read, reading.points, reading.counts.append
        before = 0
        for position, record in enumerate(records):
            if record.format != "json" or not read_plainly(record.data, record, points):
                self._read(position, record, reading)
            counted(len(points) - before)
            before = len(points)
        return reading

    def payload(self, record: StreamRecord) -> Callable[[int], object]:
        """Gives what the client wrote at an index of a record that can be read."""
        return read_request(record, self._validator, self._mapping).payload

    def _read(self, position: int, record: StreamRecord, reading: BatchReading) -> None:
        """Adds the points of a record that is not plain JSON as it is, and whatever else there is to say of it."""
        try:
            if record.format == "json-gz" and self._plain.read(inflate(record.data), record, reading.points):
                return
            if record.format in self._passed_over:
                return
            found = read_request(record, self._validator, self._mapping)
        except InvalidBody as error:
            reading.invalid[position] = error.violation
            return
        reading.points += found.points
        if found.refusals or found.dropped or found.ignored:
            reading.others[position] = found

    def _forget(self) -> None:
        self._validator = PointValidator(self.limits)
        self._mapping = DimensionMapping(self._otlp_attributes)
        self._plain = PlainJson(self._validator)
