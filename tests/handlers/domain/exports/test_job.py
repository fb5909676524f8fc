"""A job as it travels through the state machine."""

from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, ExportJob, PointCount, Unload, read_job
from handlers.vocabulary import LAKE

HOUR = Hour.parse("2026-11-22T02")
CLAIM = Claim(Attempt(HOUR, 1, float(HOUR.end_s + 900)), "execution")
JOB = ExportJob(CLAIM, Layout(("host",), written=True), PointCount(7, "first", "last"))


def test_a_job_survives_its_payload() -> None:
    """Everything travels, and it is small."""
    started = JOB.having("metrics", Unload("m" * 4096, 1)).having(
        "aggregates", Unload(rows=7, manifest="s3://x")
    )
    assert read_job(started.payload()) == started
    lake = ExportJob(
        CLAIM, Layout((), written=True, kind=LAKE), PointCount(7, superseded=2), {"replaced": Unload()}
    )
    assert read_job(lake.payload()) == lake
    wide = ExportJob(
        CLAIM, Layout(tuple(f"{index:060}" for index in range(120)), written=True), PointCount(1)
    )
    assert len(str(wide.payload())) < 20_000


def test_a_job_that_an_older_version_began_is_timestreams() -> None:
    """It is under way while a stack is updated, and its function did not know of any other store."""
    payload = JOB.payload()
    del payload["store"]
    assert read_job(payload) == JOB


def test_a_job_is_published_once_both_datasets_are_done() -> None:
    """The state machine goes by the phase."""
    assert JOB.payload()["phase"] == "unload"
    half = JOB.having("metrics", Unload(rows=7))
    assert half.payload()["phase"] == "unload"
    assert half.having("aggregates", Unload(rows=2)).payload()["phase"] == "publish"
