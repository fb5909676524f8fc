"""The operations on databases, tables and tags."""

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from emulator.timestream import errors
from emulator.timestream.resources import (
    ACCOUNT,
    DatabaseDescription,
    TableDescription,
    check_new_name,
    new_table,
    tags,
)
from emulator.timestream.store import Store

MAX_DATABASES = 500
MAX_TABLES = 50_000
MAX_TAGS = 200
_PAGE = 20
_DEFAULT_KEY = "00000000-0000-0000-0000-000000000000"

Request = Mapping[str, Any]
Response = dict[str, Any]
Described = DatabaseDescription | TableDescription
Listed = TypeVar("Listed")


def create_database(store: Store, request: Request) -> Response:
    """Create an empty database."""
    name = request["DatabaseName"]
    check_new_name(name, "database")
    with store.lock:
        if name in store.catalog.databases():
            raise errors.ConflictException(f"Database already exists: {name}")
        if len(store.catalog.databases()) >= MAX_DATABASES:
            raise errors.ServiceQuotaExceededException(f"An account has at most {MAX_DATABASES} databases.")
        now = store.clock_ns() / 1e9
        key = request.get("KmsKeyId", f"arn:aws:kms:{store.region}:{ACCOUNT}:key/{_DEFAULT_KEY}")
        database = DatabaseDescription(name, store.region, key, now, now, tags(request))
        store.put_database(database)
    return {"Database": database.shape(0)}


def describe_database(store: Store, request: Request) -> Response:
    """The description of one database."""
    database = store.catalog.database_of(request["DatabaseName"])
    return {"Database": database.shape(len(store.catalog.described_tables(database.name)))}


def list_databases(store: Store, request: Request) -> Response:
    """The descriptions of all databases, a page at a time."""
    found, token = _page(store.catalog.described_databases(), request, lambda pair: pair[0].name)
    return {"Databases": [database.shape(count) for database, count in found], **token}


def update_database(store: Store, request: Request) -> Response:
    """Change a database's key."""
    with store.lock:
        database = replace(
            store.catalog.database_of(request["DatabaseName"]),
            kms_key=request["KmsKeyId"],
            updated=store.clock_ns() / 1e9,
        )
        store.put_database(database)
        return {"Database": database.shape(len(store.catalog.described_tables(database.name)))}


def delete_database(store: Store, request: Request) -> Response:
    """Delete a database that has no tables."""
    with store.lock:
        name = store.catalog.database_of(request["DatabaseName"]).name
        if store.catalog.described_tables(name):
            raise errors.ValidationException(f"The database {name} still has tables; delete them first.")
        store.drop_database(name)
    return {}


def create_table(store: Store, request: Request) -> Response:
    """Create an empty table."""
    table = new_table(request, store.region, store.clock_ns())
    with store.lock:
        store.catalog.database_of(table.database)
        if table.name in store.catalog.tables(table.database):
            raise errors.ConflictException(f"Table already exists: {table.name}")
        if len(store.catalog.described_tables(None)) >= MAX_TABLES:
            raise errors.ServiceQuotaExceededException(f"An account has at most {MAX_TABLES} tables.")
        store.create_table(table)
    return {"Table": table.shape()}


def describe_table(store: Store, request: Request) -> Response:
    """The description of one table."""
    return {
        "Table": store.catalog.table_of(request["DatabaseName"], request["TableName"]).description.shape()
    }


def list_tables(store: Store, request: Request) -> Response:
    """The descriptions of the tables of a database, or of all, a page at a time."""
    database = request.get("DatabaseName")
    if database is not None:
        store.catalog.database_of(database)
    found, token = _page(
        store.catalog.described_tables(database), request, lambda table: f"{table.database}\0{table.name}"
    )
    return {"Tables": [table.shape() for table in found], **token}


def update_table(store: Store, request: Request) -> Response:
    """Change a table's retention, magnetic store writes, or the enforcement of its partition key."""
    with store.lock:
        current = store.catalog.table_of(request["DatabaseName"], request["TableName"]).description
        table = current.changed(request, store.clock_ns())
        store.put_table(table)
    return {"Table": table.shape()}


def delete_table(store: Store, request: Request) -> Response:
    """Delete a table and its records."""
    store.drop_table(request["DatabaseName"], request["TableName"])
    return {}


def list_tags_for_resource(store: Store, request: Request) -> Response:
    """The tags of a database or table."""
    found = _resource(store, request["ResourceARN"]).tags
    return {"Tags": [{"Key": key, "Value": value} for key, value in found.items()]}


def tag_resource(store: Store, request: Request) -> Response:
    """Add or change tags of a database or table."""
    with store.lock:
        resource = _resource(store, request["ResourceARN"])
        merged = {**resource.tags, **tags(request)}
        if len(merged) > MAX_TAGS:
            raise errors.ServiceQuotaExceededException(f"A resource has at most {MAX_TAGS} tags.")
        _put_tags(store, resource, merged)
    return {}


def untag_resource(store: Store, request: Request) -> Response:
    """Remove tags of a database or table."""
    with store.lock:
        resource = _resource(store, request["ResourceARN"])
        gone = set(request["TagKeys"])
        _put_tags(store, resource, {key: value for key, value in resource.tags.items() if key not in gone})
    return {}


OPERATIONS: dict[str, Callable[[Store, Request], Response]] = {
    "CreateDatabase": create_database,
    "DescribeDatabase": describe_database,
    "ListDatabases": list_databases,
    "UpdateDatabase": update_database,
    "DeleteDatabase": delete_database,
    "CreateTable": create_table,
    "DescribeTable": describe_table,
    "ListTables": list_tables,
    "UpdateTable": update_table,
    "DeleteTable": delete_table,
    "ListTagsForResource": list_tags_for_resource,
    "TagResource": tag_resource,
    "UntagResource": untag_resource,
}


def _resource(store: Store, arn: str) -> Described:
    found: list[Described] = [database for database, _ in store.catalog.described_databases()]
    for resource in (*found, *store.catalog.described_tables(None)):
        if resource.arn == arn:
            return resource
    if not arn.startswith(f"arn:aws:timestream:{store.region}:"):
        raise errors.ValidationException("The ResourceARN names no Timestream resource of this region.")
    raise errors.ResourceNotFoundException(f"The resource {arn} does not exist.")


def _put_tags(store: Store, resource: Described, merged: Mapping[str, str]) -> None:
    if isinstance(resource, DatabaseDescription):
        store.put_database(replace(resource, tags=merged))
    else:
        store.put_table(replace(resource, tags=merged))


def _page(
    items: Sequence[Listed], request: Request, name: Callable[[Listed], str]
) -> tuple[Sequence[Listed], dict[str, str]]:
    """The items after the request's token, and the token for the rest; the name in a token need not exist any more."""
    after = _read_token(request["NextToken"]) if "NextToken" in request else ""
    rest = [item for item in items if name(item) > after]
    page = rest[: request.get("MaxResults", _PAGE)]
    if len(page) == len(rest):
        return page, {}
    return page, {"NextToken": base64.urlsafe_b64encode(f"after:{name(page[-1])}".encode()).decode()}


def _read_token(token: str) -> str:
    try:
        mark, _, name = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
    except ValueError:
        mark, name = "", ""
    if mark != "after":
        raise errors.ValidationException("Invalid NextToken.")
    return name
