"""The planner as the state machine calls it."""

from typing import Any

import pytest

from handlers.domain.errors import ConfigurationError
from handlers.domain.exports.steps import SummariseOutput
from handlers.metric_export_planner import MetricExportPlanner, build
from tests.support.export_ports import HOURS
from tests.support.memory_dynamodb import MemoryDynamoDB

VARIABLES = {
    "PROJECT": "metrics",
    "ENVIRONMENT": "dev",
    "EXPORT_HOURS_TABLE": HOURS,
    "EXPORT_LAG_MINUTES": "15",
    "RETENTION_DAYS": "30",
    "AWS_REGION": "us-east-1",
}
NOW = "2026-11-22T03:15:00Z"
HOUR = "2026-11-22T02"


@pytest.fixture
def planner() -> MetricExportPlanner:
    """The function on an empty ledger."""
    dynamodb = MemoryDynamoDB(HOURS)
    return build(VARIABLES, connect=lambda _service, **_settings: dynamodb)


def test_a_step_nobody_knows_is_refused(planner: MetricExportPlanner) -> None:
    """A state machine that is newer than the function fails at once, and does not pass for a summary."""
    with pytest.raises(ConfigurationError, match="no such step: 'summarize'"):
        planner.run({"step": "summarize", "now": NOW, "results": []})


def test_the_hours_of_a_round_are_chosen(planner: MetricExportPlanner) -> None:
    """The due hour, and no next round."""
    chosen = planner.run({"step": "choose", "now": NOW, "input": {}})
    assert chosen == {"hours": [HOUR], "more": False, "next": {}}


@pytest.mark.parametrize(("error", "outcome"), [("Mismatch", "failed"), ("LostClaim", "busy")])
def test_an_hour_is_given_up(planner: MetricExportPlanner, error: str, outcome: str) -> None:
    """A failure is entered; an hour that another execution took over is that one's."""
    planner.run({"step": "choose", "now": NOW, "input": {}})
    event: dict[str, Any] = {
        "step": "give_up",
        "now": NOW,
        "hour": HOUR,
        "by": "x",
        "error": {"Error": error},
    }
    assert planner.run(event) == {"hour": HOUR, "outcome": outcome, "error": error}
    (record,) = planner.ledger.read([next(iter(planner.ledger.due(2e9, 1)))]).values()
    assert record.error == (error if outcome == "failed" else "")


def test_an_execution_is_summarised(planner: MetricExportPlanner, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts for the machine, words for operators, and a line of metrics in the log."""
    results = [{"hour": HOUR, "outcome": "failed", "error": "Mismatch"}]
    summary: Any = planner.run({"step": "summarise", "now": NOW, "results": results})
    assert summary.keys() == SummariseOutput.__annotations__.keys()
    assert (summary["hours"], summary["failed"]) == (1, 1)
    assert summary["subject"] == "metrics-dev us-east-1: 1 hour not exported"
    assert '"HoursFailed":1' in capsys.readouterr().out
