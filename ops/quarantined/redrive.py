"""`ops quarantine redrive`: points go on the stream again."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence

from handlers.domain.violation import Reason
from ops import consent, tables
from ops.errors import OperatorError
from ops.output import counted
from ops.points.names import deployed_names
from ops.points.rules import PointRules, limits_of
from ops.quarantined import choice
from ops.quarantined.batch_redrive import INTERRUPTED
from ops.quarantined.choice import Choice
from ops.quarantined.redriving import FIXES, SECONDS, Kept, Ready, prepare
from ops.quarantined.resending import Resender
from ops.stack import Target

# Half of what one shard takes if each point came in a request of its own.
_RATE = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only `redrive` has."""
    fixes = "; ".join(f"{name}: {text}" for name, text in FIXES.items())
    parser.add_argument(
        "--fix", action="append", default=[], choices=list(FIXES), help=f"mend what is sent ({fixes})"
    )
    parser.add_argument(
        "--batches", action="store_true", help="all batches that were given up, instead of points"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be sent, and send nothing")
    parser.add_argument(
        "--rate", type=_rate, default=_RATE, metavar="N", help=f"points a second, at most (default {_RATE})"
    )
    consent.add_option(parser)


def _rate(text: str) -> float:
    """A rate above 0; argparse shows the error's text to the operator."""
    try:
        rate = float(text)
    except ValueError:
        rate = 0
    if not 0 < rate < 1_000_000:
        raise argparse.ArgumentTypeError(f"{text!r}: expected points a second, such as 500")
    return rate


def points(target: Target, options: argparse.Namespace) -> int:
    """Put points on the stream again, under their own requests and with their own times; 0 if all were sent.

    Those that would not be stored this time either are kept back. What is on the stream is noted, so that the next
    redrive leaves it out: after an interruption the same command goes on. OperatorError for a fix of other points.
    """
    if SECONDS in options.fix and options.reason not in {None, Reason.TIMESTAMP_TOO_OLD}:
        raise OperatorError(
            f"--fix {SECONDS} is of points that are set aside as {Reason.TIMESTAMP_TOO_OLD}, not as {options.reason}"
        )
    now_s = choice.clock_s(target)
    chosen = choice.choice_of(options, now_s)
    rules = PointRules(
        limits_of(target.config.store), arrival_ms=int(now_s * 1000), names=deployed_names(target)
    )
    total = 0
    kept: list[Kept] = []
    for ready, some in _prepared(target, chosen, rules, options.fix):
        total += len(ready)
        kept += some
    _print_kept(kept)
    if not total:
        print("nothing to send")
        return int(bool(kept))
    if options.dry_run:
        print(f"would send {counted(total, 'point')}")
        return int(bool(kept))
    consent.expect(options, f"send {counted(total, 'point')} again")
    resender = Resender(
        target.client("kinesis"),
        target.output("StreamName"),
        target.client("s3"),
        target.output("QuarantineBucketName"),
        options.rate,
        clock=lambda: now_s,
    )
    sent = 0
    try:
        for ready, _ in _prepared(target, chosen, rules, options.fix):
            for number in resender.send(ready):
                sent += number
                print(f"{sent:,} of {counted(total, 'point')} sent", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print(f"interrupted: sent {counted(sent, 'point')}; the same command goes on with the others")
        return INTERRUPTED
    print(f"sent {counted(sent, 'point')}")
    return int(bool(kept))


def _prepared(
    target: Target, chosen: Choice, rules: PointRules, fixes: Sequence[str]
) -> Iterator[tuple[list[Ready], list[Kept]]]:
    """The chosen points that are sent and those that are kept, as many at once as memory holds."""
    for reading in choice.read_all(target, chosen.since_s, chosen.until_s):
        some = [point for point in reading.points if chosen.has(point) and not point.dropped]
        yield prepare(some, rules, fixes, record_kib=target.config.stream.max_record_kib)


def _print_kept(kept: Sequence[Kept]) -> None:
    if kept:
        print(f"kept back, as {counted(len(kept), 'point')} would not be stored this time either:")
        reasons = Counter((one.violation.reason, one.violation.message) for one in kept)
        rows = ((points, *why) for why, points in reasons.most_common())
        tables.show(("points", "reason", "message"), rows, noun="")
