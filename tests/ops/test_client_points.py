"""The points of clients in the metric writer's log."""

import json
import time
from typing import Any

import pytest

from ops.client_points import points_of_clients
from ops.stack import Target
from templates.config import load

GROUP = "metrics-dev-MetricWriterLogs-ABC"


class Logs:
    """A log with these lines, which notes what it is asked."""

    def __init__(self, *lines: str, group: str = GROUP) -> None:
        self._pages = {
            "describe_log_groups": [{"logGroups": [{"logGroupName": group}]}],
            "filter_log_events": [{"events": [{"message": line}]} for line in lines],
        }
        self.asked: list[dict[str, Any]] = []

    def get_paginator(self, operation: str) -> Any:
        """The pages of an operation."""
        logs = self

        class Pages:
            def paginate(self, **arguments: Any) -> Any:
                """Every page."""
                logs.asked.append(arguments)
                if arguments.get("logGroupNamePrefix", "").startswith("/aws"):
                    return []
                return logs._pages[operation]

        return Pages()


def points(monkeypatch: pytest.MonkeyPatch, logs: Logs) -> Any:
    """The points of the last hour in that log."""
    monkeypatch.setattr(Target, "client", lambda *_: logs)
    monkeypatch.setattr(Target, "stack", lambda _: {"StackName": "metrics-dev"})
    return points_of_clients(Target(load("dev"), "us-east-1", "metrics-dev"), 3600)


def test_the_lines_of_all_batches_are_summed_by_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """What else has the word is none of them."""
    logs = Logs(
        json.dumps({"clients": {"edge": [3, 2, 1, 0], "other": [1, 1, 0, 0]}}),
        json.dumps({"clients": {"edge": [4, 3, 0, 1]}}),
        'START "clients"',
        json.dumps(["clients"]),
        json.dumps({"requests": {"clients": [1, 1, 0, 0]}}),
        json.dumps({"clients": 7}),
    )
    assert points(monkeypatch, logs) == {"edge": [7, 5, 1, 1], "other": [1, 1, 0, 0]}
    asked = logs.asked[-1]
    assert (asked["logGroupName"], asked["filterPattern"]) == (GROUP, '"clients"')
    assert abs(asked["startTime"] / 1000 - (time.time() - 3600)) < 10


def test_before_the_writers_first_line_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its group may not be there yet."""
    assert points(monkeypatch, Logs(group="metrics-dev-OtherLogs-ABC")) == {}
