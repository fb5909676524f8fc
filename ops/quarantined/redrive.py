"""`ops quarantine redrive`: points go on the stream again, batches to the metric writer as they were."""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
from botocore.config import Config as SdkConfig

from ops import consent, tables
from ops.errors import refusals
from ops.output import counted, sanitize
from ops.points.names import deployed_names
from ops.points.rules import PointRules, limits_of
from ops.quarantined import choice
from ops.quarantined.batches import Batch, read_batch, writer_batches
from ops.quarantined.choice import Choice
from ops.quarantined.redriving import FIXES, Kept, Ready, prepare
from ops.quarantined.resending import Resender
from ops.stack import Target

_MOST_BATCHES = 10_000
# Half of what one shard takes if each point came in a request of its own.
_RATE = 500
_INTERRUPTED = 130


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
    redrive leaves it out: after an interruption the same command goes on.
    """
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
        return _INTERRUPTED
    print(f"sent {counted(sent, 'point')}")
    return int(bool(kept))


def _prepared(
    target: Target, chosen: Choice, rules: PointRules, fixes: Sequence[str]
) -> Iterator[tuple[list[Ready], list[Kept]]]:
    """The chosen points that are sent and those that are kept, as many at once as memory holds."""
    for reading in choice.read_all(target, chosen.since_s, chosen.until_s):
        some = [point for point in reading.points if chosen.has(point) and not point.dropped]
        yield prepare(some, rules, fixes)


def batches(target: Target, options: argparse.Namespace) -> int:
    """Hand the batches of the metric writer to it again, and delete what it settled; 0 if that was all of them.

    The records keep their sequence numbers and times of arrival, so a point that was stored before is stored once.
    """
    s3, bucket = target.client("s3"), target.output("QuarantineBucketName")
    writer = target.output("MetricWriterName")
    keys = writer_batches(s3, bucket, writer, most=_MOST_BATCHES)
    if not keys:
        print("no batch of points was given up")
        return 0
    if not options.dry_run:
        consent.expect(options, f"hand {len(keys)} batches to {writer} again")
    client = _patient_lambda(target)
    failed = 0
    for key in keys:
        batch = read_batch(s3, bucket, key)
        if batch is None:
            print(f"{key}: no batch; left as it is")
        elif options.dry_run:
            requests = counted(len(batch.requests), "request")
            print(f"{key}: {requests}, given up at {batch.given_up_at} ({sanitize(batch.condition)})")
        elif trouble := _invoke(client, writer, batch):
            failed += 1
            print(f"{key}: {trouble}; left as it is")
        else:
            with refusals("the batch was written again, but cannot be deleted; that is harmless"):
                s3.delete_object(Bucket=bucket, Key=key)
            print(f"{key}: {counted(len(batch.requests), 'request')} written", flush=True)
    return int(bool(failed))


def _print_kept(kept: Sequence[Kept]) -> None:
    if kept:
        print(f"kept back, as {counted(len(kept), 'point')} would not be stored this time either:")
        reasons = Counter((one.violation.reason, one.violation.message) for one in kept)
        rows = ((points, *why) for why, points in reasons.most_common())
        tables.show(("points", "reason", "message"), rows, noun="")


def _patient_lambda(target: Target) -> Any:
    """A client that waits for as long as the writer may take."""
    config = SdkConfig(
        read_timeout=target.config.writer.timeout_seconds + 10,
        retries={"mode": "standard", "max_attempts": 3},
    )
    return boto3.client("lambda", region_name=target.region, config=config)


def _invoke(client: Any, writer: str, batch: Batch) -> str:
    """The reason for which the writer did not settle a batch; empty if it did."""
    with refusals("cannot hand over the batch"):
        answer = client.invoke(FunctionName=writer, Payload=batch.event.encode())
    text = answer["Payload"].read().decode("utf-8", "replace")
    if "FunctionError" in answer:
        return f"{writer} failed: {text[:300]}"
    try:
        failures = json.loads(text)["batchItemFailures"]
    except (ValueError, KeyError, TypeError):
        return f"{writer} answered {text[:300]}"
    return f"{writer} could not write all of it; try again when the store is well" if failures else ""
