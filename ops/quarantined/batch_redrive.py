"""`ops quarantine redrive --batches`: batches that the metric writer gave up are handed to it as they were."""

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
from botocore.config import Config as SdkConfig

from ops import consent
from ops.errors import refusals
from ops.output import counted, sanitize
from ops.points.counter import PointCounter
from ops.quarantined import choice
from ops.quarantined.batches import writer_batches
from ops.quarantined.given_up import points_by_request, read_given_up
from ops.quarantined.lots import Lot, lots
from ops.stack import Target

INTERRUPTED = 130
# So many in a row, and the store is not well.
_FAILURES = 3
# Ends of the writer's process that its batch is at fault for: the store may be well, and what follows would wait behind
# it for ever. https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
_DEATHS = ("Runtime.ExitError", "Runtime.OutOfMemory", "Sandbox.Timedout", "Task timed out")


def redrive(target: Target, options: argparse.Namespace) -> int:
    """Hand the batches of the metric writer to it again, and delete what it settled; 0 if that was all of them.

    The records keep their sequence numbers and times of arrival, so a point that was stored before is stored once, and
    loses against later corrections. After an interruption the same command goes on.
    """
    s3, bucket = target.client("s3"), target.output("QuarantineBucketName")
    choice.of_objects(options)
    since_s, until_s = choice.times_of(options, choice.clock_s(target), default_since_s=math.inf)
    writer = target.output("MetricWriterName")

    def entries() -> Iterator[Mapping[str, Any]]:
        for entry in writer_batches(s3, bucket, writer):
            if since_s <= entry["LastModified"].timestamp() <= until_s:
                yield entry

    total = sum(1 for _ in entries())
    for line in read_given_up(s3, bucket, writer, most=0).other_lines():
        print(f"{line}: `ops quarantine drop --batches` forgets them")
    if not total:
        print("no batch of points was given up")
        return 0
    handing = _Handing(target, bucket, options.rate)
    found = lots(s3, bucket, entries(), most=target.config.writer.batch_size)
    if options.dry_run:
        return handing.announce(found)
    consent.expect(options, f"hand {total} batches to {writer} again")
    return handing.hand_over(found, total)


class _Handing:
    """Hands lots to the metric writer, no more than `rate` points in a second."""

    def __init__(self, target: Target, bucket: str, rate: float) -> None:
        self._s3, self._bucket, self._rate = target.client("s3"), bucket, rate
        self._writer = target.output("MetricWriterName")
        self._target = target
        self._counter = PointCounter()
        self._batches = self._points = self._left = self._failures = 0

    def announce(self, found: Iterator[Lot | str]) -> int:
        """Say what would be handed over."""
        for lot in found:
            if isinstance(lot, str):
                print(f"{sanitize(lot)}: no batch; left as it is")
                continue
            for batch in lot.batches:
                requests = counted(len(batch.requests), "request")
                print(
                    f"{batch.key}: {requests}, given up at {batch.given_up_at} ({sanitize(batch.condition)})"
                )
            self._count(lot)
        print(f"would hand over {self._said()}")
        return 0

    def hand_over(self, found: Iterator[Lot | str], total: int) -> int:
        """Hand over and delete; 0 if all was settled."""
        client = _patient_lambda(self._target)
        try:
            for lot in found:
                if isinstance(lot, str):
                    print(f"{sanitize(lot)}: no batch; left as it is")
                    continue
                trouble = self._invoke(client, lot)
                if trouble and len(lot.batches) > 1:
                    self._hand_over_alone(client, lot)
                else:
                    self._settle(lot, trouble)
                print(f"{self._batches:,} of {total:,} batches written", file=sys.stderr, flush=True)
                if self._failures >= _FAILURES:
                    print("stopped: the store is not well; the same command goes on later")
                    break
        except KeyboardInterrupt:
            print(f"interrupted: {self._said()} written; the same command goes on with the others")
            return INTERRUPTED
        print(f"{self._said()} written")
        return int(bool(self._left))

    def _hand_over_alone(self, client: Any, lot: Lot) -> None:
        """Each batch by itself, as one may be at fault and the others not; until the store is seen not to be well."""
        for one in lot.alone():
            if self._failures < _FAILURES:
                self._settle(one, self._invoke(client, one))

    def _settle(self, lot: Lot, trouble: str) -> None:
        if trouble:
            self._left += len(lot.batches)
            self._failures += not any(death in trouble for death in _DEATHS)
            print(f"{lot.batches[0].key}: {trouble}; left as it is")
            return
        self._failures = 0
        with refusals("the batch was written again, but cannot be deleted; that is harmless"):
            for batch in lot.batches:
                self._s3.delete_object(Bucket=self._bucket, Key=batch.key)
        began_s = time.monotonic()
        points = self._count(lot)
        time.sleep(max(0.0, points / self._rate - (time.monotonic() - began_s)))

    def _count(self, lot: Lot) -> int:
        points = sum(number for batch in lot.batches for _, number in points_by_request(batch, self._counter))
        self._batches += len(lot.batches)
        self._points += points
        return points

    def _said(self) -> str:
        batches = f"{self._batches:,} batch{'' if self._batches == 1 else 'es'}"
        return f"{batches}, {counted(self._points, 'point')}"

    def _invoke(self, client: Any, lot: Lot) -> str:
        """The reason for which the writer did not settle a lot; empty if it did."""
        with refusals("cannot hand over the batch"):
            answer = client.invoke(FunctionName=self._writer, Payload=lot.event)
        text = answer["Payload"].read().decode("utf-8", "replace")
        if "FunctionError" in answer:
            return f"{self._writer} failed: {sanitize(text[:300])}"
        try:
            failures = json.loads(text)["batchItemFailures"]
        except (ValueError, KeyError, TypeError):
            return f"{self._writer} answered {sanitize(text[:300])}"
        return (
            f"{self._writer} could not write all of it; try again when the store is well" if failures else ""
        )


def _patient_lambda(target: Target) -> Any:
    """A client that waits for as long as the writer may take."""
    config = SdkConfig(
        read_timeout=target.config.writer.timeout_seconds + 10,
        retries={"mode": "standard", "max_attempts": 3},
    )
    return boto3.client("lambda", region_name=target.region, config=config)
