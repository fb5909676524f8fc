"""A request to the local AWS endpoint, and what can be told from it without knowing the service's model."""

import re
from typing import Any, Self
from urllib.parse import parse_qs

import orjson

from emulator.http_server import HttpRequest
from emulator.once import once

_NAMED_HOST = re.compile(r"/_host/([^/?]+)/?")
_SCOPE = re.compile(r"Credential=[^/\s]*/[^/]*/([^/]+)/([^/]+)/aws4_request")
# Smithy's RPC protocol, CloudWatch's first choice: https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
_RPC = re.compile(r"/service/\w+/operation/(\w+)")
_SERVICES = {"monitoring": "cloudwatch", "states": "stepfunctions", "email": "ses"}
_CBOR_OPERATION = re.compile(r"/service/[^/]+/operation/([^/]+)/?")
_S3_SUBRESOURCES = frozenset(
    {
        "acl", "cors", "encryption", "lifecycle", "location", "notification", "policy", "tagging",
        "uploads", "versioning",
    }
)  # fmt: skip


S3_OPERATIONS = frozenset(
    {
        "AbortMultipartUpload", "CompleteMultipartUpload", "CopyObject", "CreateBucket",
        "CreateMultipartUpload", "DeleteBucket", "DeleteObject", "DeleteObjects", "GetObject", "HeadBucket",
        "HeadObject", "ListBuckets", "ListObjectsV2", "ListParts", "PutObject", "UploadPart",
    }
)  # fmt: skip
"""The operations of S3 that are told from a request."""


class AwsRequest(HttpRequest):
    """A request to the endpoint; `named_host` is AWS's host that it is for, where its client was given one."""

    named_host = ""

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """The same request as AWS's host would see it: `/_host/NAME` before its path names that host."""
        found = super().of(request)
        if match := _NAMED_HOST.match(request.target):
            found.named_host, found.target = match[1], f"/{request.target[match.end() :]}"
        return found

    @once
    def json_target(self) -> str:
        """The header that JSON services name their operation in."""
        return self.header("x-amz-target") or ""

    @property
    def is_timestream(self) -> bool:
        """True for a call of Timestream, writing or querying."""
        return self.json_target.startswith("Timestream_20181101.")

    @once
    def scope(self) -> tuple[str, str]:
        """The region and the signing name in the request's signature, or two empty texts."""
        match = _SCOPE.search(self.header("authorization") or "")
        return (match[1], match[2]) if match else ("", "")

    @property
    def region(self) -> str:
        """The region the request is for."""
        return self.scope[0] or "us-east-1"

    @property
    def service(self) -> str:
        """The service as boto3 calls it; what is not signed is S3's, whose objects may be public."""
        name = self.scope[1]
        return _SERVICES.get(name, name) or "s3"

    @once
    def operation(self) -> str:
        """The operation's name, or an empty text where the path alone says it."""
        if self.json_target:
            return self.json_target.rsplit(".", 1)[-1]
        if rpc := _RPC.fullmatch(self.path):
            return rpc[1]
        if self.service == "s3":
            return self._s3_operation()
        if "x-www-form-urlencoded" in (self.header("content-type") or ""):
            return parse_qs(self.body.decode("utf-8", "replace")).get("Action", [""])[0]
        if match := _CBOR_OPERATION.fullmatch(self.path):
            return match[1]
        if self.service == "lambda" and self.path.endswith("/invocations"):
            return "Invoke"
        return ""

    def json(self) -> Any:
        """The body as JSON, which is read once: nobody changes it."""
        return self._parsed

    @once
    def _parsed(self) -> Any:
        return orjson.loads(self.body or b"{}")

    def _s3_operation(self) -> str:
        parameters = parse_qs(self.target.partition("?")[2], keep_blank_values=True)
        subject = "Object" if "/" in self.path.strip("/") else "Bucket"
        if "uploadId" in parameters:
            return {
                "PUT": "UploadPart",
                "POST": "CompleteMultipartUpload",
                "DELETE": "AbortMultipartUpload",
            }.get(self.method, "ListParts")
        if "delete" in parameters:
            return "DeleteObjects"
        if subject == "Bucket" and self.method == "GET" and not _S3_SUBRESOURCES & set(parameters):
            return "ListObjectsV2" if self.path.strip("/") else "ListBuckets"
        if subject == "Object" and self.method == "PUT" and self.header("x-amz-copy-source") is not None:
            return "CopyObject"
        if _S3_SUBRESOURCES & set(parameters):
            return "CreateMultipartUpload" if "uploads" in parameters else ""
        verb = {"PUT": "Put" if subject == "Object" else "Create", "POST": "Post"}.get(self.method)
        return f"{verb or self.method.capitalize()}{subject}"
