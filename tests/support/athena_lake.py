"""A lake in a bare emulator: lines of JSON by the hour, Parquet, and a view over both."""

import base64
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from emulator import Cloud, StackTemplate, start

REGION, BUCKET, DATABASE, GROUP = "eu-west-1", "a-lake", "lake", "readers"
UNLOADS = f"s3://{BUCKET}/unloads/"
# What stands in the lake, by hour and place: name and value.
HOT = [("a", 1.5), ("a", 2.5), ('it\'s "é"', -0.1)]
STORED = [("a", 1e300), ("b", 0.0)]
HOUR = "2026-11-25-20"

_COLUMNS = [{"Name": "name", "Type": "string"}, {"Name": "value", "Type": "double"}]
_KEY = [{"Name": "event_hour", "Type": "string"}]
_VIEW_COLUMNS = [("name", "varchar"), ("value", "double"), ("event_hour", "varchar")]
_VIEW = "SELECT name, value, event_hour FROM hot UNION ALL SELECT name, value, event_hour FROM stored"


def _projected(folder: str) -> dict[str, str]:
    return {
        "projection.enabled": "true",
        "projection.event_hour.type": "date",
        "projection.event_hour.format": "yyyy-MM-dd-HH",
        "projection.event_hour.interval": "1",
        "projection.event_hour.interval.unit": "HOURS",
        "projection.event_hour.range": "2026-11-25-00,2026-11-26-00",
        "storage.location.template": f"s3://{BUCKET}/{folder}/event_hour=${{event_hour}}/",
    }


def _table(name: str, serde: str, formats: tuple[str, str]) -> dict[str, Any]:
    return {
        "Name": name,
        "TableType": "EXTERNAL_TABLE",
        "Parameters": _projected(name),
        "PartitionKeys": _KEY,
        "StorageDescriptor": {
            "Columns": _COLUMNS,
            "Location": f"s3://{BUCKET}/{name}/",
            "InputFormat": f"org.apache.hadoop.{formats[0]}",
            "OutputFormat": f"org.apache.hadoop.{formats[1]}",
            "SerdeInfo": {"SerializationLibrary": serde},
        },
    }


def _view() -> dict[str, Any]:
    view = {
        "originalSql": _VIEW,
        "catalog": "awsdatacatalog",
        "schema": DATABASE,
        "columns": [{"name": name, "type": kind} for name, kind in _VIEW_COLUMNS],
    }
    text = base64.b64encode(json.dumps(view).encode()).decode()
    return {
        "Name": "points",
        "TableType": "VIRTUAL_VIEW",
        "Parameters": {"presto_view": "true"},
        "ViewOriginalText": f"/* Presto View: {text} */",
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Columns": [*_COLUMNS, *_KEY], "SerdeInfo": {}},
    }


def _template() -> dict[str, Any]:
    lines = (
        "org.apache.hive.hcatalog.data.JsonSerDe",
        ("mapred.TextInputFormat", "hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
    )
    parquet = (
        "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
        ("hive.ql.io.parquet.MapredParquetInputFormat", "hive.ql.io.parquet.MapredParquetOutputFormat"),
    )
    tables = {"Hot": _table("hot", *lines), "Stored": _table("stored", *parquet), "Points": _view()}
    configuration = {
        "EnforceWorkGroupConfiguration": False,
        "ResultConfiguration": {"OutputLocation": UNLOADS},
    }
    database = {"CatalogId": {"Ref": "AWS::AccountId"}, "DatabaseInput": {"Name": DATABASE}}
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}},
            "Database": {"Type": "AWS::Glue::Database", "Properties": database},
            **{
                name: {
                    "Type": "AWS::Glue::Table",
                    "DependsOn": "Database",
                    "Properties": {
                        "CatalogId": {"Ref": "AWS::AccountId"},
                        "DatabaseName": DATABASE,
                        "TableInput": table,
                    },
                }
                for name, table in tables.items()
            },
            "Readers": {
                "Type": "AWS::Athena::WorkGroup",
                "Properties": {"Name": GROUP, "WorkGroupConfiguration": configuration},
            },
        }
    }


@contextmanager
def lake(data_dir: Path) -> Iterator[Cloud]:
    """The emulator with the lake in it, until the end."""
    with start([REGION], [StackTemplate("lake", _template())], data_dir=data_dir) as cloud:
        s3 = cloud.client("s3", REGION)
        for folder, name, body in (("hot", "1.jsonl.gz", _lines()), ("stored", "1.parquet", _parquet())):
            s3.put_object(Bucket=BUCKET, Key=f"{folder}/event_hour={HOUR}/{name}", Body=body)
        s3.close()
        yield cloud


def _lines() -> bytes:
    lines = [json.dumps({"name": name, "value": value}) for name, value in HOT]
    return gzip.compress("\n".join(lines).encode(), mtime=0)


def _parquet() -> bytes:
    out = io.BytesIO()
    names, values = zip(*STORED, strict=True)
    pq.write_table(pa.table({"name": names, "value": values}), out)
    return out.getvalue()
