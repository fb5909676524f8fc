"""Hours out of Timestream, over its protocol: queries of many pages, and UNLOADs over many invocations."""

from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from handlers.adapters.timestream.export_source import TimestreamExportSource
from handlers.adapters.timestream.statements import Source
from handlers.domain.deadline import Deadline
from handlers.domain.errors import ConfigurationError, TransientError
from handlers.domain.exports.columns import Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import PointCount, Unload, UnloadRequest
from handlers.domain.exports.ports import UnloadFailed
from tests.support.scripted_client import Scripted, refusal

TABLE = Source("metrics_dev", "metrics", "exports", "key")
HOUR = Hour.parse("2026-11-22T02")
REQUEST = UnloadRequest("metrics", HOUR, ("host",), "metrics/2026-11-22/02/run/", "c" * 32)
AMPLE = Deadline(10_000, lambda: 0)
DESCRIPTION = (["value", "double", "MULTI"], ["host", "varchar", "DIMENSION"])
RESULT = ["7", "s3://exports/p_metadata.json", "s3://exports/p_manifest.json"]


def page(*rows: list[str], next_token: str | None = None) -> dict[str, Any]:
    """A page as Timestream answers it; an empty text is NULL."""
    cells = [[{"ScalarValue": cell} if cell else {"NullValue": True} for cell in row] for row in rows]
    return {"Rows": [{"Data": row} for row in cells]} | ({"NextToken": next_token} if next_token else {})


def source(*answers: Any, turns: list[int] | None = None) -> TimestreamExportSource:
    """A source whose calls are answered in turn."""
    return TimestreamExportSource(
        Scripted(*answers), TABLE, lambda: turns.append(1) if turns is not None else None
    )


def test_columns_and_points_are_found_behind_empty_pages() -> None:
    """A first page may be empty while the query runs: only a missing token ends it."""
    client = Scripted(
        page(next_token="a"), page(*DESCRIPTION[:1], next_token="b"), page(*DESCRIPTION[1:]),
        page(next_token="c"), page(["7", "first", "last"]),
    )  # fmt: skip
    found = TimestreamExportSource(client, TABLE, lambda: None)
    assert found.layout(AMPLE) == Layout(("host",), written=True)
    assert found.count_points(HOUR, AMPLE) == PointCount(7, "first", "last")
    assert [call.get("NextToken") for _, call in client.calls] == [None, "a", "b", None, "c"]
    assert len({call["QueryString"] for _, call in client.calls}) == 2


def test_an_hour_without_points_has_no_times() -> None:
    """NULL is an empty text."""
    assert source(page(["0", "", ""])).count_points(HOUR, AMPLE) == PointCount(0)


def test_questions_have_an_end() -> None:
    """A query that is never answered ends with the invocation's time."""
    clock = count()
    endless = (page(next_token="more") for _ in range(1000))
    with pytest.raises(UnloadFailed, match="too long"):
        source(*endless).layout(Deadline(50, lambda: float(next(clock))))


def test_an_unload_is_started_in_turn_with_its_client_token() -> None:
    """Starting it again, by an invocation that knows nothing of the first, starts it once."""
    client, turns = Scripted(page(next_token="m"), page(next_token="m")), []
    found = TimestreamExportSource(client, TABLE, lambda: turns.append(1))
    for _ in range(2):
        assert found.start_unload(REQUEST) == Unload("m", 1)
    assert [call["ClientToken"] for _, call in client.calls] == [REQUEST.client_token] * 2
    assert len(turns) == 2


def test_tokens_are_followed_to_the_result_with_the_same_statement() -> None:
    """A NextToken belongs to its statement, which is sent with it each time; the newest token is used."""
    client = Scripted(page(next_token="m1"), page(next_token="m2"), page(RESULT))
    found = TimestreamExportSource(client, TABLE, lambda: None)
    unload = found.start_unload(REQUEST)
    for _ in range(2):
        assert not unload.is_done
        unload = found.poll_unload(REQUEST, unload)
    assert unload == Unload(None, 0, 7, RESULT[2])
    assert [call.get("NextToken") for _, call in client.calls] == [None, "m1", "m2"]
    assert len({call["QueryString"] for _, call in client.calls}) == 1


def test_a_result_on_a_page_that_has_a_successor_counts() -> None:
    """The one row may come before the last page."""
    assert source(page(RESULT, next_token="m1")).start_unload(REQUEST).is_done


def test_a_token_that_is_never_renewed_fails_before_its_last_use_is_wasted() -> None:
    """A token serves five calls."""
    found = source(*[page(next_token="same")] * 9)
    unload = found.start_unload(REQUEST)
    for _ in range(3):
        unload = found.poll_unload(REQUEST, unload)
    with pytest.raises(UnloadFailed, match="serves 5 calls"):
        found.poll_unload(REQUEST, unload)


@pytest.mark.parametrize("row", [["x", "y", "z"], ["5"], []])
def test_an_end_without_a_result_is_a_failure(row: list[str]) -> None:
    """An UNLOAD that ends without saying what it wrote is not believed."""
    with pytest.raises(UnloadFailed):
        source(page(row) if row else page()).start_unload(REQUEST)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (refusal("QueryExecutionException", "S3 says AccessDenied"), UnloadFailed, "S3 says AccessDenied"),
        (refusal("ConflictException"), UnloadFailed, "ConflictException"),
        (refusal("ThrottlingException"), TransientError, "ThrottlingException"),
        (refusal("InternalServerException", status=500), TransientError, "InternalServerException"),
        (refusal("ValidationException"), UnloadFailed, "ValidationException: why"),
        (refusal("AccessDeniedException", status=403), UnloadFailed, "AccessDeniedException: why"),
        (refusal("ResourceNotFoundException"), ConfigurationError, "ResourceNotFoundException"),
        (ReadTimeoutError(endpoint_url="https://x"), TransientError, "ReadTimeoutError"),
    ],
)
def test_what_timestream_answers_becomes_a_failure_the_machine_knows(
    error: Exception, kind: type[Exception], words: str
) -> None:
    """A refused or failed query is a failed attempt, with its reason; throttling passes; a wrong table does not."""
    with pytest.raises(kind, match=words):
        source(error).start_unload(REQUEST)
