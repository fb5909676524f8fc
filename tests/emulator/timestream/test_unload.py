"""UNLOAD: what is written to S3, in which order, and what a failed run leaves."""

import csv
import gzip
import io
import json
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import boto3
import duckdb
import pyarrow as pa
import pytest
from botocore.config import Config
from moto.server import DomainDispatcherApplication, create_backend_app
from pyarrow import parquet

from emulator.timestream import statements
from emulator.timestream.errors import QueryExecutionException, ServiceError, ValidationException
from emulator.timestream.unload import UnloadTarget
from tests.support.sql_expected import stamp
from tests.support.sql_fleet import NOW, Row, Tables

Unload = Callable[..., list[str]]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The URL of an S3 of our own, which takes no body that first asks whether it may come."""
    application = DomainDispatcherApplication(create_backend_app)

    def prompt(environ: dict[str, Any], start_response: Any) -> Any:
        if "HTTP_EXPECT" in environ:
            start_response("417 Expectation Failed", [])
            return []
        return application(environ, start_response)

    server: WSGIServer = make_server("127.0.0.1", 0, prompt, handler_class=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> Any:
    """An empty bucket of its own for each test."""
    resource = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(s3={"addressing_style": "path"}),
    )
    name = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    return resource.create_bucket(Bucket=f"b-{name}")


@pytest.fixture
def unload(endpoint: str, bucket: Any, database: duckdb.DuckDBPyConnection) -> Unload:
    """A function that unloads a query into the bucket and returns the row that is answered."""

    def unloading(query: str, options: str = "", *, fail: bool = False) -> list[str]:
        with_clause = f" WITH ({options})" if options else ""
        statement = f"UNLOAD ({query}) TO 's3://{bucket.name}/out/'{with_clause}"
        target = UnloadTarget(endpoint, "us-east-1", fail)
        with database.cursor() as cursor:
            result = statements.run(Tables(), cursor, statement, NOW, unload=target, query_id="QUERY1")
            assert [c["Name"] for c in result.columns] == ["rows", "metadataFile", "manifestFile"]
            answered = [json.loads(row) for batch in result.rows for row in batch]
        return [datum["ScalarValue"] for datum in answered[0]["Data"]]

    return unloading


def content(bucket: Any) -> dict[str, bytes]:
    """Every object of a bucket."""
    return {o.key: o.get()["Body"].read() for o in bucket.objects.all()}


def manifest(bucket: Any, answer: list[str]) -> dict[str, Any]:
    """The manifest that an answer names."""
    key = answer[2].removeprefix(f"s3://{bucket.name}/")
    loaded: dict[str, Any] = json.loads(bucket.Object(key).get()["Body"].read())
    return loaded


def test_parquet(unload: Unload, bucket: Any, rows: list[Row]) -> None:
    """Parquet holds every value of its own type, times to the nanosecond as INT96, gzip inside."""
    query = "SELECT host, time, cpu, requests, healthy, date(time) AS day, note FROM metrics.fleet"
    answer = unload(query, "format = 'PARQUET'")
    ((key, body),) = [(k, b) for k, b in content(bucket).items() if "/results/" in k]
    assert re.fullmatch(r"out/results/QUERY1_[0-9a-f]+\.parquet", key)
    file = parquet.ParquetFile(io.BytesIO(body))
    assert [file.schema.column(i).physical_type for i in range(6)] == [
        "BYTE_ARRAY", "INT96", "DOUBLE", "INT64", "BOOLEAN", "INT32",
    ]  # fmt: skip
    assert file.metadata.row_group(0).column(0).compression == "GZIP"
    table = file.read()
    assert table.column("time").cast(pa.int64()).to_pylist() == [r["time"] for r in rows]
    for column in ("host", "cpu", "requests", "healthy", "note"):
        assert table.column(column).to_pylist() == [r[column] for r in rows]
    assert answer[0] == str(len(rows))


def test_partitions(unload: Unload, bucket: Any, rows: list[Row]) -> None:
    """Rows go to the folder of their values, named as Hive names them, and those columns leave the files."""
    unload(
        "SELECT cpu, time, note, host FROM metrics.fleet",
        "format='PARQUET', compression='NONE', partitioned_by = ARRAY['note', 'host']",
    )
    notes = {
        None: "__HIVE_DEFAULT_PARTITION__", "": "__HIVE_DEFAULT_PARTITION__", "ok": "ok",
        "a\\b": "a%5Cb", 'über, "quoted"\n': "über, %22quoted%22%0A",
    }  # fmt: skip
    expected: dict[str, list[int]] = {}
    for row in rows:
        host = row["host"].replace('"', "%22").replace("\\", "%5C")
        expected.setdefault(f"note={notes[row['note']]}/host={host}", []).append(row["time"])
    keys = [item.key for item in bucket.objects.all() if "/results/" in item.key]
    # The S3 of this test decodes names once too often, so both sides are compared decoded.
    assert {unquote("/".join(key.split("/")[2:-1])) for key in keys} == set(map(unquote, expected))
    for key in keys:
        if "note=ok/host=host" in key:
            table = parquet.read_table(io.BytesIO(bucket.Object(key).get()["Body"].read()), partitioning=None)
            assert table.column_names == ["cpu", "time"]
            times = table.column("time").cast(pa.int64()).to_pylist()
            assert times == expected["/".join(key.split("/")[2:-1])]


@pytest.mark.parametrize("compression", ["GZIP", "NONE"])
def test_csv(unload: Unload, bucket: Any, rows: list[Row], compression: str) -> None:
    """CSV quotes what needs it, escapes with a backslash, leaves NULL empty, and spells values as a query does."""
    query = "SELECT host, time, cpu, healthy, note FROM metrics.fleet"
    unload(query, f"compression='{compression}', include_header='true'")
    ((key, body),) = [(k, b) for k, b in content(bucket).items() if "/results/" in k]
    assert key.endswith(".gz" if compression == "GZIP" else ".csv")
    text = (gzip.decompress(body) if compression == "GZIP" else body).decode()
    lines = list(csv.reader(io.StringIO(text, newline=""), escapechar="\\", doublequote=False))
    assert lines[0] == ["host", "time", "cpu", "healthy", "note"]
    assert lines[1:] == [
        [
            row["host"],
            stamp(row["time"]),
            "" if row["cpu"] is None else repr(row["cpu"]),
            "" if row["healthy"] is None else str(row["healthy"]).lower(),
            row["note"] or "",
        ]
        for row in rows
    ]


_NESTED = (
    "SELECT create_time_series(time, cpu) AS cpu, array_agg(requests ORDER BY time) AS counts, max(note) AS note"
    " FROM metrics.fleet WHERE host = 'host-e' AND cpu > 99"
)


def test_nested_parquet(unload: Unload, bucket: Any, rows: list[Row]) -> None:
    """A time series is an array of rows of time and value in Parquet, an array is an array; their times are INT96."""
    unload(_NESTED, "format = 'PARQUET'")
    (body,) = (body for key, body in content(bucket).items() if key.endswith(".parquet"))
    table = parquet.read_table(io.BytesIO(body))
    chosen = [row for row in rows if row["host"] == "host-e" and row["cpu"] is not None and row["cpu"] > 99]
    assert chosen
    series, counts = table.column("cpu").combine_chunks(), table.column("counts").to_pylist()[0]
    assert series.flatten().field("value").to_pylist() == [row["cpu"] for row in chosen]
    times = series.flatten().field("time").cast("int64").to_pylist()
    assert (times, counts) == ([row["time"] for row in chosen], [row["requests"] for row in chosen])


def test_nested_csv(unload: Unload, bucket: Any, rows: list[Row]) -> None:
    """In CSV, what is nested is JSON in one quoted field."""
    unload(_NESTED, "format = 'CSV', compression = 'NONE', escaped_by = '\"'")
    (body,) = (body for key, body in content(bucket).items() if key.endswith(".csv"))
    ((series, counts, note),) = csv.reader(io.StringIO(body.decode(), newline=""))
    chosen = [row for row in rows if row["host"] == "host-e" and row["cpu"] is not None and row["cpu"] > 99]
    assert json.loads(series) == [{"time": stamp(row["time"]), "value": row["cpu"]} for row in chosen]
    assert json.loads(counts) == [row["requests"] for row in chosen]
    assert note == max(row["note"] or "" for row in chosen)


def test_csv_with_other_characters(unload: Unload, bucket: Any) -> None:
    """The delimiter and the escape character can be chosen, also for headers."""
    unload(
        "SELECT 'a|b' AS \"x|y\", 'c,d' AS plain, 'e\"f#' AS z",
        "compression='NONE', field_delimiter='|', escaped_by='#', include_header='true'",
    )
    (body,) = [b for k, b in content(bucket).items() if "/results/" in k]
    assert body.decode() == '"x|y"|plain|z\n"a|b"|c,d|"e#"f##"\n'


def test_manifest_and_metadata(unload: Unload, bucket: Any, rows: list[Row]) -> None:
    """The manifest lists every file with its size and rows; the metadata has the columns as a query would."""
    answer = unload("SELECT time, region FROM metrics.fleet", "partitioned_by = ARRAY['region']")
    found = manifest(bucket, answer)
    objects = content(bucket)
    listed = {
        entry["url"].removeprefix(f"s3://{bucket.name}/"): entry["file_metadata"]
        for entry in found["result_files"]
    }
    assert set(listed) == {key for key in objects if "/results/" in key}
    assert all(listed[key]["content_length_in_bytes"] == len(objects[key]) for key in listed)
    assert sum(entry["row_count"] for entry in listed.values()) == len(rows)
    assert found["query_metadata"] == {
        "total_content_length_in_bytes": sum(len(objects[key]) for key in listed),
        "total_row_count": len(rows),
        "result_format": "CSV",
        "result_version": "Amazon Timestream version 1.0.0",
    }
    assert found["author"] == {"name": "Amazon Timestream", "manifest_file_version": "1.0"}
    metadata = json.loads(objects[answer[1].removeprefix(f"s3://{bucket.name}/")])
    assert metadata == {
        "ColumnInfo": [
            {"Name": "time", "Type": {"ScalarType": "TIMESTAMP"}},
            {"Name": "region", "Type": {"ScalarType": "VARCHAR"}},
        ],
        "Author": {"Name": "Amazon Timestream", "MetadataFileVersion": "1.0"},
    }
    assert re.fullmatch(rf"s3://{bucket.name}/out/QUERY1_[0-9a-f-]{{36}}_manifest\.json", answer[2])


def test_nothing_to_write(unload: Unload, bucket: Any) -> None:
    """No rows make no files, and a manifest that says so."""
    answer = unload("SELECT host FROM metrics.fleet WHERE host = 'nobody'")
    assert answer[0] == "0"
    assert manifest(bucket, answer)["result_files"] == []


def test_a_failed_run_leaves_files_and_no_manifest(unload: Unload, bucket: Any) -> None:
    """Files written before a failure stay; the manifest, which says that all is there, is never written."""
    with pytest.raises(QueryExecutionException):
        unload("SELECT host FROM metrics.fleet", fail=True)
    keys = list(content(bucket))
    assert keys
    assert all("/results/" in key for key in keys)


def test_a_query_that_fails_on_the_way(unload: Unload, bucket: Any) -> None:
    """An error in the query itself leaves no manifest either."""
    with pytest.raises(QueryExecutionException, match="Division by zero"):
        unload("SELECT 1 / (requests - 500) AS x FROM metrics.fleet")
    assert not [key for key in content(bucket) if key.endswith(".json")]


def test_at_most_a_hundred_partitions(unload: Unload, bucket: Any) -> None:
    """The hundred and first partition fails the run."""
    numbers = "SELECT 'a' AS v, x AS p FROM UNNEST(SEQUENCE(1, {})) AS t(x)"
    assert unload(numbers.format(100), "partitioned_by=ARRAY['p']")[0] == "100"
    with pytest.raises(ValidationException, match="at most 100 partitions"):
        unload(numbers.format(101), "partitioned_by=ARRAY['p']")


def test_files_end_at_their_size(unload: Unload, bucket: Any) -> None:
    """A result larger than max_file_size goes to several files, and no row is lost between them."""
    query = (
        "SELECT a.x * 1000 + b.x AS n, cast(random() AS varchar) AS r FROM UNNEST(SEQUENCE(0, 999)) AS a(x)"
    )
    answer = unload(
        f"{query} CROSS JOIN UNNEST(SEQUENCE(0, 999)) AS b(x)", "compression='NONE', max_file_size='16MB'"
    )
    files = manifest(bucket, answer)["result_files"]
    assert len(files) > 1
    assert max(file["file_metadata"]["content_length_in_bytes"] for file in files) < 21 << 20
    numbers: list[int] = []
    for key, body in content(bucket).items():
        if "/results/" in key:
            numbers += [int(line.partition(",")[0]) for line in body.decode().splitlines()]
    assert sorted(numbers) == list(range(1_000_000))


def test_encryption(unload: Unload, bucket: Any) -> None:
    """Every object, the manifest too, is encrypted as asked."""
    key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
    unload("SELECT host FROM metrics.fleet LIMIT 1", f"encryption='SSE_KMS', kms_key='{key}'")
    for item in bucket.objects.all():
        found = item.get()
        assert (found["ServerSideEncryption"], found["SSEKMSKeyId"]) == ("aws:kms", key)


@pytest.mark.parametrize(
    ("query", "options", "says"),
    [
        ("SELECT host, cpu FROM metrics.fleet", "partitioned_by=ARRAY['host']", "must name the last columns"),
        ("SELECT host FROM metrics.fleet", "partitioned_by=ARRAY['host']", "at least one column"),
        ("SELECT host, host FROM metrics.fleet", "format='CSV'", "different names"),
        ("SELECT host FROM metrics.fleet", "format='ORC'", "must be CSV or PARQUET"),
        ("SELECT host FROM metrics.fleet", "compression='ZSTD'", "must be GZIP or NONE"),
        ("SELECT host FROM metrics.fleet", "colour='red'", "Unknown UNLOAD option: colour"),
        ("SELECT host FROM metrics.fleet", "format='CSV', format='CSV'", "Duplicate UNLOAD option"),
        (
            "SELECT host FROM metrics.fleet",
            "format='PARQUET', field_delimiter='|'",
            "only valid for format CSV",
        ),
        ("SELECT host FROM metrics.fleet", "field_delimiter='||'", "must be one ASCII character"),
        ("SELECT host FROM metrics.fleet", "max_file_size='1MB'", "between 16MB and 78GB"),
        ("SELECT host FROM metrics.fleet", "kms_key='abc'", "kms_key goes with encryption SSE_KMS"),
        ("SELECT host FROM metrics.fleet", "encryption='SSE_KMS'", "kms_key goes with encryption SSE_KMS"),
        ("SELECT current_time AS t", "format='CSV'", "does not support the type time"),
        ("SELECT null AS n", "format='CSV'", "does not support the type unknown"),
        (
            "SELECT 1 AS n, array[1] AS a",
            "partitioned_by=ARRAY['a']",
            "cannot partition by column 'a' of type array(integer)",
        ),
        ("SELECT array[1d] AS a", "format='PARQUET'", "array(interval day to second)"),
        ("SELECT nope FROM metrics.fleet", "format='CSV'", "line 1:16: Column 'nope' does not exist"),
    ],
)
def test_refused(unload: Unload, bucket: Any, query: str, options: str, says: str) -> None:
    """An option or column that UNLOAD does not take is refused before anything is written."""
    with pytest.raises(ValidationException) as refusal:
        unload(query, options)
    assert says in refusal.value.message
    assert not content(bucket)


@pytest.mark.parametrize(
    "statement",
    [
        "UNLOAD (SELECT 1) TO 'http://bucket/x'",
        "UNLOAD (SELECT 1)",
        "UNLOAD SELECT 1 TO 's3://bucket/x'",
        "UNLOAD (SELECT 1) TO 's3://bucket/x' WITH (format='CSV'",
        "UNLOAD (SELECT 1) TO 's3://bucket/x' WITH (format='CSV') more",
        "UNLOAD (SELECT 1; DROP TABLE fleet) TO 's3://bucket/x'",
        "UNLOAD (DROP TABLE fleet) TO 's3://bucket/x'",
        "UNLOAD (SELECT 1 AS x) TO 's3://no-such-bucket/x'",
    ],
)
def test_malformed(statement: str, endpoint: str, database: duckdb.DuckDBPyConnection) -> None:
    """A statement that is not an UNLOAD, or has nowhere to write, is a ValidationException."""
    target = UnloadTarget(endpoint, "us-east-1")

    def unloading() -> None:
        with database.cursor() as cursor:
            list(statements.run(Tables(), cursor, statement, NOW, unload=target, query_id="Q").rows)

    with pytest.raises(ServiceError) as refusal:
        unloading()
    assert isinstance(refusal.value, ValidationException)
