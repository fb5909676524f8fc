"""Powertools' batch processor, logger and tracer (which switches itself off outside of Lambda) around boto3."""

from collections.abc import Mapping
from typing import Any

import boto3
from aws_lambda_powertools import Logger, Tracer
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.kinesis_stream_event import KinesisStreamRecord

from benchmarks.peers.handlers import DATABASE, TABLE, points_in, record_of

_LOGGER, _TRACER = Logger(service="metrics"), Tracer(service="metrics")
_PROCESSOR = BatchProcessor(event_type=EventType.KinesisDataStreams)
_CLIENT = boto3.client("timestream-write")
_RECORDS: list[dict[str, Any]] = []


def _collect(record: KinesisStreamRecord) -> None:
    _RECORDS.extend(map(record_of, points_in(record.kinesis.data_as_json())))


@_LOGGER.inject_lambda_context
@_TRACER.capture_lambda_handler
def handler(event: Mapping[str, Any], _context: object) -> Mapping[str, Any]:
    """Write a batch of the stream."""
    _RECORDS.clear()
    with _PROCESSOR(records=event["Records"], handler=_collect):
        _PROCESSOR.process()
    for start in range(0, len(_RECORDS), 100):
        _CLIENT.write_records(DatabaseName=DATABASE, TableName=TABLE, Records=_RECORDS[start : start + 100])
    _LOGGER.info("written", extra={"points": len(_RECORDS)})
    response: Mapping[str, Any] = _PROCESSOR.response()
    return response
