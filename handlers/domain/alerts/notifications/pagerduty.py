"""The notification for PagerDuty's Events API v2: an alert opens an incident, and its end resolves it.

https://developer.pagerduty.com/docs/send-alert-event
"""

import re
from typing import Any

from handlers.domain.alerts.notifications.chat import Body, Post, SecretError, is_address
from handlers.domain.alerts.notifications.email_text import email_text, title

URL = "https://events.pagerduty.com/v2/enqueue"
_KEY = re.compile(r"[0-9A-Za-z]{32}")
_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info"}
_SUMMARY_CHARACTERS = 1_024


def pagerduty_post(body: Body, secret: str) -> Post:
    """The post with the key that the secret is, or with the address and the key that it is. Raises SecretError."""
    url, _, key = secret.rpartition(" ")
    url = url or URL
    if not (_KEY.fullmatch(key) and is_address(url)):
        raise SecretError(
            "expected an integration key of 32 characters, or another address before it: "
            "https://events.eu.pagerduty.com/v2/enqueue KEY"
        )
    event: dict[str, Any] = {
        "routing_key": key,
        "event_action": "resolve" if body["state"] == "OK" else "trigger",
        "dedup_key": body["alert_id"],
    }
    if event["event_action"] == "trigger":
        event |= {
            "client": f"Tidegauge {body['environment']} {body['region']}",
            "payload": _payload(body),
            "links": [{"href": body["runbook"], "text": "Runbook"}] if body["runbook"] else [],
        }
    return Post(url, event)


def _payload(body: Body) -> dict[str, Any]:
    group = {name: value for name, value in body["group"].items() if value is not None}
    return {
        "summary": title(body)[:_SUMMARY_CHARACTERS],
        "severity": _SEVERITIES[body["severity"]],
        "source": " ".join(group.values()) or f"{body['environment']} {body['region']}",
        "component": body["metric_name"],
        "group": body["rule"]["rule_id"],
        "class": body["kind"],
        "timestamp": body["since"],
        "custom_details": {**body, "text": email_text(body)},
    }
