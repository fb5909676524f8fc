"""`ops quarantine drop`: what clients sent is forgotten; that there was a point, and who dropped it why, is kept."""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from handlers.vocabulary import QUARANTINED_POINTS
from ops import consent, tables
from ops.callers import whoever
from ops.errors import OperatorError, code_of, refusals
from ops.output import counted
from ops.quarantined import choice
from ops.quarantined.bucket import forget, newest_entries
from ops.quarantined.choice import Choice
from ops.quarantined.ledger import redriven_attempts
from ops.quarantined.points import QuarantinedPoint, point_of
from ops.stack import Target

_WHY = 500
_ATTEMPTS = 5
# Of what a client wrote nothing stays: a field may be called after a dimension, and a message may quote it.
_FORGOTTEN = {"field": "", "message": "", "payload": None}
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that only `drop` has."""
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--batches",
        action="store_true",
        help="instead of points: batches that were given up and hold no point that is missing",
    )
    instead.add_argument(
        "--rejected", action="store_true", help="instead of points: Timestream's reports on late points"
    )
    parser.add_argument(
        "--why", type=_why, required=True, metavar="TEXT", help="kept with each point, with your name"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be dropped, and drop nothing")
    consent.add_option(parser)


def _why(text: str) -> str:
    """A reason; argparse shows the error's text to the operator."""
    if not 0 < len(text) <= _WHY:
        raise argparse.ArgumentTypeError(f"a text of 1 to {_WHY} characters")
    return text


def drop(target: Target, options: argparse.Namespace) -> int:
    """Forget what was sent of the chosen points, in all versions that the bucket has; they stay counted.

    After an interruption the same command goes on.
    """
    now_s = choice.clock_s(target)
    chosen = choice.choice_of(options, now_s)
    reasons = Counter(
        point.reason
        for reading in choice.read_all(target, chosen.since_s, chosen.until_s)
        for point in reading.points
        if chosen.has(point) and not point.dropped
    )
    total = reasons.total()
    if not total:
        print("nothing to drop")
        return 0
    tables.show(("points", "reason"), [(count, reason) for reason, count in reasons.most_common()], noun="")
    if options.dry_run:
        print(f"would drop {counted(total, 'point')}")
        return 0
    consent.expect(options, f"forget for good what was sent of {counted(total, 'point')}", always=True)
    said = {
        "at": datetime.fromtimestamp(now_s, UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "by": whoever(options, target),
        "why": options.why,
    }
    bucket = _Bucket(target.client("s3"), target.output("QuarantineBucketName"))
    dropped = sum(bucket.drop(chosen, said, target.config.writer.maximum_age_seconds))
    print(f"dropped {counted(dropped, 'point')}")
    return 0


@dataclass(frozen=True)
class _Bucket:
    s3: Any
    name: str

    def drop(self, chosen: Choice, said: dict[str, str], span_s: float) -> Iterator[int]:
        """Rewrites the objects that have chosen points; the number of points dropped in each."""
        with refusals("cannot read the quarantine"):
            noted = redriven_attempts(self.s3, self.name, since_s=chosen.since_s)
            times = {"since_s": chosen.since_s, "until_s": chosen.until_s + span_s}
            entries = list(newest_entries(self.s3, self.name, QUARANTINED_POINTS, **times))

        def is_chosen(point: QuarantinedPoint) -> bool:
            in_time = chosen.since_s <= point.arrived_s <= chosen.until_s
            settled = (*point.point_id, point.attempt) in noted
            return in_time and not point.dropped and not (settled and chosen.waiting) and chosen.has(point)

        for entry in entries:
            yield self._rewrite(entry["Key"], is_chosen, said)

    def _rewrite(self, key: str, is_chosen: Callable[[QuarantinedPoint], bool], said: dict[str, str]) -> int:
        """Rewrites an object as it is at that moment, if it has chosen points, and deletes its earlier versions."""
        for _ in range(_ATTEMPTS):
            try:
                with refusals("cannot read the quarantine"):
                    found = self.s3.get_object(Bucket=self.name, Key=key)
                    lines = found["Body"].read().splitlines()
            except self.s3.exceptions.NoSuchKey:
                return 0
            kept = [_without_content(line, is_chosen, said) for line in lines]
            number = sum(new is not None for new in kept)
            if not number:
                return 0
            body = b"".join((new or line) + b"\n" for line, new in zip(lines, kept, strict=True))
            try:
                self.s3.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=body,
                    ContentType="application/x-ndjson",
                    IfMatch=found["ETag"],
                )
            except ClientError as error:
                if code_of(error) in _CHANGED:
                    continue  # by another operator, or by the writer
                with refusals("cannot write to the quarantine"):
                    raise
            with refusals("the points are dropped, but the bucket keeps earlier versions for a week"):
                forget(self.s3, self.name, key, but_the_latest=True)
            return number
        raise OperatorError(f"{key} changes all the time: somebody else is at it; try again")


def _without_content(
    line: bytes, is_chosen: Callable[[QuarantinedPoint], bool], said: dict[str, str]
) -> bytes | None:
    """The line of a dropped point; None if the line stays as it is."""
    point = point_of(line)
    if point is None or not is_chosen(point):
        return None
    return json.dumps({**json.loads(line), **_FORGOTTEN, "dropped": said}, separators=(",", ":")).encode()
