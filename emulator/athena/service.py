"""Amazon Athena: the operations, answered here or, as far as they are about the keeping of settings, by moto.

https://docs.aws.amazon.com/athena/latest/APIReference/API_Operations.html
"""

import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from emulator.athena.caller import Clients
from emulator.athena.column_info import column_info
from emulator.athena.data_catalog import Metadata, place_of
from emulator.athena.executions import Execution, Executions
from emulator.athena.outcome import QueryError, Statement
from emulator.athena.reading import RequestReader
from emulator.athena.refusals import INVALID_INPUT, RefusedError, invalid
from emulator.athena.results import read_page
from emulator.athena.running import ACTIVE, MakeEngine, Queries
from emulator.athena.starting import PRIMARY, asked_of, check_bucket
from emulator.aws_request import AwsRequest
from emulator.clock import Clock
from emulator.cloudwatch.metrics import Metrics
from emulator.http_server import Response
from emulator.iam.credentials import Credentials
from emulator.moto import ACCOUNT_ID
from emulator.moto.work_groups import WorkGroup, find_work_group
from emulator.responses import success

_LARGEST_PAGE, _PAGE_OF_IDS = 1000, 50
_MOTOS = frozenset(
    {
        "CreateNamedQuery", "CreateWorkGroup", "DeleteWorkGroup", "GetNamedQuery", "GetWorkGroup", "ListNamedQueries",
        "ListTagsForResource", "ListWorkGroups", "TagResource", "UntagResource",
    }
)  # fmt: skip
_OF_CATALOG: Mapping[str, Callable[[Metadata, Mapping[str, Any]], dict[str, Any]]] = {
    "GetDataCatalog": Metadata.get_data_catalog,
    "GetDatabase": Metadata.get_database,
    "GetTableMetadata": Metadata.get_table_metadata,
    "ListDataCatalogs": Metadata.list_data_catalogs,
    "ListDatabases": Metadata.list_databases,
    "ListTableMetadata": Metadata.list_table_metadata,
}

Ask = Callable[[AwsRequest], Response]


