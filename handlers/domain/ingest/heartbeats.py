"""Heartbeats: the requests by which the stack tries its own API each minute, so that silence is known to be none.

They come the way that clients' points come, and hold none. A client cannot send one, as the API makes the format of
a record, and a heartbeat's path takes the stack's own signature; nor can anybody make one look younger than it is, as
its age is that of its arrival on the stream.
"""

from collections.abc import Mapping, Sequence

from handlers.domain.emf import metrics_line
from handlers.domain.ingest.envelope import StreamRecord
from handlers.vocabulary import HEARTBEAT

# The least age that is reported: a zero would be no metric.
_LEAST_S = 0.001


def apart(records: Sequence[StreamRecord]) -> tuple[Sequence[StreamRecord], Sequence[StreamRecord]]:
    """The records of clients, and the heartbeats among them, both in their order."""
    heartbeats = [record for record in records if record.format == HEARTBEAT]
    if not heartbeats:
        return records, heartbeats
    return [record for record in records if record.format != HEARTBEAT], heartbeats


def age_s(heartbeats: Sequence[StreamRecord], retry_from: int | None, now_s: float) -> float | None:
    """The age in seconds of the newest heartbeat that is through, None if none is.

    One is through when all before it are: what comes again from `retry_from`, a sequence number, is not.
    """
    through = [one.arrival_ms for one in heartbeats if retry_from is None or one.sequence < retry_from]
    return round(max(_LEAST_S, now_s - max(through) / 1000), 3) if through else None


def heartbeat_lines(
    metric: str,
    heartbeats: Sequence[StreamRecord],
    retry_from: int | None,
    now_s: float,
    dimensions: Mapping[str, str],
) -> list[str]:
    """The log line that reports the age under a metric's name; none without a heartbeat that is through."""
    age = age_s(heartbeats, retry_from, now_s)
    if age is None:
        return []
    return [metrics_line({metric: age}, dimensions, round(now_s * 1000), units={metric: "Seconds"})]
