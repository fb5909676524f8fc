"""Records that our own code fails on, alone and for minutes: without an end they would hold a shard up for a day."""

from collections.abc import Sequence

from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.batch import Ports, Report, RequestAccount, write_batch
from handlers.domain.ingest.envelope import RedrivenRecord, StreamRecord
from handlers.domain.ingest.formats.redriven import metrics_of
from handlers.domain.ingest.quarantine import QuarantinedPoint, json_lines, object_key, quarantined_record
from handlers.domain.violation import Reason, Violation

# Long enough for a deployment that fails on everything to be taken back, short beside what a shard keeps.
ISOLATED_AFTER_MS = 15 * 60_000


def is_isolated(records: Sequence[StreamRecord], now_ms: int, *, after_ms: int = ISOLATED_AFTER_MS) -> bool:
    """True for a record by itself, as halving leaves it in the end, that has been tried for so long."""
    return len(records) == 1 and now_ms - records[0].arrival_ms >= after_ms


def write_or_set_aside(
    records: Sequence[StreamRecord], ports: Ports, deadline: Deadline, now_ms: int
) -> Report:
    """The report of `write_batch`; or of a record set aside for an error that is neither the store's nor a setting's.

    Raises that error of records that are not isolated yet, and `ConfigurationError` always.
    """
    try:
        return write_batch(records, ports, deadline)
    except ConfigurationError:
        raise
    except Exception as error:
        if not is_isolated(records, now_ms):
            raise
        return _set_aside(records[0], ports, error)


def _set_aside(record: StreamRecord, ports: Ports, error: Exception) -> Report:
    """The report of a record whose points are in the quarantine, all of them, or which has to come again."""
    cause = type(error).__name__
    message = f"the writer fails on this request alone ({cause}), which is a fault of its own; see its log"
    points = _points(record, ports, Violation(Reason.PROCESSING_FAILED, "body", message))
    account = RequestAccount(record, received=len(points), quarantined=points)
    try:
        ports.quarantine.put(object_key([record]), json_lines(points))
    except TransientError as refused:
        return Report([], record.sequence, 0, 0, [str(refused)])
    return Report([account], None, 0, 0, [cause])


def _points(record: StreamRecord, ports: Ports, violation: Violation) -> list[QuarantinedPoint]:
    """Each point of the record, if they can be told, or the record as one."""
    try:
        reading = ports.reader.read([record])
        if not reading.invalid:
            payload = ports.reader.payload(record)
            refused = dict(reading.others[0].refusals) if reading.others else {}
            indices = sorted({point.request_index for point in reading.points} | refused.keys())
            return [
                QuarantinedPoint(record, index, refused.get(index, violation), payload(index))
                for index in indices
            ]
    except Exception:  # noqa: BLE001 -- whatever it is, the bytes are kept as they came
        return _unread(record, violation)
    return _unread(record, violation)


def _unread(record: StreamRecord, violation: Violation) -> list[QuarantinedPoint]:
    """The points of a redrive, each of which has an account in its first request; of others the record as one."""
    if isinstance(record, RedrivenRecord):
        try:
            metrics = metrics_of(record)
        except (ValueError, KeyError, TypeError):  # of a whole body, or no redrive's
            metrics = {}
        if metrics:
            return [QuarantinedPoint(record, index, violation, metric) for index, metric in metrics.items()]
    return [quarantined_record(record, violation)]
