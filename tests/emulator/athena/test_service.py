"""Athena's operations, called by boto3, with an engine that answers by a table."""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import botocore.session
import pytest
import urllib3
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from emulator import Cloud
from emulator.athena.outcome import Outcome, QueryError, ResultColumn, Statement, UnloadedFile
from emulator.athena.session import Session
from tests.support.athena_service import BUCKET, REGION, RESULTS, ended
from tests.support.scripted_athena import ScriptedEngine, selected

Query = Callable[..., dict[str, Any]]


def refused(call: Any, **arguments: Any) -> tuple[str, str, str]:
    """Name, AthenaErrorCode and message of a refusal."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response.get("AthenaErrorCode", ""), response["Error"]["Message"]


def content(s3: Any, location: str) -> bytes:
    """The bytes of an object by its address."""
    bucket, _, key = location.removeprefix("s3://").partition("/")
    body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


def values(page: dict[str, Any]) -> list[list[str | None]]:
    """The texts of a page of results."""
    return [[value.get("VarCharValue") for value in row["Data"]] for row in page["ResultSet"]["Rows"]]


def test_a_select_leaves_its_rows_in_s3_and_answers_them(
    athena: Any, s3: Any, query: Query, engine: ScriptedEngine
) -> None:
    """The file has every value in quotes and nothing for NULL; the answer begins with the columns' names."""
    rows: list[list[str | None]] = [['say "hi"', None, "1"], ["", "two\nlines, é", "2"]]
    columns = (("name", "varchar"), ("note", "varchar"), ("n", "bigint"))
    engine.answers["SELECT rows"] = lambda _: selected(*columns, rows=rows, scanned_bytes=1234)
    execution = query("SELECT rows", QueryExecutionContext={"Database": "`db`"})

    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["Statistics"]["DataScannedInBytes"] == 1234
    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "SELECT")
    place = execution["ResultConfiguration"]["OutputLocation"]
    assert place == f"{RESULTS}{execution['QueryExecutionId']}.csv"
    assert content(s3, place) == '"name","note","n"\n"say ""hi""",,"1"\n"","two\nlines, é","2"\n'.encode()
    assert b"note" in content(s3, f"{place}.metadata")

    answer = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert values(answer) == [["name", "note", "n"], *rows]
    assert answer["UpdateCount"] == 0
    info = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert [(one["Name"], one["Type"], one["Precision"], one["CaseSensitive"]) for one in info] == [
        ("name", "varchar", 2147483647, True),
        ("note", "varchar", 2147483647, True),
        ("n", "bigint", 19, False),
    ]
    assert engine.sessions[-1].database == "db"


def test_results_come_in_pages(athena: Any, query: Query, engine: ScriptedEngine) -> None:
    """A thousand rows at most, the names among them, in order and each once; a token that is none is refused."""
    rows = [[str(number), "x" * 500] for number in range(2500)]
    engine.answers["SELECT many"] = lambda _: selected(("n", "integer"), ("x", "varchar"), rows=rows)
    id_ = query("SELECT many")["QueryExecutionId"]
    pages = [
        page["ResultSet"]["Rows"]
        for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=id_)
    ]
    assert [len(page) for page in pages] == [1000, 1000, 501]
    told = [row["Data"][0]["VarCharValue"] for page in pages for row in page]
    assert told == ["n", *(row[0] for row in rows)]
    two = athena.get_query_results(QueryExecutionId=id_, MaxResults=2)
    assert values(two)[1] == rows[0]
    following = athena.get_query_results(QueryExecutionId=id_, MaxResults=1, NextToken=two["NextToken"])
    assert values(following) == [rows[1]]
    wrong = refused(athena.get_query_results, QueryExecutionId=id_, NextToken="elsewhere")
    assert wrong == ("InvalidRequestException", "INVALID_INPUT", "Malformed nextPageToken elsewhere")