class Athena:
    """Answers every operation of Athena; `others` is asked for those about settings."""

    def __init__(
        self,
        *,
        make_engine: MakeEngine,
        executions: Executions,
        endpoint_url: str,
        clock: Clock,
        metrics: Metrics,
        others: Ask,
    ) -> None:
        self._executions = executions
        self._clients = Clients(endpoint_url)
        self._clock = clock
        self._others = others
        self._queries = Queries(make_engine, executions, self._clients, clock, metrics)
        self._reader = RequestReader()
        self._operations: Mapping[str, Callable[[str, Mapping[str, Any], Credentials], dict[str, Any]]] = {
            "BatchGetQueryExecution": self._batch_get_query_execution,
            "GetQueryExecution": self._get_query_execution,
            "GetQueryResults": self._get_query_results,
            "GetQueryRuntimeStatistics": self._get_query_runtime_statistics,
            "ListQueryExecutions": self._list_query_executions,
            "StartQueryExecution": self._start_query_execution,
            "StopQueryExecution": self._stop_query_execution,
            **{name: partial(self._ask_catalog, name) for name in _OF_CATALOG},
        }

    def close(self) -> None:
        """End every query."""
        self._queries.close()

    def answer(self, request: AwsRequest, caller: Credentials) -> Response:
        """Athena's reply to this caller."""
        operation = self._operations.get(request.operation)
        if operation is None and request.operation not in _MOTOS:
            unknown = f"The local Athena has no {request.operation[:100]}"
            return RefusedError("UnknownOperationException", unknown).response()
        try:
            asked = self._reader.read(request)
            if operation is not None:
                return success(operation(request.region, asked, caller))
            if request.operation == "GetWorkGroup":
                _work_group(request.region, asked["WorkGroup"])
            return self._others(request)
        except RefusedError as refused:
            return refused.response()

    def _start_query_execution(
        self, region: str, asked: Mapping[str, Any], caller: Credentials
    ) -> dict[str, Any]:
        group = _work_group(region, asked.get("WorkGroup", PRIMARY))
        query = asked_of(asked, group, self._statement, region)
        check_bucket(self._clients.of("s3", region, caller), query.location)
        if sum(one.asked.region == region for one in self._executions.unfinished()) >= ACTIVE:
            raise RefusedError(
                "TooManyRequestsException",
                "You have exceeded the limit for the number of queries you can run concurrently. Please reduce the "
                "number of concurrent queries submitted by this account.",
                Reason="CONCURRENT_QUERY_LIMIT_EXCEEDED",
            )
        execution = Execution(str(uuid.uuid4()), query, self._clock.now())
        kept = self._executions.add(execution)
        if kept is None:
            raise invalid("Idempotent parameters do not match", "IDEMPOTENT_PARAMETER_MISMATCH")
        if kept is execution:
            self._queries.start(execution, caller)
        return {"QueryExecutionId": kept.id}

    def _statement(self, sql: str) -> Statement:
        try:
            return self._queries.statement(sql)
        except QueryError as error:
            raise invalid(error.message, "MALFORMED_QUERY") from error

    def _get_query_execution(self, region: str, asked: Mapping[str, Any], _: Credentials) -> dict[str, Any]:
        return {"QueryExecution": self._find(region, asked["QueryExecutionId"]).shape()}

    def _batch_get_query_execution(
        self, region: str, asked: Mapping[str, Any], _: Credentials
    ) -> dict[str, Any]:
        found = {id_: self._executions.find(region, id_) for id_ in asked["QueryExecutionIds"]}
        return {
            "QueryExecutions": [one.shape() for one in found.values() if one is not None],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": id_, "ErrorCode": INVALID_INPUT, "ErrorMessage": _not_found(id_)}
                for id_, one in found.items()
                if one is None
            ],
        }

    def _stop_query_execution(self, region: str, asked: Mapping[str, Any], _: Credentials) -> dict[str, Any]:
        self._queries.stop(self._find(region, asked["QueryExecutionId"]))
        return {}

    def _list_query_executions(self, region: str, asked: Mapping[str, Any], _: Credentials) -> dict[str, Any]:
        group = _work_group(region, asked.get("WorkGroup", PRIMARY))
        ids = [one.id for one in self._executions.of_work_group(region, group.name)]
        start = place_of(asked.get("NextToken"))
        end = start + (asked.get("MaxResults") or _PAGE_OF_IDS)
        answer: dict[str, Any] = {"QueryExecutionIds": ids[start:end]}
        if end < len(ids):
            answer["NextToken"] = str(end)
        return answer

    def _get_query_results(
        self, region: str, asked: Mapping[str, Any], caller: Credentials
    ) -> dict[str, Any]:
        if asked.get("QueryResultType", "DATA_ROWS") != "DATA_ROWS":
            raise invalid(
                "QueryResultType DATA_MANIFEST is not supported by the local run; read DataManifestLocation"
            )
        execution = self._find(region, asked["QueryExecutionId"])
        _check_results(execution)
        client = self._clients.of("s3", region, caller)
        most = asked.get("MaxResults", _LARGEST_PAGE)
        rows, place = read_page(client, execution, place_of(asked.get("NextToken")), most)
        answer: dict[str, Any] = {
            "ResultSet": {
                "Rows": [
                    {"Data": [{} if value is None else {"VarCharValue": value} for value in row]}
                    for row in rows
                ],
                "ResultSetMetadata": {"ColumnInfo": [column_info(column) for column in execution.columns]},
            }
        }
        if execution.update_count is not None:
            answer["UpdateCount"] = execution.update_count
        if place is not None:
            answer["NextToken"] = str(place)
        return answer

    def _get_query_runtime_statistics(
        self, region: str, asked: Mapping[str, Any], _: Credentials
    ) -> dict[str, Any]:
        execution = self._find(region, asked["QueryExecutionId"])
        rows = {
            "InputBytes": execution.scanned_bytes,
            "OutputBytes": execution.output_bytes,
            "OutputRows": execution.output_rows,
        }
        return {"QueryRuntimeStatistics": {"Timeline": execution.timeline(), "Rows": rows}}

    def _ask_catalog(
        self, operation: str, region: str, asked: Mapping[str, Any], caller: Credentials
    ) -> dict[str, Any]:
        metadata = Metadata(self._clients.of("glue", region, caller), ACCOUNT_ID)
        return _OF_CATALOG[operation](metadata, asked)

    def _find(self, region: str, id_: str) -> Execution:
        found = self._executions.find(region, id_)
        if found is None:
            raise invalid(_not_found(id_), "QUERY_EXECUTION_NOT_FOUND")
        return found


def _work_group(region: str, name: str) -> WorkGroup:
    found = find_work_group(region, name)
    if found is None:
        raise invalid("WorkGroup is not found.")
    return found


def _check_results(execution: Execution) -> None:
    """Refuse to show a result that there is not, or not yet."""
    state = execution.state
    if state == "CANCELLED":
        raise invalid("Could not find results", "RESULT_NOT_FOUND")
    if state == "FAILED":
        raise invalid(
            f"Query did not finish successfully. Final query state: {state}", "INVALID_QUERY_EXECUTION_STATE"
        )
    if state != "SUCCEEDED":
        raise invalid(f"Query has not yet finished. Current state: {state}", "INVALID_QUERY_EXECUTION_STATE")


def _not_found(id_: str) -> str:
    return f"QueryExecution {id_} was not found"
