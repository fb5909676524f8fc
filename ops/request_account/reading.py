"""The account of a request, read from the logs, the quarantine's bucket and CloudWatch."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ops.console.place import Place
from ops.console.readers.figures import read_figures
from ops.errors import OperatorError
from ops.quarantined.points import QuarantinedPoint
from ops.request_account.account import RequestAccount, Resent, State, Waiting
from ops.request_account.bucket import Quarantine, batches_of, last_attempts, points_of, resent_points
from ops.request_account.logs import Found, Groups, find_lines, newest_trouble

# Most are asked for soon after they were made, and a log is searched from its beginning.
_STEPS_S = (3_600, 86_400, 604_800)
_TROUBLE_S = 900
# A note is written when the points lie on the stream already.
_RESENT_SLACK_S = 600.0
_QUIET_LEVELS = frozenset({"WARNING", "ERROR"})
# A point that was sent again may be quarantined and sent again.
_MOST_ATTEMPTS = 10


def read_account(place: Place, request_id: str, *, since_s: float) -> RequestAccount:
    """The account of a request that came in the last `since_s` seconds; OperatorError if it cannot be told.

    Of what was sent again the accounts are read as well. What may not be read hides nothing else, but is a remark.
    """
    quarantine = Quarantine(
        place.client("s3"), place.output("QuarantineBucketName"), place.output("MetricWriterName")
    )
    account = _with_resent(_read(place, quarantine, request_id, since_s), place, quarantine)
    return _with_waiting(account, place) if account.state in {State.IN_FLIGHT, State.MISSING} else account


def _read(place: Place, quarantine: Quarantine, request_id: str, since_s: float) -> RequestAccount:
    """The account without what the writer does now and what was sent again."""
    now_s = place.now_s()
    writer = place.target.config.writer
    found = _lines(place, request_id, now_s, since_s)
    account = RequestAccount(
        request_id,
        now_s,
        float(writer.maximum_age_seconds),
        entry=found.entry,
        settlements=tuple(sorted(found.settlements, key=lambda one: one.at_s)),
        quiet=writer.log_level in _QUIET_LEVELS,
    )
    return _with_bucket(account, quarantine, since_s)


def _lines(place: Place, request_id: str, now_s: float, since_s: float) -> Found:
    """The lines of a request; the search ends with the stretch of time that has its entry."""
    has_receiver = place.target.config.api.remote_write
    groups = Groups(
        place.resource("IngestApiAccessLog"),
        place.resource("MetricWriterLogs"),
        place.resource("RemoteWriteReceiverLogs") if has_receiver else "",
    )
    found = Found()
    logs = place.client("logs")
    for begin_s, end_s in _stretches(since_s):
        find_lines(
            logs,
            groups,
            request_id,
            since_ms=int((now_s - begin_s) * 1000),
            until_ms=int((now_s - end_s) * 1000) - 1 if end_s else None,
            into=found,
        )
        if found.entry:
            break
    return found


def _stretches(since_s: float) -> Iterator[tuple[float, float]]:
    """Stretches of time, the newest first: how many seconds ago each begins and ends."""
    before = 0.0
    for step_s in (*(step for step in _STEPS_S if step < since_s), since_s):
        yield step_s, before
        before = step_s


def _with_bucket(account: RequestAccount, quarantine: Quarantine, since_s: float) -> RequestAccount:
    """The account with what is in the bucket, which is looked for where the logs say, and everywhere if they do not."""
    now_s, entry, settlements = account.now_s, account.entry, account.settlements
    if entry is not None:
        arrived_s = entry.at_s
    else:
        arrived_s = settlements[0].at_s - account.given_up_after_s if settlements else now_s - since_s
    remarks = [*account.remarks]
    if _may_be_quarantined(account):
        times = [one.at_s for one in settlements if one.quarantined]
        written = (min(times, default=arrived_s), max(times, default=now_s))
        points, more = points_of(
            quarantine,
            account.request_id,
            arrived_s=arrived_s,
            written=written,
            span_s=account.given_up_after_s,
        )
        account = replace(account, quarantined=tuple(points))
        if more and len(points) < max((one.quarantined for one in settlements), default=1):
            remarks.append("not all of the quarantine of that time was read: it may have more of its points")
    batches, more = batches_of(quarantine, account.request_id, since_s=arrived_s)
    if more:
        remarks.append("only the newest batches that were given up were read")
    return replace(account, given_up=tuple(batches), remarks=tuple(remarks))


def _may_be_quarantined(account: RequestAccount) -> bool:
    """True unless the writer has said that nothing of it is, or it never came to the stream."""
    if account.settlements:
        return any(one.quarantined for one in account.settlements)
    return account.entry is None or account.entry.is_accepted


def _with_waiting(account: RequestAccount, place: Place) -> RequestAccount:
    try:
        age_ms = read_figures(place)["MetricWriter_waits"].last
        since_s = max(account.now_s - _TROUBLE_S, account.in_flight_since_s or 0)
        trouble = newest_trouble(
            place.client("logs"), place.resource("MetricWriterLogs"), since_ms=int(since_s * 1000)
        )
    except OperatorError as error:
        return replace(account, remarks=(*account.remarks, f"what the writer does now is unknown: {error}"))
    return replace(account, waiting=Waiting(None if age_ms is None else age_ms / 1000, trouble))


def _with_resent(account: RequestAccount, place: Place, quarantine: Quarantine) -> RequestAccount:
    """The account with the points that were sent again, and those of them that were refused again and sent again."""
    resent: list[Resent] = []
    lines = list(account.quarantined)
    for attempt in range(_MOST_ATTEMPTS):
        points = [point for point in lines if point.attempt == attempt]
        sent = [_followed(place, quarantine, one, account.now_s) for one in resent_points(quarantine, points)]
        if not sent:
            break
        resent += sent
        lines += _refused_again(account, quarantine, sent)
    return replace(account, quarantined=tuple(last_attempts(lines)), resent=tuple(resent))


def _followed(place: Place, quarantine: Quarantine, resent: Resent, now_s: float) -> Resent:
    """The points that were sent again with the account of the request that they went in."""
    since_s = now_s - resent.at_s + _RESENT_SLACK_S
    return replace(resent, account=_read(place, quarantine, resent.sent_as, since_s))


def _refused_again(
    account: RequestAccount, quarantine: Quarantine, sent: Sequence[Resent]
) -> Sequence[QuarantinedPoint]:
    """The lines of points that were refused again, as the counts of what they went in say."""
    lines: list[QuarantinedPoint] = []
    for one in sent:
        held = one.account.settlement if one.account else None
        if held is not None and held.quarantined:
            found, _ = points_of(
                quarantine,
                account.request_id,
                arrived_s=one.at_s - _RESENT_SLACK_S,
                written=(held.at_s, held.at_s),
                span_s=account.given_up_after_s,
            )
            lines += [point for point in found if point.index in one.indexes and point.attempt]
    return lines