def test_what_shows_leaves_plain_lines(athena: Any, s3: Any, query: Query, engine: ScriptedEngine) -> None:
    """A line a row without names, and the answer has no names either."""
    columns = [ResultColumn("tab_name", "string")]
    engine.answers["SHOW TABLES"] = lambda _: Outcome(
        Statement("UTILITY", "SHOW_TABLES"), columns, iter([["one"], ["two"]])
    )
    execution = query("SHOW TABLES")
    place = execution["ResultConfiguration"]["OutputLocation"]
    assert place.endswith(".txt")
    assert content(s3, place) == b"one\ntwo"
    answer = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert values(answer) == [["one"], ["two"]]


def test_what_changes_the_catalog_has_no_rows(
    athena: Any, s3: Any, query: Query, engine: ScriptedEngine
) -> None:
    """An empty file, no count, no columns."""
    engine.answers["CREATE VIEW"] = lambda _: Outcome(Statement("DDL", "CREATE_VIEW"))
    execution = query("CREATE VIEW")
    assert execution["StatementType"] == "DDL"
    assert content(s3, execution["ResultConfiguration"]["OutputLocation"]) == b""
    answer = athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert values(answer) == []
    assert "UpdateCount" not in answer


@pytest.mark.parametrize("count", [2, 0])
@pytest.mark.parametrize(("sql", "folder"), [("UNLOAD", ""), ("CTAS", "tables/")])
def test_what_writes_files_lists_them(
    athena: Any, s3: Any, query: Query, engine: ScriptedEngine, sql: str, folder: str, count: int
) -> None:
    """A manifest of addresses beside the results, and how many rows were written; no file, no line."""
    files = [UnloadedFile(f"s3://{BUCKET}/out/{number}", 100, 7) for number in range(count)]
    engine.answers[sql] = lambda _: Outcome(engine.statement(sql), unloaded=files)
    execution = query(sql)
    id_ = execution["QueryExecutionId"]
    assert execution["ResultConfiguration"]["OutputLocation"] == f"{RESULTS}{folder}{id_}"
    manifest = execution["Statistics"]["DataManifestLocation"]
    assert manifest == f"{RESULTS}{folder}{id_}-manifest.csv"
    assert content(s3, manifest).decode().splitlines() == [file.uri for file in files]
    assert content(s3, f"{RESULTS}{folder}{id_}.metadata")
    answer = athena.get_query_results(QueryExecutionId=id_)
    assert (values(answer), answer["UpdateCount"]) == ([], 7 * count)
    statistics = athena.get_query_runtime_statistics(QueryExecutionId=id_)["QueryRuntimeStatistics"]
    assert (statistics["Rows"]["OutputRows"], statistics["Rows"]["OutputBytes"]) == (7 * count, 100 * count)


def test_times_are_the_clocks(cloud: Cloud, query: Query) -> None:
    """A query that is asked on a moved clock was submitted and completed by it."""
    cloud.clock.advance(86_400)
    status = query("SELECT 1")["Status"]
    for name in ("SubmissionDateTime", "CompletionDateTime"):
        assert abs(status[name].timestamp() - cloud.clock.now()) < 60


def test_a_token_begins_one_query(athena: Any, engine: ScriptedEngine) -> None:
    """The same request again is the same query; another one with this token is refused."""
    asked = {"QueryString": "SELECT 1", "WorkGroup": "lake", "ClientRequestToken": "t" * 32}
    first = athena.start_query_execution(**asked)["QueryExecutionId"]
    ended(athena, first)
    ran = len(engine.sessions)
    assert athena.start_query_execution(**asked)["QueryExecutionId"] == first
    assert len(engine.sessions) == ran
    for other in ({"QueryString": "SELECT 2"}, {"QueryExecutionContext": {"Database": "other"}}):
        assert refused(athena.start_query_execution, **{**asked, **other}) == (
            "InvalidRequestException",
            "IDEMPOTENT_PARAMETER_MISMATCH",
            "Idempotent parameters do not match",
        )


