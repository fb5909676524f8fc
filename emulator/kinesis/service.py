"""The reading and writing of data streams, with AWS's limits, in front of moto's streams.

moto keeps the streams; writes and reads are answered here, because moto's are slower, take records of any size, have no
throughput limit and return more than 10 MB at once.
"""

import binascii
import contextlib
import hashlib
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from emulator.aws_request import AwsRequest
from emulator.clock import Clock
from emulator.cloudwatch.metrics import Metrics
from emulator.http_server import Response
from emulator.kinesis.shard import children_of, size_of
from emulator.kinesis.throughput import Throughput
from emulator.moto import ACCOUNT_ID
from emulator.moto.kinesis_streams import Shard, find_stream
from emulator.responses import error, success

# KiB of a record, unless its stream takes larger ones.
_RECORD_LIMIT_KIB = 1024
_RECORD_LIMITS_KIB = range(_RECORD_LIMIT_KIB, 10 * 1024 + 1)
_REQUEST_LIMIT_BYTES = 10 * 1024 * 1024
_REQUEST_LIMIT_RECORDS = 500
_ITERATOR_S = 300
_LONGEST_HOLD_S = 30.0
_WRITES = frozenset({"PutRecord", "PutRecords"})
_THROTTLED = "ProvisionedThroughputExceededException"
_NAMESPACE = "AWS/Kinesis"


class _RefusedError(Exception):
    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


