"""A format of the API: a path, what may be posted there, and every answer to it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from templates.components.ingest_api.gateway_responses import RETRY_AFTER, UNAVAILABLE
from templates.components.ingest_api.replies import Reply, failure, velocity
from templates.config.pipeline import Stream

TEXT = "$util.base64Encode($input.body)"
BINARY = "$input.body"


@dataclass(frozen=True)
class BodyModel:
    """A JSON schema that API Gateway holds bodies against: a logical id's middle, a name, and the schema."""

    title: str
    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """The bodies that a path takes. `name` begins the logical ids of the path's resources.

    `requests` has the mapping template of the PutRecord call for each content type, in which ${Stream} is the stream's
    name and ${Client} the caller's, or "-". The partition key that it makes begins with the name that the consumers'
    readers are found by. `model` is what JSON bodies are held against. What is `signed` takes AWS signatures, however
    clients are known.
    """

    name: str
    path: str
    requests: Mapping[str, str]
    replies: Sequence[Reply]
    model: BodyModel | None = None
    signed: bool = False


def put_record(format_: str, data: str = TEXT) -> str:
    """The mapping template that puts a body unchanged on the stream, as a record of that format.

    `data` is the body in base64, which one of a binary media type is already.
    """
    return velocity("put_record").replace("${Format}", format_).replace("${Data}", data)


def refusals(stream: Stream, *, for_influx: bool = False) -> Sequence[Reply]:
    """The answers to a request whose body the stream did not take: 413 for too much, 503 for all else."""
    too_large = failure(
        f"The body is over what one request may hold ({stream.largest_record}); send it in parts",
        "request too large" if for_influx else None,
    )
    unavailable = failure(UNAVAILABLE, "unavailable" if for_influx else None)
    refused = velocity("refused").replace("${TooLarge}", too_large).replace("${Unavailable}", unavailable)
    return (
        # Kinesis says 400 to too much and too often alike; only the body of its answer tells them apart.
        Reply(400, refused, "400", may_set=["Retry-After"]),
        Reply(413, too_large, "413"),
        Reply(503, unavailable, headers=RETRY_AFTER),
    )
