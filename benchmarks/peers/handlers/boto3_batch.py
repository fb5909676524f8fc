"""boto3 as it comes, 100 records a call: what most people would write, and the yardstick."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import boto3

from benchmarks.peers.handlers import DATABASE, DONE, TABLE, points_in, record_of

_CLIENT = boto3.client("timestream-write")


def handler(event: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Write a batch of the stream."""
    records = [
        record_of(point)
        for record in event["Records"]
        for point in points_in(json.loads(base64.b64decode(record["kinesis"]["data"])))
    ]
    for start in range(0, len(records), 100):
        _CLIENT.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=records[start : start + 100])
    return DONE