def test_a_query_is_stopped(athena: Any, engine: ScriptedEngine) -> None:
    """A stopped query is cancelled at once and has no results; stopping what has ended changes nothing."""
    engine.waiting.clear()
    engine.stopped.clear()
    id_ = athena.start_query_execution(QueryString="wait", WorkGroup="lake")["QueryExecutionId"]
    assert engine.waiting.wait(30)
    assert refused(athena.get_query_results, QueryExecutionId=id_) == (
        "InvalidRequestException",
        "INVALID_QUERY_EXECUTION_STATE",
        "Query has not yet finished. Current state: RUNNING",
    )
    athena.stop_query_execution(QueryExecutionId=id_)
    status = ended(athena, id_)["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Query cancelled by user")
    assert engine.stopped.wait(10)
    assert refused(athena.get_query_results, QueryExecutionId=id_)[1] == "RESULT_NOT_FOUND"
    athena.stop_query_execution(QueryExecutionId=id_)


def test_more_queries_than_the_quota_are_throttled(athena: Any, engine: ScriptedEngine) -> None:
    """Twenty may wait or run; what is stopped while it waits never runs, and another one is taken then."""
    ran = len(engine.sessions)
    ids = [
        athena.start_query_execution(QueryString="wait", WorkGroup="lake")["QueryExecutionId"]
        for _ in range(20)
    ]
    try:
        code, _, _ = refused(athena.start_query_execution, QueryString="SELECT 1", WorkGroup="lake")
        assert code == "TooManyRequestsException"
        states = athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
        assert {one["Status"]["State"] for one in states} == {"QUEUED", "RUNNING"}
    finally:
        for id_ in reversed(ids):
            athena.stop_query_execution(QueryExecutionId=id_)
    another = athena.start_query_execution(QueryString="SELECT 1", WorkGroup="lake")["QueryExecutionId"]
    assert ended(athena, another)["Status"]["State"] == "SUCCEEDED"
    assert len(engine.sessions) - ran < 20


def _fail(_: Session) -> Outcome:
    raise QueryError("TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.db.t' does not exist", 2, 1301)


def _break(_: Session) -> Outcome:
    raise ZeroDivisionError


def _fail_late(_: Session) -> Outcome:
    def rows() -> Any:
        yield ["1"]
        raise QueryError("DIVISION_BY_ZERO: / by zero", 2, 1001)

    return Outcome(Statement("DML", "SELECT"), [ResultColumn("n", "integer")], rows())


@pytest.mark.parametrize(
    ("sql", "answer", "reason", "category", "kind"),
    [
        ("SELECT t", _fail, "TABLE_NOT_FOUND", 2, 1301),
        ("SELECT late", _fail_late, "DIVISION_BY_ZERO", 2, 1001),
        ("SELECT bug", _break, "The query failed inside the server", 1, 100),
    ],
)
def test_a_query_that_fails_says_why(
    athena: Any,
    query: Query,
    engine: ScriptedEngine,
    sql: str,
    answer: Any,
    reason: str,
    category: int,
    kind: int,
) -> None:
    """State, reason and AthenaError; there are no results."""
    engine.answers[sql] = answer
    execution = query(sql)
    status = execution["Status"]
    assert status["State"] == "FAILED"
    assert status["StateChangeReason"].startswith(reason)
    error = status["AthenaError"]
    assert (error["ErrorCategory"], error["ErrorType"]) == (category, kind)
    assert error["ErrorMessage"] == status["StateChangeReason"]
    assert refused(athena.get_query_results, QueryExecutionId=execution["QueryExecutionId"]) == (
        "InvalidRequestException",
        "INVALID_QUERY_EXECUTION_STATE",
        "Query did not finish successfully. Final query state: FAILED",
    )


def _read_too_much(_: Session) -> Outcome:
    raise QueryError("Bytes scanned limit was exceeded", 2, 1014)


