"""Debian's collectd, unmodified: its plugin write_http, and its plugin statsd as the edge that speaks UDP."""

import pytest

from tests.support.collectd import HOST, Sample, counted_by_collectd
from tests.support.local_run import LocalRun, wait_for
from tests.support.stored_rows import quarantined, stored_rows


@pytest.fixture(scope="module")
def counted(run: LocalRun, tmp_path_factory: pytest.TempPathFactory) -> dict[Sample, float]:
    """The samples of a collectd that ran for some seconds, and was sent StatsD's metrics."""
    return counted_by_collectd(run, tmp_path_factory.mktemp("collectd"))


def test_every_sample_is_stored(run: LocalRun, counted: dict[Sample, float]) -> None:
    """All that collectd's own plugin csv wrote down, with its time, and nothing else."""
    names = {name for name, _, _ in counted}
    assert {"load_shortterm", "interface_if_octets_rx", "memory"} <= names

    def found() -> dict[Sample, float]:
        rows = (row for name in names for row in stored_rows(run, name) if row.name in names)
        return {
            (row.name, row.time_ns, row.dimensions): row.value
            for row in rows
            if ("host", HOST) in row.dimensions
        }

    wait_for(lambda: len(found()) >= len(counted), f"{len(counted)} samples", seconds=60)
    stored = found()
    assert stored.keys() == counted.keys()
    assert stored == pytest.approx(counted, rel=1e-6)
    assert not [line for line in quarantined(run, "") if line["format"] == "collectd"]


def test_statsd_comes_through_collectd(run: LocalRun, counted: dict[Sample, float]) -> None:
    """Under the names by which it was sent: counters, gauges, timers and sets."""
    statsd = {
        (name, dict(present)["type"]): value
        for (name, _, present), value in counted.items()
        if "demo" in name
    }
    assert statsd["demo.requests", "derive"] == 3
    assert statsd["demo.depth", "gauge"] == 1.5
    assert {"demo.users", "demo.latency-average"} <= {name for name, _ in statsd}
    run.wait_until_stored("demo.depth", sum(name == "demo.depth" for name, _, _ in counted))
