"""Log lines on their way to CloudWatch Logs."""

from collections import defaultdict
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from emulator.log_shipper import LogShipper, LogStream

ONE, TWO, THREE = (LogStream("writer", "group", name) for name in "123")


class FakeLogs:
    """CloudWatch Logs with no group at first."""

    class exceptions:  # noqa: N801 - the SDK's own name
        """The errors that its user catches."""

        ResourceAlreadyExistsException = type("ResourceAlreadyExistsException", (Exception,), {})
        ResourceNotFoundException = type("ResourceNotFoundException", (Exception,), {})

    def __init__(self) -> None:
        self.streams: dict[str, dict[str, list[tuple[int, str]]]] = {}
        self.calls: list[int] = []
        self.fails = False

    def create_log_group(self, *, logGroupName: str) -> None:  # noqa: N803 - the SDK's own names
        """Make a group."""
        self.streams[logGroupName] = defaultdict(list)

    def create_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        """Make a stream, if its group is there."""
        if logGroupName not in self.streams:
            raise self.exceptions.ResourceNotFoundException
        self.streams[logGroupName][logStreamName] = []

    def delete_log_stream(self, *, logGroupName: str, logStreamName: str) -> None:  # noqa: N803
        """Forget a stream."""
        del self.streams[logGroupName][logStreamName]

    def put_log_events(self, *, logGroupName: str, logStreamName: str, logEvents: list[Any]) -> None:  # noqa: N803
        """Keep the events, within the limits of a call."""
        if self.fails:
            raise EndpointConnectionError(endpoint_url="x")
        assert len(logEvents) <= 10_000
        assert sum(len(one["message"].encode()) + 26 for one in logEvents) <= 2**20
        assert all(one["message"] for one in logEvents)
        times = [one["timestamp"] for one in logEvents]
        assert times == sorted(times), "InvalidParameterException"
        self.calls.append(len(logEvents))
        self.streams[logGroupName][logStreamName] += [(one["timestamp"], one["message"]) for one in logEvents]


def test_lines_of_several_threads_go_in_the_order_of_their_times() -> None:
    """A thread may come with an earlier time after another one; those of the same time keep their order."""
    logs = FakeLogs()
    shipper = LogShipper(lambda _: logs)
    for time_ms, line in ((3, "c"), (1, "a"), (2, "b"), (3, "d")):
        shipper.put(ONE, time_ms, line)
    shipper.close()
    assert logs.streams["group"]["1"] == [(1, "a"), (2, "b"), (3, "c"), (3, "d")]


def test_every_line_arrives_in_its_stream_within_the_limits_of_a_call() -> None:
    """However many and long they are, in their order, and before the end; groups that are not there are made."""
    logs = FakeLogs()
    shipper = LogShipper(lambda _: logs)
    lines = [(number, "ü" * 500 + str(number)) for number in range(6_000)]
    for time_ms, line in lines:
        assert shipper.put(ONE, time_ms, line)
    shipper.put(TWO, 7, "")
    shipper.close()
    assert (logs.streams["group"]["1"], logs.streams["group"]["2"]) == (lines, [(7, " ")])
    assert len(logs.calls) > 6


def test_the_oldest_streams_go_where_so_many_are_kept() -> None:
    """What is in memory has an end."""
    logs = FakeLogs()
    shipper = LogShipper(lambda _: logs, streams_kept=2)
    for stream in (ONE, TWO, THREE):
        shipper.put(stream, 1, stream.name)
    shipper.close()
    assert list(logs.streams["group"]) == ["2", "3"]


def test_lines_that_cannot_be_sent_are_a_warning_and_harm_no_later_ones(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Whoever wrote them has gone on long ago."""
    logs = FakeLogs()
    logs.fails = True
    shipper = LogShipper(lambda _: logs)
    shipper.put(ONE, 1, "lost")
    shipper.close()
    assert "1 log lines of writer are not in CloudWatch Logs" in caplog.text
