"""The first thing that comes to mind: a call for each point, and no dimension but the metric's type."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import boto3

from benchmarks.peers.handlers import DATABASE, DONE, TABLE, points_in

_CLIENT = boto3.client("timestream-write")


def handler(event: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Write a batch of the stream."""
    for record in event["Records"]:
        for point in points_in(json.loads(base64.b64decode(record["kinesis"]["data"]))):
            written = {
                "Dimensions": [{"Name": "metric_type", "Value": point["metric_type"]}],
                "MeasureName": point["metric_name"],
                "MeasureValue": str(point["value"]),
                "MeasureValueType": "DOUBLE",
                "Time": str(point["timestamp"]),
            }
            _CLIENT.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=[written])
    return DONE
