"""A run whose functions are in a VPC: they reach what its endpoints serve, and that is all they need."""

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.alert_listener import Listener
from tests.support.local_run import LocalRun
from tests.support.project_copy import copy_project

pytestmark = pytest.mark.pipeline

NETWORK = """
[network]
mode = "private"
cidr = { us-east-1 = "10.0.0.0/16" }
ingest_cell = { us-east-1 = "cell1" }
query_cell = { us-east-1 = "cell2" }
s3_prefix_list = { us-east-1 = "pl-0000000a" }
dynamodb_prefix_list = { us-east-1 = "pl-0000000b" }
zones = { us-east-1 = ["us-east-1b", "us-east-1c"] }
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[LocalRun]:
    """A private run of dev, without the feed."""
    project = copy_project(tmp_path / "private")
    environment = project / "environments" / "dev.toml"
    environment.write_text(environment.read_text() + NETWORK)
    started = LocalRun("--no-feed", project=project)
    yield started
    started.kill()


def test_points_alerts_and_exports_pass_the_endpoints_of_the_vpc(run: LocalRun, tmp_path: Path) -> None:
    """Every function has run, none called what its network does not reach, and the run ends well."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "rules:\n  - {rule_id: hot, metric_name: heat, metric_type: business, statistic: max, "
        'operator: ">", threshold: 50, severity: low}\n'
    )
    run.shell(f"python -m ops rules apply {rules}")
    listener = Listener(run)
    end = listener.move_to_end_of_period()
    point = b'{"metric_name": "heat", "metric_type": "business", "value": %s}'
    assert [run.post(point % value).status for value in (b"95", b"1e999")] == [202, 202]
    run.wait_until_stored("heat", 1)
    listener.move_to(end + 7)  # the batch's window is over
    assert len(listener.messages(listener.everything, 1, end + 16)) == 1
    assert "exported" in run.shell("python -m ops export run current")
    logs = tmp_path / "private" / "build" / "logs"
    ran = {re.sub(r"^metrics-dev-|-[0-9A-Z]+$", "", file.stem) for file in logs.glob("*.log")}
    assert ran == {
        f"{name}Function"
        for name in (
            "AlertEvaluator", "MetricExportPlanner", "MetricExportPublisher", "MetricExportTidier",
            "MetricExportUnloader", "MetricWriter", "RuleChanges", "WindowAggregator",
        )
    }  # fmt: skip
    assert run.control("status")["us-east-1"]["unreachable"] == []
    ended = run.end(signal.SIGTERM)
    assert (ended.status, ended.account) == (0, (2, 1, 0, 1))
