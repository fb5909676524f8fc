"""The metrics of Timestream that CloudWatch has of each call.

https://docs.aws.amazon.com/timestream/latest/developerguide/metrics-dimensions.html
"""

import orjson

from emulator.aws_request import AwsRequest
from emulator.cloudwatch.metrics import Metrics
from emulator.http_server import Response

_NAMESPACE = "AWS/Timestream"


class TimestreamMetrics:
    """Counts calls, and how long those took that succeeded."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def counted(self, request: AwsRequest, reply: Response, took_s: float) -> Response:
        """The reply, once it is counted."""
        metrics, operation = self._metrics.of(request.region), {"Operation": request.operation}
        if reply.status < 400:
            place = {**operation, **_table(request)}
            metrics.put(_NAMESPACE, "SuccessfulRequestLatency", took_s * 1000, place, unit="Milliseconds")
        else:
            metrics.put(_NAMESPACE, "SystemErrors" if reply.status >= 500 else "UserErrors", 1, operation)
        return reply


def _table(request: AwsRequest) -> dict[str, str]:
    """The table that a call writes to; queries have none of their own."""
    if request.operation != "WriteRecords":
        return {}
    try:
        body = request.json()
        return {name: str(body[name]) for name in ("DatabaseName", "TableName")}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