def test_a_query_that_reads_too_much_is_cancelled(s3: Any, query: Query, engine: ScriptedEngine) -> None:
    """The engine is told the work group's limit; whoever passes it is cancelled, without an error or a result."""
    engine.answers["SELECT much"] = _read_too_much
    execution = query("SELECT much", WorkGroup="small")
    assert engine.sessions[-1].bytes_limit == 10_000_000
    status = execution["Status"]
    assert (status["State"], status["StateChangeReason"]) == ("CANCELLED", "Bytes scanned limit was exceeded")
    assert "AthenaError" not in status
    assert execution["Statistics"]["DataScannedInBytes"] == 10_000_000
    with pytest.raises(ClientError):
        content(s3, execution["ResultConfiguration"]["OutputLocation"])


def test_the_work_group_decides_where_results_go(query: Query) -> None:
    """A setting that is enforced overrides the caller's place; what is not leaves it to him."""
    theirs = {"OutputLocation": f"s3://{BUCKET}/mine"}
    places = [
        query("SELECT 1", WorkGroup=group, ResultConfiguration=theirs)["ResultConfiguration"][
            "OutputLocation"
        ].rpartition("/")[0]
        for group in ("lake", "free")
    ]
    assert places == [RESULTS.rstrip("/"), f"s3://{BUCKET}/mine"]


