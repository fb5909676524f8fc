"""The lines of a request in the logs: at the API, at the door of remote write, and of the metric writer."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from handlers.vocabulary import HEARTBEAT
from ops.logs import events
from ops.request_account.account import Entry, Settlement, Trouble

_ERRORS = ("[ERROR]", "Task timed out", "Runtime exited", "CRITICAL")
_NOTHING = "-"
_REMOTE_WRITE = "POST /api/v1/write"
_CHARACTERS = 300
_MOST_TROUBLES = 1_000


@dataclass(frozen=True, slots=True)
class Groups:
    """The log groups that know of requests; there is no receiver without remote write."""

    access: str
    writer: str
    receiver: str = ""


@dataclass(slots=True)
class Found:
    """The lines of a request, so far."""

    entry: Entry | None = None
    settlements: list[Settlement] = field(default_factory=list)


def find_lines(
    logs: Any, groups: Groups, request_id: str, *, since_ms: int, until_ms: int | None, into: Found
) -> None:
    """Add the lines between two times, in epoch milliseconds, to what was found.

    Raises OperatorError if they cannot be read.
    """

    def lines(group: str) -> Iterator[tuple[float, str]]:
        for event in events(logs, group, since_ms=since_ms, until_ms=until_ms, text=_in_a_line(request_id)):
            yield event["timestamp"] / 1000, str(event["message"])

    for _, line in lines(groups.access):
        into.entry = into.entry or access_entry(line, request_id)
    if groups.receiver:
        into.entry = into.entry or receiver_entry(list(lines(groups.receiver)), request_id)
    into.settlements += [
        settled for at_s, line in lines(groups.writer) if (settled := settlement(at_s, line, request_id))
    ]


def access_entry(line: str, request_id: str) -> Entry | None:
    """The entry of a line of the API's access log, None if it is another request's."""
    logged = _document(line)
    if logged.get("request_id") != request_id:
        return None
    try:
        at_s, status = int(logged["time"]) / 1000, int(logged["status"])
    except (KeyError, ValueError, TypeError):
        return None
    method, resource = str(logged.get("method", "")), str(logged.get("resource", ""))
    return Entry(
        at_s,
        asked=f"{method} {'' if resource == _NOTHING else resource}".strip(),
        status=status,
        client=_said(logged, "caller"),
        source_ip=_said(logged, "source_ip"),
        why=_said(logged, "error"),
        takes_points=method == "POST" and resource != f"/{HEARTBEAT}",
    )


def receiver_entry(lines: list[tuple[float, str]], request_id: str) -> Entry | None:
    """The entry of the lines that the receiver of remote write and Lambda logged of a request, None if it did not come.

    What was refused has a line that says so, what failed one of Lambda's. Of what was taken there is Lambda's alone,
    as the writer's has the rest.
    """
    for at_s, line in lines:
        logged = _document(line)
        if logged.get("request_id") == request_id and isinstance(logged.get("status"), int):
            who = (_said(logged, "client"), _said(logged, "source_ip"), _said(logged, "why"))
            return Entry(at_s, _REMOTE_WRITE, logged["status"], *who)
    start = re.compile(rf"(START|END|REPORT) RequestId: {re.escape(request_id)}(\s|$)")
    begun = [at_s for at_s, line in lines if start.match(line)]
    if not begun:
        return None
    failure = next((line for _, line in lines if any(error in line for error in _ERRORS)), "")
    if failure:
        return Entry(begun[0], _REMOTE_WRITE, 502, why=failure.strip()[:_CHARACTERS])
    return Entry(begun[0], _REMOTE_WRITE, 204)


def settlement(at_s: float, line: str, request_id: str) -> Settlement | None:
    """The counts of a request in a line of the metric writer, None if it says nothing of it."""
    requests = _document(line).get("requests")
    counts = requests.get(request_id) if isinstance(requests, dict) else None
    if not isinstance(counts, list) or len(counts) < 4:
        return None
    received, stored, superseded, quarantined, *client = counts
    if not all(isinstance(count, int) for count in counts[:4]):
        return None
    return Settlement(at_s, received, stored, superseded, quarantined, str(client[0]) if client else "")


def newest_trouble(logs: Any, group: str, *, since_ms: int) -> Trouble | None:
    """The newest line of the writer about a retry or an error since a time in epoch milliseconds, None without one."""
    newest: Trouble | None = None
    for word in ("retry_from", *_ERRORS):
        for event in events(logs, group, since_ms=since_ms, text=word, most=_MOST_TROUBLES):
            found = _trouble(event["timestamp"] / 1000, str(event["message"]))
            if found and (newest is None or found.at_s >= newest.at_s):
                newest = found
    return newest


def _trouble(at_s: float, line: str) -> Trouble | None:
    logged = _document(line)
    if "retry_from" in logged:
        causes = logged.get("causes")
        text = "; ".join(map(str, causes)) if isinstance(causes, list) else ""
        return Trouble(at_s, text or "no cause was logged", str(logged.get("retry_request", "")))
    if not logged and any(error in line for error in _ERRORS):
        return Trouble(at_s, line.strip()[:_CHARACTERS])
    return None


def _in_a_line(request_id: str) -> str:
    """The id as it stands in a line of JSON."""
    return json.dumps(request_id)[1:-1]


def _document(line: str) -> dict[str, Any]:
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _said(logged: dict[str, Any], name: str) -> str:
    value = str(logged.get(name, ""))
    return "" if value == _NOTHING else value
