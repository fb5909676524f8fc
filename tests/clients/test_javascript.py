"""The AWS SDK for JavaScript and Node's fetch: values exact, errors by the names that the SDK gives them."""

import json
import time

from tests.support.foreign_clients import VALUES, ForeignClients, scalars
from tests.support.local_run import LocalRun, wait_for

JSON = {"content-type": "application/json"}


def test_it_reads_back_what_fetch_posted(run: LocalRun, clients: ForeignClients) -> None:
    """Every value comes back as the number it was, at its millisecond, with its dimensions, page by page."""
    now = int(time.time() * 1000)
    metrics = [
        {"metric_name": "node", "value": value, "timestamp": now + n, "dimensions": {"name": f"é {n}"}}
        for n, value in enumerate(VALUES)
    ]
    body = json.dumps({"metrics": metrics}, ensure_ascii=False)
    [posted] = clients.node(
        ["fetch", run.environment["TIDEGAUGE_URL"], {"method": "POST", "headers": JSON, "body": body}]
    )
    assert posted["output"]["status"] == 202
    assert posted["output"]["body"]["request_id"]
    run.wait_until_stored("node", len(VALUES))
    sql = f"SELECT to_milliseconds(time), name, value FROM {clients.table} WHERE metric_name = 'node' ORDER BY time"
    [paged] = clients.node(["query", "paginateQuery", {"QueryString": sql, "pageSize": 3}])
    pages = [scalars(page) for page in paged["output"]]
    assert max(len(page) for page in pages) == 3
    rows = [(int(moment or ""), name, float(value or "")) for page in pages for moment, name, value in page]
    assert rows == [(now + n, f"é {n}", value) for n, value in enumerate(VALUES)]


def test_fetch_is_told_what_was_wrong(run: LocalRun, clients: ForeignClients) -> None:
    """A refused body is answered with its reason, which fetch unpacks and reads as JSON."""
    bodies = ("{", '{"metric_name": "node.bad"}')
    answers = clients.node(
        *(
            ["fetch", run.environment["TIDEGAUGE_URL"], {"method": "POST", "headers": JSON, "body": body}]
            for body in bodies
        )
    )
    for answer in answers:
        assert answer["output"]["status"] == 400
        assert {"message", "reason", "request_id"} <= set(answer["output"]["body"])
    assert "value" in answers[1]["output"]["body"]["reason"]


def test_it_writes_records_itself(clients: ForeignClients) -> None:
    """A table of its own, two records, and one of them again with another value: refused with its index and version."""
    now = str(int(time.time() * 1000))
    names = {"DatabaseName": clients.variables["TIDEGAUGE_DATABASE_NAME"], "TableName": "node"}
    record = {"MeasureName": "load", "Time": now, "Dimensions": [{"Name": "host", "Value": "a"}]}
    other = {**record, "Dimensions": [{"Name": "host", "Value": "b"}]}
    first = [{**record, "MeasureValue": "1.25"}, {**other, "MeasureValue": "2"}]
    again = [{**record, "MeasureValue": "1.25"}, {**other, "MeasureValue": "3"}]
    sql = f'SELECT host, "measure_value::double" FROM "{names["DatabaseName"]}"."node" ORDER BY host'
    made, written, refused, found = clients.node(
        ["write", "CreateTable", names],
        ["write", "WriteRecords", {**names, "Records": first}],
        ["write", "WriteRecords", {**names, "Records": again}],
        ["query", "Query", {"QueryString": sql}],
    )
    assert made["output"]["Table"]["TableStatus"] == "ACTIVE"
    assert written["output"]["RecordsIngested"] == {"Total": 2, "MemoryStore": 2, "MagneticStore": 0}
    error = refused["error"]
    assert (error["name"], error["fault"], error["status"]) == ("RejectedRecordsException", "client", 419)
    [rejected] = error["RejectedRecords"]
    assert (rejected["RecordIndex"], rejected["ExistingVersion"]) == (1, 1)
    assert scalars(found["output"]) == [["a", "1.25"], ["b", "2.0"]]


def test_it_names_errors_as_aws_does(clients: ForeignClients) -> None:
    """Errors are thrown by the names that programs catch, as the caller's fault."""
    none = {"DatabaseName": "none", "TableName": "none"}
    quarantine = clients.variables["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]
    answers = clients.node(
        ["query", "Query", {"QueryString": "SELECT nonsense("}],
        ["write", "DescribeTable", none],
        ["kinesis", "DescribeStreamSummary", {"StreamName": "none"}],
        ["s3", "GetObject", {"Bucket": quarantine, "Key": "none"}],
        ["cloudformation", "DescribeStacks", {"StackName": "none"}],
    )
    assert [(answer["error"]["name"], answer["error"]["fault"]) for answer in answers] == [
        ("ValidationException", "client"),
        ("ResourceNotFoundException", "client"),
        ("ResourceNotFoundException", "client"),
        ("NoSuchKey", "client"),
        ("ValidationError", "client"),
    ]


def test_it_reads_the_stream(run: LocalRun, clients: ForeignClients) -> None:
    """The record of a request is on the stream whose name the stack gives, with the request's own body."""
    [stacks] = clients.node(["cloudformation", "DescribeStacks", {"StackName": "metrics-dev"}])
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stacks["output"]["Stacks"][0]["Outputs"]}
    stream = outputs["StreamName"]
    assert stream == clients.variables["TIDEGAUGE_STREAM_NAME"]
    body = {"metric_name": "node.stream", "value": 0.1}
    assert run.post(body).status == 202
    [listed] = clients.node(["kinesis", "ListShards", {"StreamName": stream}])
    shards = [shard["ShardId"] for shard in listed["output"]["Shards"]]
    start = {"StreamName": stream, "ShardIteratorType": "TRIM_HORIZON"}
    iterators = clients.node(
        *(["kinesis", "GetShardIterator", {**start, "ShardId": shard}] for shard in shards)
    )
    read = clients.node(
        *(["kinesis", "GetRecords", {"ShardIterator": item["output"]["ShardIterator"]}] for item in iterators)
    )
    records = [record for page in read for record in page["output"]["Records"]]
    ours = [record["Data"] for record in records if record["PartitionKey"].startswith("json/")]
    assert [each for each in ours if json.loads(each) == body] != []


def test_it_fetches_the_quarantine(run: LocalRun, clients: ForeignClients) -> None:
    """A point that cannot be stored is in the bucket, with its reason."""
    reply = run.post({"metric_name": "node.old", "value": 1, "timestamp": 1})
    wait_for(lambda: run.quarantine(reply.body["request_id"]) != [], "the quarantined point", seconds=60)
    bucket = clients.variables["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]
    [listed] = clients.node(["s3", "ListObjectsV2", {"Bucket": bucket, "Prefix": "quarantine/"}])
    keys = [entry["Key"] for entry in listed["output"]["Contents"]]
    objects = clients.node(*(["s3", "GetObject", {"Bucket": bucket, "Key": key}] for key in keys))
    lines = [json.loads(line) for each in objects for line in each["output"]["Body"].splitlines()]
    [mine] = [line for line in lines if line["request_id"] == reply.body["request_id"]]
    assert (mine["field"], mine["payload"]["metric_name"]) == ("timestamp", "node.old")