@pytest.mark.parametrize(
    ("arguments", "reason", "message"),
    [
        ({"WorkGroup": "none"}, "INVALID_INPUT", "WorkGroup is not found."),
        ({"WorkGroup": "shut"}, "INVALID_INPUT", "WorkGroup is disabled."),
        ({"WorkGroup": "bare"}, "INVALID_INPUT", "No output location provided."),
        ({}, "INVALID_INPUT", "No output location provided."),
        (
            {"WorkGroup": "free", "ResultConfiguration": {"OutputLocation": "/tmp"}},
            "INVALID_INPUT",
            "outputLocation is not a valid S3 path.",
        ),
        (
            {"WorkGroup": "free", "ResultConfiguration": {"OutputLocation": "s3://no-such-bucket/"}},
            "INVALID_INPUT",
            "Unable to verify/create output bucket no-such-bucket",
        ),
        (
            {"WorkGroup": "lake", "QueryString": "SELEC( 1"},
            "MALFORMED_QUERY",
            "line 1:1: mismatched input 'SELEC'",
        ),
        (
            {"WorkGroup": "lake", "QueryString": f"SELECT '{'é' * 131_072}'"},
            "INVALID_INPUT",
            "1 validation error detected: Value at 'queryString' failed to satisfy constraint: ",
        ),
        (
            {"WorkGroup": "lake", "QueryExecutionContext": {"Catalog": "hive"}},
            "INVALID_INPUT",
            "Catalog hive was not found",
        ),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(
    athena: Any, arguments: dict[str, Any], reason: str, message: str
) -> None:
    """By the start itself, in Athena's words; there is no query then."""
    code, told, text = refused(athena.start_query_execution, **{"QueryString": "SELECT 1", **arguments})
    assert (code, told) == ("InvalidRequestException", reason)
    assert text.startswith(message)


def test_unknown_queries_are_named(athena: Any, query: Query) -> None:
    """By each operation, and by a batch beside those that it found."""
    for operation in ("get_query_execution", "get_query_results", "stop_query_execution"):
        assert refused(getattr(athena, operation), QueryExecutionId="none") == (
            "InvalidRequestException",
            "QUERY_EXECUTION_NOT_FOUND",
            "QueryExecution none was not found",
        )
    known = query("SELECT 1")["QueryExecutionId"]
    answer = athena.batch_get_query_execution(QueryExecutionIds=[known, "none"])
    assert [one["QueryExecutionId"] for one in answer["QueryExecutions"]] == [known]
    assert [one["QueryExecutionId"] for one in answer["UnprocessedQueryExecutionIds"]] == ["none"]


def test_a_work_groups_queries_are_listed_the_newest_first(athena: Any, query: Query) -> None:
    """In pages, and those of no other work group."""
    ids = [query("SELECT 1", WorkGroup="small")["QueryExecutionId"] for _ in range(3)]
    elsewhere = query("SELECT 1")["QueryExecutionId"]
    pages = athena.get_paginator("list_query_executions").paginate(
        WorkGroup="small", PaginationConfig={"PageSize": 2}
    )
    listed = [id_ for page in pages for id_ in page["QueryExecutionIds"]]
    assert listed[:3] == ids[::-1]
    assert elsewhere not in listed


def test_work_groups_are_shown(athena: Any) -> None:
    """With their settings; one that there is not is refused."""
    group = athena.get_work_group(WorkGroup="small")["WorkGroup"]
    assert group["Configuration"]["BytesScannedCutoffPerQuery"] == 10_000_000
    assert {"lake", "primary"} <= {one["Name"] for one in athena.list_work_groups()["WorkGroups"]}
    assert refused(athena.get_work_group, WorkGroup="none")[2] == "WorkGroup is not found."


@pytest.mark.parametrize("operation", ["create_notebook", "create_prepared_statement", "update_work_group"])
def test_what_athena_does_not_do_here_is_refused_by_name(athena: Any, operation: str) -> None:
    """Rather than answered without effect."""
    arguments: dict[str, dict[str, str]] = {
        "create_notebook": {"WorkGroup": "w", "Name": "n"},
        "create_prepared_statement": {"StatementName": "ab", "WorkGroup": "w", "QueryStatement": "SELECT 1"},
        "update_work_group": {"WorkGroup": "w"},
    }
    code, _, message = refused(getattr(athena, operation), **arguments[operation])
    assert code == "UnknownOperationException"
    assert operation.title().replace("_", "") in message


def test_cloudwatch_hears_of_a_query(cloud: Cloud, query: Query, engine: ScriptedEngine) -> None:
    """The bytes that it read, under its work group, if that publishes; of one that was stopped, too."""
    engine.answers["SELECT measured"] = lambda _: selected(("n", "integer"), rows=[], scanned_bytes=4321)
    engine.answers["SELECT too much"] = _read_too_much
    cloudwatch = cloud.client("cloudwatch", REGION)

    def told(group: str, sql: str, state: str) -> list[float]:
        query(sql, WorkGroup=group)
        dimensions = {"QueryState": state, "QueryType": "DML", "WorkGroup": group}
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/Athena",
            MetricName="ProcessedBytes",
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=cloud.clock.now() - 3600,
            EndTime=cloud.clock.now() + 60,
            Period=86_400,
            Statistics=["Maximum"],
        )
        return [point["Maximum"] for point in answer["Datapoints"]]

    assert max(told("lake", "SELECT measured", "SUCCEEDED")) == 4321
    assert told("lake", "SELECT too much", "CANCELED")
    assert told("small", "SELECT measured", "SUCCEEDED") == []
    cloudwatch.close()


def _allow(cloud: Cloud, *statements: tuple[Sequence[str], Sequence[str]]) -> str:
    """The role `reader`, allowed just this."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
            for actions, resources in statements
        ],
    }
    iam = cloud.client("iam", REGION)
    iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=json.dumps(document))
    arn: str = iam.get_role(RoleName="reader")["Role"]["Arn"]
    iam.close()
    return arn


_GROUP = (
    [f"athena:{name}" for name in ("StartQueryExecution", "GetQueryExecution", "GetQueryResults")],
    ["arn:aws:athena:*:*:workgroup/lake"],
)
_DATABASES = (["glue:GetDatabase"], ["arn:aws:glue:*:*:catalog", "arn:aws:glue:*:*:database/default"])
_PLACE = (["s3:GetBucketLocation", "s3:ListBucket"], [f"arn:aws:s3:::{BUCKET}"])
_RESULTS = (["s3:GetObject", "s3:PutObject"], [f"arn:aws:s3:::{BUCKET}/results/*"])


def test_a_role_that_has_every_right_reads_its_results(cloud: Cloud, query: Query) -> None:
    """The work group's, the catalog's and the bucket's are enough."""
    client = cloud.client("athena", REGION, role_arn=_allow(cloud, _GROUP, _DATABASES, _PLACE, _RESULTS))
    execution = query("SELECT 1", client=client)
    assert execution["Status"]["State"] == "SUCCEEDED"
    answer = client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])
    assert values(answer) == [["one"], ["1"]]
    code, _, message = refused(client.start_query_execution, QueryString="SELECT 1", WorkGroup="free")
    assert code == "AccessDeniedException"
    assert "workgroup/free" in message
    client.close()


