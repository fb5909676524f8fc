"""The steps of the alert evaluation that need more than a Choice: plan, evaluate, hand out, finish."""

import os
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.alerts_table import READERS as ALERT_READERS
from handlers.adapters.dynamodb.alerts_table import WRITERS as ALERT_WRITERS
from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import RulesTable
from handlers.adapters.dynamodb.windows_table import READERS as WINDOW_READERS
from handlers.adapters.dynamodb.windows_table import WindowsTable
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.alerts.evaluation.evaluation_range import TickRange
from handlers.domain.alerts.evaluation.evaluator import Evaluator, Outcome, Share
from handlers.domain.alerts.notifications.notification import Place
from handlers.domain.alerts.periods import Timing
from handlers.domain.emf import metrics_line
from handlers.domain.errors import ConfigurationError
from handlers.environment import read_environment


@dataclass(frozen=True)
class AlertEvaluatorEnvironment:
    """What the template tells the function."""

    environment: str
    rules_table: str
    windows_table: str
    alerts_table: str
    tick_seconds: int
    grace_seconds: int
    maximum_groups: int


@cache
def _started() -> tuple[AlertEvaluatorEnvironment, Evaluator]:
    """The environment and the clients, made once for the life of the process."""
    environment = read_environment(AlertEvaluatorEnvironment, os.environ)
    timing = Timing(environment.tick_seconds, environment.grace_seconds)
    dynamodb = client(
        "dynamodb", read_timeout=5, attempts=4, connections=max(ALERT_READERS, ALERT_WRITERS, WINDOW_READERS)
    )
    evaluator = Evaluator(
        rules=RulesTable(dynamodb, environment.rules_table),
        windows=WindowsTable(dynamodb, environment.windows_table, timing),
        alerts=AlertsTable(dynamodb, environment.alerts_table),
        timing=timing,
        place=Place(os.environ["AWS_REGION"], environment.environment),
        group_cap=environment.maximum_groups,
    )
    return environment, evaluator


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Does the step that the state machine names, and answers what the next state needs."""
    environment, evaluator = _started()
    trace_if_sampled(os.environ)
    now = time.time()
    match event["step"]:
        case "plan":
            return evaluator.plan(event["input"].get("tick"), now)
        case "evaluate":
            about = TickRange(event["first"], event["last"])
            share = Share(**event["chunk"])
            outcome = evaluator.evaluate(about, share, now)
            sys.stdout.write(outcome_line(outcome, environment.environment, round(now * 1000)) + "\n")
            sys.stdout.flush()
            return evaluator.hand_out(share, "", time.time(), outcome.told).document()
        case "hand_out":
            return evaluator.hand_out(Share(**event["chunk"]), event["after"], now).document()
        case "finish":
            evaluator.finish(TickRange(event["first"], event["last"]), now)
            return {}
        case step:
            raise ConfigurationError(f"no such step: {step!r}")


def outcome_line(outcome: Outcome, environment: str, now_ms: int) -> str:
    """An evaluation as a log line that is metrics, too."""
    counts = {
        "AlertGroupsEvaluated": outcome.groups,
        "AlertTransitions": outcome.transitions,
        "AlertNotifications": outcome.notifications,
        "AlertLateTransitions": outcome.late,
        "AlertRulesOverCap": len(outcome.over_cap),
        "AlertRulesUnreadable": outcome.unreadable,
    }
    return metrics_line(counts, environment, now_ms, context={"details": outcome.counts()})


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # While Lambda initializes: a wrong environment ends the start with its reason, and the first event finds clients.
    _started()