class Kinesis:
    """Answers PutRecord, PutRecords, GetShardIterator and GetRecords; everything else is moto's.

    moto does not know the size of a stream's records, which is kept here from when the stream is made.
    """

    def __init__(self, clock: Clock, metrics: Metrics) -> None:
        self._clock = clock
        self._metrics = metrics
        self._throughput = Throughput()
        self._record_limits_kib: dict[tuple[str, str], int] = {}
        self._open = threading.Event()
        self._open.set()
        self._operations: Mapping[str, Callable[[str, Any], dict[str, Any]]] = {
            "GetRecords": self._get_records,
            "GetShardIterator": self._get_shard_iterator,
            "PutRecord": self._put_record,
            "PutRecords": self._put_records,
        }

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Let writes wait until the end."""
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    @property
    def is_held(self) -> bool:
        """True while writes wait."""
        return not self._open.is_set()

    def answer(self, request: AwsRequest) -> Response | None:
        """The reply, or None for a request that moto shall answer."""
        if request.operation == "CreateStream":
            return self._note_record_limit(request)
        operation = self._operations.get(request.operation)
        if operation is None or "json" not in (request.header("content-type") or ""):
            return None
        if request.operation in _WRITES:
            self._open.wait(_LONGEST_HOLD_S)
        try:
            return success(operation(request.region, _parsed(request)))
        except _RefusedError as refused:
            return error(request, refused.code, refused.message, 400)

    def _note_record_limit(self, request: AwsRequest) -> Response | None:
        """Keep how large the records of a new stream may be; a refusal if they may not be that large."""
        parameters = _parsed(request)
        largest = parameters.get("MaxRecordSizeInKiB", _RECORD_LIMIT_KIB)
        if largest not in _RECORD_LIMITS_KIB:
            constraint = "Member must have value between 1024 and 10240"
            refused = _invalid("maxRecordSizeInKiB", constraint)
            return error(request, refused.code, refused.message, 400)
        name = str(parameters.get("StreamName"))
        if find_stream(request.region, name) is None:
            self._record_limits_kib[request.region, name] = largest
        return None

    def _checked_size(self, stream: Any, record: Any, place: str) -> int:
        """The bytes a record counts for, refusing one that AWS would refuse."""
        largest_kib = self._record_limits_kib.get((stream.region, stream.stream_name), _RECORD_LIMIT_KIB)
        return _checked_size(record, place, 1024 * largest_kib)

    def _put_record(self, region: str, parameters: Any) -> dict[str, Any]:
        stream = _stream(region, parameters)
        size = self._checked_size(stream, parameters, "")
        shard = _shard_for(stream, parameters)
        admitted = self._throughput.admit((region, stream.stream_name, shard.shard_id), size)
        self._count_writes(region, stream.stream_name, [size] if admitted else [], throttled=not admitted)
        if not admitted:
            raise _RefusedError(_THROTTLED, _throttled(stream, shard))
        number = _append(shard, parameters)
        return {"ShardId": shard.shard_id, "SequenceNumber": number, "EncryptionType": stream.encryption_type}

    def _put_records(self, region: str, parameters: Any) -> dict[str, Any]:
        stream = _stream(region, parameters)
        records = parameters.get("Records")
        if not isinstance(records, list) or not 1 <= len(records) <= _REQUEST_LIMIT_RECORDS:
            raise _invalid(
                "records", f"Member must have length less than or equal to {_REQUEST_LIMIT_RECORDS}"
            )
        sizes = [
            self._checked_size(stream, record, f"records.{index}.member.")
            for index, record in enumerate(records, 1)
        ]
        if sum(sizes) > _REQUEST_LIMIT_BYTES:
            raise _RefusedError("InvalidArgumentException", "Records size exceeds 10 MB limit")
        results: list[dict[str, Any]] = []
        taken: list[int] = []
        for record, size in zip(records, sizes, strict=True):
            shard = _shard_for(stream, record)
            if self._throughput.admit((region, stream.stream_name, shard.shard_id), size):
                taken.append(size)
                results.append({"SequenceNumber": _append(shard, record), "ShardId": shard.shard_id})
            else:
                results.append({"ErrorCode": _THROTTLED, "ErrorMessage": _throttled(stream, shard)})
        self._count_writes(region, stream.stream_name, taken, throttled=len(records) - len(taken))
        return {
            "FailedRecordCount": sum("ErrorCode" in result for result in results),
            "Records": results,
            "EncryptionType": stream.encryption_type,
        }

    def _get_shard_iterator(self, region: str, parameters: Any) -> dict[str, Any]:
        stream = _stream(region, parameters)
        shard_id = str(parameters.get("ShardId"))
        shard: Shard | None = stream.shards.get(shard_id)
        if shard is None:
            raise _RefusedError(
                "ResourceNotFoundException",
                f"Shard {shard_id} in stream {stream.stream_name} under account {ACCOUNT_ID} does not exist",
            )
        return {"ShardIterator": self._iterator(stream, shard, _starting_point(shard, parameters))}

    def _get_records(self, region: str, parameters: Any) -> dict[str, Any]:
        limit = parameters.get("Limit", 10_000)
        if not isinstance(limit, int) or not 1 <= limit <= 10_000:
            raise _invalid("limit", "Member must have value between 1 and 10000")
        stream, shard, last = self._opened(region, parameters.get("ShardIterator"))
        shard.forget_older(stream.retention_period_hours * 3600)
        records, last, behind = shard.after(last, limit)
        age_s = self._clock.now() - records[-1].arrived_s if records else behind / 1000
        name = {"StreamName": stream.stream_name}
        metrics = self._metrics.of(region)
        metrics.put(_NAMESPACE, "GetRecords.IteratorAgeMilliseconds", age_s * 1000, name, unit="Milliseconds")
        metrics.put(_NAMESPACE, "GetRecords.Records", len(records), name)
        metrics.put(_NAMESPACE, "GetRecords.Success", 1, name)
        reply: dict[str, Any] = {
            "MillisBehindLatest": behind,
            "Records": [
                {
                    "ApproximateArrivalTimestamp": round(record.arrived_s, 3),
                    "Data": record.data,
                    "EncryptionType": stream.encryption_type,
                    "PartitionKey": record.partition_key,
                    "SequenceNumber": str(record.sequence_number),
                }
                for record in records
            ],
        }
        if shard.drained_by(last):
            reply["ChildShards"] = children_of(shard, list(stream.shards.values()))
        else:
            reply["NextShardIterator"] = self._iterator(stream, shard, last)
        return reply

    def note_throttled(self, request: AwsRequest) -> None:
        """Count a write or a read that was refused in this service's place as one beyond a shard's throughput."""
        if request.operation in _WRITES:
            name = str(_parsed(request).get("StreamName", ""))
            self._count_writes(request.region, name, [], throttled=1)

    def _count_writes(self, region: str, stream: str, sizes: Sequence[int], *, throttled: int) -> None:
        metrics, name = self._metrics.of(region), {"StreamName": stream}
        metrics.put(_NAMESPACE, "WriteProvisionedThroughputExceeded", throttled, name)
        for size in sizes:
            metrics.put(_NAMESPACE, "IncomingRecords", 1, name)
            metrics.put(_NAMESPACE, "IncomingBytes", size, name, unit="Bytes")

    def _iterator(self, stream: Any, shard: Shard, last: int) -> str:
        text = f"{stream.stream_name}:{shard.shard_id}:{last}:{self._clock.now():.0f}"
        return b64encode(text.encode()).decode()

    def _opened(self, region: str, iterator: Any) -> tuple[Any, Shard, int]:
        try:
            name, shard_id, last, made = b64decode(str(iterator), validate=True).decode().split(":")
            age_s = self._clock.now() - int(made)
            stream = find_stream(region, name)
            shard: Shard = stream.shards[shard_id]
            position = int(last)
        except (AttributeError, KeyError, ValueError):
            raise _RefusedError("InvalidArgumentException", "Invalid ShardIterator.") from None
        if age_s > _ITERATOR_S:
            raise _RefusedError(
                "ExpiredIteratorException", f"Iterator expired: it was made {age_s:.0f} seconds ago."
            )
        return stream, shard, position


def _parsed(request: AwsRequest) -> Any:
    try:
        parameters = request.json()
    except orjson.JSONDecodeError:
        raise _RefusedError("SerializationException", "The request body is not JSON") from None
    if not isinstance(parameters, dict):
        raise _RefusedError("SerializationException", "The request body is not a JSON object")
    return parameters


def _stream(region: str, parameters: Any) -> Any:
    name = parameters.get("StreamName")
    if name is None:
        name = str(parameters.get("StreamARN", "")).rsplit("/", 1)[-1]
    stream = find_stream(region, name)
    if stream is None:
        raise _RefusedError(
            "ResourceNotFoundException", f"Stream {name} under account {ACCOUNT_ID} not found."
        )
    return stream


def _checked_size(record: Any, place: str, limit: int) -> int:
    if not isinstance(record, dict):
        raise _RefusedError("SerializationException", "A record is a JSON object")
    key = record.get("PartitionKey")
    if not isinstance(key, str) or not 1 <= len(key) <= 256:
        raise _invalid(f"{place}partitionKey", "Member must have length between 1 and 256")
    data = record.get("Data")
    if not isinstance(data, str):
        raise _invalid(f"{place}data", "Member must not be null")
    try:
        binascii.a2b_base64(data, strict_mode=True)
    except binascii.Error:
        raise _RefusedError("SerializationException", f"{place}data is not base64") from None
    size = size_of(data, key)
    if size > limit:
        raise _invalid(f"{place}data", f"Member must have length less than or equal to {limit}")
    return size


def _shard_for(stream: Any, record: Any) -> Shard:
    shard = _open_shard(stream, record)
    shard.forget_older(stream.retention_period_hours * 3600)
    return shard


def _open_shard(stream: Any, record: Any) -> Shard:
    explicit = record.get("ExplicitHashKey")
    place = int(explicit) if explicit else int.from_bytes(_md5(record["PartitionKey"].encode()))
    for shard in stream.shards.values():
        if shard.is_open and shard.starting_hash <= place <= shard.ending_hash:
            found: Shard = shard
            return found
    raise _RefusedError("InvalidArgumentException", f"No open shard takes the hash key {place}")


def _md5(data: bytes) -> bytes:
    return hashlib.md5(data, usedforsecurity=False).digest()


def _append(shard: Shard, record: Any) -> str:
    return str(shard.append(record["PartitionKey"], record["Data"]))


def _starting_point(shard: Shard, parameters: Any) -> int:
    kind = parameters.get("ShardIteratorType")
    if kind == "TRIM_HORIZON":
        return 0
    if kind == "LATEST":
        return shard.get_max_sequence_number()
    if kind == "AT_TIMESTAMP" and parameters.get("Timestamp") is not None:
        return shard.get_sequence_number_at(parameters["Timestamp"])
    number = str(parameters.get("StartingSequenceNumber", ""))
    if kind in {"AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"} and number.isdigit():
        return int(number) - (kind == "AT_SEQUENCE_NUMBER")
    raise _RefusedError(
        "InvalidArgumentException", f"ShardIteratorType {kind} with these parameters is not valid"
    )


def _throttled(stream: Any, shard: Shard) -> str:
    return (
        f"Rate exceeded for shard {shard.shard_id} in stream {stream.stream_name} under account {ACCOUNT_ID}."
    )


def _invalid(member: str, constraint: str) -> _RefusedError:
    return _RefusedError(
        "ValidationException",
        f"1 validation error detected: Value at '{member}' failed to satisfy constraint: {constraint}",
    )
