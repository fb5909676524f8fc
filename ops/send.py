"""`ops send`: points of a file to the ingest API, checked first, and sent again where that is asked for."""

import argparse
import time
from collections.abc import Sequence
from typing import Any

from ops import check, consent, stack
from ops.errors import OperatorError
from ops.ingest_api import ingest_api
from ops.output import counted
from ops.points.bodies import bodies, stamped
from ops.points.names import deployed_names
from ops.points.reading import read_points
from ops.points.rules import PointRules, limits_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `send`."""
    stack.add_options(parser)
    check.add_file(parser)
    consent.add_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    """0 once the stream has every point; OperatorError, with nothing sent, if the pipeline would not store one."""
    target = stack.find(options.environment, options.region)
    located = list(read_points(check.content(options.file)))
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
    api = ingest_api(target)
    timed = [stamped(metric, now_s, number) for number, metric in enumerate(metrics)]
    for body, some in bodies(timed, lambda metric: metric):
        print(f"sent {counted(len(some), 'point')}: request {api.send(body)}", flush=True)
    return 0
