"""The permissions that Athena's requests take: on a work group, for a query on that which it runs in.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonathena.html
"""

from collections.abc import Callable, Iterator
from typing import Any

_PRIMARY = "primary"
_OF_QUERY = frozenset(
    {"GetQueryExecution", "GetQueryResults", "GetQueryRuntimeStatistics", "StopQueryExecution"}
)
_OF_WORK_GROUP = frozenset({"GetWorkGroup", "ListQueryExecutions", "StartQueryExecution"})
_OF_CATALOG = frozenset(
    {"GetDataCatalog", "GetDatabase", "GetTableMetadata", "ListDatabases", "ListTableMetadata"}
)
_OF_NOTHING = frozenset({"ListDataCatalogs", "ListWorkGroups"})

ArnOf = Callable[[str, str, str], str]
WorkGroupOf = Callable[[str], str]
"""The name of the work group of a query."""


def needed(
    operation: str, parameters: Any, arn_of: ArnOf, work_group_of: WorkGroupOf
) -> Iterator[tuple[str, str]]:
    """Actions with their resources; LookupError for an operation that is not known here."""
    if operation in _OF_NOTHING:
        yield f"athena:{operation}", "*"
    elif operation in _OF_CATALOG:
        name = parameters.get("CatalogName") or parameters["Name"]
        yield f"athena:{operation}", arn_of("athena", "datacatalog/", name)
    else:
        for name in dict.fromkeys(_work_groups(operation, parameters, work_group_of)):
            yield f"athena:{operation}", arn_of("athena", "workgroup/", name)


def _work_groups(operation: str, parameters: Any, work_group_of: WorkGroupOf) -> list[str]:
    if operation in _OF_QUERY:
        return [work_group_of(parameters["QueryExecutionId"])]
    if operation == "BatchGetQueryExecution":
        return [work_group_of(id_) for id_ in parameters["QueryExecutionIds"]]
    if operation in _OF_WORK_GROUP:
        return [parameters.get("WorkGroup", _PRIMARY)]
    raise LookupError(operation)
