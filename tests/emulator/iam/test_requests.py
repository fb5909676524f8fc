"""The permissions that requests take, made by boto3 itself."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from emulator.aws_request import AwsRequest
from emulator.iam.requests import UnknownOperationError, permissions_of

ACCOUNT = "123456789012"
REGION = "eu-west-1"
TABLE = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/t"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"
TIMESTREAM = f"arn:aws:timestream:{REGION}:{ACCOUNT}:database/d/table/t"
GLUE = f"arn:aws:glue:{REGION}:{ACCOUNT}"
LOGS = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:g:log-stream"
MACHINE = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m"
GROUP = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"
KEY = {"pk": {"S": "a"}}
PUT = {"Put": {"TableName": "t", "Item": KEY}}
CHECK = {"ConditionCheck": {"TableName": "u", "Key": KEY, "ConditionExpression": "attribute_exists(pk)"}}


class _SentError(Exception):
    def __init__(self, request: Any) -> None:
        self.request = request


def sent(service: str, operation: str, **arguments: Any) -> AwsRequest:
    """The request that boto3 would send."""
    client = boto3.client(
        service,
        region_name=REGION,
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(inject_host_prefix=False, s3={"addressing_style": "path"}),
    )

    def stop(request: Any, **_: Any) -> AWSResponse:
        raise _SentError(request)

    client.meta.events.register("before-send", stop)
    try:
        getattr(client, operation)(**arguments)
    except _SentError as error:
        request = error.request
    body = request.body or b""
    headers = [
        (name, value.decode() if isinstance(value, bytes) else value)
        for name, value in request.headers.items()
    ]
    return AwsRequest(
        request.method,
        request.url.removeprefix("http://127.0.0.1:1"),
        headers,
        body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body.read(),
    )


def _cases() -> Iterator[tuple[str, str, dict[str, Any], list[tuple[str, str]]]]:
    yield "dynamodb", "get_item", {"TableName": "t", "Key": KEY}, [("dynamodb:GetItem", TABLE)]
    yield "dynamodb", "scan", {"TableName": TABLE}, [("dynamodb:Scan", TABLE)]
    query = {"TableName": "t", "IndexName": "open", "KeyConditionExpression": "a = b"}
    yield "dynamodb", "query", query, [("dynamodb:Query", f"{TABLE}/index/open")]
    batch = {"RequestItems": {"t": {"Keys": [KEY]}, "u": {"Keys": [KEY]}}}
    both = [("dynamodb:BatchGetItem", TABLE), ("dynamodb:BatchGetItem", f"{TABLE[:-1]}u")]
    yield "dynamodb", "batch_get_item", batch, both
    checked = [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", f"{TABLE[:-1]}u")]
    yield "dynamodb", "transact_write_items", {"TransactItems": [PUT, CHECK]}, checked
    changes = f"{TABLE}/stream/1"
    yield "dynamodbstreams", "describe_stream", {"StreamArn": changes}, [("dynamodb:DescribeStream", changes)]
    iterator = {"ShardIterator": f"{changes}|1|abc"}
    yield "dynamodbstreams", "get_records", iterator, [("dynamodb:GetRecords", changes)]
    record = {"StreamName": "s", "PartitionKey": "k", "Data": b"x"}
    yield "kinesis", "put_record", record, [("kinesis:PutRecord", STREAM)]
    yield "kinesis", "list_shards", {"StreamARN": STREAM}, [("kinesis:ListShards", STREAM)]
    yield "kinesis", "get_records", {"ShardIterator": "czpzaGFyZDowOjE="}, [("kinesis:GetRecords", STREAM)]
    yield (
        "lambda",
        "invoke",
        {"FunctionName": "f"},
        [("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f")],
    )
    yield (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": MACHINE},
        [("states:StartExecution", MACHINE)],
    )
    yield "sns", "publish", {"TopicArn": TOPIC, "Message": "m"}, [("sns:Publish", TOPIC)]
    names = {"logGroupName": "g", "logStreamName": "s"}
    yield "logs", "create_log_stream", names, [("logs:CreateLogStream", f"{LOGS}:s")]
    yield "logs", "create_log_group", {"logGroupName": "g"}, [("logs:CreateLogGroup", f"{LOGS}:")]
    places = [f"{GLUE}:catalog", f"{GLUE}:database/d", f"{GLUE}:table/d/t"]
    table = {"DatabaseName": "d", "Name": "t"}
    yield "glue", "get_table", table, [("glue:GetTable", place) for place in places]
    changed: dict[str, Any] = {"DatabaseName": "d", "TableInput": {"Name": "t"}}
    yield "glue", "update_table", changed, [("glue:UpdateTable", place) for place in places]
    partition = {"DatabaseName": "d", "TableName": "t", "PartitionValues": ["1"]}
    yield "glue", "get_partition", partition, [("glue:GetPartition", place) for place in places]
    stacks = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack"
    for operation, action in (
        ("describe_stacks", "DescribeStacks"),
        ("list_stack_resources", "ListStackResources"),
    ):
        for name, arn in (("s", f"{stacks}/s/*"), (f"{stacks}/s/1", f"{stacks}/s/1")):
            yield "cloudformation", operation, {"StackName": name}, [(f"cloudformation:{action}", arn)]
    instances = [("cloudformation:ListStackInstances", f"{stacks}set/f:*")]
    yield "cloudformation", "list_stack_instances", {"StackSetName": "f"}, instances
    data = {"MetricDataQueries": [], "StartTime": 0, "EndTime": 60}
    yield "cloudwatch", "get_metric_data", data, [("cloudwatch:GetMetricData", "*")]
    alarms = [("cloudwatch:DescribeAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:*")]
    yield "cloudwatch", "describe_alarms", {"AlarmNamePrefix": "a"}, alarms
    yield "logs", "filter_log_events", {"logGroupName": "g"}, [("logs:FilterLogEvents", f"{LOGS}:")]
    yield "sts", "get_caller_identity", {}, []
    yield "glue", "get_database", {"Name": "d"}, [("glue:GetDatabase", place) for place in places[:2]]
    all_tables = [*places[:2], f"{GLUE}:table/d/*"]
    yield "glue", "get_tables", {"DatabaseName": "d"}, [("glue:GetTables", place) for place in all_tables]
    all_databases = [f"{GLUE}:catalog", f"{GLUE}:database/*"]
    yield "glue", "get_databases", {}, [("glue:GetDatabases", place) for place in all_databases]
    yield from _athenas_cases()


def _athenas_cases() -> Iterator[tuple[str, str, dict[str, Any], list[tuple[str, str]]]]:
    start: dict[str, Any] = {"QueryString": "SELECT 1"}
    yield "athena", "start_query_execution", start, [("athena:StartQueryExecution", f"{GROUP}primary")]
    named = {**start, "WorkGroup": "w"}
    yield "athena", "start_query_execution", named, [("athena:StartQueryExecution", f"{GROUP}w")]
    yield "athena", "list_query_executions", {}, [("athena:ListQueryExecutions", f"{GROUP}primary")]
    yield "athena", "get_work_group", {"WorkGroup": "w"}, [("athena:GetWorkGroup", f"{GROUP}w")]
    yield "athena", "list_work_groups", {}, [("athena:ListWorkGroups", "*")]
    for operation, action in (
        ("get_query_execution", "GetQueryExecution"),
        ("get_query_results", "GetQueryResults"),
        ("get_query_runtime_statistics", "GetQueryRuntimeStatistics"),
        ("stop_query_execution", "StopQueryExecution"),
    ):
        yield "athena", operation, {"QueryExecutionId": "q"}, [(f"athena:{action}", f"{GROUP}of-q")]
    batch = {"QueryExecutionIds": ["q", "r", "q"]}
    each = [("athena:BatchGetQueryExecution", f"{GROUP}of-{id_}") for id_ in "qr"]
    yield "athena", "batch_get_query_execution", batch, each
    catalog = f"arn:aws:athena:{REGION}:{ACCOUNT}:datacatalog/AwsDataCatalog"
    of_table = {"CatalogName": "AwsDataCatalog", "DatabaseName": "d", "TableName": "t"}
    yield "athena", "get_table_metadata", of_table, [("athena:GetTableMetadata", catalog)]
    yield "athena", "get_data_catalog", {"Name": "AwsDataCatalog"}, [("athena:GetDataCatalog", catalog)]


@pytest.mark.parametrize(("service", "operation", "arguments", "expected"), list(_cases()))
def test_operations_take_their_permissions(
    service: str, operation: str, arguments: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """IAM's action and resource, as the service authorization reference has them."""
    found = permissions_of(sent(service, operation, **arguments), ACCOUNT, lambda _, query: f"of-{query}")
    assert [(one.action, one.resource) for one in found] == expected


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("dynamodb", "list_tables", {}),
        ("dynamodb", "execute_statement", {"Statement": "SELECT * FROM t"}),
        ("stepfunctions", "list_state_machines", {}),
        ("sqs", "list_queues", {}),
        ("athena", "create_work_group", {"Name": "w"}),
        ("lambda", "list_functions", {}),
        ("sts", "get_session_token", {}),
    ],
)
def test_an_operation_without_a_known_permission_is_refused(
    service: str, operation: str, arguments: dict[str, Any]
) -> None:
    """Letting it pass would hide what AWS asks for."""
    with pytest.raises(UnknownOperationError):
        permissions_of(sent(service, operation, **arguments), ACCOUNT)


