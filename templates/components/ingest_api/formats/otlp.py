"""POST /v1/metrics: OpenTelemetry's protocol over HTTP, as JSON and as protobuf.

https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from collections.abc import Mapping
from typing import Any

from templates.components.ingest_api.formats.format import BINARY, BodyModel, Format, put_record, refusals
from templates.components.ingest_api.replies import JSON, PROTOBUF, Reply, velocity_in_line
from templates.config.pipeline import Stream


def _list_of(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    """A repeated field, which may be null as any field in protobuf's JSON; unknown ones must pass."""
    return {"type": ["array", "null"], "items": {"type": "object", "properties": properties}}


# What makes a body one of metrics. A metric or data point that cannot be read is the consumer's to set aside alone. An
# empty request is one by the specification; what has other names is traces, logs, or no OTLP at all.
BODY: Mapping[str, Any] = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "title": "An export of metrics in OpenTelemetry's protocol",
    "type": "object",
    "anyOf": [{"required": ["resourceMetrics"]}, {"maxProperties": 0}],
    "dependencies": {
        name: ["resourceMetrics"]
        for name in ("resourceLogs", "resourceProfiles", "resourceSpans", "resource_metrics")
    },
    "properties": {"resourceMetrics": _list_of({"scopeMetrics": _list_of({"metrics": _list_of({})})})},
}


def otlp(stream: Stream) -> Format:
    """The path of OTLP. Its answer is in the language of the request: `{}`, or nothing, which is an empty message."""
    return Format(
        name="Otlp",
        path="v1/metrics",
        requests={JSON: put_record("otlp-json"), PROTOBUF: put_record("otlp-pb", BINARY)},
        replies=(
            Reply(200, velocity_in_line("otlp_accepted"), r"2\d{2}", may_set=["Content-Type"]),
            *refusals(stream),
        ),
        model=BodyModel("Otlp", "OtlpMetrics", BODY),
    )
