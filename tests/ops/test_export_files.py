"""Current files by the catalog."""

import boto3
import pytest
from moto import mock_aws

from ops.export_files import published
from ops.stack import Target
from templates.config import load

BUCKET, DATABASE = "exports", "metrics_dev"


@pytest.fixture
def _catalog(monkeypatch: pytest.MonkeyPatch) -> object:
    """Two hours, published in the wrong order, and a file that was replaced."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(Target, "outputs", lambda _: {"ExportDatabaseName": DATABASE})
    with mock_aws():
        s3, glue = (boto3.client(name, region_name="us-east-1") for name in ("s3", "glue"))
        s3.create_bucket(Bucket=BUCKET)
        glue.create_database(DatabaseInput={"Name": DATABASE})
        columns = {"Columns": [{"Name": "time", "Type": "timestamp"}]}
        glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "metrics", "StorageDescriptor": columns})
        for hour in ("03", "02"):
            for run in ("replaced", "current"):
                s3.put_object(Bucket=BUCKET, Key=f"metrics/{hour}/{run}/results/a.parquet", Body=b"1234")
            partition = {
                "Values": ["2026-11-22", hour],
                "StorageDescriptor": {"Location": f"s3://{BUCKET}/metrics/{hour}/current/results/"},
            }
            glue.create_partition(DatabaseName=DATABASE, TableName="metrics", PartitionInput=partition)
        yield


@pytest.mark.usefixtures("_catalog")
def test_current_files_are_those_that_partitions_point_at() -> None:
    """By hour, with their size; what was replaced lies in the bucket and is not among them."""
    target = Target(load("dev"), "us-east-1", "metrics-dev")
    columns, hours = published(target, "metrics")
    assert list(columns) == [("time", "timestamp")]
    assert [(one.date, one.hour) for one in hours] == [("2026-11-22", "02"), ("2026-11-22", "03")]
    [file] = hours[0].files(target.client("s3"))
    assert (file.url, file.size) == (f"s3://{BUCKET}/metrics/02/current/results/a.parquet", 4)
