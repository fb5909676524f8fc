"""The prober: what the store holds, how fast, and how late a query sees it."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import pytest
from botocore.exceptions import EndpointConnectionError

from local import prober
from local.feed.sender import Sent
from local.prober import Prober
from ops.store.port import Answer, Meter, Store
from ops.store.timestream import TimestreamStore


class Timestream:
    """A store that answers both questions with numbers, or refuses."""

    def __init__(self) -> None:
        self.stored, self.newest_ms, self.refusing, self.asked = 0, 0, False, 0

    def query(self, *, QueryString: str) -> dict[str, object]:  # noqa: N803 - the SDK's own name
        """The number of points, or the newest one's time."""
        self.asked += 1
        if self.refusing:
            raise EndpointConnectionError(endpoint_url="http://127.0.0.1")
        newest = f"{datetime.fromtimestamp(self.newest_ms / 1000, UTC):%Y-%m-%d %H:%M:%S.%f}000"
        kind, value = ("BIGINT", str(self.stored)) if "count(*)" in QueryString else ("TIMESTAMP", newest)
        return {
            "ColumnInfo": [{"Type": {"ScalarType": kind}}],
            "Rows": [{"Data": [{"ScalarValue": value}]}],
        }


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prober, "_EVERY_SECONDS", 0.01)


def asked(client: Timestream) -> TimestreamStore:
    """The port of a store."""
    return TimestreamStore(client, "d", "t", Meter())


def until(true: Callable[[], object]) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_delay_is_from_the_reply_to_the_moment_a_query_sees_the_points() -> None:
    """The oldest batch that became visible counts; before there is one the delay is not known."""
    store, sent = Timestream(), Sent()
    sent.batches.append((1_000, time.monotonic() - 5))
    probing = Prober(asked(store), sent)
    probing.start()
    try:
        store.stored = 3
        until(lambda: probing.stored == 3)
        assert probing.delay_s is None
        store.newest_ms = 1_000
        until(lambda: 5 <= (probing.delay_s or 0) < 25)
    finally:
        probing.stop()


def test_a_store_to_which_nothing_comes_is_asked_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """And only what it holds, as nothing was sent that a query might see; what comes is seen all the same."""
    monkeypatch.setattr(prober, "_RATE_WINDOW_SECONDS", 0.0)
    store, began_s = Timestream(), time.monotonic()
    probing = Prober(asked(store), Sent())
    probing.start()
    try:
        until(lambda: store.asked)
        assert store.asked <= time.monotonic() - began_s
        store.stored = 5
        until(lambda: probing.stored == 5)
    finally:
        probing.stop()


def test_versions_that_a_store_keeps_and_that_do_not_count_are_counted() -> None:
    """A lake has them in a view of their own; where a store has none, none is asked for."""

    class Lake:
        """A store with both views, and no point of the last minutes."""

        points, superseded = "points", "superseded"

        def select(self, sql: str) -> Answer:
            """The number of points, or of versions."""
            return ["count"], iter([[3 if sql.endswith("FROM superseded") else 7]])

    probing = Prober(cast("Store", Lake()), Sent())
    probing.once()
    assert (probing.stored, probing.superseded) == (7, 3)
    without = Prober(asked(Timestream()), Sent())
    without.once()
    assert without.superseded == 0


def test_a_refusal_is_shown_and_the_prober_goes_on() -> None:
    """A store that cannot be reached for a moment is a line of the view, not the end of it."""
    store = Timestream()
    store.refusing = True
    probing = Prober(asked(store), Sent())
    probing.start()
    try:
        until(lambda: probing.last_error)
        assert "cannot query Timestream" in probing.last_error
        store.refusing, store.stored = False, 9
        until(lambda: probing.stored == 9)
        assert probing.rate >= 0
    finally:
        probing.stop()


def test_without_an_answer_there_is_no_rate() -> None:
    """One count says nothing about points per second, and a prober that was never started can be stopped."""
    probing = Prober(asked(Timestream()), Sent())
    assert probing.rate == 0
    probing.stop()
