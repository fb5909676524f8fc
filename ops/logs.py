"""`ops logs`: lines that functions, state machines and the API logged, in the order of time."""

import argparse
import heapq
import json
import re
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ops import hints, regions, stack, tables
from ops.errors import OperatorError, refusals
from ops.period import period_s
from ops.stack import Target
from ops.tables import Row

_MOST = 10_000
_ERRORS = ("ERROR", "Task timed out", "Runtime exited", "CRITICAL")
# How the events of a state machine that tell of a failure end: TaskFailed, ExecutionTimedOut, ExecutionAborted.
# https://docs.aws.amazon.com/step-functions/latest/dg/cloudwatch-log-level.html
_FAILED = ("Failed", "TimedOut", "Aborted")
# Parts of a log group's name that say nothing to who reads it, and of a line that is a metric as well.
_ENDINGS = ("AccessLog", "Logs")
_EMBEDDED = ("_aws", "Project", "Environment")
_STATE_MACHINES = "/aws/vendedlogs/states/"
# What a quoted term of a filter pattern may hold as it is. The ids of requests are made of nothing else.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
_PLAIN = re.compile(r"[A-Za-z0-9+/=_.:@-]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `logs`."""
    stack.add_options(parser, all_regions=True)
    tables.add_option(parser)
    parser.add_argument("--request", metavar="ID", help="lines that have this text, such as a request's id")
    parser.add_argument(
        "--errors",
        action="store_true",
        help="errors alone: of functions, steps that failed, requests that were refused",
    )
    parser.add_argument(
        "--since",
        type=period_s,
        default="15m",
        metavar="PERIOD",
        help="such as 15m, 1h or 7d (default 15m)",
    )
    parser.add_argument(
        "function", nargs="?", metavar="FUNCTION", help="such as MetricWriter; default: all of them"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    columns = ("time", "of", "message")
    return regions.show(options, columns, lambda target: _rows(target, options), noun="line", wrap=True)


def _rows(target: Target, options: argparse.Namespace) -> list[Row]:
    logs = target.client("logs")
    groups = log_groups(logs, str(target.stack()["StackName"]))
    since_ms = int((time.time() - options.since) * 1000)
    found = heapq.merge(
        *(
            [
                (event["timestamp"], name, event["message"].rstrip("\n"))
                for event in events(logs, groups[one], since_ms=since_ms, text=options.request or "")
            ]
            for one in ([_known(options.function, groups)] if options.function else groups)
            for name in [one]
        )
    )
    return [
        (_moment(time_ms), name, _readable(message))
        for time_ms, name, message in found
        if (options.request or "") in message and (not options.errors or _is_error(message))
    ]


def _is_error(message: str) -> bool:
    """True for a line that tells of an error: a function's, an event of a state machine, an answer of the API."""
    if any(text in message for text in _ERRORS):
        return True
    try:
        document = json.loads(message)
    except ValueError:
        return False
    if not isinstance(document, dict):
        return False
    status = str(document.get("status", ""))
    return str(document.get("type", "")).endswith(_FAILED) or (status.isdecimal() and int(status) >= 400)


def log_groups(logs: Any, stack_name: str) -> Mapping[str, str]:
    """The log groups of a stack by what logs to them: "MetricWriter", "MetricExport", "IngestApi"."""
    groups: dict[str, str] = {}
    with refusals("cannot list the log groups"):
        for prefix in (f"{stack_name}-", f"{_STATE_MACHINES}{stack_name}-"):
            for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
                for group in page["logGroups"]:
                    groups[_short(group["logGroupName"].removeprefix(prefix))] = group["logGroupName"]
    return dict(sorted(groups.items()))


def _short(name: str) -> str:
    """The component's name, without CloudFormation's suffix and the kind of the resource."""
    base = name.rpartition("-")[0] or name
    return next((base.removesuffix(ending) for ending in _ENDINGS if base.endswith(ending)), base)


def _known(function: str, groups: Mapping[str, str]) -> str:
    for name in groups:
        if name.lower() == function.lower():
            return name
    alike = hints.alike_to(function, groups)
    meant = hints.did_you_mean(alike) if alike else f"there are {', '.join(groups) or 'none'}"
    raise OperatorError(f"nothing called {function!r} logs here; {meant}")


def events(
    logs: Any, group: str, *, since_ms: int, until_ms: int | None = None, text: str = "", most: int = _MOST
) -> Iterator[Mapping[str, Any]]:
    """The events of a group since a time that may have a text, the oldest first; no more than so many, which is noted.

    CloudWatch Logs looks for the longest part of the text that is no pattern's syntax, so a caller looks again.
    """
    optional: dict[str, Any] = {} if until_ms is None else {"endTime": until_ms}
    plain = max(_PLAIN.findall(text), key=len, default="")
    if plain:
        optional["filterPattern"] = f'"{plain}"'
    number = 0
    with refusals(f"cannot read {group}"):
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since_ms, **optional
        )
        for page in pages:
            for event in page["events"]:
                number += 1
                if number > most:
                    print(
                        f"note: of {group} the first {most} lines; ask for a shorter --since",
                        file=sys.stderr,
                    )
                    return
                yield event


def _readable(message: str) -> str:
    """A line without what only CloudWatch reads in it."""
    try:
        document = json.loads(message)
    except ValueError:
        return message.replace("\t", "  ")
    if not isinstance(document, dict):
        return message
    shown = {name: value for name, value in document.items() if name not in _EMBEDDED}
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))


def _moment(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}.{time_ms % 1000:03}"
