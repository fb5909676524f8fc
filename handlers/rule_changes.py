"""Ends the alerts of rules that were deleted or have another condition, as the rules table's stream reports."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.dynamodb.alerts_table import READERS, WRITERS, AlertsTable
from handlers.adapters.dynamodb.client import DynamoDb, connect_to_dynamodb
from handlers.adapters.dynamodb.rules_table import rule_of
from handlers.domain.alerts.evaluation.endings import RULE_CHANGED, RULE_DELETED
from handlers.domain.alerts.evaluation.resolver import Resolver
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.rules.fields import RuleError
from handlers.domain.alerts.rules.reading import condition_revision
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.errors import TransientError
from handlers.environment import read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler


@dataclass(frozen=True)
class RuleChangesEnvironment:
    """The variables that the template gives the function."""

    environment: str
    alerts_table: str


@dataclass(frozen=True)
class RuleChanges:
    """The function, with all that it works with."""

    resolver: Resolver
    clock: Callable[[], float]

    def resolve(self, event: dict[str, Any]) -> dict[str, Any]:
        """The answer to the event source mapping: the change to start again from, if there is one."""
        for record in event["Records"]:
            change = record["dynamodb"]
            old, new = _rule(change.get("OldImage")), _rule(change.get("NewImage"))
            if old is None or (new is not None and condition_revision(new) == condition_revision(old)):
                continue
            try:
                resolved = self.resolver.end_rule(old, self.clock(), successor=new)
            except TransientError as error:
                write_lines([json.dumps({"retry_from": change["SequenceNumber"], "cause": str(error)})])
                return {"batchItemFailures": [{"itemIdentifier": change["SequenceNumber"]}]}
            reason = RULE_DELETED if new is None else RULE_CHANGED
            write_lines([json.dumps({"rule": old.key, "reason": reason, "resolved": resolved})])
        return {"batchItemFailures": []}


def build(
    variables: Mapping[str, str],
    connect_dynamodb: Callable[..., DynamoDb] = connect_to_dynamodb,
    clock: Callable[[], float] = time.time,
) -> RuleChanges:
    """The function in this environment, with the client of its table that `connect_dynamodb` makes.

    `clock` tells seconds since 1970.
    """
    environment = read_environment(RuleChangesEnvironment, variables)
    resolver = Resolver(
        alerts=AlertsTable(
            connect_dynamodb(read_timeout_s=5, attempts=4, connections=max(READERS, WRITERS)),
            environment.alerts_table,
        ),
        origin=Origin(variables["AWS_REGION"], environment.environment),
    )
    return RuleChanges(resolver, clock)


def _rule(image: Mapping[str, Any] | None) -> Rule | None:
    """The rule in an image; none where there is no image or it is no rule, of which there can be no alert."""
    try:
        return None if image is None else rule_of(image)
    except RuleError:
        return None


handler = lambda_handler(build, lambda changes, event, _: changes.resolve(event))
