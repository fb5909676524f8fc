"""POST /metrics: a metric, or a batch of them, in JSON of our own."""

from typing import Any

from handlers.vocabulary import METRIC_TYPES
from templates.components.ingest_api.formats.format import (
    BINARY,
    BodyModel,
    Format,
    put_record,
    refusals,
)
from templates.components.ingest_api.replies import GZIP, JSON, Reply, velocity
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


def metrics(stream: Stream) -> Format:
    """Our own format: a metric, or a batch of them, in JSON; or a batch that stays compressed on the stream.

    API Gateway unpacks what has a Content-Encoding; a type of its own it leaves alone, so that the stream carries less.
    """
    return Format(
        name="Metrics",
        path="metrics",
        requests={JSON: put_record("json"), GZIP: put_record("json-gz", BINARY)},
        replies=(Reply(202, velocity("accepted"), r"2\d{2}"), *refusals(stream)),
        model=BodyModel("Body", "MetricsBody", BODY),
    )
