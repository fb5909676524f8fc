"""OpenTelemetry's SDK for JavaScript, unmodified, with its OTLP exporters, which send in chunks."""

from typing import Any

import pytest

from tests.support.local_run import LocalRun
from tests.support.otlp_clients import JAVASCRIPT, THROTTLED, documented, expect_points, exported


@pytest.mark.parametrize(
    ("prefix", "format_", "compression", "delta", "exponential"),
    [
        ("otjs.json.gzip", "json", "gzip", False, False),
        ("otjs.json.plain", "json", "none", True, True),
        ("otjs.pb.gzip", "protobuf", "gzip", True, True),
        ("otjs.pb.plain", "protobuf", "none", False, False),
    ],
)
def test_every_sample_is_stored(
    run: LocalRun, prefix: str, format_: str, compression: str, delta: bool, exponential: bool
) -> None:
    """In JSON and protobuf, compressed or not, with either temporality and either kind of histogram."""
    options: dict[str, Any] = {
        "format": format_,
        "compression": compression,
        "delta": delta,
        "exponential": exponential,
    }
    expect_points(run, prefix, exported(JAVASCRIPT, run, prefix, **options))


@pytest.mark.parametrize("format_", ["json", "protobuf"])
def test_an_outage_of_the_stream_loses_nothing(run: LocalRun, format_: str) -> None:
    """As long as the exporter's own retries last: five attempts within ten seconds."""
    run.control("faults", {**THROTTLED, "count": 2})
    prefix = f"otjs.outage.{format_}"
    points = exported(JAVASCRIPT, run, prefix, format=format_, compression="gzip")
    assert not run.control("faults")["rules"]
    expect_points(run, prefix, points)


def test_the_documented_variables_are_all_that_it_needs(run: LocalRun) -> None:
    """As they stand in docs/protocols.md, with the address of this run."""
    options: dict[str, Any] = {"endpoint": None, "headers": None, "compression": None, "format": "protobuf"}
    points = exported(JAVASCRIPT, run, "otjs.documented", variables=documented(run), **options)
    expect_points(run, "otjs.documented", points)
