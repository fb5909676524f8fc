"""The bucket, the catalog and the queries of exports, over AWS's protocols."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID as ACCOUNT_ID
from moto.s3.models import s3_backends

from handlers.adapters.glue import GlueCatalog
from handlers.adapters.s3.export_bucket import S3ExportBucket
from handlers.adapters.timestream.queries import TimestreamQueries
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.exports.columns import Column
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.unloading import Answer, UnloadFailed

HOUR = Hour.parse("2026-11-22T02")


@pytest.fixture
def aws() -> Iterator[None]:
    """No account can be reached."""
    with mock_aws():
        yield


def refusal(code: str, message: str = "why", status: int = 400) -> ClientError:
    """An answer of AWS that is an error."""
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "Call",
    )


class Scripted:
    """A client whose calls are answered in turn, whatever they are."""

    def __init__(self, *answers: Any) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, operation: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.calls.append((operation, arguments))
            answer = self._answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def test_listing_and_deleting_go_beyond_a_page(aws: None) -> None:
    """S3 lists and deletes a thousand objects at a time."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    for number in range(1100):
        s3_backends[ACCOUNT_ID]["aws"].put_object("bucket", f"metrics/day/02/run/results/{number:04}", b"x")
    s3.put_object(Bucket="bucket", Key="metrics/day/02/_hour.json", Body=b"{}")
    bucket = S3ExportBucket(s3, "bucket")
    assert len(list(bucket.listing("metrics/day/02/run/"))) == 1100
    assert bucket.folders("metrics/day/02/") == ["run"]
    assert bucket.delete(key for key, _ in bucket.listing("metrics/day/02/run/")) == 1100
    assert [key for key, _ in bucket.listing("")] == ["metrics/day/02/_hour.json"]


def test_an_object_that_is_not_there_is_none(aws: None) -> None:
    """A missing manifest is an answer; a missing bucket is not."""
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bucket")
    bucket = S3ExportBucket(s3, "bucket")
    bucket.write("a", b"1")
    assert (bucket.read("a"), bucket.read("b")) == (b"1", None)
    with pytest.raises(ConfigurationError, match="NoSuchBucket"):
        S3ExportBucket(s3, "nowhere").read("a")


def test_an_object_that_cannot_be_deleted_is_tried_again() -> None:
    """DeleteObjects succeeds as a whole and fails in parts."""
    s3 = Scripted({"Errors": [{"Key": "a", "Code": "InternalError"}]})
    with pytest.raises(TransientError, match="InternalError"):
        S3ExportBucket(s3, "bucket").delete(["a"])


@pytest.fixture
def catalog(aws: None) -> GlueCatalog:
    """A table with one column, in a database."""
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": "d"})
    descriptor = {"Columns": [{"Name": "value", "Type": "double"}], "Location": "s3://b/metrics/"}
    glue.create_table(
        DatabaseName="d",
        TableInput={
            "Name": "metrics",
            "Parameters": {"classification": "parquet"},
            "PartitionKeys": [
                {"Name": "export_date", "Type": "string"},
                {"Name": "export_hour", "Type": "string"},
            ],
            "StorageDescriptor": descriptor,
        },
    )
    return GlueCatalog(glue, "d")


