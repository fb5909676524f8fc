"""The permissions that S3's requests take.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from emulator.aws_request import AwsRequest

_ON_OBJECT = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObject": "DeleteObject",
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "ListParts": "ListMultipartUploadParts",
    "PutObject": "PutObject",
    "UploadPart": "PutObject",
}
_ON_BUCKET = {"HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket"}
_SUBRESOURCES = {"acl": "GetBucketAcl", "location": "GetBucketLocation"}
_KEY = re.compile(rb"<Key>(.*?)</Key>", re.DOTALL)
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&#13;": "\r", "&#10;": "\n", "&amp;": "&"}


def bucket_arn(request: AwsRequest) -> str:
    """The ARN of the bucket that a request is about."""
    return f"arn:aws:s3:::{unquote(request.path).strip('/').partition('/')[0]}"


def needed(request: AwsRequest) -> Iterator[tuple[str, str]]:
    """Actions with their resources; LookupError for an operation that is not known here."""
    operation, bucket = request.operation, bucket_arn(request)
    if operation == "DeleteObjects":
        for key in _KEY.findall(request.body):
            yield "s3:DeleteObject", f"{bucket}/{_unescaped(key.decode())}"
    elif operation in _ON_BUCKET:
        yield f"s3:{_ON_BUCKET[operation]}", bucket
    elif request.method == "GET" and (asked := request.target.partition("?")[2].rstrip("=")) in _SUBRESOURCES:
        yield f"s3:{_SUBRESOURCES[asked]}", bucket
    else:
        if operation == "CopyObject":
            source = unquote(request.header("x-amz-copy-source") or "").lstrip("/").partition("?")[0]
            yield "s3:GetObject", f"arn:aws:s3:::{source}"
        yield f"s3:{_ON_OBJECT[operation]}", f"{bucket}/{unquote(request.path).lstrip('/').partition('/')[2]}"


def _unescaped(text: str) -> str:
    for entity, character in _ENTITIES.items():
        text = text.replace(entity, character)
    return text
