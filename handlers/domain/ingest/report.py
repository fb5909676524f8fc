"""The report of a batch as log lines that are metrics, too (CloudWatch's embedded metric format)."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from handlers.domain.emf import METRIC_VALUES, metrics_line
from handlers.domain.ingest.batch import Report, RequestAccount
from handlers.domain.ingest.envelope import NO_CLIENT, RedrivenRecord
from handlers.domain.ingest.remote_write import FORMAT as REMOTE_WRITE

# An event of CloudWatch Logs holds 256 KiB; an id of 256 characters, all escaped, takes 1.5 KiB.
_REQUESTS_PER_LINE = 150
_NAMES = 20
_NAME_CHARACTERS = 60
_COUNTS = 4


def log_lines(
    report: Report, dimensions: Mapping[str, str], now_ms: int, *, every_request: bool
) -> Iterator[str]:
    """One line with the metrics and the first requests, others with further requests and with clients, all ASCII JSON.

    The entry of a request or a client is [received, stored, superseded, quarantined], of remote write its client as
    well, as no access log has it. Without `every_request`, requests of which all was stored are left out.
    """
    shown = settled = list(_once(report.settled))
    if not every_request:
        shown = [request for request in shown if request.stored < request.received]
    requests = iter(shown)
    context: dict[str, Any] = {"WriteCalls": report.calls, "WriteThrottles": report.throttles}
    if report.retry_from is not None:
        context |= {
            "retry_from": str(report.retry_from),
            "retry_request": report.retry_request,
            "causes": report.causes,
        }
    if dropped := _greatest([request.dropped for request in report.settled if request.dropped]):
        context["dropped_attributes"] = dropped
    if ignored := _greatest([request.ignored for request in report.settled if request.ignored]):
        context["ignored"] = ignored
    context["requests"] = _accounts(islice(requests, _REQUESTS_PER_LINE))
    yield metrics_line(
        _metrics(report, now_ms), dimensions, now_ms, units={"IngestDelay": "Milliseconds"}, context=context
    )
    while more := _accounts(islice(requests, _REQUESTS_PER_LINE)):
        yield json.dumps({"requests": more}, separators=(",", ":"))
    clients = iter(_of_clients(settled).items())
    while some := dict(islice(clients, _REQUESTS_PER_LINE)):
        yield json.dumps({"clients": some}, separators=(",", ":"))


def _once(requests: Iterable[RequestAccount]) -> Iterator[RequestAccount]:
    """The requests, of equal records of a redrive one: an interrupted redrive sent its points twice."""
    seen: set[str] = set()
    for request in requests:
        if isinstance(request.record, RedrivenRecord):
            if request.record.sent_as in seen:
                continue
            seen.add(request.record.sent_as)
        yield request


def _metrics(report: Report, now_ms: int) -> dict[str, Any]:
    settled = report.settled
    metrics: dict[str, Any] = {
        "PointsReceived": sum([request.received for request in settled]),
        "PointsStored": sum([request.stored for request in settled]),
        "PointsSuperseded": sum([request.superseded for request in settled]),
        "PointsQuarantined": sum([len(request.quarantined) for request in settled]),
        "RecordsUnreadable": sum([request.unreadable for request in settled]),
    }
    if delays := sorted([now_ms - request.record.arrival_ms for request in settled if request.stored]):
        metrics["IngestDelay"] = _sample(delays)
    return metrics


def _sample(ordered: Sequence[int]) -> Sequence[int]:
    """At most as many values as one metric may have, the least and the greatest among them."""
    if len(ordered) <= METRIC_VALUES:
        return ordered
    return [
        ordered[position * (len(ordered) - 1) // (METRIC_VALUES - 1)] for position in range(METRIC_VALUES)
    ]


def _greatest(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The greatest sums by name; clients chose the names, so there is an end to their number and their length."""
    sums: Counter[str] = Counter()
    for some in counts:
        for name, count in some.items():
            sums[name[:_NAME_CHARACTERS]] += count
    return dict(sums.most_common(_NAMES))


def _accounts(requests: Iterable[RequestAccount]) -> dict[str, list[int | str]]:
    some = list(requests)
    accounts: dict[str, list[int | str]] = dict(
        _summed((request.record.accounted_as, request) for request in some)
    )
    for request in some:
        if request.record.format == REMOTE_WRITE and request.record.client != NO_CLIENT:
            accounts[request.record.accounted_as][_COUNTS:] = [request.record.client]
    return accounts


def _of_clients(requests: Iterable[RequestAccount]) -> dict[str, list[int]]:
    """The accounts of the clients that have tokens."""
    named = [request for request in requests if request.record.client != NO_CLIENT]
    return _summed((request.record.client, request) for request in named)


def _summed(requests: Iterable[tuple[str, RequestAccount]]) -> dict[str, list[Any]]:
    accounts: dict[str, list[Any]] = {}
    for name, request in requests:
        account = [request.received, request.stored, request.superseded, len(request.quarantined)]
        before = accounts.get(name, [0] * _COUNTS)
        accounts[name] = [sum(pair) for pair in zip(before, account, strict=True)]
    return accounts
