"""The batches that settings lead to."""

from itertools import islice

from benchmarks.batching import Setting, batches, measure


def test_a_batch_is_full_or_its_window_has_passed() -> None:
    """A hundred hosts every ten seconds: a window of a second holds about ten requests, and none waits longer."""
    for batch in islice(batches(Setting(100, 1, 500)), 20):
        assert 5 <= len(batch.requests) <= 15
        assert all(0 <= batch.closed_s - second <= 1 for _, second in batch.requests)
    assert {len(batch.requests) for batch in islice(batches(Setting(100, 30, 7)), 20)} == {7}


def test_lanes_by_host_see_the_same_hosts() -> None:
    """By requests a lane sees every host in time; by hosts it sees its own alone."""
    seen = {
        by_host: {
            host
            for batch in islice(batches(Setting(100, 1, 500, 4, by_host)), 200)
            for host, _ in batch.requests
        }
        for by_host in (False, True)
    }
    assert len(seen[True]) < 40 < 90 < len(seen[False])


def test_units_and_calls_are_those_of_a_million_points() -> None:
    """A host's forty metrics, sent in one request, are a call of two units."""
    _, units, calls, wait_s = measure(Setting(20, 1, 500))
    assert (round(units), round(calls)) == (50_000, 25_000)
    assert 0 <= wait_s <= 1
