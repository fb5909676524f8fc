"""The data catalog in AWS Glue."""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers.adapters.aws import aws_errors, code_of, translate, translated
from handlers.domain.errors import TransientError
from handlers.domain.exports.columns import Column, new_columns
from handlers.domain.exports.hour import Hour

# What GetTable answers and UpdateTable takes: https://docs.aws.amazon.com/glue/latest/webapi/API_TableInput.html
_INPUT = (
    "Name",
    "Description",
    "Owner",
    "Retention",
    "PartitionKeys",
    "TableType",
    "Parameters",
    "StorageDescriptor",
    "ViewOriginalText",
    "ViewExpandedText",
)
# Of a change that somebody else was quicker with, as another publisher or writer may be.
ATTEMPTS = 5
# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchGetPartition.html
_PARTITIONS = 1000
# https://docs.aws.amazon.com/glue/latest/webapi/API_BatchDeletePartition.html
_DELETED = 25
CHANGING = "the catalog's table kept changing"


class GlueCatalog:
    """The port `Catalog`: one table per dataset, one partition per hour."""

    def __init__(self, glue: Any, database: str) -> None:
        self._glue = glue
        self._database = database

    def add_columns(self, dataset: str, columns: Sequence[Column]) -> int:
        """Updates the table on the version that was read, and once more if another publisher changed it meanwhile."""
        for _ in range(ATTEMPTS):
            table = self._table(dataset)
            descriptor = table["StorageDescriptor"]
            existing = descriptor["Columns"]
            new = new_columns([Column(column["Name"], column["Type"]) for column in existing], columns)
            if not new:
                return 0
            appended = [*existing, *map(_column, new)]
            if self._update(table, {"StorageDescriptor": {**descriptor, "Columns": appended}}):
                return len(new)
        raise TransientError(CHANGING)

    def partition_location(self, dataset: str, hour: Hour) -> str | None:
        """The location in the hour's partition."""
        try:
            partition = self._glue.get_partition(
                DatabaseName=self._database, TableName=dataset, PartitionValues=_values(hour)
            )["Partition"]
        except aws_errors() as error:
            if code_of(error) == "EntityNotFoundException":
                return None
            raise translate(error) from error
        return str(partition["StorageDescriptor"]["Location"])

    @translated()
    def partition_locations(self, dataset: str, hours: Sequence[Hour]) -> dict[Hour, str]:
        """A thousand at a time; a partition that Glue leaves for later is as one that is not there."""
        found = {}
        for first in range(0, len(hours), _PARTITIONS):
            wanted = {tuple(_values(hour)): hour for hour in hours[first : first + _PARTITIONS]}
            partitions = self._glue.batch_get_partition(
                DatabaseName=self._database,
                TableName=dataset,
                PartitionsToGet=[{"Values": list(values)} for values in wanted],
            )["Partitions"]
            for partition in partitions:
                found[wanted[tuple(partition["Values"])]] = str(partition["StorageDescriptor"]["Location"])
        return found

    def set_partition_location(self, dataset: str, hour: Hour, location: str) -> None:
        """Updates the hour's partition, with the columns that the table has by now, or creates it."""
        descriptor = {**self._table(dataset)["StorageDescriptor"], "Location": location}
        target = {"DatabaseName": self._database, "TableName": dataset}
        partition = {"Values": _values(hour), "StorageDescriptor": descriptor}
        try:
            self._glue.update_partition(**target, PartitionValueList=_values(hour), PartitionInput=partition)
        except aws_errors() as error:
            if code_of(error) != "EntityNotFoundException":
                raise translate(error) from error
            self._create(target, partition)

    @translated()
    def forget_partitions(self, dataset: str, before: Hour) -> int:
        """Removes what one page of Glue's tells of: what is left over is there in the next run."""
        target = {"DatabaseName": self._database, "TableName": dataset}
        page = self._glue.get_partitions(
            **target, Expression=f"export_date < '{before.date}'", ExcludeColumnSchema=True
        )
        values = [{"Values": partition["Values"]} for partition in page["Partitions"]]
        for first in range(0, len(values), _DELETED):
            answer = self._glue.batch_delete_partition(
                **target, PartitionsToDelete=values[first : first + _DELETED]
            )
            for error in answer.get("Errors", []):
                raise TransientError(f"BatchDeletePartition: {error['ErrorDetail'].get('ErrorCode')}")
        return len(values)

    def _create(self, target: dict[str, str], partition: dict[str, Any]) -> None:
        try:
            self._glue.create_partition(**target, PartitionInput=partition)
        except aws_errors() as error:
            if code_of(error) == "AlreadyExistsException":
                raise TransientError("the partition was created by another publisher meanwhile") from error
            raise translate(error) from error

    def _table(self, name: str) -> Any:
        try:
            return self._glue.get_table(DatabaseName=self._database, Name=name)["Table"]
        except aws_errors() as error:
            raise translate(error) from error

    def _update(self, table: Mapping[str, Any], changes: dict[str, Any]) -> bool:
        """Changes a table, unless somebody else has since it was read; True if it did."""
        version = {"VersionId": table["VersionId"]} if "VersionId" in table else {}
        changed = {name: table[name] for name in _INPUT if name in table} | changes
        try:
            self._glue.update_table(
                DatabaseName=self._database, TableInput=changed, SkipArchive=True, **version
            )
        except aws_errors() as error:
            if code_of(error) == "ConcurrentModificationException":
                return False
            raise translate(error) from error
        return True


def _column(column: Column) -> dict[str, str]:
    comment = (
        {"Comment": f"Dimension {column.dimension}"} if column.dimension not in {"", column.name} else {}
    )
    return {"Name": column.name, "Type": column.type, **comment}


def _values(hour: Hour) -> list[str]:
    return [hour.date, hour.of_day]
