"""A Timestream of one's own behind HTTP on 127.0.0.1: from a request to an operation of the right region, and back."""

import fcntl
import re
import threading
import traceback
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import IO, Any, Self

import duckdb
import orjson

from emulator.http_server import LOOPBACK, HttpRequest, HttpServer, Response
from emulator.request_shapes import ShapeError, Shapes
from emulator.timestream import admin_api, errors
from emulator.timestream.administration import OPERATIONS
from emulator.timestream.clock import Clock
from emulator.timestream.faults import Faults
from emulator.timestream.logreader import DamagedLogError
from emulator.timestream.query_operations import QueryOperations
from emulator.timestream.store import Store, is_full

DEFAULT_REGION = "us-east-1"
# 100 records of 2 KB in JSON are well below this, and so is any query.
MAX_BODY = 16 * 1024 * 1024
_IDLE_S = 300.0
_DRAIN_S = 5.0
_TARGET = "Timestream_20181101."
_JSON = "application/x-amz-json-1.0"
_CREDENTIAL_REGION = re.compile(r"Credential=[^/,\s]+/[0-9]{8}/([a-z0-9-]{1,40})/")
_KNOWN = {*OPERATIONS, "WriteRecords", "DescribeEndpoints", "Query", "CancelQuery", "PrepareQuery"}


class DataFolderError(Exception):
    """A data folder that cannot be used; the text says why."""


class Server:
    """Answers from `start` until `close`, or for the length of a with statement.

    Arguments: `data` is the folder for everything that is stored, one folder per region inside; `port` 0 takes any
    free one; `clock` tells the time and may be moved forward; `s3_endpoint` is the URL of the S3 that UNLOAD writes to;
    with `fsync` a write waits for the disk; `memory_limit_mb` is what the SQL engine may take per region; `host` is the
    address that is listened on; `salvage` starts from a damaged write log with what is whole in it, tells on standard
    error what is not, and keeps the damaged file.

    DataFolderError when the folder cannot be used, PortInUseError or OSError when the port cannot.
    """

    def __init__(
        self,
        data: Path,
        *,
        port: int = 0,
        clock: Clock | None = None,
        s3_endpoint: str | None = None,
        fsync: bool = False,
        memory_limit_mb: int = 400,
        host: str = LOOPBACK,
        salvage: bool = False,
    ) -> None:
        self._data = data
        self._clock = clock or Clock()
        self._s3_endpoint = s3_endpoint
        self._open_store = partial(
            Store,
            clock_ns=self._clock.now_ns,
            fsync=fsync,
            memory_limit_mb=memory_limit_mb,
            salvage=salvage,
        )
        self._faults = Faults(_KNOWN)
        self._shapes = Shapes("timestream-write", "timestream-query")
        self._lock = threading.Lock()
        self._regions: dict[str, QueryOperations] = {}
        self._ending = threading.Event()
        self._http = HttpServer(
            port, name="timestream", body_limit=MAX_BODY, idle_s=_IDLE_S, drain_s=2 * _DRAIN_S, host=host
        )
        self.port, self.url = self._http.port, self._http.url
        try:
            data.mkdir(parents=True, exist_ok=True)
            self._claim = _claim(data)
            stores = [*data.glob("*/store.duckdb"), *data.glob("*/writes-*.log")]
            for name in sorted({path.parent.name for path in stores}):
                self._region(name)
        except DamagedLogError as error:
            self._http.close()
            advice = "no write was dropped. --salvage starts with what is whole, and keeps the file beside it"
            raise DataFolderError(f"{error}; {advice}") from error
        except (OSError, duckdb.Error) as error:
            self._http.close()
            raise DataFolderError(_reason(error)) from error

    def start(self) -> None:
        """Answer requests, on threads of the server's own."""
        self._http.start(self)

    def close(self) -> None:
        """Finish the requests under way, put everything into the files and give them back."""
        patience = threading.Timer(_DRAIN_S, self._cut_short)
        patience.start()
        self._http.close()
        patience.cancel()
        self._cut_short()
        with self._lock:
            for region in self._regions.values():
                region.store.close()
            self._regions.clear()
            self._claim.close()

    def _cut_short(self) -> None:
        """End what requests wait for."""
        self._ending.set()
        for region in list(self._regions.values()):
            region.close()

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.close()

    def answer(self, request: HttpRequest) -> Response:
        """Answer one request; what fails unexpectedly is printed here and is a 500 without details there."""
        try:
            if request.path == "/health":
                return _response(200, b'{"status":"ok"}', "application/json")
            if request.path.startswith("/_local/"):
                change = _json(request.body) if request.method in {"POST", "PUT"} else None
                stores = {name: region.store for name, region in dict(self._regions).items()}
                shown = admin_api.answer(request.path, change, stores, self._faults, self._clock)
                return _response(200, orjson.dumps(shown), "application/json")
            return _response(200, self._operate(request))
        except errors.ServiceError as error:
            return _failure(error)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001 - the connection must get an answer
            traceback.print_exception(error)
            return _failure(errors.InternalServerException("The request failed inside the server."))

    def too_large(self, request: HttpRequest) -> Response:  # noqa: ARG002 - HttpServer's
        """The answer to a body beyond `MAX_BODY`."""
        return _response(413, b"", "text/plain")

    def _operate(self, request: HttpRequest) -> bytes:
        """The body of an operation's answer; ConnectionError where a fault loses it."""
        target = request.header("x-amz-target") or ""
        operation = target.removeprefix(_TARGET) if target.startswith(_TARGET) else ""
        if operation not in _KNOWN:
            raise errors.UnknownOperationException(f"The operation '{target[:100]}' is not supported.")
        if self._faults.active:
            delay = self._faults.happens("latency", operation)
            self._ending.wait(delay["seconds"] if delay else 0)
            if self._faults.happens("throttle", operation) is not None:
                raise errors.ThrottlingException("Rate exceeded")
        parsed = _json(request.body)
        if operation == "DescribeEndpoints":
            # SDKs take the address with its scheme; it is the one the caller reached us by, which may be a proxy's.
            address = f"http://{request.header('host') or '127.0.0.1'}"
            return orjson.dumps({"Endpoints": [{"Address": address, "CachePeriodInMinutes": 1440}]})
        region = self._region(_region_of(request))
        if operation == "WriteRecords":
            body = orjson.dumps(self._write(region.store, parsed, request.body))
        else:
            body = self._ask(region, operation, parsed)
        if self._faults.happens("lose_replies", operation) is not None:
            raise ConnectionAbortedError
        return body

    def _write(self, store: Store, parsed: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        for name in ("DatabaseName", "TableName"):
            if not isinstance(parsed.get(name), str):
                raise errors.ValidationException(f"WriteRecords needs a {name}.")
        records = parsed.get("Records")
        count = len(records) if isinstance(records, list) else 0
        return store.write(parsed, body, self._faults.rejections(count) if self._faults.active else {})

    def _ask(self, region: QueryOperations, operation: str, parsed: Mapping[str, Any]) -> bytes:
        try:
            checked = self._shapes.check(operation, parsed)
        except ShapeError as error:
            raise _violation(error) from error
        if operation == "Query":
            return region.query(checked)
        asked: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "CancelQuery": region.cancel,
            "PrepareQuery": region.prepare,
        }
        answer = asked.get(operation) or partial(OPERATIONS[operation], region.store)
        return orjson.dumps(answer(checked))

    def _region(self, name: str) -> QueryOperations:
        region = self._regions.get(name)
        if region is None:
            with self._lock:
                region = self._regions.get(name)
                if region is None:
                    store = self._open_store(self._data / name, name)
                    region = QueryOperations(store, self._faults, self._s3_endpoint)
                    self._regions[name] = region
        return region


