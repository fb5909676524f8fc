"""A run of an environment that takes signed requests only."""

from collections.abc import Callable

import pytest

from tests.support.local_run import LocalRun, wait_for

pytestmark = pytest.mark.pipeline


def test_an_environment_that_wants_signatures_is_fed_with_signed_requests(
    start: Callable[..., LocalRun],
) -> None:
    """The feed signs what it sends, the line to paste makes curl sign, and who does not sign is refused."""
    run = start("--environment", "prod")
    wait_for(lambda: run.control("status")["us-east-1"]["accepted"] > 100, "the feed", seconds=20)
    body = {"metric_name": "hello", "value": 1}
    assert run.post(body).status == 403
    stdout = run.process.stdout
    assert stdout is not None
    line = next(line for line in stdout if line.startswith("post "))
    assert "accepted" in run.shell(line.removeprefix("post "))
    ended = run.end()
    accepted, stored, superseded, quarantined = ended.account
    assert accepted == stored > 100
    assert (superseded, quarantined, ended.status) == (0, 0, 0)