BUCKET = "arn:aws:s3:::b"


@pytest.mark.parametrize(
    ("operation", "arguments", "expected"),
    [
        ("get_object", {"Key": "a b/ü+1"}, [("s3:GetObject", f"{BUCKET}/a b/ü+1")]),
        ("head_object", {"Key": "k"}, [("s3:GetObject", f"{BUCKET}/k")]),
        ("put_object", {"Key": "k", "Body": b"x"}, [("s3:PutObject", f"{BUCKET}/k")]),
        ("list_objects_v2", {"Prefix": "k"}, [("s3:ListBucket", BUCKET)]),
        ("head_bucket", {}, [("s3:ListBucket", BUCKET)]),
        ("get_bucket_acl", {}, [("s3:GetBucketAcl", BUCKET)]),
        ("get_bucket_location", {}, [("s3:GetBucketLocation", BUCKET)]),
        ("create_multipart_upload", {"Key": "k"}, [("s3:PutObject", f"{BUCKET}/k")]),
        (
            "abort_multipart_upload",
            {"Key": "k", "UploadId": "u"},
            [("s3:AbortMultipartUpload", f"{BUCKET}/k")],
        ),
        (
            "delete_objects",
            {"Delete": {"Objects": [{"Key": "a&b"}, {"Key": "<c>"}]}},
            [("s3:DeleteObject", f"{BUCKET}/a&b"), ("s3:DeleteObject", f"{BUCKET}/<c>")],
        ),
        (
            "copy_object",
            {"Key": "k", "CopySource": {"Bucket": "o", "Key": "a b"}},
            [("s3:GetObject", "arn:aws:s3:::o/a b"), ("s3:PutObject", f"{BUCKET}/k")],
        ),
    ],
)
def test_s3_requests_take_their_permissions(
    operation: str, arguments: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Objects by their keys as they are, not as a URL or XML spells them."""
    found = permissions_of(sent("s3", operation, Bucket="b", **arguments), ACCOUNT)
    assert [(one.action, one.resource) for one in found] == expected
    assert all(("s3:resourceaccount", ACCOUNT) in one.context for one in found)


@pytest.mark.parametrize(
    ("statement", "actions"),
    [
        ("SELECT * FROM d.t", ["Select"]),
        ('select "x" from "d" . "t" where a = \'FROM e.u\'', ["Select"]),
        ("WITH a AS (SELECT 1 FROM d.t) SELECT * FROM a", ["Select"]),
        ('DESCRIBE "d"."t"', ["DescribeTable"]),
        ("SHOW MEASURES FROM d.t", ["ListMeasures"]),
        ("UNLOAD (SELECT 1 FROM d.t) TO 's3://b/p' WITH (format = 'CSV')", ["Select", "Unload"]),
    ],
)
def test_queries_take_what_their_statement_does(statement: str, actions: list[str]) -> None:
    """Each kind has its actions, on the tables it names; texts in it are no tables."""
    request = sent_to_timestream("Query", f'{{"QueryString": {quoted(statement)}}}')
    found = permissions_of(request, ACCOUNT)
    assert [(one.action, one.resource) for one in found] == [
        (f"timestream:{action}", TIMESTREAM) for action in actions
    ]


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        ("WriteRecords", '{"DatabaseName": "d", "TableName": "t"}', ("timestream:WriteRecords", TIMESTREAM)),
        ("DescribeEndpoints", "{}", ("timestream:DescribeEndpoints", "*")),
        ("CancelQuery", '{"QueryId": "q"}', ("timestream:CancelQuery", "*")),
        ("Query", '{"QueryString": "SELECT 1"}', ("timestream:SelectValues", "*")),
    ],
)
def test_timestreams_other_operations(operation: str, body: str, expected: tuple[str, str]) -> None:
    """A table's, or `*` where there is no resource."""
    (found,) = permissions_of(sent_to_timestream(operation, body), ACCOUNT)
    assert (found.action, found.resource) == expected


def quoted(text: str) -> str:
    """A text in JSON."""
    escaped = text.replace('"', '\\"')
    return f'"{escaped}"'


def sent_to_timestream(operation: str, body: str) -> AwsRequest:
    """A request to Timestream, whose SDK clients would first ask where it is."""
    headers = [
        ("X-Amz-Target", f"Timestream_20181101.{operation}"),
        ("Authorization", f"AWS4-HMAC-SHA256 Credential=a/20261126/{REGION}/timestream/aws4_request, x"),
    ]
    return AwsRequest("POST", "/", headers, body.encode())
