"""The time that a backlog takes."""

import pytest

from benchmarks.backlog import Body, Cost, batch_records, drain_s
from benchmarks.decoding import FORMATS, POINTS
from handlers.domain.ingest.envelope import read_records


@pytest.mark.parametrize("body_format", FORMATS)
def test_every_sample_is_in_one_record(body_format: str) -> None:
    """Of its format, in batches of as many records as are asked for."""
    events = list(Body(body_format, 500).events(8))
    assert [len(event["Records"]) for event in events] == [8, 8, POINTS // 500 - 16]
    assert {record.format for event in events for record in read_records(event)} == {body_format}


def test_a_batch_is_what_an_invocation_takes() -> None:
    """The records that are asked for, or six megabytes with base64 and what stands around them."""
    assert batch_records(500, 170) == 500
    assert batch_records(10_000, 15_700) == 280


def test_processor_and_waits_add_up_and_batches_of_a_shard_run_side_by_side() -> None:
    """2.5 million records of a shard in batches of 100, a point each: 10 ms of half a vCPU, and a wait of 20 ms."""
    cost = Cost(point_s=50e-6, wait_s=0.02)
    assert drain_s(1, 100, cost, 0.5, 1) == pytest.approx(25_000 * 0.03)
    assert drain_s(1, 100, cost, 0.5, 2) == pytest.approx(12_500 * 0.03)
    assert drain_s(1, 100, cost, 4.0, 1) == pytest.approx(25_000 * 0.025)
