"""Decoding stays cheap in every format."""

import pytest

from benchmarks.decoding import FEEDS, FORMATS, fleet, in_requests, loading, new_reader, points_of, reading

_MOST = 4
_ATTEMPTS = 5
SAMPLES = FEEDS["1,000 series"]


@pytest.mark.parametrize("body_format", FORMATS)
def test_decoding_costs_at_most_four_times_what_json_loads_takes(body_format: str) -> None:
    """For the same points in the same run, judged by a process that has read their series before."""
    requests = in_requests(SAMPLES)
    bodies = [FORMATS[body_format](request) for request in requests]
    # A machine that does something else in the meantime makes a run slower, never faster.
    assert any(
        reading(body_format, bodies, len(SAMPLES)).known < _MOST * loading(requests) for _ in range(_ATTEMPTS)
    )


@pytest.mark.parametrize("body_format", FORMATS)
def test_the_same_points_in_every_format_are_the_same(body_format: str) -> None:
    """Their series, times to the nanosecond, and values to the last bit."""
    samples = fleet(100)[:1000]
    found = points_of(new_reader(), body_format, [FORMATS[body_format](samples)])
    assert [(*point.series, point.time_ns, point.value) for point in found] == [
        (one.name, "application", tuple(sorted(one.dimensions.items())), one.time_ms * 1_000_000, one.value)
        for one in samples
    ]
