"""S3's PutObject in memory, failing when it is told to."""

import gzip
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from botocore.exceptions import ClientError

STATUS = {
    "SlowDown": 503,
    "InternalError": 500,
    "RequestTimeout": 400,
    "AccessDenied": 403,
    "NoSuchBucket": 404,
}


def refusal(code: str) -> ClientError:
    """What botocore raises for S3's answer."""
    answer = {"Error": {"Code": code, "Message": "in account 123456789012"}}
    return ClientError({**answer, "ResponseMetadata": {"HTTPStatusCode": STATUS[code]}}, "PutObject")


class FakeS3:
    """Objects by their keys. `fault` may raise, before an object is there or, as `after`, once it is."""

    def __init__(
        self,
        fault: Callable[[str], object] = len,
        after: Callable[[str], object] = len,
    ) -> None:
        self.objects: dict[str, bytes] = {}
        self.puts: list[Mapping[str, Any]] = []
        self.fault = fault
        self.after = after

    def put_object(self, **request: Any) -> None:
        """The object is there, unless the test wants otherwise."""
        self.puts.append(request)
        self.fault(request["Key"])
        self.objects[request["Key"]] = request["Body"]
        self.after(request["Key"])

    def lines(self) -> list[dict[str, Any]]:
        """Every line of every object."""
        bodies = (gzip.decompress(body) for body in self.objects.values())
        return [orjson.loads(line) for body in bodies for line in body.splitlines()]
