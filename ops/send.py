"""`ops send`: points of a file to the ingest API, checked first, and sent by the client that everybody may use."""

import argparse
import logging
import time
from collections.abc import Mapping, Sequence
from queue import SimpleQueue
from typing import Any

from ops import check, consent, stack
from ops.errors import OperatorError
from ops.ingest_api import IngestApi, ingest_api
from ops.output import counted
from ops.points.names import deployed_names
from ops.points.reading import read_points
from ops.points.rules import PointRules, limits_of
from tidegauge_client import Client, Settled

_AT_ONCE = 500
_GIVE_UP_S = 30.0

# Whatever is not taken ends the command, with the API's answer.
logging.getLogger("tidegauge_client").addHandler(logging.NullHandler())


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `send`."""
    stack.add_options(parser)
    check.add_file(parser)
    consent.add_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    """0 once the stream has every point; OperatorError, with nothing sent, if the pipeline would not store one."""
    target = stack.find(options.environment, options.region)
    located = list(read_points(check.content(options.file), target.config.stream))
    now_s = time.time()
    rules = PointRules(
        limits_of(target.config.store), arrival_ms=int(now_s * 1000), names=deployed_names(target)
    )
    checked = check.check(located, rules)
    if checked.faults:
        place, fault = checked.faults[0]
        where = f"{place} " if place else ""
        raise OperatorError(
            f"nothing was sent: {counted(len(checked.faults), 'point')} would not be stored, the first for "
            f"{where}{fault.violation.field}: {fault.violation.message}; `ops check --deployed` names all"
        )
    metrics: Sequence[Any] = [one.found for one in located]
    consent.expect(options, f"send {counted(len(metrics), 'point')}")
    _send(metrics, ingest_api(target))
    return 0


def _send(metrics: Sequence[Any], api: IngestApi) -> None:
    """Send so many at a time, until one is not taken; those without a time get one that no other point has."""
    ends: SimpleQueue[Settled] = SimpleQueue()
    with Client(api.url, sign=api.sign, give_up_s=_GIVE_UP_S, on_settled=ends.put) as client:
        for start in range(0, len(metrics), _AT_ONCE):
            for metric in metrics[start : start + _AT_ONCE]:
                _record(client, metric)
            client.flush(float("inf"))
            while not ends.empty():
                _say(ends.get(), api)


def _record(client: Client, metric: Mapping[str, Any]) -> None:
    timestamp = metric.get("timestamp")
    client.record(
        metric["metric_name"],
        metric["value"],
        metric.get("dimensions"),
        int(timestamp)
        if isinstance(timestamp, float)
        else timestamp,  # 1e12, which JSON may write for milliseconds
        metric_type=metric.get("metric_type"),
    )


def _say(end: Settled, api: IngestApi) -> None:
    if end.cause:
        raise OperatorError(f"{api.url} did not take the points: {end.error}")
    print(f"sent {counted(end.points, 'point')}: request {end.request_id}", flush=True)
