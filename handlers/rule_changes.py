"""Resolves the alerts of rules that were changed or deleted, as the rules table's stream tells of them."""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import rule_of
from handlers.adapters.tracing import trace_if_sampled
from handlers.domain.alerts.evaluation.resolver import Resolver
from handlers.domain.alerts.evaluation.rule_evaluation import RULE_CHANGED, RULE_DELETED
from handlers.domain.alerts.notifications.notification import Place
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.fields import RuleError
from handlers.domain.alerts.rules.reading import rule_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.errors import TransientError
from handlers.environment import read_environment


@dataclass(frozen=True)
class RuleChangesEnvironment:
    """What the template tells the function."""

    environment: str
    alerts_table: str
    tick_seconds: int


@cache
def _started() -> Resolver:
    """The resolver with its client, made once for the life of the process."""
    environment = read_environment(RuleChangesEnvironment, os.environ)
    return Resolver(
        alerts=AlertsTable(client("dynamodb", read_timeout=5, attempts=4), environment.alerts_table),
        timing=Timing(environment.tick_seconds),
        place=Place(os.environ["AWS_REGION"], environment.environment),
    )


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Answers with the change from which the stream must come again, if there is one."""
    resolver = _started()
    trace_if_sampled(os.environ)
    for record in event["Records"]:
        change = record["dynamodb"]
        old, new = _rule(change.get("OldImage")), _rule(change.get("NewImage"))
        if old is None or (new is not None and rule_revision(new) == rule_revision(old)):
            continue
        reason = RULE_DELETED if "NewImage" not in change else RULE_CHANGED
        try:
            resolved = resolver.end_rule(old.key, reason, time.time())
        except TransientError as error:
            _log({"retry_from": change["SequenceNumber"], "cause": str(error)})
            return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
        _log({"rule": old.key, "reason": reason, "resolved": resolved})
    return {"batchItemFailures": []}


def _rule(image: Mapping[str, Any] | None) -> Rule | None:
    """The rule in an image; none where there is no image or it is no rule, of which there can be no alert."""
    try:
        return None if image is None else rule_of(image)
    except RuleError:
        return None


def _log(content: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    # While Lambda initializes: a wrong environment ends the start with its reason, and the first event finds clients.
    _started()
