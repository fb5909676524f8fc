"""`ops check`: points held against the pipeline's own rules, before anybody sends them."""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from handlers.domain.point import Point, versions_of
from handlers.domain.violation import Violation
from ops import stack, tables
from ops.errors import OperatorError
from ops.output import counted
from ops.points.names import deployed_names
from ops.points.reading import Located, read_points
from ops.points.rules import Fault, PointRules, limits_of

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """The good points of a file, and the faults of the others, each at its place."""

    points: list[Point] = field(default_factory=list)
    faults: list[tuple[str, Fault]] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `check`."""
    stack.add_options(parser, offline=True)
    parser.add_argument(
        "--deployed",
        action="store_false",
        dest="offline",
        help="know the dimension names that the deployment's table has by now",
    )
    add_file(parser)
    tables.add_option(parser)
    parser.set_defaults(run=_run)


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the file of points, which `content` reads."""
    parser.add_argument(
        "file",
        metavar="FILE",
        help="a request, a metric, an array of metrics, or lines of these; - is standard input",
    )


def check(located: Iterable[Located], rules: PointRules) -> Checked:
    """The metrics of a file held against the rules, in their order."""
    checked = Checked()
    for index, one in enumerate(located):
        judged = (
            Fault(one.found, refused=True)
            if isinstance(one.found, Violation)
            else rules.point(one.found, index)
        )
        if isinstance(judged, Fault):
            checked.faults.append((one.place, judged))
        else:
            checked.points.append(judged)
    return checked


def _run(options: argparse.Namespace) -> int:
    """0 if the pipeline would store every point, 1 if not."""
    given, settings = content(options.file), stack.settings(options.environment)
    rules = PointRules(
        limits_of(settings.store),
        arrival_ms=int(time.time() * 1000),
        names=() if options.offline else deployed_names(stack.find(options.environment, options.region)),
    )
    checked = check(read_points(given, settings.stream), rules)
    shown = _SHOWN if options.format == "table" else len(checked.faults)
    if checked.faults:
        tables.show(
            ("place", "field", "outcome", "reason", "what is wrong"),
            (
                (
                    place or "–",
                    fault.violation.field,
                    "400" if fault.refused else "quarantined",
                    fault.violation.reason,
                    fault.violation.message,
                )
                for place, fault in checked.faults[:shown]
            ),
            options.format,
            noun="",
        )
    for line in _summary(checked, shown):
        print(line, file=sys.stdout if options.format == "table" else sys.stderr)
    return int(bool(checked.faults))


def content(file: str) -> bytes:
    """The bytes of a file, or of standard input; OperatorError if it cannot be read."""
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise OperatorError(f"{file}: cannot be read: {error.strerror}") from error


def _summary(checked: Checked, shown: int) -> Iterator[str]:
    faults = [fault for _, fault in checked.faults]
    if len(faults) > shown:
        yield f"… and {len(faults) - shown} more"
    unread = sum(fault.violation.field == "body" for fault in faults)
    if unread:
        yield f"refused with 400: {counted(unread, 'text')} in which no point can be told"
    refused = sum(fault.refused for fault in faults) - unread
    if refused:
        yield f"refused with 400: {counted(refused, 'point')}, and each point that shares a request with one"
    quarantined = len(faults) - refused - unread
    if quarantined:
        yield f"quarantined: {counted(quarantined, 'point')}, alone; `ops quarantine` has the cures"
    superseded = len(checked.points) - len(versions_of(checked.points))
    if superseded:
        yield f"superseded: {counted(superseded, 'point')}, by a later one of the same series and time"
    yield f"good: {counted(len(checked.points), 'point')}"
