"""The data stream, as those write to it that do it by the SDK."""

from typing import Any

from handlers.adapters.aws import translated


class RecordStream:
    """Puts single records."""

    def __init__(self, kinesis: Any, stream: str) -> None:
        self._kinesis = kinesis
        self._stream = stream

    @translated()
    def put(self, partition_key: str, data: bytes) -> None:
        """Put a record; TransientError if the stream does not take it now."""
        self._kinesis.put_record(StreamName=self._stream, PartitionKey=partition_key, Data=data)
