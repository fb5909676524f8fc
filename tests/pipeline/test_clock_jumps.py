"""The clock moved by hours while points are under way."""

from collections.abc import Callable

import pytest

from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline


def test_a_jump_while_points_come_in_gives_none_up(start: Callable[..., LocalRun]) -> None:
    """What is on the stream is dealt with before the clock moves, again and again, with the feed going on."""
    run = start()
    for _ in range(2):
        accepted = run.control("status")["us-east-1"]["accepted"]
        wait_for(
            lambda accepted=accepted: run.control("status")["us-east-1"]["accepted"] > accepted + 100,  # type: ignore[misc]
            "the feed",
            seconds=20,
        )
        assert run.control("clock", {"advance_seconds": 3600})["stream_empty"]
    ended = run.end()
    assert (ended.status, "given up" in ended.output) == (0, False), ended
    accepted, stored, superseded, _ = ended.account
    assert accepted == stored + superseded


def test_a_batch_that_grows_too_old_is_accounted_for_with_its_address(start: Callable[..., LocalRun]) -> None:
    """Held up by a fault, it is given up after the jump: the summary counts it and says where it lies."""
    run = start("--no-feed", "--environment", "load")  # where records are given up soon
    assert run.post({"metric_name": "acc.kept", "value": 1}).status == 202
    run.wait_until_stored("acc.kept", 1)
    # While no new name can be admitted the batch comes again within seconds.
    run.control("faults", {"service": "dynamodb", "operation": "UpdateItem", "error": "InternalServerError"})
    point = {"metric_name": "acc.lost", "dimensions": {"new": "a"}}
    assert run.post({"metrics": [{**point, "value": value} for value in (1, 2)]}).status == 202
    assert not run.control("clock", {"advance_seconds": 1900})["stream_empty"]
    bucket = run.environment["TIDEGAUGE_QUARANTINE_BUCKET_NAME"]

    def batches() -> list[str]:
        found = run.client("s3").list_objects_v2(Bucket=bucket, Prefix="aws/lambda/").get("Contents", [])
        return [one["Key"] for one in found]

    wait_for(lambda: bool(batches()), "the batch to be given up", seconds=90)
    (key,) = batches()
    ended = run.end()
    assert (ended.status, ended.account) == (0, (3, 1, 0, 0)), ended
    assert "quarantined 0 + given up 2\n" in ended.output
    assert f"given up: s3://{bucket}/{key}\n" in ended.output
