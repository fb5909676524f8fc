"""`ops quarantine drop --batches` and `--rejected`: what misses no point is forgotten, with a note of it."""

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ops import consent
from ops.callers import whoever
from ops.errors import refusals
from ops.output import sanitize
from ops.quarantined import choice
from ops.quarantined.batches import batches_by_function, is_writer
from ops.quarantined.bucket import forget
from ops.quarantined.rejected import reports
from ops.stack import Target

DROPPED = "dropped/"
_NOTHING = {
    True: "Timestream reported on no late point in that time",
    False: "batches of the metric writer hold points, `ops quarantine redrive --batches`",
}


def drop(target: Target, options: argparse.Namespace) -> int:
    """Forget the batches of the window aggregator and of the rules' changes, or Timestream's reports, in every version.

    Those of the metric writer stay: their points are missing until they are redriven.
    """
    s3, bucket = target.client("s3"), target.output("QuarantineBucketName")
    writer = target.output("MetricWriterName")
    choice.of_objects(options)
    times = choice.times_of(options, choice.clock_s(target), default_since_s=math.inf)

    def chosen() -> Iterator[tuple[str, str]]:
        return _reports(s3, bucket, times) if options.rejected else _batches(s3, bucket, writer, times)

    found = Counter(function for function, _ in chosen())
    for function, number in found.most_common():
        print(f"{_counted(number)} of {sanitize(function)}")
    if not found:
        print(f"nothing to drop: {_NOTHING[options.rejected]}")
        return 0
    if options.dry_run:
        print(f"would drop {_counted(found.total())}")
        return 0
    consent.expect(options, f"forget {_counted(found.total())} for good", always=True)
    dropped: Counter[str] = Counter()
    try:
        for function, key in chosen():
            with refusals("cannot delete the batch"):
                forget(s3, bucket, key)
            dropped[function] += 1
    finally:
        _note(target, options, dropped)
    print(f"dropped {_counted(dropped.total())}")
    return 0


def _reports(s3: Any, bucket: str, times: tuple[float, float]) -> Iterator[tuple[str, str]]:
    """A name for Timestream and the key of each report that was written between two times."""
    since_s, until_s = times
    return (("Timestream", report.key) for report in reports(s3, bucket, since_s=since_s, until_s=until_s))


def _batches(s3: Any, bucket: str, writer: str, times: tuple[float, float]) -> Iterator[tuple[str, str]]:
    """The function and the key of each batch that was given up between two times and holds no point that is missing."""
    since_s, until_s = times
    for function, entries in batches_by_function(s3, bucket):
        if not is_writer(function, writer):
            for entry in entries:
                if since_s <= entry["LastModified"].timestamp() <= until_s:
                    yield function, entry["Key"]


def _note(target: Target, options: argparse.Namespace, dropped: Counter[str]) -> None:
    """Keep how many of which function were dropped by whom, when and why."""
    if not dropped:
        return
    moment = datetime.fromtimestamp(choice.clock_s(target), UTC)
    note = {
        "at": moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "by": whoever(options, target),
        "why": options.why,
        "batches": dict(dropped),
    }
    key = f"{DROPPED}{moment:date=%Y-%m-%d/hour=%H/%Y%m%dT%H%M%S}.json"
    with refusals("the batches are dropped, but that cannot be noted"):
        target.client("s3").put_object(
            Bucket=target.output("QuarantineBucketName"), Key=key, Body=json.dumps(note).encode()
        )


def _counted(number: int) -> str:
    return f"{number} batch{'' if number == 1 else 'es'}"