def _claim(directory: Path) -> IO[bytes]:
    """Make the folder this process's own until the returned file is closed; OSError if another process has it."""
    file = (directory / "lock").open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise OSError(error.errno, "another process uses it") from error
    return file


def _reason(error: Exception) -> str:
    """The words for what keeps a data folder from being used."""
    if is_full(error):
        return "the disk is full"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return f"a store.duckdb in it, or the .wal beside it, is damaged or of another version: {error}"


def _region_of(request: HttpRequest) -> str:
    match = _CREDENTIAL_REGION.search(request.header("authorization") or "")
    return match[1] if match else DEFAULT_REGION


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise errors.SerializationException("The request is not valid JSON.") from error
    if not isinstance(parsed, dict):
        raise errors.SerializationException("The request must be a JSON object.")
    return parsed


def _violation(error: ShapeError) -> errors.ValidationException:
    shown = "null" if error.value is None else f"'{str(error.value)[:100]}'"
    return errors.ValidationException(
        f"1 validation error detected: Value {shown} at '{error.path}' failed to satisfy constraint: {error.constraint}"
    )


def _response(status: int, body: bytes, content_type: str = _JSON) -> Response:
    return Response(status, (("Content-Type", content_type), ("x-amzn-RequestId", uuid.uuid4().hex)), body)


def _failure(error: errors.ServiceError) -> Response:
    # Texts may quote what a client sent; lone surrogates are the one thing JSON cannot carry.
    body = {"__type": f"com.amazonaws.timestream.v20181101#{error.code}", **error.body()}
    return _response(error.status, orjson.dumps(body))
