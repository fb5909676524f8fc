"""Posting to a service that is busy, refuses, or does not answer."""

from collections.abc import Callable

import pytest

from handlers.domain.alerts.notifications.chat import Post
from handlers.domain.alerts.notifications.forwarding import Reply, forward
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError

POST = Post("https://example.com/", {})


class Service:
    """Gives these answers in turn, the last one for ever, on a clock that only pauses move."""

    def __init__(self, *replies: Reply | Exception) -> None:
        self.replies = list(replies)
        self.sent = 0
        self.now_s = 0.0
        self.pauses: list[float] = []

    def send(self, _: Post, __: float) -> Reply:
        """The next answer."""
        self.sent += 1
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def sleep(self, seconds: float) -> None:
        """Moves the clock."""
        self.pauses.append(seconds)
        self.now_s += seconds

    def forward(self, within_s: float = 118.0) -> None:
        """Post to it."""
        clock: Callable[[], float] = lambda: self.now_s  # noqa: E731
        forward(POST, self.send, Deadline(within_s, clock), self.sleep)


def test_what_is_taken_is_posted_once() -> None:
    """Whatever 2xx it answers: Slack 200, PagerDuty 202."""
    for status in (200, 202, 204):
        service = Service(Reply(status))
        service.forward()
        assert (service.sent, service.pauses) == (1, [])


def test_a_busy_service_is_left_alone_for_as_long_as_it_asks() -> None:
    """And no shorter than the pauses that grow."""
    service = Service(Reply(429, wait_s=7), TransientError("no answer"), Reply(503), Reply(200))
    service.forward()
    assert service.pauses == [7, 2, 4]


def test_it_ends_before_its_time_is_over() -> None:
    """The pauses grow to half a minute; the last answer is told."""
    service = Service(Reply(503, "over capacity\n"))
    with pytest.raises(TransientError, match=r"^it answered 503 over capacity$"):
        service.forward()
    assert service.pauses == [1, 2, 4, 8, 16, 30, 30]
    with pytest.raises(TransientError, match="429"):
        Service(Reply(429, wait_s=3600)).forward()


@pytest.mark.parametrize("status", [301, 400, 403, 404, 410])
def test_what_is_refused_is_not_tried_again(status: int) -> None:
    """The service's own word is in the error, without what would forge a line of the log."""
    service = Service(Reply(status, "invalid_payload\nnot_posted"))
    with pytest.raises(ConfigurationError, match=f"it answered {status} invalid_payload not_posted"):
        service.forward()
    assert service.sent == 1
