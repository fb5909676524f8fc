"""The steps of the alert evaluation that need more than a Choice: plan, evaluate, next page."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.dynamodb.alerts_table import READERS as ALERT_READERS
from handlers.adapters.dynamodb.alerts_table import WRITERS as ALERT_WRITERS
from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.client import DynamoDb, connect_to_dynamodb
from handlers.adapters.dynamodb.rules_table import RulesTable
from handlers.adapters.dynamodb.silences_table import SilencesTable
from handlers.adapters.dynamodb.windows_table import READERS as WINDOW_READERS
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.evaluation.evaluator import Evaluator
from handlers.domain.alerts.evaluation.outcome import Outcome
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.steps import Page, Plan
from handlers.domain.emf import metrics_line
from handlers.domain.errors import ConfigurationError
from handlers.environment import read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler
from handlers.vocabulary import metric_dimensions

CHUNKS_SECONDS = 600.0


@dataclass(frozen=True)
class AlertEvaluatorEnvironment:
    """The variables that the template gives the function."""

    project: str
    environment: str
    rules_table: str
    windows_table: str
    alerts_table: str
    silences_table: str
    tick_seconds: int
    grace_seconds: int
    maximum_groups: int


Answer = Plan | Page | dict[str, Any]


@dataclass(frozen=True)
class AlertEvaluator:
    """The function, with all that it works with."""

    environment: AlertEvaluatorEnvironment
    evaluator: Evaluator
    clock: Callable[[], float]

    def answer(self, event: Any) -> Answer:
        """The answer to a step; `ConfigurationError` if there is no such step."""
        now_s = self.clock()
        match event["step"]:
            case "plan":
                return self.evaluator.plan(event["input"].get("tick"), now_s)
            case "evaluate":
                chunk = event["chunk"]
                outcome = self.evaluator.evaluate(chunk, event["first"], event["last"], now_s)
                dimensions = metric_dimensions(self.environment.project, self.environment.environment)
                write_lines([outcome_line(outcome, dimensions, round(now_s * 1000))])
                if outcome.behind:
                    return {"notifications": [], "count": 0, "after": "", "more": False, "behind": True}
                return self.evaluator.next_page(chunk, "", self.clock(), outcome.notified)
            case "hand_out":
                return self.evaluator.next_page(event["chunk"], event["after"], now_s)
            case "finish":
                # A step of the version before this one, whose executions live for some minutes after an update.
                return {}
            case step:
                raise ConfigurationError(f"no such step: {step!r}")


def build(
    variables: Mapping[str, str],
    connect_dynamodb: Callable[..., DynamoDb] = connect_to_dynamodb,
    clock: Callable[[], float] = time.time,
) -> AlertEvaluator:
    """The function in this environment, with the client of its tables that `connect_dynamodb` makes.

    `clock` tells seconds since 1970.
    """
    environment = read_environment(AlertEvaluatorEnvironment, variables)
    timing = Timing(environment.tick_seconds, environment.grace_seconds)
    connections = max(ALERT_READERS, ALERT_WRITERS, WINDOW_READERS)
    dynamodb = connect_dynamodb(read_timeout_s=5, attempts=4, connections=connections)
    evaluator = Evaluator(
        # A plan only spreads the rules over chunks; what is evaluated is read anew.
        rules=RulesTable(dynamodb, environment.rules_table, fresh_seconds=CHUNKS_SECONDS),
        windows=WindowsTable(dynamodb, environment.windows_table, timing),
        alerts=AlertsTable(dynamodb, environment.alerts_table),
        timing=timing,
        origin=Origin(variables["AWS_REGION"], environment.environment),
        group_cap=environment.maximum_groups,
        page_limits=PAGE_LIMITS,
        silences=SilencesTable(dynamodb, environment.silences_table),
    )
    return AlertEvaluator(environment, evaluator, clock)


def outcome_line(outcome: Outcome, dimensions: Mapping[str, str], now_ms: int) -> str:
    """An evaluation as a log line that is metrics, too."""
    counts = {
        "AlertGroupsEvaluated": outcome.groups,
        "AlertTransitions": outcome.transitions,
        "AlertNotifications": outcome.notifications,
        "AlertLateTransitions": outcome.late,
        "AlertRulesOverCap": len(outcome.over_cap),
        "AlertRulesUnreadable": outcome.unreadable,
        "AlertsMuted": outcome.muted,
    }
    return metrics_line(counts, dimensions, now_ms, context={"details": outcome.counts()})


handler = lambda_handler(build, lambda evaluator, event, _: evaluator.answer(event))
