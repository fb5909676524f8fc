"""One run through everything the pipeline does, and every role's policy held against the calls that it made there.

A role may do what it did, or what AWS does in its name, and nothing else: no permission is missing, none is too much.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from emulator.iam.evaluation import Permission
from handlers.adapters.dynamodb.rules_table import KNOWN_AFTER_S
from tests.support.local_run import LocalRun, wait_for
from tests.support.permissions import Policy, calls_of, faults, mutations, roles_of

pytestmark = pytest.mark.pipeline

RULE = (
    "rules:\n  - {rule_id: hot, metric_name: room.temperature, metric_type: business, by: [room], statistic: max, "
    'operator: ">", threshold: 90, severity: critical}\n'
    "  - {rule_id: warm, metric_name: room.temperature, metric_type: business, by: [room], statistic: avg, "
    'operator: ">", threshold: 60, unless: hot}\n'
)
Record = tuple[Mapping[str, Policy], Mapping[str, Sequence[Permission]], Sequence[Mapping[str, Any]]]


class Story:
    """A run whose clock is moved from one thing that happens to the next."""

    def __init__(self, run: LocalRun) -> None:
        self.run, self.ahead_s = run, 0.0

    def now_s(self) -> float:
        """The local run's time."""
        return time.time() + self.ahead_s

    def go_to(self, moment_s: float) -> None:
        """Move the clock forward."""
        self.ahead_s += max(moment_s - self.now_s(), 0.0)
        self.run.control("clock", {"offset_seconds": self.ahead_s})

    def measure(self, value: float, *more: Mapping[str, Any], **fields: Any) -> None:
        """Post a temperature, with other points."""
        point = {"metric_name": "room.temperature", "metric_type": "business", "value": value, **fields}
        point.setdefault("dimensions", {"room": "attic"})
        assert self.run.post({"metrics": [point, *more]}).status == 202

    def uses(self, role: str, action: str, resource: str = "") -> None:
        """Wait until a role has used an action, on a resource whose ARN holds this text."""

        def used() -> bool:
            return any(
                role in one["role"] and one["action"] == action and resource in one["resource"]
                for one in self.run.control("permissions")["used"]
            )

        wait_for(used, f"{action} by {role}", seconds=60)

    def export_at(self, moment_s: float) -> None:
        """Move the clock to when an export is due, and wait until one has begun and ended."""
        states, machine = (
            self.run.client("stepfunctions"),
            self.run.environment["TIDEGAUGE_METRIC_EXPORT_ARN"],
        )

        def executions() -> list[str]:
            listed = states.list_executions(stateMachineArn=machine)["executions"]
            return [execution["status"] for execution in listed]

        before = executions()
        self.go_to(moment_s)
        wait_for(lambda: len(executions()) > len(before), "an export to begin", seconds=60)
        wait_for(lambda: "RUNNING" not in executions(), "the export to end", seconds=120)

    def fail(self, rule: Mapping[str, Any]) -> None:
        """Have calls fail by this rule and no other; an empty one lets all succeed."""
        self.run.control("faults", method="DELETE")
        if rule:
            self.run.control("faults", rule)


def _alerts(story: Story, rules: Path) -> None:
    """A rule fires and mutes another, while answers to those who start evaluations are lost; both are taken away."""
    rules.write_text(RULE)
    story.run.shell(f"python -m ops rules apply {rules}")
    lost = {"error": "InternalServerError", "when": "after"}
    story.fail({"service": "stepfunctions", "operation": "StartExecution", **lost})
    end_s = (int(story.now_s() + KNOWN_AFTER_S) // 60 + 2) * 60
    story.go_to(end_s - 3)
    story.measure(95, {"metric_name": "too.old", "value": 1, "timestamp": 1})
    story.go_to(end_s)
    story.uses("WindowAggregatorRole", "dynamodb:DeleteItem")
    story.fail({})
    story.go_to(end_s + 120)
    story.uses("AlertEvaluationRole", "sns:Publish")
    story.uses("AlertEvaluationRole", "dynamodb:UpdateItem")
    story.measure(95)
    rules.write_text("rules: []\n")
    story.run.shell(f"python -m ops rules apply {rules} --prune --yes")
    story.uses("RuleChangesRole", "dynamodb:UpdateItem")


def _exports(story: Story) -> None:
    """An hour is exported, again with a late point and a new dimension; one fails; replaced files go a day later."""
    story.run.wait_until_stored("room.temperature", 2)
    hour_s = int(story.now_s()) // 3600 * 3600
    story.export_at(hour_s + 5400)
    late_ms = (hour_s + 3599) * 1000
    story.measure(50, timestamp=late_ms, dimensions={"room": "attic", "floor": "2"})
    story.measure(51)
    story.run.wait_until_stored("room.temperature", 4)
    story.fail({"timestream": {"fail_unloads": {"count": 10}}})
    story.export_at(hour_s + 3600 + 5400)
    story.fail({"timestream": {}})
    story.export_at(hour_s + 2 * 3600 + 5400)
    story.export_at(hour_s + 28 * 3600 + 5400)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """The roles' policies, the permissions that each used in the run, and those that it was refused."""
    run = LocalRun("--no-feed")
    try:
        story = Story(run)
        _alerts(story, tmp_path_factory.mktemp("rules") / "rules.yaml")
        _exports(story)
        shown = run.control("permissions")
        yield roles_of(run.client("iam")), calls_of(shown), shown["refused"]
    finally:
        run.kill()


def test_no_role_was_refused_anything(record: Record) -> None:
    """A missing permission is refused here as in an account."""
    assert record[2] == []


def test_every_permission_was_used_and_every_use_is_permitted(record: Record) -> None:
    """Place by place: each action on each resource of each statement is needed by a call."""
    policies, calls, _ = record
    assert len(policies) >= 13
    found = {role: faults(policy, calls.get(role, [])) for role, policy in policies.items()}
    assert {role: wrong for role, wrong in found.items() if wrong} == {}


def test_each_change_of_a_policy_is_noticed(record: Record) -> None:
    """One action or resource less is missing, one more is too much: judged by the calls of the one run."""
    policies, calls, _ = record
    changed = [(role, what, other) for role, policy in policies.items() for what, other in mutations(policy)]
    assert len(changed) > 300
    assert [(role, what) for role, what, other in changed if not faults(other, calls[role])] == []
