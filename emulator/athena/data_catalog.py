"""The data catalog as Athena shows it: its one catalog, databases and tables, read from Glue in the caller's name."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from emulator.athena.refusals import RefusedError, invalid

CATALOG = "AwsDataCatalog"
_DEFAULT_PAGE = 50


class Metadata:
    """Answers about the catalog to one caller."""

    def __init__(self, glue: Any, account: str) -> None:
        self._glue = glue
        self._account = account

    def list_data_catalogs(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """The one catalog that every account has."""
        return {"DataCatalogsSummary": [{"CatalogName": CATALOG, "Type": "GLUE"}]}

    def get_data_catalog(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The same, if it is asked for."""
        _check_catalog(asked["Name"])
        return {"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": {"catalog-id": self._account}}}

    def list_databases(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Glue's databases, a page of them."""
        _check_catalog(asked["CatalogName"])
        answer = self._call("get_databases")
        return _page([_database(one) for one in answer["DatabaseList"]], "DatabaseList", asked)

    def get_database(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One of Glue's databases."""
        _check_catalog(asked["CatalogName"])
        answer = self._call("get_database", Name=asked["DatabaseName"])
        return {"Database": _database(answer["Database"])}

    def list_table_metadata(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A database's tables and views whose whole names the expression matches, a page of them."""
        _check_catalog(asked["CatalogName"])
        tables = self._call("get_tables", DatabaseName=asked["DatabaseName"])["TableList"]
        try:
            wanted = re.compile(asked.get("Expression") or ".*", re.IGNORECASE)
        except re.error as error:
            raise invalid(f"Expression {asked['Expression']!r} is no regular expression: {error}") from error
        found = [_table(one) for one in tables if wanted.fullmatch(one["Name"])]
        return _page(found, "TableMetadataList", asked)

    def get_table_metadata(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """One table or view."""
        _check_catalog(asked["CatalogName"])
        answer = self._call("get_table", DatabaseName=asked["DatabaseName"], Name=asked["TableName"])
        return {"TableMetadata": _table(answer["Table"])}

    def _call(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        """All of an answer of Glue; what it refuses is a MetadataException, as on AWS."""
        try:
            answer: dict[str, Any] = getattr(self._glue, operation)(**arguments)
            member = next(iter(answer))
            token = answer.pop("NextToken", None)
            while token:
                page = getattr(self._glue, operation)(**arguments, NextToken=token)
                answer[member] += page[member]
                token = page.get("NextToken")
        except ClientError as error:
            told = error.response["Error"]
            raise RefusedError(
                "MetadataException",
                f"{told['Message']} (Service: AWSGlue; Status Code: 400; Error Code: {told['Code']})",
            ) from error
        return answer


def _check_catalog(name: str) -> None:
    if name.lower() != CATALOG.lower():
        raise invalid(f"Catalog {name} was not found; the local run has {CATALOG} alone")


def _database(database: Mapping[str, Any]) -> dict[str, Any]:
    return {name: database[name] for name in ("Name", "Description", "Parameters") if database.get(name)}


def _table(table: Mapping[str, Any]) -> dict[str, Any]:
    stored = table.get("StorageDescriptor", {})
    serde = stored.get("SerdeInfo", {})
    more = {
        "inputformat": stored.get("InputFormat"),
        "location": stored.get("Location"),
        "outputformat": stored.get("OutputFormat"),
        "serde.serialization.lib": serde.get("SerializationLibrary"),
        **{f"serde.param.{name}": value for name, value in serde.get("Parameters", {}).items()},
    }
    parameters = {**table.get("Parameters", {}), **{name: value for name, value in more.items() if value}}
    shown: dict[str, Any] = {
        "Name": table["Name"],
        "Columns": _columns(stored.get("Columns", ())),
        "PartitionKeys": _columns(table.get("PartitionKeys", ())),
        "Parameters": parameters,
        "LastAccessTime": 0,
    }
    if "TableType" in table:
        shown["TableType"] = table["TableType"]
    if "CreateTime" in table:
        shown["CreateTime"] = table["CreateTime"].timestamp()
    return shown


def _columns(columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: one[name] for name in ("Name", "Type", "Comment") if name in one} for one in columns]


def _page(found: list[dict[str, Any]], member: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """A page, whose token is the place of the next one."""
    start = place_of(asked.get("NextToken"))
    end = start + asked.get("MaxResults", _DEFAULT_PAGE)
    answer: dict[str, Any] = {member: found[start:end]}
    if end < len(found):
        answer["NextToken"] = str(end)
    return answer


def place_of(token: str | None) -> int:
    """The place that a page's token stands for. Raises RefusedError for what is no token."""
    if token is None:
        return 0
    if not token.isdecimal() or not token.isascii():
        raise invalid(f"Malformed nextPageToken {token}")
    return int(token)
