"""The form of a notification that PagerDuty's Events API v2 takes."""

import pytest

from handlers.domain.alerts.notifications.chat import SecretError
from handlers.domain.alerts.notifications.pagerduty import pagerduty_post
from tests.support.notification_body import BODY

KEY = "0123456789abcdef0123456789ABCDEF"


@pytest.mark.parametrize(
    ("kind", "state", "action"),
    [
        ("alarm", "ALARM", "trigger"), ("missing", "MISSING", "trigger"), ("reminder", "ALARM", "trigger"),
        ("resolved", "OK", "resolve"),
    ],
)  # fmt: skip
def test_all_that_fires_triggers_and_its_end_resolves_the_same_incident(
    kind: str, state: str, action: str
) -> None:
    """The incident is the alert's, whatever its messages are called."""
    event = pagerduty_post(BODY | {"kind": kind, "state": state}, KEY).content
    assert (event["event_action"], event["dedup_key"], event["routing_key"]) == (action, "a" * 32, KEY)


def test_a_trigger_says_what_it_is_about() -> None:
    """Summary, source, severity and a link, in the fields that PagerDuty shows."""
    post = pagerduty_post(BODY, KEY)
    assert post.url == "https://events.pagerduty.com/v2/enqueue"
    payload = post.content["payload"]
    assert payload["summary"] == "[prod eu-west-1] CRITICAL ALARM cpu-hot: cpu.load host=web-1"
    assert (payload["source"], payload["component"], payload["group"]) == ("web-1", "cpu.load", "cpu-hot")
    assert (payload["severity"], payload["timestamp"]) == ("critical", "2025-11-22T00:03:00Z")
    assert payload["custom_details"]["reason"] == BODY["reason"]
    assert post.content["links"] == [{"href": "https://example.com/hot", "text": "Runbook"}]


def test_what_has_no_group_comes_from_its_environment() -> None:
    """PagerDuty refuses an event without a source, and a summary that is too long."""
    event = pagerduty_post(BODY | {"group": {}, "runbook": "", "metric_name": "m" * 2_000}, KEY).content
    assert event["payload"]["source"] == "prod eu-west-1"
    assert len(event["payload"]["summary"]) == 1_024
    assert event["links"] == []


@pytest.mark.parametrize(
    ("severity", "theirs"),
    [("critical", "critical"), ("high", "error"), ("medium", "warning"), ("low", "info")],
)
def test_each_severity_is_one_of_pagerdutys(severity: str, theirs: str) -> None:
    """It has four, with names of its own."""
    assert pagerduty_post(BODY | {"severity": severity}, KEY).content["payload"]["severity"] == theirs


def test_the_address_of_another_region_stands_before_the_key() -> None:
    """As the parameter's value has it."""
    post = pagerduty_post(BODY, f"https://events.eu.pagerduty.com/v2/enqueue {KEY}")
    assert (post.url, post.content["routing_key"]) == ("https://events.eu.pagerduty.com/v2/enqueue", KEY)


@pytest.mark.parametrize("secret", ["", "short", f"http://example.com {KEY}", f"{KEY}x", "https://a/b"])
def test_a_secret_that_is_no_key_is_refused_without_being_shown(secret: str) -> None:
    """The error says what was expected."""
    with pytest.raises(SecretError, match="expected an integration key of 32 characters") as raised:
        pagerduty_post(BODY, secret)
    assert not secret or secret not in str(raised.value)
