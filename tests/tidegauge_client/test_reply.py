"""Answers, and what they ask for."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tidegauge_client.reply import Reply, no_reply, retry_after_s


@pytest.mark.parametrize("status", [0, 429, 500, 502, 503, 504])
def test_trouble_passes(status: int) -> None:
    """The same request may be accepted later."""
    assert Reply(status, 0.0, "").passing


@pytest.mark.parametrize("status", [200, 202, 301, 307, 400, 401, 403, 404, 405, 413, 415, 501])
def test_other_answers_are_final(status: int) -> None:
    """For better, as 202 alone, or for worse."""
    reply = Reply(status, 0.0, "")
    assert not reply.passing
    assert reply.accepted == (status == 202)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 0), ("", 0), ("3", 3), ("0.5", 0.5), ("-1", 0), ("soon", 0), ("nan", 0), ("inf", 0), ("9" * 400, 0),
     ("1e9", 300)],
)  # fmt: skip
def test_the_time_to_wait_is_read_and_bounded(header: str | None, seconds: float) -> None:
    """Five minutes are the most, and what is no time asks for none."""
    assert retry_after_s(header) == seconds


def test_a_date_says_when() -> None:
    """As HTTP allows; a past one asks for no wait."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    assert 50 < retry_after_s(soon) <= 60
    assert retry_after_s("Sun, 06 Nov 1994 08:49:37 GMT") == 0


@pytest.mark.parametrize(
    ("text", "request_id"),
    [('{"request_id": "a"}', "a"), ("", "?"), ("[]", "?"), ("{}", "?"), ("[" * 100_000, "?")],
)
def test_a_request_has_an_id_if_the_answer_says_so(text: str, request_id: str) -> None:
    """And a question mark if it does not."""
    assert Reply(202, 0.0, text).request_id == request_id


def test_an_error_without_words_has_its_name() -> None:
    """So that there is something to read."""
    assert str(no_reply(TimeoutError())) == "no reply: TimeoutError"
