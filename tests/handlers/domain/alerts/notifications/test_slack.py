"""The form of a notification that Slack's incoming webhooks take."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.alerts.notifications.chat import SecretError
from handlers.domain.alerts.notifications.slack import slack_post
from tests.support.notification_body import BODY

URL = "https://hooks.slack.com/services/T/B/x"


def test_an_alarm_has_the_colour_of_its_severity_and_the_texts_of_the_mail() -> None:
    """Title, text and a link to the runbook; the end of an alert is green."""
    post = slack_post(BODY, URL)
    [attachment] = post.content["attachments"]
    assert post.url == URL
    assert attachment["title"] == "[prod eu-west-1] CRITICAL ALARM cpu-hot: cpu.load host=web-1"
    assert attachment["fallback"] == attachment["title"]
    assert attachment["title_link"] == "https://example.com/hot"
    assert attachment["text"].startswith("web-1 is too hot.\nOpen a window.\n")
    assert (attachment["color"], attachment["mrkdwn_in"]) == ("#b3001b", [])
    over = slack_post(BODY | {"kind": "resolved", "state": "OK", "runbook": ""}, URL).content["attachments"][
        0
    ]
    assert over["color"] == "#2b8a3e"
    assert "title_link" not in over


@given(st.text(max_size=40))
def test_a_name_that_clients_chose_calls_nobody_and_links_nowhere(name: str) -> None:
    """Slack's own marks begin with an angle bracket, which never comes through."""
    body = BODY | {"group": {"host": f"<!channel>{name}"}, "annotation": f"<https://evil|{name}> & more"}
    [attachment] = slack_post(body, URL).content["attachments"]
    texts = attachment["title"] + attachment["fallback"] + attachment["text"]
    assert "<" not in texts
    assert ">" not in texts
    assert "&lt;!channel&gt;" in texts
    json.dumps(attachment).encode()


@pytest.mark.parametrize(
    "secret", ["", "xoxb-1", "http://hooks.slack.com/x", "https://a b", "file:///etc/passwd"]
)
def test_a_secret_that_is_no_address_is_refused_without_being_shown(secret: str) -> None:
    """The error says what was expected."""
    with pytest.raises(SecretError, match=r"expected the webhook's address") as raised:
        slack_post(BODY, secret)
    assert not secret or secret not in str(raised.value)


def test_a_post_shows_neither_its_address_nor_what_it_holds() -> None:
    """As a log or a traceback would."""
    assert URL not in repr(slack_post(BODY, URL))