def test_columns_are_appended_and_the_rest_of_the_table_stays(catalog: GlueCatalog) -> None:
    """What the template said of the table is kept."""
    wanted = [Column("value", "double"), Column("host", "string")]
    assert catalog.add_columns("metrics", wanted) == 1
    assert catalog.add_columns("metrics", wanted) == 0
    table = boto3.client("glue").get_table(DatabaseName="d", Name="metrics")["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == ["value", "host"]
    assert table["Parameters"]["classification"] == "parquet"
    assert len(table["PartitionKeys"]) == 2


def test_a_partition_is_made_and_then_moved(catalog: GlueCatalog) -> None:
    """Its columns are those of the table."""
    assert catalog.location("metrics", HOUR) is None
    for location in ("s3://b/metrics/1/results/", "s3://b/metrics/2/results/"):
        catalog.point("metrics", HOUR, location)
        assert catalog.location("metrics", HOUR) == location
    partitions = boto3.client("glue").get_partitions(DatabaseName="d", TableName="metrics")["Partitions"]
    assert [partition["Values"] for partition in partitions] == [["2026-11-22", "02"]]
    assert partitions[0]["StorageDescriptor"]["Columns"] == [{"Name": "value", "Type": "double"}]


TABLE = {
    "Table": {"Name": "metrics", "VersionId": "7", "CreatedBy": "x", "StorageDescriptor": {"Columns": []}}
}


def test_two_publishers_do_not_undo_each_others_columns() -> None:
    """A table is changed on the version that was read; if it changed meanwhile, it is read again."""
    newer = {"Table": {**TABLE["Table"], "VersionId": "8"}}
    glue = Scripted(TABLE, refusal("ConcurrentModificationException"), newer, {})
    assert GlueCatalog(glue, "d").add_columns("metrics", [Column("host", "string")]) == 1
    updates = [arguments for operation, arguments in glue.calls if operation == "update_table"]
    assert [update["VersionId"] for update in updates] == ["7", "8"]
    assert "CreatedBy" not in updates[0]["TableInput"]


def test_a_table_that_keeps_changing_is_tried_again_later() -> None:
    """It is a transient failure, not an endless loop."""
    answers = [TABLE, refusal("ConcurrentModificationException")] * 5
    with pytest.raises(TransientError, match="kept changing"):
        GlueCatalog(Scripted(*answers), "d").add_columns("metrics", [Column("host", "string")])


def test_a_partition_made_by_somebody_else_is_met_at_the_next_try() -> None:
    """Between looking for it and making it."""
    glue = Scripted(TABLE, refusal("EntityNotFoundException"), refusal("AlreadyExistsException"))
    with pytest.raises(TransientError, match="meanwhile"):
        GlueCatalog(glue, "d").point("metrics", HOUR, "s3://b/x/results/")


def test_a_page_becomes_texts() -> None:
    """Every scalar is a text, and NULL is none; tokens are passed on."""
    page = {"Rows": [{"Data": [{"ScalarValue": "7"}, {"NullValue": True}]}], "NextToken": "more"}
    client = Scripted(page, {"Rows": []})
    queries = TimestreamQueries(client)
    assert queries.ask("SELECT 1", client_token="c" * 32) == Answer([["7", ""]], "more")
    assert queries.ask("SELECT 1", next_token="more") == Answer([], None)
    assert [arguments for _, arguments in client.calls] == [
        {"QueryString": "SELECT 1", "ClientToken": "c" * 32},
        {"QueryString": "SELECT 1", "NextToken": "more"},
    ]


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refusal("QueryExecutionException", "S3 says AccessDenied"), UnloadFailed, "S3 says AccessDenied"),
        (refusal("ConflictException"), UnloadFailed, "ConflictException"),
        (refusal("ThrottlingException"), TransientError, "ThrottlingException"),
        (refusal("InternalServerException", status=500), TransientError, "InternalServerException"),
        (refusal("ValidationException"), UnloadFailed, "ValidationException: why"),
        (refusal("AccessDeniedException", status=403), UnloadFailed, "AccessDeniedException: why"),
        (refusal("ResourceNotFoundException"), ConfigurationError, "ResourceNotFoundException"),
        (ReadTimeoutError(endpoint_url="https://x"), TransientError, "ReadTimeoutError"),
    ],
)
def test_what_timestream_answers_becomes_a_failure_the_machine_knows(
    error: Exception, kind: type[Exception], words: str
) -> None:
    """A refused or failed query is a failed attempt, with its reason; throttling passes; a wrong table does not."""
    with pytest.raises(kind, match=words):
        TimestreamQueries(Scripted(error)).ask("SELECT 1")
