"""The services that a query uses in its caller's name: what the caller may not do there fails the query.

https://docs.aws.amazon.com/athena/latest/ug/managed-policies.html
"""

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any

from botocore.exceptions import ClientError

from emulator.athena.outcome import QueryError
from emulator.athena.ports import StoredObject
from emulator.client import local_client
from emulator.iam.credentials import Credentials

# Of AthenaError: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
_USER, _SYSTEM = 2, 1
S3_NOT_ALLOWED = 1501
_NO_BUCKET, _NO_FILE = 1306, 1302
_GLUE_THROTTLED, _S3_THROTTLED = 1401, 1403
_NOT_ALLOWED, _FAILED = 1500, 100
_DENIED = frozenset({"403", "AccessDenied", "AccessDeniedException"})
_THROTTLED = frozenset(
    {
        "503", "RequestLimitExceeded", "ServiceUnavailable", "SlowDown", "ThrottlingException",
        "TooManyRequestsException",
    }
)  # fmt: skip
Body = bytes | IO[bytes]
"""The content of an object, or a file at its beginning."""

_CLIENTS_KEPT = 32
# What Athena itself tries again before a query fails.
_ATTEMPTS = 3


class Clients:
    """SDK clients of the endpoint, one for each caller, service and region; those used lately are kept."""

    def __init__(self, endpoint_url: str) -> None:
        self._endpoint_url = endpoint_url
        self._kept: OrderedDict[tuple[str, str, str], Any] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, service: str, region: str, caller: Credentials) -> Any:
        """A client that calls as this caller."""
        key = (service, region, caller.access_key)
        with self._lock:
            found = self._kept.pop(key, None)
            if found is None:
                found = local_client(
                    service, endpoint_url=self._endpoint_url, region=region, caller=caller, attempts=_ATTEMPTS
                )
            self._kept[key] = found
            if len(self._kept) > _CLIENTS_KEPT:
                self._kept.popitem(last=False)
            return found


class CallersGlue:
    """The data catalog as one caller sees it."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def check(self, databases: Iterable[str]) -> None:
        """Raise QueryError unless the caller may look at these databases, there or not, as Athena does first of all.

        https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
        """
        for name in databases:
            with contextlib.suppress(LookupError):
                self._call("get_database", Name=name)

    def databases(self) -> Sequence[str]:
        """The names of all databases."""
        return [one["Name"] for one in self._pages("get_databases", "DatabaseList")]

    def tables(self, database: str) -> Sequence[Mapping[str, Any]]:
        """Every table of a database, views too; none if there is no such database."""
        try:
            return self._pages("get_tables", "TableList", DatabaseName=database)
        except LookupError:
            return []

    def table(self, database: str, name: str) -> Mapping[str, Any] | None:
        """A table, or None."""
        try:
            found: Mapping[str, Any] = self._call("get_table", DatabaseName=database, Name=name)["Table"]
        except LookupError:
            return None
        return found

    def partitions(self, database: str, table: str) -> Sequence[Mapping[str, Any]]:
        """The registered partitions of a table."""
        return self._pages("get_partitions", "Partitions", DatabaseName=database, TableName=table)

    def put_table(self, database: str, table_input: Mapping[str, Any], *, replace: bool) -> None:
        """Create a table, or replace the one of that name."""
        operation = "update_table" if replace else "create_table"
        self._call(operation, DatabaseName=database, TableInput=table_input)

    def delete_table(self, database: str, name: str) -> None:
        """Delete a table."""
        self._call("delete_table", DatabaseName=database, Name=name)

    def _pages(self, operation: str, member: str, **arguments: Any) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        page: Mapping[str, Any] = {"NextToken": None}
        while "NextToken" in page:
            token = {"NextToken": page["NextToken"]} if page["NextToken"] else {}
            page = self._call(operation, **arguments, **token)
            found += page[member]
        return found

    def _call(self, operation: str, **arguments: Any) -> Mapping[str, Any]:
        """An answer of Glue; LookupError if what is asked for is not there, QueryError for what it refuses else."""
        try:
            answer: Mapping[str, Any] = getattr(self._client, operation)(**arguments)
        except ClientError as error:
            code, message = _told(error)
            if code == "EntityNotFoundException":
                raise LookupError(message) from error
            if code in _DENIED:
                raise QueryError(
                    f"Insufficient permissions to execute the query. {message}", _USER, _NOT_ALLOWED
                ) from error
            if code in _THROTTLED:
                raise QueryError(message, _USER, _GLUE_THROTTLED) from error
            raise QueryError(f"{code}: {message}", _USER, 1000) from error
        return answer


class CallersObjects:
    """S3 as one caller may use it."""

    def __init__(self, client: Any, put: Mapping[str, str]) -> None:
        self._client = client
        self._put = put

    def listed(self, bucket: str, prefix: str) -> Iterator[StoredObject]:
        """The objects whose keys begin with a prefix, in the order of their keys."""
        token: dict[str, str] = {}
        while True:
            try:
                page = self._client.list_objects_v2(Bucket=bucket, Prefix=prefix, **token)
            except ClientError as error:
                raise failed(error, bucket, prefix) from error
            for one in page.get("Contents", ()):
                yield StoredObject(bucket, one["Key"], one["ETag"], one["Size"])
            if not page.get("IsTruncated"):
                return
            token = {"ContinuationToken": page["NextContinuationToken"]}

    def read(self, stored: StoredObject) -> bytes:
        """An object's bytes."""
        try:
            answer = self._client.get_object(Bucket=stored.bucket, Key=stored.key, IfMatch=stored.etag)
            content: bytes = answer["Body"].read()
        except ClientError as error:
            raise failed(error, stored.bucket, stored.key) from error
        return content

    def write(self, bucket: str, key: str, body: Body) -> None:
        """Put an object, encrypted as the query asks for."""
        try:
            self._client.put_object(Bucket=bucket, Key=key, Body=body, **self._put)
        except ClientError as error:
            raise failed(error, bucket, key) from error


def failed(error: ClientError, bucket: str, key: str) -> QueryError:
    """The end of a query that S3 refused something."""
    code, message = _told(error)
    place = f"s3://{bucket}/{key}"
    if code in _DENIED:
        return QueryError(f"Permission denied on S3 path: {place}", _USER, S3_NOT_ALLOWED)
    if code in _THROTTLED:
        return QueryError(
            f"Amazon S3 throttled the query at {place}: {message} (Service: Amazon S3; Error Code: {code})",
            _USER,
            _S3_THROTTLED,
        )
    known = {
        "NoSuchBucket": _NO_BUCKET,
        "NoSuchKey": _NO_FILE,
        "412": _NO_FILE,
        "PreconditionFailed": _NO_FILE,
    }
    if code in known:
        return QueryError(
            f"HIVE_CANNOT_OPEN_SPLIT: Error opening Hive split {place}: {message}", _USER, known[code]
        )
    return QueryError(f"{message} (Service: Amazon S3; Error Code: {code}) {place}", _SYSTEM, _FAILED)


def _told(error: ClientError) -> tuple[str, str]:
    told = error.response.get("Error", {})
    return str(told.get("Code", "")), str(told.get("Message", ""))
