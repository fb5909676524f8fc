"""What was accepted and not stored, got in afterwards."""

import time
from collections.abc import Iterator

import pytest

from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline
OPS = "python -m ops quarantine"


@pytest.fixture(scope="module")
def run() -> Iterator[LocalRun]:
    """A run whose clock may be moved."""
    run = LocalRun("--no-feed", "--environment", "load")
    yield run
    run.kill()


def _stored(run: LocalRun, metric: str) -> list[str | None]:
    if not run.select("SELECT count(*) FROM {table} HAVING count(*) > 0"):
        return []  # until the first point is stored the table has no column metric_name
    return [value for [value] in run.select(f"SELECT value FROM {{table}} WHERE metric_name = '{metric}'")]


def test_a_mended_point_is_stored_once_at_its_own_time(run: LocalRun) -> None:
    """A redrive sends what can be mended, a second one nothing; what is still bad is kept and said."""
    seconds = int(time.time())
    bad = {"metric_name": "bad", "value": 1, "dimensions": {"time": "a"}}
    reply = run.post({"metrics": [{"metric_name": "mended", "value": 1, "timestamp": seconds}, bad]})
    wait_for(lambda: len(run.quarantine(reply.body["request_id"])) == 2, "the quarantine", seconds=20)
    assert "looks like seconds" in run.shell(f"{OPS} show {reply.body['request_id']}")
    shown = run.shell(f"{OPS} redrive --fix seconds || true")
    assert "sent 1 point" in shown
    assert "dimension_name_reserved" in shown
    wait_for(lambda: len(_stored(run, "mended")) == 1, "the point", seconds=20)
    [[found]] = run.select("SELECT to_milliseconds(time) FROM {table} WHERE metric_name = 'mended'")
    assert found == str(seconds * 1000)
    assert "nothing to send" in run.shell(f"{OPS} redrive --fix seconds || true")


def test_a_batch_that_was_given_up_is_written_once(run: LocalRun) -> None:
    """However often it is handed over, with the times of its arrival; then nothing is left to hand over."""
    # While no new name can be admitted the batch comes again within seconds.
    run.control("faults", {"service": "dynamodb", "operation": "UpdateItem", "error": "InternalServerError"})
    point = {"metric_name": "lost", "value": 1, "dimensions": {"new": "a"}}
    bad = {**point, "timestamp": 1}
    assert run.post({"metrics": [point, point, bad]}).status == 202
    run.control("clock", {"advance_seconds": 1900})
    waiting = f"{OPS} redrive --batches --dry-run"
    wait_for(lambda: "RecordAgeExceeded" in run.shell(waiting), "the batch to be given up", seconds=90)
    run.control("faults", method="DELETE")
    assert "1 request written" in run.shell(f"{OPS} redrive --batches")
    assert "no batch" in run.shell(f"{OPS} redrive --batches")
    assert len(_stored(run, "lost")) == 2
    assert "timestamp_too_old" in run.shell(f"{OPS} list --metric lost")
