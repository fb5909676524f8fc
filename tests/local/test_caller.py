"""The caller of the local run's API."""

import shlex

import pytest

from local.caller import Caller


@pytest.mark.parametrize(
    ("caller", "header"),
    [
        (Caller("none"), None),
        (Caller("token", "tg_x"), "Bearer tg_x"),
        (Caller("iam"), "AWS4-HMAC-SHA256 Credential=local/"),
    ],
    ids=["none", "token", "iam"],
)
def test_each_kind_of_api_hears_who_sends(caller: Caller, header: str | None) -> None:
    """With a token, a signature, or nothing."""
    sent = caller.sign("us-east-1")("http://127.0.0.1:1/metrics", b"{}", {}).get("Authorization")
    assert (sent is None) == (header is None)
    assert (sent or "").startswith(header or "")


def test_a_command_line_has_no_token_in_it() -> None:
    """It is in the environment file, and not in a shell's history."""
    options = Caller("token", "tg_x").curl("us-east-1")
    assert "tg_x" not in options
    assert shlex.split(options) == ["-H", "authorization: Bearer $TIDEGAUGE_TOKEN"]
    assert Caller("none").curl("us-east-1") == ""
    assert "aws:amz:eu-west-1:execute-api" in Caller("iam").curl("eu-west-1")
