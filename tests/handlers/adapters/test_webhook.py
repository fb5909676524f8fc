"""Posts to a server of this machine."""

import pytest

from handlers.adapters.webhook import Webhooks
from handlers.domain.alerts.notifications.chat import Post
from handlers.domain.errors import TransientError
from tests.support.answering_server import answering
from tests.support.local_run import free_ports


def test_the_answer_says_what_was_taken_and_how_long_to_wait() -> None:
    """Status, text and Retry-After; a redirection is followed by nobody."""
    with answering(429, 302, retry_after="7") as (url, bodies, _):
        hooks = Webhooks()
        replies = [hooks.send(Post(url, {"n": number}), 5) for number in range(3)]
    assert [reply.status for reply in replies] == [429, 302, 202]
    assert (replies[0].wait_s, replies[0].text) == (7.0, "\n{}\n")
    assert bodies == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_a_wait_that_is_no_number_is_none() -> None:
    """It may be a date, too."""
    with answering(503, retry_after="Wed, 21 Oct 2026 07:28:00 GMT") as (url, _, _):
        assert Webhooks().send(Post(url, {}), 5).wait_s == 0.0


def test_no_answer_may_pass_and_hides_the_address() -> None:
    """The address is the secret of an incoming webhook."""
    url = f"http://127.0.0.1:{free_ports(1)[0]}/services/secret"
    with pytest.raises(TransientError, match="no answer: ") as raised:
        Webhooks().send(Post(url, {}), 5)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
