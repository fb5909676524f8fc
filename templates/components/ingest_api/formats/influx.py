"""The write APIs of InfluxDB 1, 2 and 3: line protocol, whose times are in the unit of the parameter `precision`.

https://docs.influxdata.com/influxdb/v1/tools/api/#write-http-endpoint
https://docs.influxdata.com/influxdb/v2/api/v2/#operation/PostWrite
https://docs.influxdata.com/influxdb3/core/api/v3/
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from templates.components.ingest_api.formats.format import Format, refusals
from templates.components.ingest_api.replies import JSON, NOTHING, Reply, failure, velocity
from templates.config.pipeline import Stream

# What clients call lines, the last two because they call them nothing: curl then sends a form, API Gateway takes JSON.
CONTENT_TYPES = ("text/plain", "application/octet-stream", "application/x-www-form-urlencoded", JSON)


@dataclass(frozen=True)
class _WriteApi:
    """A version's path, its names of precisions with the unit that each is, and how it refuses another name."""

    name: str
    path: str
    precisions: Mapping[str, str]
    refusal: str


# Without the parameter, or with an empty one, a version has its default. The format influx-auto tells the unit by the
# magnitude, as version 3 does.
_UNITS = {"ns": "ns", "us": "us", "ms": "ms", "s": "s"}
_LONG = {"nanosecond": "ns", "microsecond": "us", "millisecond": "ms", "second": "s"}
_APIS = (
    _WriteApi(
        "InfluxV1",
        "write",
        {"": "ns", "n": "ns", "u": "us", "m": "m", "h": "h", **_UNITS},
        "invalid precision (use n, u, ms, s, m or h)",
    ),
    _WriteApi(
        "InfluxV2",
        "api/v2/write",
        {"": "ns", **_UNITS},
        "invalid precision; valid precision units are ns, us, ms, and s",
    ),
    _WriteApi(
        "InfluxV3",
        "api/v3/write_lp",
        {"": "auto", "auto": "auto", "n": "ns", "u": "us", **_UNITS, **_LONG},
        "serde error: unknown variant of precision, expected one of `auto`, `s`, `second`, `millisecond`, `ms`, "
        "`microsecond`, `u`, `us`, `n`, `nanosecond`, `ns`",
    ),
)


def influx(stream: Stream) -> tuple[Format, ...]:
    """The paths of the three versions; which database, bucket or organization is meant is no matter here."""
    return tuple(_write_path(api, stream) for api in _APIS)


def _write_path(api: _WriteApi, stream: Stream) -> Format:
    """A version's path: 204 for lines that are on the stream, 400 at once for a precision that it does not know.

    A template cannot refuse a request: it leaves out what PutRecord needs, so that Kinesis does.
    """
    formats = json.dumps({name: f"influx-{unit}" for name, unit in api.precisions.items()})
    choose = velocity("influx_precision").replace("${Formats}", formats)
    refused, *others = refusals(stream, for_influx=True)
    wrong_precision = velocity("influx_refused").replace("${Refusal}", failure(api.refusal, "invalid"))
    return Format(
        name=api.name,
        path=api.path,
        requests=dict.fromkeys(CONTENT_TYPES, choose + velocity("influx_put_record")),
        replies=(
            Reply(204, NOTHING, r"2\d{2}"),
            Reply(
                refused.status,
                choose + wrong_precision.replace("${Refused}", str(refused.body)),
                refused.selects,
                may_set=refused.may_set,
            ),
            *others,
        ),
    )
