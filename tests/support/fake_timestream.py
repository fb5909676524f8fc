"""Timestream as far as WriteRecords goes, with its real limits, behind the real wire without a network."""

import threading
from collections.abc import Callable, Mapping
from io import BytesIO
from queue import Empty, SimpleQueue
from typing import Any, NamedTuple, TypeVar

import orjson
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import BotoCoreError

from handlers.adapters.http.answers import Answer
from handlers.adapters.http.client import Ended, HttpClient
from handlers.adapters.http.connections import Timeouts
from handlers.adapters.http.origins import Origin
from handlers.adapters.timestream.sdk_wire import SdkWire
from handlers.adapters.timestream.wire import PooledWire
from tests.support.events import ARRIVAL_MS

AnyWire = TypeVar("AnyWire", bound=PooledWire | SdkWire)
MINUTE_NS = 60 * 1_000_000_000
DAY_NS = 24 * 60 * MINUTE_NS
MULTIPLIERS = {"NANOSECONDS": 1, "MICROSECONDS": 1000, "MILLISECONDS": 1_000_000, "SECONDS": 1_000_000_000}


class Fault(NamedTuple):
    """An error that the service answers with instead of working."""

    code: str
    status: int = 400
    message: str = "a fault that the test wants"
    members: Mapping[str, Any] | None = None  # beside these


