"""The units of each kind of store, and of the exports out of it, which for the lake are its compaction."""

from collections.abc import Mapping

from ops.bill.activity import Activity
from ops.bill.load import GB, HOURS, Load
from ops.bill.prices import LEAST_QUERY_TCU_HOURS, LEAST_SCANNED_BYTES
from ops.bill.template import Deployed, Properties

# benchmarks/writer.md: write units of a point in full calls; a call has one at least.
_WRITE_UNITS_OF_A_POINT = 0.05
# Stored with every name and value of its own.
_STORED_BYTES = 160
_YEAR_DAYS = 365
_DAY_S = 86_400
_EXPORTED_BYTES = 25

# benchmarks/writer.md: a line of a point in a compressed object; and its rows in the lake's two Parquet sets.
_LINE_BYTES = 35
_COMPACTED_BYTES = 35
# A batch at the turn of an hour makes an object for each of the two.
_OBJECTS_OF_A_BATCH = 1.05
# Until it is compacted and the readers of then are through.
_HOT_S = 2.5 * 3600
# A compaction counts, and unloads points, minutes and versions that lost.
_COMPACTION_QUERIES = 4
# What an answer is written to, and lists of the hour's prefixes.
_PUTS_OF_A_QUERY = 4
_GLUE_REQUESTS_OF_A_QUERY, _GLUE_REQUESTS_OF_AN_EXPORT = 10, 20
_TABLES, _LAKE_TABLES = 2, 3


def is_lake(deployed: Deployed) -> bool:
    """True if the region's points are stored in a lake."""
    return not deployed.of("AWS::Timestream::Table")


def writes(deployed: Deployed, batches: float, points: float) -> Mapping[str, float]:
    """Units that storing so many points in so many batches is billed, by the names of their prices."""
    if is_lake(deployed):
        return {"s3_put": batches * _OBJECTS_OF_A_BATCH}
    return {"timestream_write": max(batches, points * _WRITE_UNITS_OF_A_POINT)}


def store_units(deployed: Deployed, load: Load, activity: Activity) -> Mapping[str, float]:
    """The units of both kinds by the names of rules; those of the other kind are none."""
    hours = activity.exported_hours
    none = dict.fromkeys(
        (
            *("store_writes", "memory_gb_hours", "magnetic_gb_months", "query_hours", "export_query_hours"),
            *("hot_puts", "hot_gb_months", "lake_gets", "lake_query_gb", "compaction_gb"),
        ),
        0.0,
    )
    units = _lake(deployed, load, activity) if is_lake(deployed) else _timestream(deployed, load, activity)
    days = _lake_days(deployed) if is_lake(deployed) else _YEAR_DAYS
    bytes_of_a_point = _COMPACTED_BYTES if is_lake(deployed) else _EXPORTED_BYTES
    tables = _LAKE_TABLES if is_lake(deployed) else _TABLES
    return {
        **none,
        "exported_days": days,
        "exported_gb_months": load.points_per_second * bytes_of_a_point * days * _DAY_S / GB
        if hours
        else 0.0,
        "glue_partitions": tables * 24 * days if hours else 0.0,
        "glue_requests": _GLUE_REQUESTS_OF_AN_EXPORT * hours,
        "export_puts": 20 * hours,
        **units,
    }


def _timestream(deployed: Deployed, load: Load, activity: Activity) -> Mapping[str, float]:
    """Writes as they are packed, both stores at their full retention, and queries at the least they are billed."""
    [properties] = deployed.of("AWS::Timestream::Table").values()
    retention = properties["RetentionProperties"]
    gb_per_second = load.points_per_second * _STORED_BYTES / GB
    batches = activity.writer_batches if load.active else 0.0
    return {
        "store_writes": writes(deployed, batches, load.points)["timestream_write"],
        "memory_gb_hours": gb_per_second * int(retention["MemoryStoreRetentionPeriodInHours"]) * 3600 * HOURS,
        "magnetic_gb_months": gb_per_second * int(retention["MagneticStoreRetentionPeriodInDays"]) * _DAY_S,
        "query_hours": load.queries_per_day * HOURS / 24 * LEAST_QUERY_TCU_HOURS,
        # The columns, the count and two UNLOADs.
        "export_query_hours": 4 * activity.exported_hours * LEAST_QUERY_TCU_HOURS,
    }


def _lake(deployed: Deployed, load: Load, activity: Activity) -> Mapping[str, float]:
    """Objects as batches make them, and queries that read an hour of them each, at the least they are billed."""
    compacting = _COMPACTION_QUERIES * activity.exported_hours
    asked = load.queries_per_day * HOURS / 24
    # Batches of heartbeats alone store nothing.
    objects = writes(deployed, activity.writer_batches, load.points)["s3_put"] if load.active else 0.0
    read_gb = max(LEAST_SCANNED_BYTES, load.points / HOURS * _LINE_BYTES) / GB
    versions_s = _replaced_days(deployed) * _DAY_S
    return {
        "hot_puts": objects + asked * _PUTS_OF_A_QUERY,
        "hot_gb_months": load.points_per_second * _LINE_BYTES * (_HOT_S + versions_s) / GB,
        "lake_gets": (compacting + asked) * objects / HOURS,
        "lake_query_gb": asked * read_gb,
        "compaction_gb": compacting * read_gb,
        "export_puts": 20 * activity.exported_hours + compacting * _PUTS_OF_A_QUERY,
        "glue_requests": _GLUE_REQUESTS_OF_AN_EXPORT * activity.exported_hours
        + _GLUE_REQUESTS_OF_A_QUERY * (compacting + asked),
    }


def _lake_days(deployed: Deployed) -> int:
    """Days that compacted hours are kept, by the bucket's lifecycle."""
    [days] = {rule["ExpirationInDays"] for rule in _lifecycle(deployed) if rule.get("Prefix") == "metrics/"}
    return int(days)


def _replaced_days(deployed: Deployed) -> int:
    """Days that the bucket keeps what was deleted or replaced."""
    return max(
        rule["NoncurrentVersionExpiration"]["NoncurrentDays"]
        for rule in _lifecycle(deployed)
        if "NoncurrentVersionExpiration" in rule
    )


def _lifecycle(deployed: Deployed) -> list[Properties]:
    bucket = deployed.of("AWS::S3::Bucket")["ExportBucket"]
    rules: list[Properties] = bucket["LifecycleConfiguration"]["Rules"]
    return rules
