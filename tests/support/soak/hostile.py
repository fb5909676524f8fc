"""Hostile inputs through a whole local run: nothing crashes, nothing escapes, and every point comes to one end."""

import gzip
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.local_run import LocalRun, wait_for
from tests.support.soak.hostile_foreign import FOREIGN
from tests.support.soak.hostile_inputs import FIRST_ID, Inputs
from tests.support.soak.hostile_readers import looked_at
from tests.support.soak.ledger import Ledger
from tests.support.soak.protocols import PROTOCOLS
from tests.support.soak.sender import Sender

_NUMBER = re.compile(r"(?<!\d)1\d{9}(?!\d)")


@dataclass
class Attack:
    """The points that were sent, how requests were answered, and all that went wrong."""

    inputs: int
    points: dict[tuple[str, int], int] = field(default_factory=dict)
    """The value of each point that was taken with our JSON, by request and index."""
    foreign: set[int] = field(default_factory=set)
    """The values of the points that were taken with other protocols."""
    answers: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


def attack(
    run: LocalRun, inputs: int, seed: int, tell: Callable[[str], None], *, readers: bool = True
) -> Attack:
    """Send so many inputs by every path, then have them looked at by `readers`: rules, exports and console."""
    found, ledger = Attack(inputs), Ledger()
    chance = random.Random(f"hostile/{seed}")
    now_ms = int(run.control("status")["clock"]["offset_seconds"] * 1000 + time.time() * 1000)
    made = Inputs(chance, now_ms - inputs - 60_000, FIRST_ID)
    sender = Sender(run.environment, ledger, chance, threading.Event())
    while made.count < inputs:
        _send_points(sender, made, found)
        _send_foreign(sender, made, found, run.environment)
        _send_body(sender, made, found)
        tell(f"{made.count:,} of {inputs:,} inputs")
    sender.close()
    found.answers += ledger.told
    found.differences += [
        f"{count} answers of {status}"
        for status, count in ledger.told.items()
        if status not in {"503", "429"} and (status >= "500" or status == "none")  # these two say: again
    ]
    _judge(run, found)
    if readers:
        found.differences += looked_at(run)
    return found


def _send_points(sender: Sender, made: Inputs, found: Attack) -> None:
    """Send points as our JSON; where the whole request is refused, each by itself."""
    points = made.points(20)
    body = _encoded(points)
    status, reply = sender.attempt(PROTOCOLS["json"], body)
    if status == 202:
        request_id = json.loads(reply)["request_id"]
        for index, point in enumerate(points):
            if point.number is not None:
                found.points[request_id, index] = point.number
        return
    for point in points if status == 400 else ():
        status, reply = sender.attempt(PROTOCOLS["json"], _encoded([point]))
        if status == 202 and point.number is not None:
            found.points[json.loads(reply)["request_id"], 0] = point.number


def _send_foreign(sender: Sender, made: Inputs, found: Attack, environment: Mapping[str, str]) -> None:
    """Send points with one of the protocols whose names and labels are anybody's."""
    protocol, encode = made.chance.choice(FOREIGN)
    if PROTOCOLS[protocol].base in environment:
        points = made.foreign(10)
        status, _ = sender.attempt(PROTOCOLS[protocol], encode(points))
        if 200 <= status < 300:
            found.foreign.update(point.number for point in points)


def _encoded(points: Any) -> bytes:
    return b'{"metrics":[' + b",".join(point.text for point in points) + b"]}"


def _send_body(sender: Sender, made: Inputs, found: Attack) -> None:
    """Send what no client of this protocol would, to one of the paths."""
    name, body = made.body()
    if name == "gzip":
        body = gzip.compress(body, 1) if made.chance.random() < 0.5 else body
    sender.attempt(PROTOCOLS[name], body)


def _judge(run: LocalRun, found: Attack) -> None:
    """Hold each point that was taken against store and quarantine: it must be in one of them, once."""
    ends: list[str] = []

    def settled() -> bool:
        stored = Counter(
            int(float(row[0]))
            for row in run.select(
                f"SELECT value FROM {{table}} WHERE value >= {FIRST_ID} AND value < {2 * FIRST_ID}"
            )
        )
        quarantined, numbers = _quarantined(run)
        ends[:] = [
            f"{place} (value {number}): stored {stored[number]} times, quarantined: {place in quarantined}"
            for place, number in found.points.items()
            if stored[number] + (place in quarantined) != 1
        ] + [
            f"value {number} of another protocol: stored {stored[number]} times, quarantined: {number in numbers}"
            for number in sorted(found.foreign)
            if stored[number] + (number in numbers) != 1
        ]
        return not ends

    try:
        wait_for(settled, "every point to come to its end", seconds=90)
    except AssertionError:
        found.differences += ends


def _quarantined(run: LocalRun) -> tuple[set[tuple[str, int]], set[int]]:
    """The points in the quarantine, by request and index, and the numbers in their payloads."""
    s3, bucket = run.client("s3"), run.environment["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]
    places: set[tuple[str, int]] = set()
    numbers: set[int] = set()
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="quarantine/"):
        for entry in page.get("Contents", []):
            for text in s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().splitlines():
                line = json.loads(text)  # a half of a surrogate pair is one that was sent
                places.add((line["request_id"], line["index"]))
                numbers.update(int(number) for number in _NUMBER.findall(json.dumps(line.get("payload"))))
    return places, numbers
