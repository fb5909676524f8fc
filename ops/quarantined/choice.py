"""The choice of quarantined points, by what they are and when they arrived."""

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from handlers.domain.ingest.formats import READERS
from handlers.domain.violation import Reason
from ops.aws_clock import time_of
from ops.errors import OperatorError, refusals
from ops.period import period_s
from ops.quarantined.points import QuarantinedPoint, read_all_points, read_points
from ops.silence_words import time_s
from ops.stack import Target

_OF_POINTS = ("reason", "client", "metric", "body_format", "request", "all", "by", "fix")


def add_options(parser: argparse.ArgumentParser, *, since: str) -> None:
    """Add the options that choose points; `since` is the period that is looked at by default."""
    add_time_options(parser, since)
    reasons = [str(reason) for reason in Reason]
    parser.add_argument("--reason", choices=reasons, metavar="REASON", help="set aside for this reason")
    parser.add_argument("--client", metavar="CLIENT", help="of this client")
    parser.add_argument("--metric", metavar="NAME", help="of this metric")
    parser.add_argument(
        "--body-format",
        choices=sorted(READERS),
        metavar="FORMAT",
        help="that came in this format: otlp-pb, …",
    )
    parser.add_argument("--request", metavar="REQUEST_ID", help="of this request")
    parser.add_argument("--all", action="store_true", help="also those that were sent again or dropped")


def add_time_options(parser: argparse.ArgumentParser, since: str) -> None:
    """Add the options that choose the time."""
    parser.set_defaults(default_since_s=period_s(since))
    begin = parser.add_mutually_exclusive_group()
    begin.add_argument(
        "--since", type=period_s, metavar="PERIOD",
        help=f"that arrived in the last 15m, 1h, 7d … (default {since})",
    )  # fmt: skip
    begin.add_argument(
        "--from",
        dest="from_",
        metavar="TIME",
        help="instead: that arrived from this time on: 2026-12-24T18:00Z",
    )
    parser.add_argument("--to", metavar="TIME", help="and up to this time")


@dataclass(frozen=True)
class Choice:
    """The points between two times (seconds of the epoch) that have the wanted attributes."""

    since_s: float
    until_s: float
    wanted: Mapping[str, str]
    waiting: bool

    def has(self, point: QuarantinedPoint) -> bool:
        """True for a point that is chosen."""
        return (point.waits or not self.waiting) and all(
            getattr(point, name) == value for name, value in self.wanted.items()
        )


def choice_of(options: argparse.Namespace, now_s: float) -> Choice:
    """The choice that the options say; OperatorError if a time is none, or there is nothing between them."""
    given: dict[str, Any] = {
        "reason": options.reason,
        "client": options.client,
        "metric": options.metric,
        "format": options.body_format,
        "request_id": options.request,
    }
    since_s, until_s = times_of(options, now_s)
    wanted = {name: value for name, value in given.items() if value is not None}
    return Choice(since_s, until_s, wanted, waiting=not options.all)


def times_of(
    options: argparse.Namespace, now_s: float, *, default_since_s: float | None = None
) -> tuple[float, float]:
    """The times of the options in seconds of the epoch; OperatorError likewise.

    They begin `default_since_s` seconds ago if no option says when, by default as the command's help has it.
    """
    period = options.since
    if period is None:
        period = options.default_since_s if default_since_s is None else default_since_s
    since_s = now_s - period
    if options.from_ is not None:
        since_s = time_s("--from", options.from_, "UTC", int(now_s))
    until_s = math.inf if options.to is None else time_s("--to", options.to, "UTC", int(now_s))
    if until_s <= since_s:
        raise OperatorError(f"--to {options.to} is not after the time from which on points are looked for")
    return since_s, until_s


def of_objects(options: argparse.Namespace) -> None:
    """Raise OperatorError for an option that chooses points, where what lies in the bucket whole is chosen by time."""
    given = next((name for name in _OF_POINTS if getattr(options, name, None)), None)
    if given is not None:
        what = "--rejected" if getattr(options, "rejected", False) else "--batches"
        raise OperatorError(
            f"--{given.replace('_', '-')} is for points; {what} goes with --since, --from and --to alone"
        )


def clock_s(target: Target) -> float:
    """The time of the deployment's AWS, by which points arrive, in seconds of the epoch."""
    s3 = target.client("s3")
    with refusals("cannot read the quarantine"):
        answer = s3.list_objects_v2(Bucket=target.output("QuarantineBucketName"), MaxKeys=1)
    return time_of(answer, s3.meta.endpoint_url)


def read(target: Target, since_s: float, until_s: float) -> Any:
    """The newest points between two times, within what a look may read."""
    return _reader(target)(read_points)(since_s=since_s, until_s=until_s)


def read_all(target: Target, since_s: float, until_s: float) -> Any:
    """All points between two times, the oldest first, in readings that memory holds."""
    return _reader(target)(read_all_points)(since_s=since_s, until_s=until_s)


def _reader(target: Target) -> Any:
    bucket, span_s = target.output("QuarantineBucketName"), target.config.writer.maximum_age_seconds
    return lambda reading: partial(reading, target.client("s3"), bucket, span_s=span_s)
