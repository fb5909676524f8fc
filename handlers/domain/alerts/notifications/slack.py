"""The notification for an incoming webhook of Slack: one attachment with a coloured edge, in plain text.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from handlers.domain.alerts.notifications.chat import Body, Post, SecretError, is_address
from handlers.domain.alerts.notifications.email_text import email_text, title

_COLOURS = {"critical": "#b3001b", "high": "#e8590c", "medium": "#f2b705", "low": "#4c6ef5"}
_OVER = "#2b8a3e"
# Slack cuts longer texts; nobody reads them.
_TEXT_CHARACTERS = 3_000


def slack_post(body: Body, secret: str) -> Post:
    """The post to the webhook whose address the secret is. Raises SecretError."""
    if not is_address(secret):
        raise SecretError("expected the webhook's address, https://hooks.slack.com/services/…")
    attachment = {
        "fallback": _plain(title(body)),
        "color": _OVER if body["state"] == "OK" else _COLOURS[body["severity"]],
        "title": _plain(title(body)),
        "text": _plain(email_text(body)[:_TEXT_CHARACTERS]),
        # No field is formatted: a host may be called *, and a metric may hold a channel's name.
        "mrkdwn_in": [],
    }
    if body["runbook"]:
        attachment["title_link"] = body["runbook"]
    return Post(secret, {"attachments": [attachment]})


def _plain(text: str) -> str:
    """Text without a meaning of its own to Slack: https://docs.slack.dev/messaging/formatting-message-text#escaping"""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
