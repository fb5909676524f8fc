"""Hostile inputs through a whole local run: nothing crashes, nothing escapes, and every point comes to one end."""

import gzip
import http.client
import json
import random
import re
import shlex
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.local_run import ROOT, LocalRun, wait_for
from tests.support.soak.hostile_foreign import FOREIGN
from tests.support.soak.hostile_inputs import Inputs
from tests.support.soak.ledger import Ledger
from tests.support.soak.protocols import PROTOCOLS
from tests.support.soak.sender import Sender

FIRST_ID = 1_000_000_000
_NUMBER = re.compile(r"(?<!\d)1\d{9}(?!\d)")
_SHOWN = 6
_RULES = 40


@dataclass
class Attack:
    """What was sent, and how it was answered."""

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
    now_ms = int(run.control("status")["clock"]["offset_seconds"] * 1000 + _now_ms())
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
        _rules(run, found)
        _exports(run, found)
        _console(run, found)
    return found


def _now_ms() -> float:
    return time.time() * 1000


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


def _rules(run: LocalRun, found: Attack) -> None:
    """Apply rules on the names that are stored, whatever they are, and have them listed and shown."""
    names = [row[0] for row in run.select(f"SELECT DISTINCT metric_name FROM {{table}} LIMIT {_RULES}")]
    rules = [
        {"rule_id": f"hostile-{number}", "metric_name": name, "by": ["host"], "statistic": "max", "operator": ">",
         "threshold": 1, "annotation": "{group.host} {value} {metric_name}"}
        for number, name in enumerate(names)
    ]  # fmt: skip
    file = ROOT / "build" / f"hostile-{run.aws_port}.yaml"
    file.write_text(json.dumps({"rules": rules}, ensure_ascii=False))
    commands = (
        f"rules apply {file}", "rules list", "alerts list", "quarantine list --since 1d --by reason",
        "quarantine list --since 1d",
    )  # fmt: skip
    for command in commands:
        _said(run, found, f"python -m ops {command}")
    tests = file.with_suffix(".tests.yaml")
    tests.write_text(json.dumps(_tests_of(rules, file.name), ensure_ascii=False))
    _said(run, found, f"python -m ops rules test {tests}", may_refuse=True)
    tests.unlink()
    file.unlink()
    _asked(run, found, [name for name in names if name.isprintable()][:_SHOWN])


def _tests_of(rules: Sequence[Mapping[str, Any]], file: str) -> dict[str, Any]:
    """Tests of the rules, in which each metric breaches in a group that is called after it."""
    return {
        "rule_files": [file],
        "tests": [
            {
                "name": f"{rule['metric_name']} breaches",
                "points": [
                    {
                        "metric_name": rule["metric_name"],
                        "dimensions": {"host": rule["metric_name"]},
                        "series": "0 2 0",
                    }
                ],
                "expect": [{"rule_id": rule["rule_id"], "group": {"host": rule["metric_name"]}}],
            }
            for rule in rules
        ],
    }


def _asked(run: LocalRun, found: Attack, names: Sequence[str]) -> None:
    """Type hostile names into commands, which may refuse them in a line; and have those that are stored shown."""
    for number, name in enumerate(names):
        word = shlex.quote(name)
        for command in (
            f"alerts silence --for 5m --why {word} --yes metric={word} host={word}",
            f"alerts show hostile-{number} {word}",
            f"quarantine list --since 1d --metric {word}",
        ):
            _said(run, found, f"python -m ops {command}", may_refuse=True)
    _said(run, found, "python -m ops alerts silences")
    points, since = run.store.points.replace('"', '\\"'), run.store.since("1h")
    sql = f"SELECT metric_name, count(*) AS points FROM {points} WHERE {since} GROUP BY metric_name LIMIT 50"
    _said(run, found, f'python -m ops query "{sql}"')


def _exports(run: LocalRun, found: Attack) -> None:
    """Export the current hour and read it back: as many points as the store has of it."""
    _said(run, found, "python -m ops export run current")
    sql = f"SELECT count(*) FROM metrics WHERE value >= {FIRST_ID} AND value < {2 * FIRST_ID}"
    exported = _said(run, found, f'python -m ops export query --format csv "{sql}"').split()
    hour_s = int(_now_ms() / 1000) // 3600 * 3600
    seconds = "time_ns / 1000000000" if run.store.superseded else "to_milliseconds(time) / 1000"
    ((stored,),) = run.select(
        f"SELECT count(*) FROM {{table}} WHERE value >= {FIRST_ID} AND value < {2 * FIRST_ID} AND {seconds} >= {hour_s}"
    )
    if exported[-1:] != [str(stored)]:
        found.differences.append(f"the hour has {stored} points, of which {exported} are exported")


def _said(run: LocalRun, found: Attack, command: str, *, may_refuse: bool = False) -> str:
    """The output of a command, which must succeed, or refuse in words, and send nothing to a terminal but text."""
    try:
        said = run.shell(command)
    except subprocess.CalledProcessError as error:
        if not may_refuse or "Traceback" in error.stderr:
            found.differences.append(f"{command}: {error.stderr[-500:]}")
            return ""
        said = error.stdout + error.stderr
    if escaped := {
        text for text in said if (ord(text) < 32 and text not in "\n\t\r") or text in "\x7f\x9b\u202e"
    }:
        found.differences.append(f"{command}: sends {escaped!r} to the terminal")
    return said


def _console(run: LocalRun, found: Attack) -> None:
    """Open every page of the console with a hostile metric in its address; its server goes on answering."""
    with _console_process(run) as (host, process):
        for path in ("/", "/explore", "/alerts", "/quarantine", "/exports", "/fleet", "/try"):
            for query in (
                "",
                "?metric=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
                "?metric=%00%F0%9F%92%A9'\"%3B--",
            ):
                connection = http.client.HTTPConnection(host, timeout=30)
                connection.request("GET", path + query)
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                if answer.status >= 500 or b"<script>alert(1)" in body:
                    found.differences.append(f"console {path}{query}: {answer.status}")
        if process.poll() is not None:
            found.differences.append("the console has ended")


@contextmanager
def _console_process(run: LocalRun) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    environment: Mapping[str, str] = {**run.environment, "PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    process = subprocess.Popen(
        [sys.executable, "-m", "ops", "console"],
        cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        yield line.split()[-1].removeprefix("http://").rstrip("/"), process
    finally:
        process.terminate()
        process.communicate(timeout=30)
