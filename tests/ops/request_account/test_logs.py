"""The lines of a request."""

import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ops.request_account.account import Entry, Settlement, Trouble
from ops.request_account.logs import (
    Found,
    Groups,
    access_entry,
    find_lines,
    newest_trouble,
    receiver_entry,
    settlement,
)

ID = "JfNb/W+pIAMFYqA="
NOW_MS = int(time.time() * 1000)
GROUPS = Groups("access", "writer", "receiver")
ACCESS = {
    "request_id": ID, "time": str(NOW_MS), "source_ip": "10.0.0.1", "caller": "edge", "method": "POST",
    "resource": "/metrics", "status": "202", "error": "-",
}  # fmt: skip


def test_the_access_log_has_who_asked_what_and_was_told_what() -> None:
    """A dash is nothing; a look at the API's health and a heartbeat take no points."""
    taken = Entry(NOW_MS / 1000, "POST /metrics", 202, "edge", "10.0.0.1")
    assert access_entry(json.dumps(ACCESS), ID) == taken
    refused = {**ACCESS, "status": "400", "error": "BAD_REQUEST_BODY", "caller": "-", "resource": "-"}
    found = access_entry(json.dumps(refused), ID)
    assert found == Entry(NOW_MS / 1000, "POST", 400, "", "10.0.0.1", "BAD_REQUEST_BODY")
    for method, resource in (("GET", "/health"), ("POST", "/heartbeat")):
        healthy = access_entry(json.dumps({**ACCESS, "method": method, "resource": resource}), ID)
        assert healthy is not None
        assert not healthy.takes_points


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({**ACCESS, "request_id": f"{ID}x"}),
        json.dumps({**ACCESS, "status": "-"}),
        json.dumps({**ACCESS, "time": None}),
        json.dumps([ID]),
        f'{{"x": "{ID}"',
        "[" * 100_000,
    ],
)
def test_a_line_that_is_anothers_or_broken_is_none(line: str) -> None:
    """Whatever stands in a log."""
    assert access_entry(line, ID) is None
    assert settlement(1.0, line, ID) is None
    assert receiver_entry([(1.0, line)], ID) is None


def test_remote_write_is_told_by_lambdas_lines_and_by_those_of_refusals() -> None:
    """What began and said nothing was taken; what failed was answered 502."""
    begun = (5.0, f"START RequestId: {ID} Version: $LATEST")
    assert receiver_entry([begun, (6.0, f"END RequestId: {ID}")], ID) == Entry(5.0, "POST /api/v1/write", 204)
    refused = json.dumps(
        {"request_id": ID, "status": 401, "why": "no token", "client": "-", "source_ip": "::1"}
    )
    assert receiver_entry([begun, (5.5, refused)], ID) == Entry(
        5.5, "POST /api/v1/write", 401, "", "::1", "no token"
    )
    failed = receiver_entry([begun, (6.0, f"{ID} Task timed out after 15.00 seconds")], ID)
    assert failed is not None
    assert (failed.status, failed.why) == (502, f"{ID} Task timed out after 15.00 seconds")
    assert receiver_entry([(5.0, f"START RequestId: {ID}x Version: $LATEST")], ID) is None


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ([4, 2, 1, 1], Settlement(1.0, 4, 2, 1, 1)),
        ([4, 4, 0, 0, "edge"], Settlement(1.0, 4, 4, 0, 0, "edge")),
        ([4, 2], None),
        (["4", 2, 1, 1], None),
        ({"a": 1}, None),
    ],
)
def test_the_writers_line_has_the_counts(counts: Any, found: Settlement | None) -> None:
    """With the client of remote write, if it had a token."""
    assert settlement(1.0, json.dumps({"PointsReceived": 9, "requests": {"x": [1], ID: counts}}), ID) == found


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Empty groups."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("logs", region_name="us-east-1")
        for group in ("access", "writer", "receiver"):
            client.create_log_group(logGroupName=group)
            for stream in "ab":
                client.create_log_stream(logGroupName=group, logStreamName=stream)
        yield client


def put(logs: Any, group: str, stream: str, *lines: tuple[int, str]) -> None:
    """Write lines, each so many milliseconds ago."""
    events = [{"timestamp": NOW_MS - ago_ms, "message": line} for ago_ms, line in sorted(lines, reverse=True)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@pytest.mark.parametrize("name", [ID, 'x" "y\\', "?a ?b", "%a%", "{ $.x = 1 }", "\n\u2028💥"])
def test_lines_are_found_in_all_streams_and_between_their_times_whatever_the_id(logs: Any, name: str) -> None:
    """No id is a pattern, and none is found in another one."""
    line = json.dumps({"requests": {name: [1, 1, 0, 0]}})
    put(logs, "writer", "a", (1_000, line), (900, json.dumps({"requests": {f"{name}z": [2, 2, 0, 0]}})))
    put(logs, "writer", "b", (500, line), (90_000, line))
    put(logs, "access", "a", (1_100, json.dumps({**ACCESS, "request_id": name})))
    found = Found()
    find_lines(logs, GROUPS, name, since_ms=NOW_MS - 60_000, until_ms=NOW_MS - 700, into=found)
    assert [one.at_s * 1000 for one in found.settlements] == [NOW_MS - 1_000]
    assert found.entry is not None
    find_lines(logs, GROUPS, name, since_ms=NOW_MS - 600, until_ms=None, into=found)
    assert len(found.settlements) == 2


def test_the_newest_trouble_names_the_request_that_is_tried_again(logs: Any) -> None:
    """A retry with its causes, or an error of the function; other lines are none."""
    retry = {"retry_from": "17", "retry_request": ID, "causes": ["WriteRecords: Throttling", "x"]}
    put(
        logs,
        "writer",
        "a",
        (5_000, json.dumps(retry)),
        (100, json.dumps({"requests": {"retry_from": [1, 1, 0, 0]}})),
    )
    assert newest_trouble(logs, "writer", since_ms=NOW_MS - 9_000) == Trouble(
        (NOW_MS - 5_000) / 1000, "WriteRecords: Throttling; x", ID
    )
    put(logs, "writer", "b", (4_000, "[ERROR] KeyError: 'x'\nTraceback"))
    newest = newest_trouble(logs, "writer", since_ms=NOW_MS - 9_000)
    assert newest is not None
    assert newest.text.startswith("[ERROR] KeyError")
    assert newest_trouble(logs, "writer", since_ms=NOW_MS - 50) is None
