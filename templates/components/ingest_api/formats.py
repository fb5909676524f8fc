"""The formats that the API takes: a row for each, with its path, what may be posted there, and every answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.vocabulary import METRIC_TYPES
from templates.components.ingest_api.gateway_responses import RETRY_AFTER, UNAVAILABLE
from templates.components.ingest_api.replies import JSON, Reply, failure, velocity
from templates.config.pipeline import Stream

# Our JSON bodies in JSON schema draft 4: what API Gateway can judge before anything is stored. Old and future times,
# names and numbers of dimensions are judged by the consumer, point by point; here a wrong shape refuses the whole
# request. Nothing is a `$ref` or an `anyOf`, so the reason that a client gets names what is wrong, not how many schemas
# it failed. The pattern of times has no backslash, which would stand in the reason; 30 February is the consumer's.
RFC_3339 = (
    "^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt ]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)([.][0-9]+)?"
    "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)
METRIC: dict[str, Any] = {
    "metric_name": {"type": "string", "minLength": 1},
    "value": {"type": "number"},
    "metric_type": {"type": "string", "enum": list(METRIC_TYPES)},
    "timestamp": {"type": ["integer", "string"], "pattern": RFC_3339},
    "dimensions": {"type": "object", "additionalProperties": {"type": "string"}},
}
REQUIRED = ["metric_name", "value"]

BODY: dict[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "A metric, or a batch of them",
    "type": "object",
    "minProperties": 1,
    "dependencies": {
        **{name: [other for other in REQUIRED if other != name] for name in METRIC},
        # A metric beside a batch: one of the two would be ignored.
        "metrics": {"maxProperties": 1},
    },
    "additionalProperties": False,
    "properties": {
        **METRIC,
        "metrics": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": REQUIRED,
                "additionalProperties": False,
                "properties": METRIC,
            },
        },
    },
}


@dataclass(frozen=True)
class BodyModel:
    """A JSON schema that API Gateway holds bodies against: a logical id's middle, a name, and the schema."""

    title: str
    name: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """One format of bodies. `format` stands in the partition key, and is what the consumers' readers are found by.

    `name` begins the logical ids of the path's resources. `request` is the mapping template of the PutRecord call, in
    which ${Stream} is the stream's name.
    """

    format: str
    name: str
    path: str
    content_types: Sequence[str]
    request: str
    model: BodyModel | None
    replies: Sequence[Reply]


def put_record(format_: str) -> str:
    """The mapping template that puts a body unchanged on the stream, as a record of that format."""
    return velocity("put_record").replace("${Format}", format_)


def formats_of(stream: Stream) -> Sequence[Format]:
    """The formats that there are, with answers in the words of the stream's settings."""
    return (
        Format(
            format="json",
            name="Metrics",
            path="metrics",
            content_types=[JSON],
            request=put_record("json"),
            model=BodyModel("Body", "MetricsBody", BODY),
            replies=(Reply(202, velocity("accepted"), r"2\d{2}"), *refusals_of(stream)),
        ),
    )


def refusals_of(stream: Stream) -> Sequence[Reply]:
    """The answers to a request whose body the stream did not take: 413 for too much, 503 for all else."""
    too_large = failure(
        f"The body is over what one request may hold ({stream.largest_record}); send it in parts"
    )
    unavailable = failure(UNAVAILABLE)
    refused = velocity("refused").replace("${TooLarge}", too_large).replace("${Unavailable}", unavailable)
    return (
        # Kinesis says 400 to too much and too often alike; only the body of its answer tells them apart.
        Reply(400, refused, "400", may_set=["Retry-After"]),
        Reply(413, too_large, "413"),
        Reply(503, unavailable, headers=RETRY_AFTER),
    )
