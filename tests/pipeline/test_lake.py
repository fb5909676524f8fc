"""The whole pipeline with points in the lake: what it does alike, and what only a lake does."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support import store_stories
from tests.support.alert_listener import Listener
from tests.support.local_run import LocalRun, wait_for
from tests.support.project_copy import copy_project

pytestmark = pytest.mark.pipeline


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRun]:
    """A run whose batches are short, so that its points are seen soon, and whose age is that of other tests."""
    project = copy_project(tmp_path_factory.mktemp("project") / "here")
    file = project / "environments" / "lake.toml"
    text = file.read_text(encoding="utf-8")
    for setting, value in (("window_seconds", 1), ("maximum_age_seconds", 1800), ("throttle_rate", 100)):
        text = re.sub(rf"^{setting} = \d+", f"{setting} = {value}", text, count=1, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8")
    run = LocalRun("--no-feed", "--environment", "lake", project=project)
    yield run
    run.kill()


@pytest.fixture
def listener(run: LocalRun, tmp_path: Any) -> Listener:
    """The rules and subscribers that the alerts' own test has."""
    return Listener.with_rules(run, tmp_path)


def test_a_posted_point_comes_back_and_a_bad_neighbour_is_set_aside(run: LocalRun) -> None:
    """Through the commands, which want the hour; a correction wins, and what it corrected is kept as superseded."""
    at = {"timestamp": int(time.time() * 1000) - 60_000}
    good = {"metric_name": "lake.first", "value": 1, "dimensions": {"host.name": "it's"}, **at}
    bad = {"metric_name": "lake.first", "value": 1, "dimensions": {"host.name": ""}}
    reply = run.post({"metrics": [good, bad]})
    run.wait_until_stored("lake.first", 1)
    wait_for(lambda: len(run.quarantine(reply.body["request_id"])) == 1, "the quarantine", seconds=60)
    assert run.post({**good, "value": 2}).status == 202
    asked = "SELECT host__name, value FROM points WHERE event_hour > '' AND metric_name = 'lake.first'"
    query = f'python -m ops query --format csv "{asked}"'
    wait_for(lambda: run.shell(query) == "host__name,value\nit's,2.0\n", "the correction", seconds=60)
    assert run.select("SELECT count(*) FROM superseded") == [[1]]
    refused = run.shell("python -m ops query 'SELECT count(*) FROM points' 2>&1 || true")
    assert "WHERE event_hour >= date_format" in refused
    assert "--all-hours" in refused
    assert run.shell("python -m ops query --all-hours --csv 'SELECT count(*) FROM points'").startswith(
        "_col0\n"
    )
    assert "lake.first" in run.shell("python -m ops metrics")
    assert "it's" in run.shell("python -m ops metrics lake.first")
    assert re.search(r"^points +ok ", run.shell("python -m ops status || true"), re.MULTILINE)


def test_a_mended_point_is_stored_once_at_its_own_time(run: LocalRun) -> None:
    """As with Timestream. From here on the run's clock is moved."""
    store_stories.a_mended_point_is_stored_once_at_its_own_time(run)


def test_a_correction_wins_over_a_redriven_point(run: LocalRun) -> None:
    """As with Timestream."""
    store_stories.a_correction_wins_over_a_redriven_point(run)


def test_a_batch_that_was_given_up_is_written_once(run: LocalRun) -> None:
    """As with Timestream."""
    store_stories.a_batch_that_was_given_up_is_written_once(run)


def test_an_alert_fires_once_in_time_and_is_resolved_once(listener: Listener) -> None:
    """As with Timestream: alerts are judged in the stream."""
    store_stories.an_alert_fires_once_in_time_and_is_resolved_once(listener)


def test_an_hour_is_compacted_and_answers_as_before(run: LocalRun) -> None:
    """What was asked of hot objects is asked of Parquet; these go when they are not needed any more."""
    offset_s = run.control("clock")["offset_seconds"]
    hour = f"{datetime.fromtimestamp(time.time() + offset_s, UTC):%Y-%m-%d-%H}"
    for value in (1, 2, 3):
        at_ms = int((time.time() + offset_s) * 1000) // 3_600_000 * 3_600_000
        assert (
            run.post({"metric_name": "lake.kept", "value": value, "timestamp": at_ms + value % 2}).status
            == 202
        )
    asked = "SELECT metric_name, time, time_ns, value, version, request FROM {table} ORDER BY 3, 1, 4"
    run.wait_until_stored("lake.kept", 2)
    wait_for(lambda: len(run.select("SELECT 1 FROM superseded")) >= 2, "the version that lost", seconds=60)
    before, lost = run.select(asked), run.select("SELECT * FROM superseded ORDER BY time_ns, version")
    run.control("clock", {"advance_seconds": 4800})
    exported = f"{hour[:10]}T{hour[11:]}"
    wait_for(lambda: _is_exported(run, exported), "the compaction", seconds=60)
    assert run.select(asked) == before
    assert run.select("SELECT * FROM superseded ORDER BY time_ns, version") == lost
    assert "lake.kept" in run.shell("python -m ops export query 'SELECT DISTINCT metric_name FROM metrics'")
    # An hour later it is tidied, by the run of the next hour.
    run.control("clock", {"advance_seconds": 3600})
    wait_for(lambda: not _objects(run, f"hot/event_hour={hour}/"), "the hot objects to go", seconds=60)
    assert run.select(asked) == before
    assert run.select("SELECT * FROM superseded ORDER BY time_ns, version") == lost


def test_every_point_of_this_run_is_accounted_for(run: LocalRun) -> None:
    """At its end, when most is compacted: by the two views, and the quarantine. The last test of the module."""
    ended = run.end()
    accepted, stored, superseded, quarantined = ended.account
    assert ended.status == 0, ended
    assert superseded >= 2
    assert accepted == stored + superseded + quarantined > 10
    assert "cost: $" in ended.output


def _is_exported(run: LocalRun, hour: str) -> bool:
    shown = run.shell("python -m ops export status --format csv")
    return any(line.startswith(f"{hour},exported,") for line in shown.splitlines())


def _objects(run: LocalRun, prefix: str) -> list[Any]:
    bucket = run.environment["TIDEGAUGE_EXPORT_BUCKET_NAME"]
    found: list[Any] = run.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    return found
