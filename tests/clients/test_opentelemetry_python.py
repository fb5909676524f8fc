"""OpenTelemetry's SDK for Python, unmodified, with its OTLP exporter."""

import pytest

from tests.support.local_run import LocalRun
from tests.support.otlp_clients import PYTHON, THROTTLED, documented, expect_points, exported


@pytest.mark.parametrize(
    ("prefix", "compression", "delta", "exponential"),
    [
        ("otpy.gzip", "Gzip", False, False),
        ("otpy.plain", "NoCompression", True, False),
        ("otpy.deflate", "Deflate", True, True),
    ],
)
def test_every_sample_is_stored(
    run: LocalRun, prefix: str, compression: str, delta: bool, exponential: bool
) -> None:
    """In protobuf, compressed or not, with either temporality and either kind of histogram."""
    points = exported(PYTHON, run, prefix, compression=compression, delta=delta, exponential=exponential)
    expect_points(run, prefix, points)


def test_an_outage_of_the_stream_loses_nothing(run: LocalRun) -> None:
    """As long as the exporter's own retries last: it gives up after ten seconds."""
    run.control("faults", {**THROTTLED, "count": 2})
    points = exported(PYTHON, run, "otpy.outage", compression="Gzip")
    assert not run.control("faults")["rules"]
    expect_points(run, "otpy.outage", points)


def test_the_documented_variables_are_all_that_it_needs(run: LocalRun) -> None:
    """As they stand in docs/protocols.md, with the address of this run."""
    options = {"endpoint": None, "headers": None, "compression": None}
    points = exported(PYTHON, run, "otpy.documented", variables=documented(run), **options)
    expect_points(run, "otpy.documented", points)
