"""The account of a request in lines for people, and as a document for programs."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ops.output import counted, moment
from ops.quarantined.cures import cure_of
from ops.quarantined.points import QuarantinedPoint
from ops.request_account.account import Entry, GivenUpBatch, Points, RequestAccount, Resent, State

_NAMES = ("received", "stored", "superseded", "quarantined", "given_up", "in_flight")
_SHOWN = 20
# The types of API Gateway's own answers, which the access log has, in words.
_TOLD = {
    "ACCESS_DENIED": "the caller may not post, or not from its address",
    "BAD_REQUEST_BODY": "the body breaks the model; `ops check FILE` says where",
    "BAD_REQUEST_PARAMETERS": "a header or a parameter is missing",
    "INTEGRATION_FAILURE": "the stream did not answer",
    "INTEGRATION_TIMEOUT": "the stream did not answer in time",
    "INVALID_SIGNATURE": "the signature is not right",
    "MISSING_AUTHENTICATION_TOKEN": "there is no such path, or the request was not signed",
    "REQUEST_TOO_LARGE": "the body is larger than a record may be",
    "THROTTLED": "more requests came than the throttle lets through",
    "UNAUTHORIZED": "there was no token, or one that nobody has",
    "UNSUPPORTED_MEDIA_TYPE": "the path does not take that content type",
}
_FORMATS = {
    "/metrics": "JSON",
    "/v1/metrics": "OTLP",
    "/write": "line protocol of InfluxDB 1",
    "/api/v2/write": "line protocol of InfluxDB 2",
    "/api/v3/write_lp": "line protocol of InfluxDB 3",
    "/collectd": "collectd",
    "/api/v1/write": "Prometheus's remote write",
}


def lines(account: RequestAccount, *, kept: "Kept") -> Iterator[str]:
    """The account in lines; what clients wrote in them is as it came, so whoever prints them cleans them."""
    yield f"request {account.request_id}: {account.state}"
    yield from _entry(account)
    points = _counts(account.points)
    if points:
        yield f"  points    {points}"
    yield from _settled(account)
    for point in account.quarantined[:_SHOWN]:
        yield from _point(point, account)
    if len(account.quarantined) > _SHOWN:
        yield f"  and {len(account.quarantined) - _SHOWN} more: --format json shows all"
    for resent in account.resent:
        yield f"  redriven  {_resent(resent)}"
    for batch in account.given_up:
        yield from _given_up(batch, account)
    yield from (f"  {line}" for line in _what_now(account, kept))
    yield from (f"  note      {remark}" for remark in account.remarks)


class Kept:
    """Days for which a deployment keeps its logs and its quarantine, and the seconds back that were searched."""

    def __init__(self, *, log_days: int, quarantine_days: int, since_s: float) -> None:
        self.log_days, self.quarantine_days, self.since_s = log_days, quarantine_days, since_s

    def __str__(self) -> str:
        return f"logs are kept for {counted(self.log_days, 'day')}, the quarantine for {self.quarantine_days}"


def _entry(account: RequestAccount) -> Iterator[str]:
    entry = account.entry
    by = account.client or "anonymous"
    if entry is None:
        if account.state is not State.UNKNOWN:
            yield f"  client    {account.client or 'not known'}"
            yield "  answered  not known: no access log has it (it came past the API, or its line is gone)"
        return
    where = f" from {entry.source_ip}" if entry.source_ip else ""
    path = entry.asked.rpartition(" ")[2]
    read_as = f", {_FORMATS[path]}" if path in _FORMATS else ""
    exactly = f" ({account.format})" if account.format else ""
    yield f"  {'accepted' if entry.is_accepted else 'refused '}  {moment(entry.at_s)} UTC, by {by}{where}"
    yield f"  through   {entry.asked or 'no path of the API'}{read_as}{exactly}"
    yield f"  answered  {entry.status}{_told(entry)}"


def _told(entry: Entry) -> str:
    if entry.is_accepted:
        return ""
    why = f": {_TOLD.get(entry.why, entry.why)}" if entry.why else ""
    return f"{why} ({entry.why})" if entry.why in _TOLD else why


def _counts(points: Points) -> str:
    shown = [
        f"{value} {name.replace('_', ' ')}"
        for name in _NAMES
        if (value := getattr(points, name)) is not None and (value or name in _NAMES[:4])
    ]
    return ", ".join(shown)


def _settled(account: RequestAccount) -> Iterator[str]:
    held = account.settlement
    if held is None:
        return
    after = f", {_period(held.at_s - account.entry.at_s)} after it came in" if account.entry else ""
    yield f"  settled   {moment(held.at_s)} UTC{after}"
    if account.entry is not None and not account.entry.is_accepted:
        yield "  note      the stream had it, although the client was told otherwise; sent again, it is stored once"
    for other in account.settlements:
        if other is not held:
            counts = f"{other.stored} stored, {other.superseded} superseded, {other.quarantined} quarantined"
            yield f"  again     {moment(other.at_s)} UTC: its batch came again, which changes nothing ({counts})"


def _point(point: QuarantinedPoint, account: RequestAccount) -> Iterator[str]:
    cure = cure_of(point.reason)
    again = next((one.sent_as for one in account.resent if point.index in one.indexes), "")
    sent = f", sent again as {again}" if again else ", dropped since" if point.dropped else ""
    where = f" in {point.field}" if point.field else ""
    yield f"  {f'point {point.index}':<8}  {point.reason}{where}: {point.message}{sent}"
    yield f"            cause  {cure.cause}"
    yield f"            cure   {cure.cure}"
    yield f"            sent   {json.dumps(point.payload, ensure_ascii=False)}"


def _resent(resent: Resent) -> str:
    ended = "how that ended is not known yet"
    if resent.account is not None and (counts := _counts(resent.account.points)):
        ended = counts
    return (
        f"{counted(len(resent.indexes), 'point')} at {moment(resent.at_s)} UTC as {resent.sent_as}: {ended}"
    )


def _given_up(batch: GivenUpBatch, account: RequestAccount) -> Iterator[str]:
    if not batch.of_writer:
        yield f"  alerts    {batch.function} gave its batch up: no point is missing, but alerts have not seen it"
    elif account.settlements:
        yield "  note      a batch with it lies given up as well, which is harmless"
    else:
        yield f"  given up  {counted(batch.points, 'point')}, whole in the bucket"
    yield f"            {batch.key} ({batch.condition}, {batch.given_up_at})"


def _what_now(account: RequestAccount, kept: Kept) -> Iterator[str]:
    """The meaning of a state that is not the end, and what to do or to look at."""
    match account.state:
        case State.GIVEN_UP:
            yield "next      `ops quarantine redrive --batches`; what is stored of it already is stored once"
        case State.IN_FLIGHT:
            yield from _in_flight(account)
        case State.MISSING:
            yield "MISSING   it was accepted, or sent again, longer ago than records are kept, and nothing was found of"
            yield "          it since: not stored, not quarantined, not given up. Look at MetricWriterDroppedAlarm and"
            yield "          the logs of that time."
        case State.UNKNOWN:
            yield f"nothing of it was found in the last {_period(kept.since_s)} (--since); {kept}."
            yield "It is older, of another region or environment, so new that its line is still to come, or no id:"
            yield "the header x-amz-apigw-id and the body have that, x-amzn-RequestId with remote write alone."
        case State.SETTLED if account.is_stored_by_silence:
            yield "stored    whole: writer.log_level leaves out what is, and the writer has read past it. Its points"
            yield "          are counted from INFO on."
        case State.SETTLED if account.settlement is None:
            yield "note      its counts are not in the log any more; the writer has read past it"
        case _:
            return


def _in_flight(account: RequestAccount) -> Iterator[str]:
    if account.in_flight_since_s is not None:
        waited = _period(account.now_s - account.in_flight_since_s)
        yield f"waiting   for {waited}, of {_period(account.given_up_after_s)} at most"
    if account.quarantined and account.settlement is None:
        yield "note      the writer set points of it aside, and has not said yet where the others are"
    if account.waiting is None:
        return
    age_s = account.waiting.record_age_s
    yield "writer    " + (
        "has no reading of its age (IteratorAge) in the last hour" if age_s is None
        else f"reads records that are {_period(age_s)} old (IteratorAge)"
    )  # fmt: skip
    trouble = account.waiting.trouble
    if trouble is not None:
        own = ", from this request on" if trouble.request_id == account.request_id else ""
        yield f"retried   {moment(trouble.at_s)} UTC{own}: {trouble.text}"
    yield "look at   `ops status`, `ops logs MetricWriter`; a batch fills for some seconds before it is written"


def _period(seconds: float) -> str:
    """A period in the largest unit that is not too coarse."""
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"


def document(account: RequestAccount) -> Mapping[str, Any]:
    """The account as programs read it; what nobody has said is null."""
    entry, points = account.entry, account.points
    return {
        "request_id": account.request_id,
        "state": str(account.state),
        "at": None if entry is None else _time(entry.at_s),
        "client": account.client or None,
        "source_ip": entry.source_ip or None if entry else None,
        "asked": entry.asked if entry else None,
        "format": account.format or None,
        "status": entry.status if entry else None,
        "why": entry.why or None if entry else None,
        **{name: getattr(points, name) for name in _NAMES},
        "settled": [
            {
                "at": _time(one.at_s), "received": one.received, "stored": one.stored,
                "superseded": one.superseded, "quarantined": one.quarantined,
            }
            for one in account.settlements
        ],
        "points": [_point_document(point, account) for point in account.quarantined],
        "redriven": [
            {
                "sent_as": one.sent_as, "at": _time(one.at_s), "indexes": list(one.indexes),
                "state": str(one.account.state) if one.account else None,
            }
            for one in account.resent
        ],
        "batches": [
            {
                "key": one.key, "function": one.function, "at": one.given_up_at, "condition": one.condition,
                "points": one.points, "points_missing": one.of_writer and not account.settlements,
            }
            for one in account.given_up
        ],
        "writer": _writer_document(account),
        "remarks": list(account.remarks),
    }  # fmt: skip


def _point_document(point: QuarantinedPoint, account: RequestAccount) -> Mapping[str, Any]:
    cure = cure_of(point.reason)
    return {
        "index": point.index,
        "reason": point.reason,
        "field": point.field,
        "message": point.message,
        "payload": point.payload,
        "cause": cure.cause,
        "cure": cure.cure,
        "dropped": point.dropped,
        "attempt": point.attempt,
        "sent_as": next((one.sent_as for one in account.resent if point.index in one.indexes), None),
    }


def _writer_document(account: RequestAccount) -> Mapping[str, Any] | None:
    if account.waiting is None:
        return None
    trouble = account.waiting.trouble
    return {
        "record_age_s": account.waiting.record_age_s,
        "retried": None if trouble is None else {
            "at": _time(trouble.at_s), "cause": trouble.text, "request_id": trouble.request_id or None,
        },
    }  # fmt: skip


def _time(seconds: float) -> str:
    return f"{moment(seconds).replace(' ', 'T')}.{int(seconds * 1000) % 1000:03}Z"
