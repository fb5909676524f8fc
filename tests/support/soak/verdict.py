"""The verdict: the ledger held against the store and the quarantine."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.support.local_run import LocalRun
from tests.support.soak.ledger import Account, Ledger, Sums
from tests.support.soak.points import WEIGHTS

_SECONDS = {"timestream": "to_milliseconds(time) / 1000", "lake": "time_ns / 1000000000"}
_SHOWN = 5


@dataclass
class Verdict:
    """What is there, and each difference to what must be."""

    stored: int = 0
    quarantined: int = 0
    differences: list[str] = field(default_factory=list)


def judge(run: LocalRun, kind: str, ledger: Ledger) -> Verdict:
    """Hold every series and every bad point against what can be read."""
    found = Verdict()
    sums, explained = _stored(run, kind), 0
    for name, account in ledger.accounts.items():
        there, due = sums.pop(name, Sums(0, 0, 0)), account.sums()
        found.stored += there.count
        if there != due:
            found.differences.append(f"{name}: {there} is stored, {due} was taken")
            if explained < _SHOWN:  # each asks the store once more
                found.differences.extend(f"    {line}" for line in _explained(run, kind, account))
                explained += 1
    found.differences.extend(f"{name} is stored, and nobody sent it" for name in sums)
    quarantined = {(line["request_id"], line["index"]): line for line in _quarantine(run)}
    found.quarantined = len(quarantined)
    told = {(line["request_id"], _name(line)) for line in quarantined.values()}
    for name, request_id in ledger.bad.items():
        if (request_id, name) not in told:
            found.differences.append(f"{name} of request {request_id} is not in the quarantine")
    for line in quarantined.values():
        if _name(line) not in ledger.bad:
            found.differences.append(
                f"{_name(line)} is in the quarantine: {line['reason']}: {line['message']}"
            )
    return found


def _stored(run: LocalRun, kind: str) -> dict[str, Sums]:
    sql = (
        f"SELECT metric_name, count(*), sum(value), sum(value * ({_SECONDS[kind]} % {WEIGHTS})) "
        "FROM {table} WHERE metric_name LIKE 'soak%' GROUP BY 1"
    )
    return {row[0]: Sums(int(row[1]), int(float(row[2])), int(float(row[3]))) for row in run.select(sql)}


def _explained(run: LocalRun, kind: str, account: Account) -> Iterator[str]:
    """The first points of a series that are missing, too many, or not of the version they must have."""
    sql = (
        f"SELECT {_SECONDS[kind]}, value FROM {{table}} "
        f"WHERE metric_name = '{account.series.name}' ORDER BY 1"
    )
    there: dict[int, list[float]] = {}
    for row in run.select(sql):
        there.setdefault(int(row[0]), []).append(float(row[1]))
    due = dict(account.expected())
    wrong = [second for second in sorted({*there, *due}) if there.get(second) != [due.get(second)]]
    for second in wrong[:_SHOWN]:
        slot = second - account.series.start_s
        versions = [
            next((version for version in range(255) if account.series.value(slot, version) == value), None)
            for value in there.get(second, [])
        ]
        due_version = account.versions[slot] if 0 <= slot < len(account.versions) else 0
        yield f"at {second}: stored versions {versions}, due {due_version}"
    if len(wrong) > _SHOWN:
        yield f"and {len(wrong) - _SHOWN} more"


def _quarantine(run: LocalRun) -> Iterator[dict[str, Any]]:
    s3, bucket = run.client("s3"), run.environment["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="quarantine/"):
        for entry in page.get("Contents", []):
            for text in s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read().splitlines():
                line: dict[str, Any] = orjson.loads(text)
                if _name(line).startswith("soak"):
                    yield line


def _name(line: dict[str, Any]) -> str:
    payload = line.get("payload")
    try:
        found: Any = orjson.loads(payload) if isinstance(payload, str) else payload
        return str(found["metric_name"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return str(payload)[:100]
