"""Web hooks: posts of JSON, whose addresses may be secrets."""

import json

import urllib3
from urllib3.exceptions import HTTPError

from handlers.domain.alerts.notifications.chat import Post
from handlers.domain.alerts.notifications.forwarding import Reply
from handlers.domain.errors import TransientError

_LONGEST_S = 10.0


class Webhooks:
    """Sends posts over connections that are kept."""

    def __init__(self) -> None:
        self._pool = urllib3.PoolManager()

    def send(self, post: Post, timeout_s: float) -> Reply:
        """The answer to a post, within so many seconds and ten at most; TransientError if there is none.

        A redirection is an answer like any other: whoever gets it must not get what the post holds.
        """
        try:
            answer = self._pool.request(
                "POST",
                post.url,
                body=json.dumps(post.content).encode(),
                headers={"Content-Type": "application/json"},
                timeout=min(timeout_s, _LONGEST_S),
                retries=False,
                redirect=False,
            )
        except HTTPError as error:
            # Its text has the address.
            raise TransientError(f"no answer: {type(error).__name__}") from None
        wait = answer.headers.get("Retry-After", "")
        wait_s = float(wait) if wait.isascii() and wait.isdigit() else 0.0
        return Reply(answer.status, answer.data.decode(errors="replace"), wait_s)
