"""Posts alerts to Slack or PagerDuty, which take no message as SNS delivers it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from handlers.adapters.aws import client
from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.parameter import SecretParameter
from handlers.adapters.webhook import Webhooks
from handlers.domain.alerts.notifications.chat import MakePost, SecretError
from handlers.domain.alerts.notifications.forwarding import Send, forward
from handlers.domain.alerts.notifications.pagerduty import pagerduty_post
from handlers.domain.alerts.notifications.slack import slack_post
from handlers.domain.alerts.notifications.stored_alert import AlertKey, Alerts
from handlers.domain.alerts.rules.selection import group_key
from handlers.domain.alerts.state.alert import SUMMARY_GROUP
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.environment import read_environment
from handlers.logs import write_lines
from handlers.start import lambda_handler

_POSTS: Mapping[str, MakePost] = {"pagerduty": pagerduty_post, "slack": slack_post}
# Kept back from the time the function has, to say what went wrong.
_RESERVE_S = 2.0


@dataclass(frozen=True)
class AlertForwarderEnvironment:
    """The variables that the template gives the function."""

    service: str
    secret_parameter: str
    alerts_table: str


@dataclass(frozen=True)
class AlertForwarder:
    """The function, with all that it works with; `clock` tells seconds, of any beginning."""

    environment: AlertForwarderEnvironment
    make_post: MakePost
    secret: SecretParameter
    alerts: Alerts
    send: Send
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def forward(self, event: Mapping[str, Any], seconds_left: float) -> None:
        """Post a notification, unless a later one of its alert was made since: SNS keeps no order, and retries none.

        What is not taken is raised, so that Lambda invokes the function again, after one minute and after two more.
        """
        deadline = Deadline(self.clock() + seconds_left - _RESERVE_S, self.clock)
        for record in event["Records"]:
            body = json.loads(record["Sns"]["Message"])
            told = {
                "dedupe_id": body["dedupe_id"],
                "alert_id": body["alert_id"],
                "sequence": body["sequence"],
            }
            if self._is_outdated(body):
                write_lines([json.dumps({"not_posted": "a later one was made", **told})])
                continue
            try:
                forward(self._post(body), self.send, deadline, self.sleep)
            except (ConfigurationError, TransientError) as error:
                # The next attempt reads the secret anew: it may have been the fault, and be mended by then.
                self.secret.forget()
                write_lines([json.dumps({"not_posted": str(error), **told})])
                raise
            write_lines([json.dumps({"posted": self.environment.service, **told})])

    def _post(self, body: Mapping[str, Any]) -> Any:
        try:
            return self.make_post(body, self.secret.value())
        except SecretError as error:
            name = self.environment.secret_parameter
            raise ConfigurationError(f"the parameter {name} holds something else: {error}") from None

    def _is_outdated(self, body: Mapping[str, Any]) -> bool:
        """True if the alert has been told of since, or is no more. Where nobody knows, a late page beats none."""
        group = SUMMARY_GROUP if "summary" in body else tuple(body["group"].values())
        key = AlertKey(f"{body['rule']['rule_id']}/{body['metric_name']}", group_key(group))
        try:
            found = self.alerts.load([key])
        except TransientError as error:
            write_lines([json.dumps({"order_unknown": str(error)})])
            return False
        if not found:
            return bool(body["state"] != "OK")
        # Not the alert's own number: reminders that were dropped behind an alarm that could not leave have some, too.
        newest = found[0].outbox.newest
        last = found[0].alert.sequence if newest is None else newest.sequence
        return last > int(body["sequence"])


def build(
    variables: Mapping[str, str], connect: Callable[..., Any] = client, send: Send | None = None
) -> AlertForwarder:
    """The function in this environment, with clients that `connect` makes. ConfigurationError says what is wrong."""
    environment = read_environment(AlertForwarderEnvironment, variables)
    if environment.service not in _POSTS:
        raise ConfigurationError(
            f"environment: SERVICE is none of {', '.join(_POSTS)}: {environment.service!r}"
        )
    dynamodb = connect("dynamodb", read_timeout=3, attempts=3)
    ssm = connect("ssm", read_timeout=3, attempts=3)
    return AlertForwarder(
        environment,
        _POSTS[environment.service],
        SecretParameter(ssm, environment.secret_parameter),
        AlertsTable(dynamodb, environment.alerts_table),
        send or Webhooks().send,
    )


handler = lambda_handler(build, AlertForwarder.forward)
