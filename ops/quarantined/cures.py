"""The cause and the cure of each reason in the quarantine: docs/quarantine.md shows this table."""

from collections.abc import Mapping
from dataclasses import dataclass

from handlers.domain.violation import Reason


@dataclass(frozen=True, slots=True)
class Cure:
    """The usual cause of a reason, and what to do about it.

    `refused_at_door` is true if API Gateway's model already refuses such a point with 400, and its whole request: it
    is in the quarantine only if it came to the stream another way. `may_pass` is true if the same point may be
    stored later, unchanged.
    """

    cause: str
    cure: str
    refused_at_door: bool = False
    may_pass: bool = False


_RENAME = "Send it under another name; the point can be sent again so."
_CLIENT = "Mend the client; `ops check FILE` says the same before anything is sent."

CURES: Mapping[Reason, Cure] = {
    Reason.PARTITION_KEY_INVALID: Cure(
        "Something else than the API put a record on the stream.",
        "Find it (CloudTrail shows who may `kinesis:PutRecord`) and let it post to the API.",
    ),
    Reason.FORMAT_UNKNOWN: Cure(
        "A record of a format that the functions do not know: they are older than the API, or it was not the API's.",
        "Deploy API and functions together; otherwise as `partition_key_invalid`.",
    ),
    Reason.BODY_NOT_JSON: Cure("The body is not JSON in UTF-8.", _CLIENT, refused_at_door=True),
    Reason.BODY_FORM: Cure(
        "The body is neither one metric nor an object with `metrics`, a list of at least one, alone.",
        'Send `{"metrics": [ … ]}`.',
        refused_at_door=True,
    ),
    Reason.BODY_NOT_GZIP: Cure(
        "A body of type application/gzip is no gzip, is cut off, or something follows its end.",
        "Send one whole gzip of our JSON; mind that a proxy may have undone it, or damaged it as text.",
    ),
    Reason.BODY_TOO_LARGE: Cure(
        "A body that is compressed on the stream expands to more than 10 MiB, or any holds more than 200,000 points.",
        "Send fewer points in a request.",
    ),
    Reason.BODY_NOT_OTLP: Cure(
        "A body that came by OTLP's path is no request for metrics: it is cut off, or of traces or logs.",
        "Let the exporter of metrics alone use this address: `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`.",
    ),
    Reason.BODY_NOT_LINES: Cure(
        "Of a body that came by a path of InfluxDB no line is of its line protocol; the message has the first fault.",
        "Send line protocol there, JSON to `/metrics`, and what is compressed with its `Content-Encoding`.",
    ),
    Reason.BODY_NOT_REMOTE_WRITE: Cure(
        "A body that came to the address of remote write is no request of its version 1.0.",
        "Set `protobuf_message: prometheus.WriteRequest`, which is Prometheus's default.",
    ),
    Reason.PROCESSING_FAILED: Cure(
        "The metric writer itself failed on this request, alone and for a quarter of an hour, or its process ended "
        "there three times (out of memory, or of time): a fault of ours. Its log has the error.",
        "Deploy a version that can read it, or `writer.memory_mb` that suffice, and redrive.",
        may_pass=True,
    ),
    Reason.DATA_POINT_INVALID: Cure(
        "A data point or a metric of another protocol cannot be read, or a histogram contradicts itself; "
        "the message says how.",
        "Mend or update the client; what came with it is stored.",
    ),
    Reason.LINE_INVALID: Cure(
        "A line of InfluxDB's protocol is not `measurement,tag=value field=value time`; it counts as one point.",
        "Often a space, comma or equals sign without its backslash: let a client library write the line.",
    ),
    Reason.METRIC_NOT_OBJECT: Cure(
        "An entry of `metrics` is no object.", "Send an object for each metric.", refused_at_door=True
    ),
    Reason.FIELD_UNKNOWN: Cure(
        "A metric has a field that there is not, `tags` or `labels` say.",
        "Labels go into `dimensions`; leave other fields out.",
        refused_at_door=True,
    ),
    Reason.METRIC_NAME_MISSING: Cure(
        "A metric without `metric_name`.", "Give it a name.", refused_at_door=True
    ),
    Reason.METRIC_NAME_TYPE: Cure(
        "`metric_name` is no string.", "Send the name as a string.", refused_at_door=True
    ),
    Reason.METRIC_NAME_LENGTH: Cure(
        "The metric's name is longer than 256 bytes of UTF-8 (an empty one is refused with 400).",
        "Shorten it: what varies belongs into `dimensions`.",
    ),
    Reason.METRIC_NAME_CHARACTERS: Cure(
        "The metric's name has control characters, a line break or half of a surrogate pair.",
        "Often a line read with its end: strip it.",
    ),
    Reason.METRIC_TYPE_UNKNOWN: Cure(
        "`metric_type` is none of system, application, business.",
        "Leave it out (application), or use one of them.",
        refused_at_door=True,
    ),
    Reason.VALUE_MISSING: Cure(
        "A metric without `value`.", "Leave a metric out that has no value.", refused_at_door=True
    ),
    Reason.VALUE_TYPE: Cure(
        '`value` is no number: a string such as "1.5", true, null.',
        "Send a JSON number; leave a metric without value out.",
        refused_at_door=True,
    ),
    Reason.VALUE_NOT_FINITE: Cure(
        "A number that no double holds, such as 1e999, or another protocol's NaN or infinity (in JSON: 400).",
        "Leave such metrics out, or send what they stand for.",
    ),
    Reason.TIMESTAMP_TYPE: Cure(
        "`timestamp` is neither an integer nor a string: 1763769600.5, null, true.",
        "Send epoch milliseconds as an integer, or RFC 3339 as a string; or leave it out: the time of arrival.",
        refused_at_door=True,
    ),
    Reason.TIMESTAMP_FORMAT: Cure(
        "A date that there is not, such as 30 February. What is no RFC 3339 with a zone at all is refused with 400.",
        "Send RFC 3339 with Z or an offset: 2026-11-22T08:00:00Z.",
    ),
    Reason.TIMESTAMP_IN_FUTURE: Cure(
        "More than 15 minutes ahead of its arrival: a clock that is wrong, or a unit smaller than the format's.",
        "Set the clock; send the unit that the message names. What was only early can be redriven once its time has "
        "come.",
        may_pass=True,
    ),
    Reason.TIMESTAMP_TOO_OLD: Cure(
        "Older than the store keeps (`store.magnetic_days`, of a lake `store.retention_days`): often a timestamp in "
        "seconds, which lies in January 1970.",
        "Send the unit that the message names: `ops quarantine redrive --fix seconds` sends again what is there. For "
        "old data raise these days, deploy, and redrive.",
        may_pass=True,
    ),
    Reason.DIMENSIONS_TYPE: Cure(
        "`dimensions` is no object.", 'Send `{"name": "value"}`.', refused_at_door=True
    ),
    Reason.DIMENSIONS_TOO_MANY: Cure(
        "More dimensions than the table takes names from all clients together (120, of a lake "
        "`store.dimension_names`).",
        "Send fewer.",
    ),
    Reason.DIMENSION_NAME_LENGTH: Cure("A dimension's name is empty or has over 60 characters.", _RENAME),
    Reason.DIMENSION_NAME_CHARACTERS: Cure(
        "A dimension's name is not made of ASCII letters, digits, `_`, `.` and `-`, or begins with none of a letter "
        "and `_`.",
        _RENAME,
    ),
    Reason.DIMENSION_NAME_RESERVED: Cure(
        "A column has that name: value, time, metric_name, metric_type, export_*, measure_*, ts_*, in any case.",
        _RENAME,
    ),
    Reason.DIMENSION_NAME_REPEATED: Cure(
        "A data point or a series of another protocol has an attribute or a label twice.",
        "Send each name once.",
    ),
    Reason.DIMENSION_NAME_CASE: Cure(
        "Another client sent this name first in another case, `host` say, and yours is `Host`; or the point has both. "
        "Names are one without regard to case, for ever.",
        "Send the spelling that the message names.",
    ),
    Reason.DIMENSION_BUDGET_SPENT: Cure(
        "The table has its 120 names from clients, a lake its `store.dimension_names`; this point brings a new one. A "
        "name is never given back.",
        "Use a name that there is (`ops metrics` lists them): an id or a label made of data belongs into a value.",
    ),
    Reason.DIMENSION_VALUE_TYPE: Cure(
        "A dimension's value is no string: a number, null.", "Send it as a string.", refused_at_door=True
    ),
    Reason.DIMENSION_VALUE_EMPTY: Cure(
        'A dimension\'s value is "", as of a variable that is not set. It is not stored as if the dimension were not '
        "there: the points of ten hosts without a name would overwrite each other.",
        "Leave the dimension out if the series is meant to have none; `ops quarantine redrive --fix empty-dimensions` "
        "does so with what is there.",
    ),
    Reason.DIMENSION_VALUE_CHARACTERS: Cure(
        "A dimension's value has control characters, a line break or half of a surrogate pair.",
        "Often a line read with its end: strip it.",
    ),
    Reason.POINT_TOO_LARGE: Cure(
        "Name, type and dimensions take more than the 2 KB that the store takes for a point.",
        "Shorten the values: a URL or a message is no dimension.",
    ),
    Reason.REJECTED_BY_STORE: Cure(
        "Timestream refused the point; the message is its own.",
        "Read the message; mend the table's settings if they are at fault, then redrive.",
        may_pass=True,
    ),
}

_UNKNOWN = Cure(
    "A reason that this checkout does not know: the functions are newer.",
    "Check out the version that is deployed.",
)


def cure_of(reason: str) -> Cure:
    """The cure of a reason as a line of the quarantine has it, also of one that is newer than this checkout."""
    try:
        return CURES[Reason(reason)]
    except ValueError:
        return _UNKNOWN
