"""Calls of several records of which a fault refuses some, as the service says it; the others reach the service."""

import random
from collections.abc import Callable, Sequence, Set
from typing import Any

import orjson

from emulator.aws_request import AwsRequest
from emulator.http_server import Response
from emulator.responses import success

_REFUSED = "A fault asked for at /_local/faults"
_REJECTED = "RejectedRecordsException"


def in_part(request: AwsRequest, share: float, route: Callable[[AwsRequest], Response]) -> Response:
    """The reply to a call of which at least one record, and of the others this share, does not reach the service."""
    answers = {
        "BatchWriteItem": _batch_write_item,
        "PutRecords": _put_records,
        "WriteRecords": _write_records,
    }
    return answers[request.operation](request, share, route)


def _put_records(request: AwsRequest, share: float, route: Callable[[AwsRequest], Response]) -> Response:
    records = request.json().get("Records") or []
    refused = _chosen(len(records), share)
    code = "ProvisionedThroughputExceededException"
    results: list[Any] = [{"ErrorCode": code, "ErrorMessage": _REFUSED}] * len(records)
    reply: dict[str, Any] = {"FailedRecordCount": 0}
    if kept := _others(records, refused):
        response = route(_with(request, Records=kept))
        if response.status != 200:
            return response
        reply = orjson.loads(response.body)
        taken = iter(reply["Records"])
        results = [results[index] if index in refused else next(taken) for index in range(len(records))]
    return success(
        {**reply, "FailedRecordCount": reply["FailedRecordCount"] + len(refused), "Records": results}
    )


def _write_records(request: AwsRequest, share: float, route: Callable[[AwsRequest], Response]) -> Response:
    """The records that are rejected by their indexes in this call, with those that the service itself rejects.

    https://docs.aws.amazon.com/timestream/latest/developerguide/API_WriteRecords.html
    """
    records = request.json().get("Records") or []
    refused = _chosen(len(records), share)
    rejected: list[dict[str, Any]] = [{"RecordIndex": index, "Reason": _REFUSED} for index in refused]
    if kept := _others(records, refused):
        response = route(_with(request, Records=kept))
        places = [index for index in range(len(records)) if index not in refused]
        told = orjson.loads(response.body)
        if response.status != 200 and "RejectedRecords" not in told:
            return response
        rejected += [
            {**one, "RecordIndex": places[one["RecordIndex"]]} for one in told.get("RejectedRecords", ())
        ]
    message = "One or more records have been rejected. See RejectedRecords for details."
    body = {
        "__type": f"com.amazonaws.timestream.v20181101#{_REJECTED}",
        "Message": message,
        "RejectedRecords": sorted(rejected, key=lambda one: one["RecordIndex"]),
    }
    return Response(419, (("Content-Type", "application/x-amz-json-1.0"),), orjson.dumps(body))


def _batch_write_item(request: AwsRequest, share: float, route: Callable[[AwsRequest], Response]) -> Response:
    asked = [(table, one) for table, each in request.json().get("RequestItems", {}).items() for one in each]
    refused = _chosen(len(asked), share)
    reply: dict[str, Any] = {}
    if kept := _others(asked, refused):
        response = route(_with(request, RequestItems=_by_table(kept)))
        if response.status != 200:
            return response
        reply = orjson.loads(response.body)
    left = [
        *((table, one) for table, each in reply.get("UnprocessedItems", {}).items() for one in each),
        *(asked[index] for index in sorted(refused)),
    ]
    return success({**reply, "UnprocessedItems": _by_table(left)})


def _chosen(count: int, share: float) -> Set[int]:
    """The indexes that are refused: one, if there is any, and of the others this share."""
    if not count:
        return frozenset()
    first = random.randrange(count)  # noqa: S311 - chooses what fails, no secret
    return {index for index in range(count) if index == first or random.random() < share}  # noqa: S311


def _others(records: Sequence[Any], refused: Set[int]) -> list[Any]:
    return [record for index, record in enumerate(records) if index not in refused]


def _by_table(requests: Sequence[tuple[str, Any]]) -> dict[str, list[Any]]:
    tables: dict[str, list[Any]] = {}
    for table, one in requests:
        tables.setdefault(table, []).append(one)
    return tables


def _with(request: AwsRequest, **changed: Any) -> AwsRequest:
    made = AwsRequest.of(request)
    made.named_host = request.named_host
    made.body = orjson.dumps({**request.json(), **changed})
    return made
