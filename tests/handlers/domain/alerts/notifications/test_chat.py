"""Addresses that a notification may be posted to."""

import pytest

from handlers.domain.alerts.notifications.chat import is_address


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("https://hooks.slack.com/services/T/B/x", True), ("http://127.0.0.1:9000/hook", True),
        ("http://localhost:9000/", True), ("http://example.com/", False), ("http://127.0.0.1.evil.com/", False),
        ("ftp://example.com", False), ("https://a b", False), ("https://a\nb", False), ("", False),
    ],
)  # fmt: skip
def test_an_address_has_tls_or_is_this_machine(text: str, is_one: bool) -> None:
    """What is a secret must not leave in the clear."""
    assert is_address(text) is is_one