@pytest.mark.parametrize(
    ("left", "message"),
    [
        ([_DATABASES, _RESULTS], "Unable to verify/create output bucket"),
        ([_PLACE, _RESULTS], "Insufficient permissions to execute the query. User: "),
        ([_DATABASES, _PLACE], "Access denied when writing output to url: s3://the-lake/results/"),
    ],
)
def test_a_right_that_athena_uses_in_the_callers_name_is_missed(
    cloud: Cloud, query: Query, left: Any, message: str
) -> None:
    """By the start for the bucket of results, by the query for the rest: as on AWS."""
    client = cloud.client("athena", REGION, role_arn=_allow(cloud, _GROUP, *left))
    try:
        told = query("SELECT 1", client=client)["Status"]["StateChangeReason"]
    except ClientError as error:
        told = error.response["Error"]["Message"]
    client.close()
    assert told.startswith(message)


def test_results_are_read_in_the_callers_name(cloud: Cloud, query: Query) -> None:
    """Whoever may start a query and write its result, but not read there, is refused the rows."""
    writes = (["s3:PutObject"], _RESULTS[1])
    client = cloud.client("athena", REGION, role_arn=_allow(cloud, _GROUP, _DATABASES, _PLACE, writes))
    id_ = query("SELECT 1", client=client)["QueryExecutionId"]
    code, _, message = refused(client.get_query_results, QueryExecutionId=id_)
    client.close()
    assert (code, message) == ("InvalidRequestException", f"Permission denied on S3 path: {RESULTS}{id_}.csv")


def test_what_the_engine_reads_is_the_callers(
    cloud: Cloud, s3: Any, query: Query, engine: ScriptedEngine
) -> None:
    """An object that the role may not read fails its query, and not an administrator's."""
    s3.put_object(Bucket=BUCKET, Key="data/1", Body=b"12")

    def read(session: Session) -> Outcome:
        [stored] = session.objects.listed(BUCKET, "data/")
        return selected(("n", "varchar"), rows=[[session.objects.read(stored).decode()]])

    engine.answers["SELECT data"] = read
    assert query("SELECT data")["Status"]["State"] == "SUCCEEDED"
    client = cloud.client("athena", REGION, role_arn=_allow(cloud, _GROUP, _DATABASES, _PLACE, _RESULTS))
    status = query("SELECT data", client=client)["Status"]
    client.close()
    assert status["StateChangeReason"] == f"Permission denied on S3 path: s3://{BUCKET}/data/1"
    assert status["AthenaError"]["ErrorType"] == 1501


def raw(cloud: Cloud, operation: str, body: dict[str, Any]) -> Any:
    """The JSON of an answer, before any SDK has left out what its model does not have."""
    headers = {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": f"AmazonAthena.{operation}",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20261126/{REGION}/athena/aws4_request, x",
    }
    answer = urllib3.request("POST", cloud.endpoint_url, body=json.dumps(body), headers=headers)
    assert answer.status == 200, answer.data
    return answer.json()


def test_answers_are_of_the_models_shapes(cloud: Cloud, query: Query) -> None:
    """Every member of every answer is one that the service model has, of its type and within its bounds."""
    model = botocore.session.get_session().get_service_model("athena")
    id_ = {"QueryExecutionId": query("SELECT 1")["QueryExecutionId"]}
    failed = {"QueryExecutionId": query("SELECT t")["QueryExecutionId"]}
    catalog = {"CatalogName": "AwsDataCatalog"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("GetQueryExecution", id_),
        ("GetQueryExecution", failed),
        ("BatchGetQueryExecution", {"QueryExecutionIds": [*id_.values(), "none"]}),
        ("ListQueryExecutions", {"WorkGroup": "lake", "MaxResults": 1}),
        ("GetQueryResults", {**id_, "MaxResults": 1}),
        ("GetQueryRuntimeStatistics", id_),
        ("StopQueryExecution", id_),
        (
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "WorkGroup": "lake", "ClientRequestToken": "u" * 32},
        ),
        ("GetWorkGroup", {"WorkGroup": "small"}),
        ("ListDataCatalogs", {}),
        ("GetDataCatalog", {"Name": "AwsDataCatalog"}),
        ("ListDatabases", catalog),
    ]
    for operation, body in calls:
        report = ParamValidator().validate(
            raw(cloud, operation, body), model.operation_model(operation).output_shape
        )
        assert not report.has_errors(), (operation, report.generate_report())


