"""UNLOADs over many invocations."""

from itertools import count

import pytest

from handlers.domain.deadline import Deadline
from handlers.domain.errors import TransientError
from handlers.domain.exports.attempt import Attempt
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.ledger import Claim
from handlers.domain.exports.statements import Source
from handlers.domain.exports.unloading import (
    CALL_SECONDS,
    LONGEST_SECONDS,
    UnloadFailed,
    follow,
    start,
    survey,
)
from handlers.domain.exports.work import Extent, Work, read_work
from tests.support.export_ports import ScriptedQueries, rows

SOURCE = Source("metrics_dev", "metrics", "exports", "key")
HOUR = Hour.parse("2026-11-22T02")
NOW = float(HOUR.end + 900)
CLAIM = Claim(Attempt(HOUR, 1, NOW), "execution")
WORK = Work(CLAIM, Layout(("host",), written=True), Extent(7, "first", "last"))
AMPLE = Deadline(10_000, lambda: 0)
DESCRIPTION = (["value", "double", "MULTI"], ["host", "varchar", "DIMENSION"])
RESULT = ["7", "s3://exports/p_metadata.json", "s3://exports/p_manifest.json"]


def test_a_survey_finds_dimensions_and_extent_behind_empty_pages() -> None:
    """A first page may be empty while the query runs: only a missing token ends it."""
    queries = ScriptedQueries(
        rows(next_token="a"), rows(*DESCRIPTION[:1], next_token="b"), rows(*DESCRIPTION[1:]),
        rows(next_token="c"), rows(["7", "first", "last"]),
    )  # fmt: skip
    assert survey(CLAIM, SOURCE, queries, AMPLE) == WORK
    assert [token for _, _, token in queries.asked] == [None, "a", "b", None, "c"]
    assert len({statement for statement, _, _ in queries.asked}) == 2


def test_an_hour_without_points_needs_no_unload() -> None:
    """Nothing is started for an hour that has nothing, nor for a table nobody ever wrote to."""
    for queries in (
        ScriptedQueries(rows(*DESCRIPTION), rows(["0", "", ""])),
        ScriptedQueries(rows(*DESCRIPTION[1:])),
    ):
        work = survey(CLAIM, SOURCE, queries, AMPLE)
        assert work.done
        assert start(work, SOURCE, queries, lambda: pytest.fail("nothing is started")) == work


def test_both_unloads_are_started_with_their_tokens_in_turn() -> None:
    """Each start waits its turn and carries its attempt's client token."""
    queries = ScriptedQueries(rows(next_token="m"), rows(next_token="a"))
    turns: list[int] = []
    work = start(WORK, SOURCE, queries, lambda: turns.append(1))
    assert [token for _, token, _ in queries.asked] == [
        CLAIM.attempt.client_token(dataset) for dataset in ("metrics", "aggregates")
    ]
    assert len(turns) == 2
    assert not work.done
    assert work.payload()["phase"] == "unload"


def test_an_invocation_that_dies_while_starting_does_not_start_twice() -> None:
    """What is started again carries the same client token; what is known to run is left alone."""
    with pytest.raises(TransientError):
        start(WORK, SOURCE, ScriptedQueries(rows(next_token="m"), TransientError("throttled")), lambda: None)
    again = ScriptedQueries(rows(next_token="m"), rows(next_token="a"))
    work = start(WORK, SOURCE, again, lambda: None)
    assert again.asked[0][1] == CLAIM.attempt.client_token("metrics")
    untouched = ScriptedQueries()
    assert start(work, SOURCE, untouched, lambda: None) == work
    assert untouched.asked == []


def test_tokens_are_followed_to_the_result_with_the_same_statement() -> None:
    """A NextToken belongs to its statement, which is sent with it each time; the newest token is used."""
    started = start(WORK, SOURCE, ScriptedQueries(rows(next_token="m1"), rows(next_token="a1")), lambda: None)
    queries = ScriptedQueries(rows(next_token="m2"), rows(RESULT), rows(RESULT))
    work = follow(read_work(started.payload()), SOURCE, queries, NOW, AMPLE)
    assert work.done
    assert work.payload()["phase"] == "publish"
    assert work.unloads["metrics"].manifest == RESULT[2]
    assert [token for _, _, token in queries.asked] == ["m1", "a1", "m2"]
    assert queries.asked[0][0] == queries.asked[2][0]


def test_a_result_on_a_page_that_has_a_successor_counts() -> None:
    """The one row may come before the last page."""
    started = start(WORK, SOURCE, ScriptedQueries(rows(RESULT, next_token="m1"), rows(RESULT)), lambda: None)
    assert started.done


def test_an_invocation_asks_once_and_then_as_long_as_there_is_time() -> None:
    """However little time is left a step makes progress, and it begins no call that it may not survive."""
    started = start(WORK, SOURCE, ScriptedQueries(rows(next_token="m1"), rows(next_token="a1")), lambda: None)
    queries = ScriptedQueries(rows(next_token="m2"))
    work = follow(started, SOURCE, queries, NOW, Deadline(CALL_SECONDS - 1, lambda: 0))
    assert len(queries.asked) == 1
    assert work.unloads["metrics"].next_token == "m2"


def test_a_token_that_is_never_renewed_fails_before_its_last_use_is_wasted() -> None:
    """A token serves five calls."""
    started = start(WORK, SOURCE, ScriptedQueries(rows(next_token="same"), rows(RESULT)), lambda: None)
    with pytest.raises(UnloadFailed, match="serves 5 calls"):
        follow(started, SOURCE, ScriptedQueries(*[rows(next_token="same")] * 9), NOW, AMPLE)


def test_endless_unloads_are_given_up() -> None:
    """After Timestream's own limit of an hour nothing will come any more."""
    started = start(WORK, SOURCE, ScriptedQueries(rows(next_token="m"), rows(RESULT)), lambda: None)
    with pytest.raises(UnloadFailed, match="has not ended"):
        follow(started, SOURCE, ScriptedQueries(), NOW + LONGEST_SECONDS + 1, AMPLE)


@pytest.mark.parametrize("row", [["x", "y", "z"], ["5"], []])
def test_an_end_without_a_result_is_a_failure(row: list[str]) -> None:
    """An UNLOAD that ends without saying what it wrote is not believed."""
    with pytest.raises(UnloadFailed):
        start(WORK, SOURCE, ScriptedQueries(rows(row) if row else rows()), lambda: None)


def test_questions_have_an_end() -> None:
    """A question about the table that is never answered ends with the invocation's time."""
    clock = count()
    endless = (rows(next_token="more") for _ in range(1000))
    with pytest.raises(UnloadFailed, match="too long"):
        survey(CLAIM, SOURCE, ScriptedQueries(*endless), Deadline(50, lambda: float(next(clock))))


def test_the_work_survives_its_payload() -> None:
    """What travels through the state machine is everything, and small."""
    started = start(WORK, SOURCE, ScriptedQueries(rows(next_token="m" * 4096), rows(RESULT)), lambda: None)
    assert read_work(started.payload()) == started
    wide = Work(CLAIM, Layout(tuple(f"{index:060}" for index in range(120)), written=True), Extent(1))
    assert len(str(wide.payload())) < 20_000
