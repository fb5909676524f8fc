"""The points of each client, from the lines that the metric writer logs of its batches: no metric is paid for them."""

import json
import time
from collections.abc import Mapping

from ops.errors import refusals
from ops.logs import log_groups
from ops.stack import Target

COUNTS = ("received", "stored", "superseded", "quarantined")
"""The counts of points, in the order of the log's lines."""

Counts = list[int]


def points_of_clients(target: Target, period_s: int) -> Mapping[str, Counts]:
    """The counts of each client in the last so many seconds; OperatorError if the log cannot be read."""
    logs = target.client("logs")
    group = log_groups(logs, str(target.stack()["StackName"])).get("MetricWriter")
    totals: dict[str, Counts] = {}
    if group is None:
        return totals
    with refusals(f"{target.region}: cannot read {group}"):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group,
            startTime=int((time.time() - period_s) * 1000),
            filterPattern='"clients"',
        )
        for event in (event for page in pages for event in page["events"]):
            for client, counts in _clients(event["message"]).items():
                before = totals.get(client, [0] * len(COUNTS))
                totals[client] = [sum(pair) for pair in zip(before, counts, strict=True)]
    return totals


def _clients(message: str) -> Mapping[str, Counts]:
    """The clients of a line, which may be one that has the word by chance."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    found = line.get("clients") if isinstance(line, dict) else None
    return found if isinstance(found, dict) else {}