@pytest.mark.parametrize(
    ("body", "name", "message"),
    [
        ("{", "SerializationException", "not valid JSON"),
        ("[]", "SerializationException", "Start of list found where not expected"),
        ('{"QueryString": 1}', "SerializationException", "NUMBER_VALUE can not be converted"),
        ("{}", "InvalidRequestException", "Value null at 'queryString' failed to satisfy constraint"),
        ('{"QueryString": "SELECT 1"}', "InvalidRequestException", "clientRequestToken is null or empty"),
        (
            '{"QueryString": "SELECT 1", "ClientRequestToken": "short"}',
            "InvalidRequestException",
            "Member must have length greater than or equal to 32",
        ),
    ],
)
def test_a_request_that_no_sdk_sends_is_refused(cloud: Cloud, body: str, name: str, message: str) -> None:
    """In AWS's words for what does not fit the model, and for a token that is missing or too short."""
    headers = {
        "X-Amz-Target": "AmazonAthena.StartQueryExecution",
        "Authorization": f"AWS4-HMAC-SHA256 Credential=local/20261126/{REGION}/athena/aws4_request, x",
    }
    answer = urllib3.request("POST", cloud.endpoint_url, body=body, headers=headers)
    assert answer.status == 400
    assert answer.json()["__type"] == name
    assert message in answer.json()["Message"]


@pytest.fixture
def fault(cloud: Cloud) -> Iterator[Callable[..., None]]:
    """A function that puts a fault into force until the test's end."""
    url = f"{cloud.endpoint_url}/_local/faults"

    def put(**rule: Any) -> None:
        assert urllib3.request("POST", url, json=rule).status == 200

    yield put
    urllib3.request("DELETE", url)


def test_calls_are_throttled_by_a_fault(athena: Any, fault: Callable[..., None]) -> None:
    """As by AWS's limits on calls, which are not kept here."""
    fault(service="athena", operation="StartQueryExecution", error="TooManyRequestsException", count=1)
    code, _, _ = refused(athena.start_query_execution, QueryString="SELECT 1", WorkGroup="lake")
    assert code == "TooManyRequestsException"
    athena.start_query_execution(QueryString="SELECT 1", WorkGroup="lake")


def test_glue_throttles_a_query(query: Query, fault: Callable[..., None]) -> None:
    """Once is tried again; always fails the query, in a way that may be tried again."""
    fault(service="glue", operation="GetDatabase", error="ThrottlingException", count=1)
    assert query("SELECT 1")["Status"]["State"] == "SUCCEEDED"
    fault(service="glue", operation="GetDatabase", error="ThrottlingException")
    error = query("SELECT 1")["Status"]["AthenaError"]
    assert (error["ErrorType"], error["Retryable"]) == (1401, True)


def test_s3_throttles_a_result(query: Query, fault: Callable[..., None]) -> None:
    """Once is tried again; always fails the query, in a way that may be tried again."""
    fault(service="s3", operation="PutObject", error="SlowDown", status=503, count=1)
    assert query("SELECT 1")["Status"]["State"] == "SUCCEEDED"
    fault(service="s3", operation="PutObject", error="SlowDown", status=503)
    error = query("SELECT 1")["Status"]["AthenaError"]
    assert (error["ErrorType"], error["Retryable"]) == (1403, True)
    assert error["ErrorMessage"].startswith("Failed to write query results to Amazon S3")
