"""The access log of a stage."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from emulator import Gateway
from emulator.apigateway import access_log, server
from emulator.apigateway.access_log import AccessLog, AccessLogSetting, load_access_log
from emulator.cloudformation.deployment import Deployment
from emulator.errors import UnsupportedApiError
from emulator.log_shipper import LogStream
from tests.support.http_client import caller
from tests.support.rest_api import rest_api

ARN = "arn:aws:logs:us-east-1:123456789012:log-group:a/b-AccessLog-1:*"
FORMAT = json.dumps(
    {
        "request_id": "$context.extendedRequestId",
        "time": "$context.requestTimeEpoch",
        "caller": "$context.identity.userArn",
        "client": "$context.authorizer.client",
        "resource": "$context.resourcePath",
        "status": "$context.status",
        "error": "$context.error.responseType",
        "integration_status": "$context.integration.status",
        "latency_ms": "$context.responseLatency",
    }
)


class Shipper:
    """Keeps lines where they are."""

    def __init__(self) -> None:
        self.lines: list[tuple[LogStream, int, str]] = []

    def put(self, *line: Any) -> bool:
        """Take a line."""
        self.lines.append(line)
        return True

    def close(self) -> None:
        """Nothing is left."""


@pytest.fixture
def shipper(monkeypatch: pytest.MonkeyPatch) -> Shipper:
    """What every gateway of the test ships with."""
    made = Shipper()
    monkeypatch.setattr(server, "LogShipper", lambda *_, **__: made)
    return made


def test_every_answer_has_a_line_whoever_gave_it(
    shipper: Shipper, serve: Callable[[Deployment], Gateway]
) -> None:
    """One that was taken, one that the model refuses, one of no path; what is not known of it is a dash."""
    setting = {"AccessLogSetting": {"DestinationArn": ARN, "Format": FORMAT}}
    call = caller(serve(rest_api(Stage=setting)).url)
    taken = call("POST", "/metrics", raw=b'{"metric_name": "a", "value": 1}')
    call("POST", "/metrics", raw=b'{"metrics": 1}')
    call("GET", '/no/such"path')
    lines = [json.loads(line) for _, _, line in shipper.lines]
    assert [line["status"] for line in lines] == ["202", "400", "404"]
    assert [line["error"] for line in lines] == ["-", "BAD_REQUEST_BODY", "MISSING_AUTHENTICATION_TOKEN"]
    assert [line["resource"] for line in lines] == ["/metrics", "/metrics", "-"]
    assert [line["integration_status"] for line in lines] == ["200", "-", "-"]
    assert lines[0]["request_id"] == taken.headers["x-amz-apigw-id"]
    assert {line["client"] for line in lines} == {line["caller"] for line in lines} == {"-"}
    assert abs(int(lines[0]["time"]) - shipper.lines[0][1]) < 60_000
    assert {stream.group for stream, *_ in shipper.lines} == {"a/b-AccessLog-1"}


def test_a_stream_ends_after_so_many_lines(shipper: Shipper, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that old ones can go."""
    monkeypatch.setattr(access_log, "LINES_PER_STREAM", 3)
    log = AccessLog(AccessLogSetting("group", "$context.status"), "api", shipper)  # type: ignore[arg-type]
    for status in range(200, 207):
        log.write({"status": status}, 1)
    assert [line for *_, line in shipper.lines] == [str(status) for status in range(200, 207)]
    names = [stream.name for stream, *_ in shipper.lines]
    assert len(set(names)) == 3
    assert names == sorted(names, key=names.index)


def test_what_could_not_be_logged_is_refused() -> None:
    """By the stage's name: a destination that is no log group, and a variable that there is not."""
    assert load_access_log("Stage", {}) is None
    with pytest.raises(UnsupportedApiError, match="Stage: its AccessLogSetting has no log group"):
        load_access_log("Stage", {"AccessLogSetting": {"DestinationArn": "x", "Format": ""}})
    with pytest.raises(UnsupportedApiError, match=r"Stage: \$context.requestid of its AccessLogSetting"):
        load_access_log(
            "Stage", {"AccessLogSetting": {"DestinationArn": ARN, "Format": "$context.requestid"}}
        )
