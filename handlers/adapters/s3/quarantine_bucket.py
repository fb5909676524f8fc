"""The quarantine in S3."""

from typing import Any

from handlers.adapters.aws import translated


class QuarantineBucket:
    """Objects of JSON lines; the bucket encrypts them with its own key."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    @translated()
    def put(self, key: str, body: bytes) -> None:
        """The object is there once this returns."""
        self._s3.put_object(Bucket=self._bucket, Key=key, Body=body, ContentType="application/x-ndjson")
