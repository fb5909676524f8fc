"""Posting: what may be sent again is, what may not is not."""

import socket

import pytest

from ops.posting import attempts
from tests.support.answering_server import answering
from tidegauge_client import Reply, unsigned


def _post(url: str, waits: list[float], *, stop: bool = False) -> list[Reply]:
    def wait(seconds: float) -> bool:
        waits.append(seconds)
        return stop

    return list(attempts(url, b'{"a": 1}', unsigned, wait))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_passing_refusal_is_sent_again_unchanged(status: int) -> None:
    """Until it is accepted, with longer and longer waits."""
    waits: list[float] = []
    with answering(status, status) as (url, bodies, _):
        replies = _post(url, waits)
    assert [reply.status for reply in replies] == [status, status, 202]
    assert bodies == [{"a": 1}] * 3
    assert waits == [0.2, 0.4]


@pytest.mark.parametrize("status", [202, 400, 403, 413])
def test_a_final_answer_is_the_last(status: int) -> None:
    """Whether it is good or bad."""
    with answering(status) as (url, _, _):
        [reply] = _post(url, [])
    assert (reply.status, reply.accepted) == (status, status == 202)


def test_five_attempts_are_enough() -> None:
    """After them the last refusal is the answer."""
    with answering(*[503] * 5) as (url, bodies, _):
        assert [reply.status for reply in _post(url, [])] == [503] * 5
    assert len(bodies) == 5


def test_whoever_waits_may_stop() -> None:
    """No attempt follows a wait that says so."""
    with answering(503, 503) as (url, bodies, _):
        assert len(_post(url, [], stop=True)) == 1
    assert len(bodies) == 1


def test_no_answer_passes_too() -> None:
    """A server that is not there yet may be there later; the reply says what was wrong."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        replies = _post(f"http://127.0.0.1:{one.getsockname()[1]}/metrics", [])
    assert [reply.status for reply in replies] == [0] * 5
    assert str(replies[0]).startswith("no reply: ")


def test_the_api_says_how_long_to_wait() -> None:
    """`Retry-After` counts if it is longer than the wait would be."""
    waits: list[float] = []
    with answering(429, retry_after="3") as (url, _, _):
        _post(url, waits)
    assert waits == [3.0]
