"""The schema of our JSON bodies, in JSON schema draft 4: what API Gateway can judge before anything is stored.

Times, names and numbers of dimensions are judged by the consumer, point by point; here a wrong shape refuses the
whole request. Nothing is a `$ref` or an `anyOf`, so the reason that a client gets names what is wrong, not how many
schemas it failed.
"""

from typing import Any

from handlers.vocabulary import METRIC_TYPES

METRIC: dict[str, Any] = {
    "metric_name": {"type": "string", "minLength": 1},
    "value": {"type": "number"},
    "metric_type": {"type": "string", "enum": list(METRIC_TYPES)},
    "timestamp": {"type": ["integer", "string"]},
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
