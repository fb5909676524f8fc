"""Posting a notification to a service that may be busy, or refuse it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus

from handlers.domain.alerts.notifications.chat import Post
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 30.0
_SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a service; `wait_s` is how long it asks to be left alone, 0 if it does not say."""

    status: int
    text: str = ""
    wait_s: float = 0.0


Send = Callable[[Post, float], Reply]
"""Sends a post and waits for the answer so many seconds. TransientError if there is none."""


def forward(post: Post, send: Send, deadline: Deadline, sleep: Callable[[float], None]) -> None:
    """Post until it is taken, with pauses that grow or are as long as the service asks for.

    TransientError when the deadline would pass before another attempt; ConfigurationError when it is refused.
    """
    for pause_s in _pauses():
        try:
            reply = send(post, deadline.seconds_left())
        except TransientError as error:
            why, wait_s = str(error), 0.0
        else:
            if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
                return
            why, wait_s = f"it answered {reply.status} {_shown(reply.text)}".rstrip(), reply.wait_s
            if reply.status < 500 and reply.status != HTTPStatus.TOO_MANY_REQUESTS:
                raise ConfigurationError(why)
        wait_s = max(wait_s, pause_s)
        if wait_s >= deadline.seconds_left():
            raise TransientError(why)
        sleep(wait_s)


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _shown(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text[:_SHOWN_CHARACTERS])