class FakeTimestream:
    """Keeps rows by series and time.

    `fault` may answer for it, given the number of the call and its body; it rejects metrics named in `refuses`.
    `before` is called with each body, on a thread for each call in flight, and may fail in the place of the network.
    """

    def __init__(
        self,
        *,
        now_ms: int = ARRIVAL_MS,
        magnetic_days: int = 30,
        fault: Callable[[int, dict[str, Any]], Fault | None] | None = None,
        refuses: frozenset[str] = frozenset(),
    ) -> None:
        self.rows: dict[tuple[Any, ...], tuple[int, float]] = {}
        self.columns: set[str] = set()
        self.calls: list[dict[str, Any]] = []
        self.discoveries = 0
        self.fault = fault
        self.before: Callable[[bytes], object] = _pass
        self._refuses = refuses
        self._now_ns = now_ms * 1_000_000
        self._magnetic_ns = magnetic_days * DAY_NS
        self._lock = threading.Lock()

    def behind(self, wire: AnyWire) -> AnyWire:
        """The wire, which from now on leads to this fake and to no other."""
        if isinstance(wire, SdkWire):
            events = wire.sdk.meta.events
            events.unregister("before-send.timestream-write", unique_id="fake")
            events.register("before-send.timestream-write", self._answer, unique_id="fake")
        if isinstance(wire, PooledWire):
            wire._http = _Threads(self._answer)
            if wire._endpoints._ask_again_s < float("inf"):
                wire._endpoints._known = None
        return wire

    def values(self) -> dict[tuple[Any, ...], float]:
        """The value of each row."""
        return {row: value for row, (_, value) in self.rows.items()}

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        target = request.headers["X-Amz-Target"]
        if (target if isinstance(target, str) else target.decode()).endswith("DescribeEndpoints"):
            self.discoveries += 1
            address = {
                "Address": "ingest-cell1.timestream.us-east-1.amazonaws.com",
                "CachePeriodInMinutes": 1440,
            }
            return _response(request, 200, {"Endpoints": [address]})
        assert "ingest-cell1" in request.url
        assert "SignedHeaders=" in str(request.headers["Authorization"])
        self.before(request.body)
        body = orjson.loads(request.body)
        with self._lock:
            self.calls.append(body)
            fault = (self.fault and self.fault(len(self.calls), body)) or _invalid(body)
            if fault:
                told = {"__type": f"x#{fault.code}", "message": fault.message, **(fault.members or {})}
                return _response(request, fault.status, told)
            rejected = self._write(body)
        if rejected:
            content = {"__type": "x#RejectedRecordsException", "RejectedRecords": rejected, "Message": "some"}
            return _response(request, 419, content)
        return _response(request, 200, {"RecordsIngested": {"Total": len(body["Records"])}})

    def _write(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        rejected = []
        for index, record in enumerate(_merged(body)):
            rejection = self._reject(record)
            if rejection is None:
                self.columns |= record["dimensions"].keys()
                self.rows[_row(record)] = (record["Version"], float(record["MeasureValues"][0]["Value"]))
            else:
                rejected.append({"RecordIndex": index, **rejection})
        return rejected

    def _reject(self, record: dict[str, Any]) -> dict[str, Any] | None:
        reasons = {
            "a metric that the test wants refused": record["dimensions"].get("metric_name") in self._refuses,
            "too far in the future": record["time"] > self._now_ns + 15 * MINUTE_NS,
            "older than the magnetic store": record["time"] < self._now_ns - self._magnetic_ns,
            "no partition key": "metric_name" not in record["dimensions"],
            "too many dimensions": len(self.columns | record["dimensions"].keys()) > 128,
            "a dimension name is too long": any(len(name.encode()) > 60 for name in record["dimensions"]),
            "a dimension is empty": not all(record["dimensions"].values()),
            "the record is too large": _size(record) > 2048,
        }
        for reason, applies in reasons.items():
            if applies:
                return {"Reason": reason}
        version, value = self.rows.get(_row(record), (0, 0.0))
        if record["Version"] <= version and float(record["MeasureValues"][0]["Value"]) != value:
            return {"Reason": "a higher version exists", "ExistingVersion": version}
        return None


def _invalid(body: dict[str, Any]) -> Fault | None:
    if not 1 <= len(body["Records"]) <= 100:
        return Fault("ValidationException", message="1 to 100 records")
    if any(record["overlapping"] for record in _merged(body)):
        return Fault("ValidationException", message="dimensions overlap")
    rows = [_row(record) for record in _merged(body)]
    if len(set(rows)) < len(rows):
        return Fault("ValidationException", message="the same row twice")
    for record in _merged(body):
        [value] = record["MeasureValues"]
        if (value["Name"], value["Type"], record["MeasureValueType"]) != ("value", "DOUBLE", "MULTI"):
            return Fault("ValidationException", message="not the table's shape")
        if not 1 <= record["Version"] < 2**63 or not 1 <= len(record["dimensions"]) <= 128:
            return Fault("ValidationException", message="version or dimensions")
    return None


def _merged(body: dict[str, Any]) -> list[dict[str, Any]]:
    common = body.get("CommonAttributes", {})
    merged = []
    for record in body["Records"]:
        pairs = [*common.get("Dimensions", []), *record.get("Dimensions", [])]
        whole = {**common, **record, "dimensions": {pair["Name"]: pair["Value"] for pair in pairs}}
        whole["overlapping"] = len(whole["dimensions"]) < len(pairs)
        whole["time"] = int(whole["Time"]) * MULTIPLIERS[whole["TimeUnit"]]
        merged.append(whole)
    return merged


def _row(record: dict[str, Any]) -> tuple[Any, ...]:
    return (tuple(sorted(record["dimensions"].items())), record["MeasureName"], record["time"])


def _size(record: dict[str, Any]) -> int:
    names = sum(len(name.encode()) + len(value.encode()) for name, value in record["dimensions"].items())
    return names + len(record["MeasureName"]) + len("value") + 16


def _pass(_body: bytes) -> None:
    """Does nothing."""


class _Threads(HttpClient):
    """An HTTP client without a network: what it is given, it answers by a function, on a thread for each request."""

    def __init__(self, answer: Callable[[AWSPreparedRequest], AWSResponse]) -> None:
        super().__init__(Timeouts(1, 1))
        self._answer = answer
        self._ends: SimpleQueue[Ended] = SimpleQueue()

    def start(self, origin: Origin, data: bytes, key: object) -> None:
        """Answer the request, on another thread."""
        threading.Thread(target=self._work, args=(origin, data, key, self._ends), daemon=True).start()

    def ended(self, timeout_s: float) -> list[Ended]:
        """The next answer, if it comes in time."""
        try:
            return [self._ends.get(timeout=max(0, timeout_s))]
        except Empty:
            return []

    def abandon(self) -> None:
        """Hear of no answer any more."""
        self._ends = SimpleQueue()

    def _work(self, origin: Origin, data: bytes, key: object, ends: "SimpleQueue[Ended]") -> None:
        head, _, body = data.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        try:
            found = self._answer(AWSPreparedRequest("POST", origin.url, headers, body, stream_output=False))
        except BotoCoreError as error:
            ends.put(Ended(key, error))
        else:
            ends.put(Ended(key, Answer(found.status_code, dict(found.headers), found.content, keep=True)))


class _Raw(BytesIO):
    def stream(self, **_: object) -> Any:
        yield self.read()


def _response(request: AWSPreparedRequest, status: int, content: object) -> AWSResponse:
    return AWSResponse(
        request.url, status, {"Content-Type": "application/x-amz-json-1.0"}, _Raw(orjson.dumps(content))
    )
