"""The two services that queries need: Glue, with its own shapes, and S3."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One version of an object: what has the same bucket, key and etag has the same bytes."""

    bucket: str
    key: str
    etag: str
    size: int

    @property
    def uri(self) -> str:
        """The object's address, as "$path" shows it."""
        return f"s3://{self.bucket}/{self.key}"


class Glue(Protocol):
    """The data catalog, in the shapes of Glue's API (`Table`, `Partition`, `TableInput`)."""

    def databases(self) -> Sequence[str]:
        """The names of all databases."""

    def tables(self, database: str) -> Sequence[Mapping[str, Any]]:
        """Every table of a database, views too; none if there is no such database."""

    def table(self, database: str, name: str) -> Mapping[str, Any] | None:
        """A table, or None."""

    def partitions(self, database: str, table: str) -> Sequence[Mapping[str, Any]]:
        """The registered partitions of a table."""

    def put_table(self, database: str, table_input: Mapping[str, Any], *, replace: bool) -> None:
        """Create a table, or replace the one of that name."""

    def delete_table(self, database: str, name: str) -> None:
        """Delete a table."""


class Objects(Protocol):
    """S3, as the caller of the query may use it; what it refuses is a QueryError."""

    def listed(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys begin with a prefix, in the order of their keys."""

    def read(self, stored: StoredObject) -> bytes:
        """An object's bytes."""

    def write(self, bucket: str, key: str, body: bytes) -> None:
        """Put an object."""
