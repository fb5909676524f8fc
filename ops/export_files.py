"""Files that the catalog points at: what is current of the exports, and nothing that was replaced."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ops.stack import Target


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One Parquet file in the export bucket; its size is in bytes."""

    bucket: str
    key: str
    size: int

    @property
    def url(self) -> str:
        """The address of it."""
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Published:
    """An hour of a dataset as its partition in the catalog has it."""

    date: str
    hour: str
    location: str

    def files(self, s3: Any) -> Iterator[ExportedFile]:
        """The files of the hour."""
        bucket, _, prefix = self.location.removeprefix("s3://").partition("/")
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for entry in page.get("Contents", []):
                yield ExportedFile(bucket, entry["Key"], entry["Size"])


def published(target: Target, dataset: str) -> tuple[Sequence[tuple[str, str]], Sequence[Published]]:
    """A dataset's columns with their types, and its hours from the first to the last, as the catalog has them."""
    glue, name = target.client("glue"), target.output("ExportDatabaseName")
    table = glue.get_table(DatabaseName=name, Name=dataset)["Table"]
    columns = [(column["Name"], column["Type"]) for column in table["StorageDescriptor"]["Columns"]]
    pages = glue.get_paginator("get_partitions").paginate(DatabaseName=name, TableName=dataset)
    hours = [
        Published(date, hour, partition["StorageDescriptor"]["Location"])
        for page in pages
        for partition in page["Partitions"]
        for date, hour in [partition["Values"]]
    ]
    return columns, sorted(hours, key=lambda one: (one.date, one.hour))
