"""The descriptions of databases and tables, and what of them may be changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.timestream.errors import ValidationException
from emulator.timestream.retention import Retention

ACCOUNT = "123456789012"
_MAX_LONG_NAME = 256


def check_new_name(name: str, what: str) -> None:
    """Refuse a database or table name that may not be created."""
    if not 3 <= len(name) <= _MAX_LONG_NAME:
        raise ValidationException(f"The {what} name must have 3 to {_MAX_LONG_NAME} characters.")


@dataclass(frozen=True)
class DatabaseDescription:
    """A database without its tables."""

    name: str
    region: str
    kms_key: str
    created: float
    updated: float
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The database's resource name."""
        return f"arn:aws:timestream:{self.region}:{ACCOUNT}:database/{self.name}"

    def shape(self, tables: int) -> dict[str, Any]:
        """The database as AWS shows it."""
        return {
            "Arn": self.arn,
            "DatabaseName": self.name,
            "TableCount": tables,
            "KmsKeyId": self.kms_key,
            "CreationTime": self.created,
            "LastUpdatedTime": self.updated,
        }


@dataclass(frozen=True)
class TableDescription:
    """A table without its records."""

    database: str
    name: str
    region: str
    created: float
    updated: float
    retention: Retention = field(default_factory=Retention)
    magnetic_rejects: Mapping[str, Any] | None = None
    partition_key: tuple[Mapping[str, str], ...] = ({"Type": "MEASURE"},)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The table's resource name."""
        return f"arn:aws:timestream:{self.region}:{ACCOUNT}:database/{self.database}/table/{self.name}"

    def missing_partition_key(self, dimensions: Iterable[tuple[str, str]]) -> str | None:
        """The dimension that a record with these dimensions would have to have, if any."""
        for key in self.partition_key:
            if key.get("EnforcementInRecord") == "REQUIRED" and all(
                name != key["Name"] for name, _ in dimensions
            ):
                return key["Name"]
        return None

    def shape(self) -> dict[str, Any]:
        """The table as AWS shows it."""
        magnetic: dict[str, Any] = {"EnableMagneticStoreWrites": self.retention.magnetic_writes}
        if self.magnetic_rejects is not None:
            magnetic["MagneticStoreRejectedDataLocation"] = self.magnetic_rejects
        return {
            "Arn": self.arn,
            "TableName": self.name,
            "DatabaseName": self.database,
            "TableStatus": "ACTIVE",
            "RetentionProperties": {
                "MemoryStoreRetentionPeriodInHours": self.retention.memory_hours,
                "MagneticStoreRetentionPeriodInDays": self.retention.magnetic_days,
            },
            "CreationTime": self.created,
            "LastUpdatedTime": self.updated,
            "MagneticStoreWriteProperties": magnetic,
            "Schema": {"CompositePartitionKey": list(self.partition_key)},
        }

    def changed(self, request: Mapping[str, Any], now_ns: int) -> "TableDescription":
        """The table after an UpdateTable request."""
        table = self
        if "RetentionProperties" in request:
            table = replace(table, retention=table.retention.extended(*_periods(request), now_ns))
        if "MagneticStoreWriteProperties" in request:
            table = _with_magnetic_writes(table, request["MagneticStoreWriteProperties"])
        keys = (request.get("Schema") or {}).get("CompositePartitionKey")
        if keys is not None:
            key = _new_key(keys)
            before, after = ([(k["Type"], k.get("Name")) for k in ks] for ks in (table.partition_key, key))
            if before != after:
                raise ValidationException(
                    "The type and name of a partition key cannot be changed, only EnforcementInRecord."
                )
            table = replace(table, partition_key=key)
        return replace(table, updated=now_ns / 1e9)


def restored_table(members: dict[str, Any]) -> TableDescription:
    """The table whose `asdict` this is, once it went through JSON."""
    members["retention"] = Retention(**members["retention"])
    members["partition_key"] = tuple(members["partition_key"])
    return TableDescription(**members)


def new_table(request: Mapping[str, Any], region: str, now_ns: int) -> TableDescription:
    """The table that a CreateTable request asks for."""
    check_new_name(request["TableName"], "table")
    now = now_ns / 1e9
    table = TableDescription(
        request["DatabaseName"], request["TableName"], region, now, now, tags=tags(request)
    )
    if "RetentionProperties" in request:
        table = replace(table, retention=Retention(*_periods(request)))
    if "MagneticStoreWriteProperties" in request:
        table = _with_magnetic_writes(table, request["MagneticStoreWriteProperties"])
    keys = (request.get("Schema") or {}).get("CompositePartitionKey")
    if keys is not None:
        table = replace(table, partition_key=_new_key(keys))
    return table


def tags(request: Mapping[str, Any]) -> dict[str, str]:
    """The tags of a request; ValidationException for one given twice or reserved."""
    found: dict[str, str] = {}
    for tag in request.get("Tags") or ():
        if tag["Key"] in found:
            raise ValidationException(f"The tag key '{tag['Key']}' is given twice.")
        if tag["Key"].lower().startswith("aws:"):
            raise ValidationException("Tag keys that begin with 'aws:' are reserved.")
        found[tag["Key"]] = tag["Value"]
    return found


def _periods(request: Mapping[str, Any]) -> tuple[int, int]:
    periods = request["RetentionProperties"]
    return periods["MemoryStoreRetentionPeriodInHours"], periods["MagneticStoreRetentionPeriodInDays"]


def _with_magnetic_writes(table: TableDescription, properties: Mapping[str, Any]) -> TableDescription:
    rejects = properties.get("MagneticStoreRejectedDataLocation")
    if rejects is not None and not (rejects.get("S3Configuration") or {}).get("BucketName"):
        raise ValidationException(
            "MagneticStoreRejectedDataLocation needs an S3Configuration with a BucketName."
        )
    retention = replace(table.retention, magnetic_writes=properties["EnableMagneticStoreWrites"])
    return replace(table, retention=retention, magnetic_rejects=rejects)


def _new_key(keys: list[Mapping[str, str]]) -> tuple[Mapping[str, str], ...]:
    # One key, as AWS allows today: https://docs.aws.amazon.com/timestream/latest/developerguide/customer-defined-partition-keys.html
    if len(keys) != 1:
        raise ValidationException("CompositePartitionKey must have exactly one partition key.")
    key = keys[0]
    if key["Type"] == "MEASURE":
        if "Name" in key or "EnforcementInRecord" in key:
            raise ValidationException(
                "A partition key of type MEASURE has no Name and no EnforcementInRecord."
            )
        return ({"Type": "MEASURE"},)
    if not key.get("Name"):
        raise ValidationException("A partition key of type DIMENSION needs a Name.")
    enforcement = key.get("EnforcementInRecord", "OPTIONAL")
    return ({"Type": "DIMENSION", "Name": key["Name"], "EnforcementInRecord": enforcement},)
