"""Decoding stays cheap in every format."""

import pytest

from benchmarks.decoding import FEEDS, FORMATS, in_requests, loading, reading

_MOST = 4
SAMPLES = FEEDS["1,000 series"]


@pytest.mark.parametrize("body_format", FORMATS)
def test_decoding_costs_at_most_four_times_what_json_loads_takes(body_format: str) -> None:
    """For the same points in the same run, with their names, times, values and dimensions judged."""
    requests = in_requests(SAMPLES)
    bodies = [FORMATS[body_format](request) for request in requests]
    assert reading(body_format, bodies, len(SAMPLES)) < _MOST * loading(requests)
