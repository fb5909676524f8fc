"""The access log of a stage: a line for each answer, in the format that its template has.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-variables-for-access-logging.html
"""

import re
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.apigateway.json_path import MISSING, find
from emulator.errors import UnsupportedApiError
from emulator.log_shipper import LogShipper, LogStream

STREAMS_KEPT = 10
LINES_PER_STREAM = 5_000
"""Together the newest lines that are kept, as everything here is in memory."""
_VARIABLE = re.compile(r"\$context\.([\w.]*\w)")
_NOTHING = "-"
_KNOWN = re.compile(
    r"accountId|apiId|authorizer\.\w+|domainName|domainPrefix|error\.(message|messageString|responseType)"
    r"|extendedRequestId|httpMethod|identity\.\w+|integration\.(status|latency)|path|protocol|requestId|requestTime"
    r"|requestTimeEpoch|resourceId|resourcePath|responseLatency|responseLength|stage|status|xrayTraceId"
)


@dataclass(frozen=True, slots=True)
class AccessLogSetting:
    """The log group that a stage writes to, and the format of its lines."""

    group: str
    format: str


def load_access_log(logical_id: str, properties: Mapping[str, Any]) -> AccessLogSetting | None:
    """The setting of a stage with these properties, None if it has none; UnsupportedApiError for what it cannot be."""
    setting = properties.get("AccessLogSetting")
    if setting is None:
        return None
    place = str(setting["DestinationArn"]).partition(":log-group:")[2].removesuffix(":*")
    if not place:
        raise UnsupportedApiError(f"{logical_id}: its AccessLogSetting has no log group as DestinationArn")
    for name in _VARIABLE.findall(setting["Format"]):
        if not _KNOWN.fullmatch(name):
            raise UnsupportedApiError(
                f"{logical_id}: $context.{name} of its AccessLogSetting is not known here"
            )
    return AccessLogSetting(place, setting["Format"])


class AccessLog:
    """Writes the lines of a stage; safe to use from many threads."""

    def __init__(self, setting: AccessLogSetting, api_name: str, shipper: LogShipper) -> None:
        self._setting = setting
        self._api_name = api_name
        self._shipper = shipper
        self._lock = threading.Lock()
        self._lines = 0
        self._stream = self._next_stream()

    def write(self, context: Mapping[str, Any], time_ms: int) -> None:
        """Write the line of a request that was answered at this time, in epoch milliseconds."""
        line = _VARIABLE.sub(lambda match: _text(context, match[1]), self._setting.format)
        with self._lock:
            if self._lines == LINES_PER_STREAM:
                self._stream, self._lines = self._next_stream(), 0
            self._lines += 1
            stream = self._stream
        self._shipper.put(stream, time_ms, line)

    def _next_stream(self) -> LogStream:
        return LogStream(self._api_name, self._setting.group, secrets.token_hex(16))


def _text(context: Mapping[str, Any], name: str) -> str:
    """A variable's value; what a request has not is a dash, as on AWS."""
    found = find(context, f"$.{name}")
    return _NOTHING if found is MISSING or found is None or found == "" else str(found)
