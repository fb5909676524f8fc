"""Records that our own code fails on, alone and for minutes: without an end they would hold a shard up for a day.

That is, by an error, or by the end of the process: of memory, or of time.
"""

from collections.abc import Sequence
from contextlib import suppress

from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.ingest.batch import Ports, Report, RequestAccount, write_batch
from handlers.domain.ingest.envelope import RedrivenRecord, StreamRecord
from handlers.domain.ingest.formats.redriven import metrics_of
from handlers.domain.ingest.quarantine import QuarantinedPoint, json_lines, object_key, quarantined_record
from handlers.domain.violation import Reason, Violation

# Long enough for a deployment that fails on everything to be taken back, short beside what a shard keeps.
ISOLATED_AFTER_MS = 15 * 60_000
# Processes that died at a record alone, one after the other, and at nothing else.
MOST_DEATHS = 3
# Kept back from the deadline, and what clocks differ by: Lambda has ended the process by then.
_ENDING_S = 30.0


def is_isolated(records: Sequence[StreamRecord], now_ms: int, *, after_ms: int = ISOLATED_AFTER_MS) -> bool:
    """True for a record by itself, as halving leaves it in the end, that has been tried for so long."""
    return len(records) == 1 and now_ms - records[0].arrival_ms >= after_ms


def write_or_set_aside(
    records: Sequence[StreamRecord], ports: Ports, deadline: Deadline, now_ms: int, *, alone: bool = True
) -> Report:
    """The report of `write_batch`; or of a record set aside for an error that is neither the store's nor a setting's.

    So is one at which three processes died that had nothing else to do. Raises that error of records that are not
    isolated yet, and `ConfigurationError` always. Records that are not `alone` are a part of their batch: what came
    before them may have taken the time or the memory.
    """
    if not alone or not is_isolated(records, now_ms):
        return write_batch(records, ports, deadline)
    record = records[0]
    if _deaths(record, ports, deadline, now_ms) < MOST_DEATHS:
        return _tried(record, ports, deadline)
    # Unread, as reading may have been the end of them. What was noted stays, so that the record, should it come again,
    # is set aside again, in the same object, and not stored as well.
    return _quarantined(record, _unread(record, _violation("its process ends")), ports, "processes died")


def _deaths(record: StreamRecord, ports: Ports, deadline: Deadline, now_ms: int) -> int:
    """The number of processes that died at the record; none if nobody can say."""
    now_s = now_ms / 1000
    try:
        return ports.attempts.begin(record, now_s=now_s, until_s=now_s + deadline.seconds_left() + _ENDING_S)
    except TransientError:
        return 0


def _forget(record: StreamRecord, ports: Ports) -> None:
    """Forgets the attempts at the record, as one has ended; where that fails, the next one's end does so."""
    with suppress(TransientError):
        ports.attempts.end(record)


def _tried(record: StreamRecord, ports: Ports, deadline: Deadline) -> Report:
    """The report of a record by itself, set aside if our own code fails on it; its attempt comes to an end."""
    try:
        report = write_batch([record], ports, deadline)
    except ConfigurationError:
        _forget(record, ports)
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is raised for this record again and again
        cause = type(error).__name__
        points = _points(record, ports, _violation(f"it fails with {cause}"))
        report = _quarantined(record, points, ports, cause)
    _forget(record, ports)
    return report


def _violation(what: str) -> Violation:
    message = f"the writer fails on this request alone ({what}), which is a fault of its own; see its log"
    return Violation(Reason.PROCESSING_FAILED, "body", message)


def _quarantined(record: StreamRecord, points: list[QuarantinedPoint], ports: Ports, cause: str) -> Report:
    """The report of a record whose points are in the quarantine, all of them, or which has to come again."""
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
