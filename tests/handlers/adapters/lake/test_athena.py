"""Queries of Athena, whatever it answers."""

import pytest

from handlers.adapters.aws import ThrottledError
from handlers.adapters.lake.athena import LONGEST_QUERY_BYTES, AthenaQueries, Ended
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.exports.ports import UnloadFailed
from tests.support.fake_athena import FakeAthena

AMPLE = Deadline(10_000, lambda: 0)


class Pauses:
    """Counts the seconds that are slept."""

    def __init__(self) -> None:
        self.slept_s = 0.0

    def __call__(self, seconds: float) -> None:
        """Sleeps not at all."""
        self.slept_s += seconds


def queries(athena: FakeAthena, pauses: Pauses | None = None) -> AthenaQueries:
    """Queries in a work group, without pauses."""
    return AthenaQueries(athena, "metrics_lake", "metrics-lake-compaction", sleep=pauses or Pauses())


def test_a_query_runs_in_its_database_and_work_group() -> None:
    """Where its results go is the work group's affair."""
    athena = FakeAthena()
    queries(athena).start("SELECT 1", "t" * 64)
    assert athena.started == [
        {
            "QueryString": "SELECT 1",
            "QueryExecutionContext": {"Database": "metrics_lake"},
            "WorkGroup": "metrics-lake-compaction",
            "ClientRequestToken": "t" * 64,
        }
    ]


def test_a_row_is_read_when_its_query_has_ended() -> None:
    """NULL is None; queued and running queries are waited for."""
    athena = FakeAthena("QUEUED", "RUNNING", rows=[["7", None]])
    pauses = Pauses()
    assert queries(athena, pauses).one_row("SELECT 7, NULL", AMPLE) == ["7", None]
    assert 0 < pauses.slept_s < 2


def test_a_query_that_takes_too_long_is_stopped() -> None:
    """Nobody waits for it, and it costs what it reads."""
    athena = FakeAthena(*["RUNNING"] * 1000)
    pauses = Pauses()
    with pytest.raises(UnloadFailed, match="too long"):
        queries(athena, pauses).one_row("SELECT 1", Deadline(40, lambda: 0))
    assert athena.stopped == ["query-1"]
    assert 20 < pauses.slept_s <= 25


@pytest.mark.parametrize("state", ["FAILED", "CANCELLED"])
def test_a_query_that_failed_says_why(state: str) -> None:
    """Athena's words are all that an operator has to go by."""
    athena = FakeAthena(state)
    athena.reason = "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved"
    with pytest.raises(UnloadFailed, match=f"{state}: COLUMN_NOT_FOUND"):
        queries(athena).look(queries(athena).start("SELECT x"))


def test_what_athena_does_not_take_is_refused_in_its_words() -> None:
    """A statement that it cannot parse, or a token that was used for another, it refuses at once."""
    athena = FakeAthena()
    athena.refusals = ["InvalidRequestException"]
    with pytest.raises(UnloadFailed, match="InvalidRequestException: Athena's words"):
        queries(athena).start("SELEKT")


def test_a_statement_longer_than_athena_takes_is_not_sent() -> None:
    """The refusal says how long it is, in bytes."""
    athena = FakeAthena()
    with pytest.raises(UnloadFailed, match="262145 bytes, Athena takes 262144"):
        queries(athena).start("é" + "x" * (LONGEST_QUERY_BYTES - 1))
    assert athena.started == []


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("TooManyRequestsException", ThrottledError),
        ("ThrottlingException", ThrottledError),
        ("AccessDeniedException", ConfigurationError),
    ],
)
def test_refusals_are_those_of_the_domain(code: str, failure: type[Exception]) -> None:
    """What may pass is tried again by the state machine, what a permission lacks is not."""
    athena = FakeAthena()
    athena.refusals = [code]
    with pytest.raises(failure, match=code):
        queries(athena).start("SELECT 1")


def test_that_a_query_cannot_be_stopped_changes_nothing() -> None:
    """It has ended, or Athena does not answer; whoever stops it has worse to tell."""
    athena = FakeAthena()
    athena.refusals = ["TooManyRequestsException"]
    queries(athena).stop("query-1")
    assert athena.stopped == ["query-1"]


def test_an_end_is_waited_for_a_moment_and_looked_for_at_least_once() -> None:
    """With no time left at all a step still learns what is known."""
    athena = FakeAthena("RUNNING", manifest="s3://b/m.csv")
    waiting = queries(athena)
    query = waiting.start("UNLOAD")
    assert waiting.wait(query, 0) is None
    assert waiting.wait(query, 0) == Ended("s3://b/m.csv")


def test_a_throttled_look_is_the_next_step_s_to_repeat() -> None:
    """The query runs on meanwhile."""
    athena = FakeAthena()
    waiting = queries(athena)
    query = waiting.start("UNLOAD")
    athena.refusals = ["TooManyRequestsException"]
    with pytest.raises(TransientError):
        waiting.look(query)
    assert waiting.look(query) == Ended(None)
