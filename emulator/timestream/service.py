"""From an HTTP request to an operation of the right region, and back."""

import fcntl
import re
import threading
import time
import traceback
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson

from emulator.timestream.admin_api import AdminApi
from emulator.timestream.administration import OPERATIONS
from emulator.timestream.clock import Clock
from emulator.timestream.errors import (
    InternalServerException,
    SerializationException,
    ServiceError,
    ThrottlingException,
    UnknownOperationException,
    ValidationException,
)
from emulator.timestream.faults import Faults
from emulator.timestream.http_server import Request, Response
from emulator.timestream.query_operations import QueryOperations
from emulator.timestream.shapes import Shapes
from emulator.timestream.store import Store

DEFAULT_REGION = "us-east-1"
_TARGET = "Timestream_20181101."
_JSON = "application/x-amz-json-1.0"
_CREDENTIAL_REGION = re.compile(r"Credential=[^/,\s]+/[0-9]{8}/([a-z0-9-]{1,40})/")
_QUERY_OPERATIONS = ("Query", "CancelQuery", "PrepareQuery")


@dataclass(frozen=True)
class Region:
    """The store and the query operations of one region."""

    store: Store
    queries: QueryOperations


class Service:
    """Answers requests; each region it hears of gets a store of its own below `data`."""

    def __init__(
        self,
        data: Path,
        clock: Clock,
        *,
        s3_endpoint: str | None = None,
        fsync: bool = False,
        memory_limit_mb: int = 400,
    ) -> None:
        self._data = data
        self._clock = clock
        self._s3_endpoint = s3_endpoint
        self._fsync = fsync
        self._memory_limit_mb = memory_limit_mb
        self._faults = Faults()
        self._shapes = Shapes()
        self._lock = threading.Lock()
        self._regions: dict[str, Region] = {}
        data.mkdir(parents=True, exist_ok=True)
        self._claim = _claim(data)
        self._admin = AdminApi(self._stores, self._faults, clock)
        for directory in sorted(path.parent for path in data.glob("*/store.duckdb")):
            self._region(directory.name)

    def close(self) -> None:
        """Put everything into the files and give them back."""
        with self._lock:
            for region in self._regions.values():
                region.queries.close()
                region.store.close()
            self._regions.clear()
            self._claim.close()

    def handle(self, request: Request) -> Response:
        """Answer one request; what fails unexpectedly is printed here and is a 500 without details there."""
        request_id = uuid.uuid4().hex
        try:
            if request.path.startswith("/_local/"):
                change = _json(request.body) if request.method == "POST" else None
                shown = orjson.dumps(self._admin.answer(request.path, change))
                return Response(200, shown, "application/json", request_id)
            body, lost = self._operate(request)
            return Response(200, body, _JSON, request_id, lost=lost)
        except ServiceError as error:
            return _failure(error, request_id)
        except Exception as error:  # noqa: BLE001 - the connection must get an answer
            traceback.print_exception(error)
            return _failure(InternalServerException("The request failed inside the server."), request_id)

    def _operate(self, request: Request) -> tuple[bytes, bool]:
        target = request.headers.get("x-amz-target", "")
        operation = target.removeprefix(_TARGET) if target.startswith(_TARGET) else ""
        if operation not in OPERATIONS and operation not in {
            "WriteRecords",
            "DescribeEndpoints",
            *_QUERY_OPERATIONS,
        }:
            raise UnknownOperationException(f"The operation '{target[:100]}' is not supported.")
        if self._faults.active:
            time.sleep(self._faults.latency(operation))
            if self._faults.throttles(operation):
                raise ThrottlingException("Rate exceeded")
        parsed = _json(request.body)
        if operation == "DescribeEndpoints":
            return orjson.dumps(_endpoints(request)), False
        region = self._region(_region_of(request.headers))
        if operation == "WriteRecords":
            body = orjson.dumps(self._write(region.store, parsed, request.body))
        else:
            body = self._ask(region, operation, parsed)
        return body, self._faults.active and self._faults.loses_reply(operation)

    def _write(self, store: Store, parsed: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        for name in ("DatabaseName", "TableName"):
            if not isinstance(parsed.get(name), str):
                raise ValidationException(f"WriteRecords needs a {name}.")
        records = parsed.get("Records")
        count = len(records) if isinstance(records, list) else 0
        return store.write(parsed, body, self._faults.rejections(count) if self._faults.active else {})

    def _ask(self, region: Region, operation: str, parsed: Mapping[str, Any]) -> bytes:
        checked = self._shapes.check(operation, parsed)
        if operation == "Query":
            return region.queries.query(checked)
        if operation == "CancelQuery":
            return orjson.dumps(region.queries.cancel(checked))
        if operation == "PrepareQuery":
            return orjson.dumps(region.queries.prepare(checked))
        return orjson.dumps(OPERATIONS[operation](region.store, checked))

    def _stores(self) -> dict[str, Store]:
        return {name: region.store for name, region in dict(self._regions).items()}

    def _region(self, name: str) -> Region:
        region = self._regions.get(name)
        if region is None:
            with self._lock:
                region = self._regions.get(name)
                if region is None:
                    region = self._regions[name] = self._open(name)
        return region

    def _open(self, name: str) -> Region:
        store = Store(
            self._data / name,
            name,
            self._clock.now_ns,
            fsync=self._fsync,
            memory_limit_mb=self._memory_limit_mb,
        )
        return Region(store, QueryOperations(store, self._faults, self._s3_endpoint))


def _claim(directory: Path) -> IO[bytes]:
    """Make the folder this process's own until the returned file is closed; OSError if another process has it."""
    file = (directory / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OSError(error.errno, "another process uses it") from error
    return file


def _region_of(headers: Mapping[str, str]) -> str:
    match = _CREDENTIAL_REGION.search(headers.get("authorization", ""))
    return match[1] if match else DEFAULT_REGION


def _endpoints(request: Request) -> dict[str, Any]:
    # SDKs take the address with its scheme; it is the one the caller reached us by, which may be a proxy's.
    address = f"http://{request.headers.get('host', '127.0.0.1')}"
    return {"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]}


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise SerializationException("The request is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise SerializationException("The request must be a JSON object.")
    return parsed


def _failure(error: ServiceError, request_id: str) -> Response:
    body = {"__type": f"com.amazonaws.timestream.v20181101#{error.code}", **error.body()}
    # Texts may quote what a client sent; lone surrogates are the one thing JSON cannot carry.
    text = orjson.dumps(body)
    return Response(error.status, text, _JSON, request_id)
