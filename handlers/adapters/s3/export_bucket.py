"""The export bucket in S3."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from handlers.adapters.aws import aws_errors, code_of, translate, translated
from handlers.domain.errors import TransientError
from handlers.domain.exports.manifest import Mismatch

_KEYS_OF_A_DELETE = 1000


class S3ExportBucket:
    """The port `ExportBucket`; listings come page by page, so that their length does not matter."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self._s3 = s3
        self.name = bucket

    def read(self, key: str) -> bytes | None:
        """An object, by one GetObject."""
        try:
            content: bytes = self._s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except aws_errors() as error:
            if code_of(error) in {"NoSuchKey", "404"}:
                return None
            raise translate(error) from error
        return content

    def end_of(self, key: str, bytes_: int) -> tuple[bytes, int]:
        """The end of an object, by one GetObject of a range."""
        try:
            answer = self._s3.get_object(Bucket=self.name, Key=key, Range=f"bytes=-{bytes_}")
            content: bytes = answer["Body"].read()
        except aws_errors() as error:
            if code_of(error) in {"NoSuchKey", "404"}:
                raise Mismatch(f"{key} is in the manifest and not in the bucket") from error
            if code_of(error) == "InvalidRange":  # of an empty object
                return b"", 0
            raise translate(error) from error
        return content, int(answer.get("ContentRange", f"/{len(content)}").rpartition("/")[2])

    def listing(self, prefix: str) -> Iterator[tuple[str, int]]:
        """The objects of every page of ListObjectsV2."""
        for page in self._pages(Prefix=prefix):
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["Size"]

    def times(self, prefix: str) -> Iterator[tuple[str, float]]:
        """Key and time, in seconds since the epoch, of every object below a prefix, page by page."""
        for page in self._pages(Prefix=prefix):
            for entry in page.get("Contents", []):
                yield entry["Key"], entry["LastModified"].timestamp()

    def folders(self, prefix: str) -> list[str]:
        """The common prefixes of every page of ListObjectsV2."""
        return [
            entry["Prefix"][len(prefix) :].rstrip("/")
            for page in self._pages(Prefix=prefix, Delimiter="/")
            for entry in page.get("CommonPrefixes", [])
        ]

    @translated()
    def write(self, key: str, content: bytes) -> None:
        """Puts an object; the bucket encrypts it with its own key."""
        self._s3.put_object(Bucket=self.name, Key=key, Body=content, ContentType="application/json")

    @translated()
    def delete(self, keys: Iterable[str]) -> int:
        """Deletes a thousand at a time; they stay as noncurrent versions for as long as the bucket's lifecycle says."""
        deleted, rest = 0, iter(keys)
        while objects := [{"Key": key} for key in islice(rest, _KEYS_OF_A_DELETE)]:
            wanted = {"Objects": objects, "Quiet": True}
            answer = self._s3.delete_objects(Bucket=self.name, Delete=wanted)
            if answer.get("Errors"):
                raise TransientError(f"DeleteObjects: {answer['Errors'][0].get('Code', 'Unknown')}")
            deleted += len(objects)
        return deleted

    def _pages(self, **arguments: Any) -> Iterator[dict[str, Any]]:
        with translated():
            yield from self._s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, **arguments)
