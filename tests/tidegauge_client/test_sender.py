"""The sending thread: batches, and what is sent again until when."""

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.scripted_api import (
    ACCEPT,
    HANG_UP,
    Act,
    ScriptedApi,
    dribble,
    raw,
    scripted_api,
    status,
)
from tidegauge_client import Client, Settled, sender
from tidegauge_client.reply import Reply


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    monkeypatch.setattr(sender, "_FIRST_WAIT_S", 0.002)
    monkeypatch.setattr(sender, "_LONGEST_WAIT_S", 0.01)


def patient(api: ScriptedApi, **options: Any) -> Client:
    """A client that sends only what fills a batch, or is flushed."""
    return Client(api.url, **{"interval_s": 600, **options})


def recorded(client: Client, count: int) -> list[float]:
    """Values that were recorded."""
    for value in range(count):
        client.record("m", value)
    return [float(value) for value in range(count)]


def test_who_waits_finds_that_the_end_was_told() -> None:
    """flush returns only when `on_settled` has heard of the batch, however slow it is."""
    ends = []

    def slow(end: Settled) -> None:
        time.sleep(0.05)
        ends.append(end.cause)

    with scripted_api(status(403)) as api:
        client = patient(api, on_settled=slow)
        recorded(client, 3)
        assert client.flush()
        assert ends == ["refused"]
        client.close()


def test_a_full_batch_goes_at_once() -> None:
    """By the number of its points, or by its bytes; what is left waits for the next."""
    with scripted_api() as api:
        client = patient(api, batch_points=10)
        recorded(client, 25)
        _wait(lambda: len(api.requests) == 2)
        assert client.stats().waiting == 5
        client.close()
        assert [len(request.points) for request in api.requests] == [10, 10, 5]
        client = patient(api, batch_bytes=1_000)
        recorded(client, 30)
        _wait(lambda: len(api.requests) > 3)
        client.close()
        assert max(len(request.points) for request in api.requests[3:]) < 15


def test_a_buffer_smaller_than_a_batch_is_emptied_before_it_is_full() -> None:
    """By points or by bytes, without a flush."""
    for room in ({"max_points": 20}, {"max_bytes": 2_000}):
        with scripted_api() as api:
            client = patient(api, **room)
            for value in range(60):
                client.record("m", value)
                time.sleep(0.005)
            client.close()
            assert api.values == list(range(60)), room


def test_endless_times_are_times() -> None:
    """Nothing that waits counts them."""
    with scripted_api() as api:
        client = Client(api.url, interval_s=float("inf"), give_up_s=float("inf"), exit_s=float("inf"))
        client.record("m", 1)
        assert client.flush(float("inf"))
        client.record("m", 2)
        client.close(float("inf"))
        assert api.values == [1.0, 2.0]


def test_a_batch_goes_after_its_time() -> None:
    """Full or not; without points nothing is sent."""
    with scripted_api() as api:
        client = Client(api.url, interval_s=0.1)
        recorded(client, 3)
        _wait(lambda: len(api.values) == 3)
        time.sleep(0.3)
        assert len(api.requests) == 1
        client.close()


TROUBLE: dict[str, Act] = {
    **{str(code): status(code) for code in (429, 500, 502, 503, 504)},
    "hangs up": HANG_UP,
    "half a reply": raw("HTTP/1.1 5"),
    "another protocol": raw("SSH-2.0-x\r\n"),
    "too slow": dribble("HTTP/1.1 202 Accepted\r\n\r\n", every_s=0.05),
}


@pytest.mark.parametrize("trouble", TROUBLE)
def test_what_passes_is_sent_again_unchanged(trouble: str) -> None:
    """The same points with the same times, until they are accepted."""
    with scripted_api(TROUBLE[trouble], TROUBLE[trouble]) as api:
        client = patient(api, timeout_s=0.3)
        values = recorded(client, 5)
        assert client.flush()
        client.close()
        assert api.values == values
        assert len({request.body for request in api.requests}) == 1
    stats = client.stats()
    assert (stats.accepted, stats.dropped, stats.waiting) == (5, {}, 0)
    assert stats.retried >= 1


@pytest.mark.parametrize("code", [200, 301, 307, 400, 401, 403, 404, 405, 415, 501])
def test_what_is_refused_is_not_sent_again(code: int) -> None:
    """It is dropped and counted with the API's words, and the next batch goes."""
    with scripted_api(status(code, "no, because")) as api:
        client = patient(api)
        recorded(client, 5)
        assert client.flush()
        client.record("m", 7)
        assert client.flush()
        client.close()
        assert api.values == [7.0]
    stats = client.stats()
    assert (stats.accepted, dict(stats.dropped), stats.retried) == (1, {"refused": 5}, 0)
    assert str(code) in stats.last_error


def test_what_is_too_large_goes_in_halves() -> None:
    """In their order; a point that is too large alone is dropped, and its neighbours are not."""

    def bounded(connection: Any) -> bool:
        request = api.requests[-1]
        request.accepted = (
            13.0 not in [point["value"] for point in request.points] and len(request.points) <= 4
        )
        return (ACCEPT if request.accepted else status(413))(connection)

    with scripted_api(then=bounded) as api:
        client = patient(api)
        recorded(client, 20)
        assert client.flush()
        client.close()
        assert api.values == [float(value) for value in range(20) if value != 13]
    assert dict(client.stats().dropped) == {"too_large": 1}


def test_the_api_says_how_long_to_wait() -> None:
    """`Retry-After` counts if it is longer than the wait would be."""
    with scripted_api(status(429, Retry_After="1")) as api:
        client = patient(api)
        client.record("m", 1)
        began_s = time.monotonic()
        assert client.flush()
        client.close()
    assert 1 <= time.monotonic() - began_s < 5


def test_waits_grow_to_a_bound_and_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that clients that met the same outage do not come back together."""
    monkeypatch.setattr(sender, "_FIRST_WAIT_S", 0.5)
    monkeypatch.setattr(sender, "_LONGEST_WAIT_S", 30.0)
    for attempt, longest_s in ((0, 0.5), (1, 1), (4, 8), (20, 30), (10_000, 30)):
        waits = {sender._wait_s(attempt) for _ in range(20)}
        assert len(waits) == 20
        assert longest_s / 2 <= min(waits) <= max(waits) <= longest_s


def test_a_batch_is_given_up_after_its_time() -> None:
    """So that one that the API never takes does not keep the others for ever."""
    with scripted_api(then=status(503)) as api:
        client = patient(api, give_up_s=0.3)
        recorded(client, 5)
        assert client.flush()
        client.close(0.1)
    assert dict(client.stats().dropped) == {"given_up": 5}


def test_a_full_buffer_drops_the_oldest() -> None:
    """While the API is away; what is on its way is kept, and the newest."""
    with scripted_api(then=status(503)) as api:
        client = patient(api, max_points=100, batch_points=10, give_up_s=60)
        recorded(client, 1_000)
        assert client.stats().waiting <= 100
        client.close(0.0)
        stats = client.stats()
    assert stats.recorded == 1_000
    assert stats.dropped["buffer_full"] >= 900
    assert stats.dropped["buffer_full"] + stats.dropped["closed"] == 1_000


def test_recording_does_not_wait_for_a_server_that_does_not_answer() -> None:
    """Ten thousand points are recorded while the first batch hangs."""
    with scripted_api(then=dribble("HTTP/1.1 202 Accepted\r\n\r\n", every_s=0.5)) as api:
        client = patient(api, max_points=1_000, timeout_s=1)
        began_s = time.monotonic()
        recorded(client, 10_000)
        assert time.monotonic() - began_s < 3
        began_s = time.monotonic()
        client.close(0.2)
        assert time.monotonic() - began_s < 1.5
    stats = client.stats()
    assert stats.recorded == stats.accepted + sum(stats.dropped.values()) + stats.waiting == 10_000


def test_whoever_asks_is_told_the_end_of_each_batch() -> None:
    """With the request's id, or the cause; one who raises does no harm."""
    ends: list[Settled] = []

    def note(settled: Settled) -> None:
        ends.append(settled)
        raise RuntimeError("not my day")

    with scripted_api(ACCEPT, status(400, "bad")) as api:
        client = patient(api, on_settled=note, batch_points=2)
        recorded(client, 4)
        assert client.flush()
        client.close()
    assert ends == [Settled(2, "r-1", "", ""), Settled(2, "", "refused", "400: bad")]


def test_whatever_fails_in_the_thread_costs_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on with the next, and the points are accounted for."""
    with scripted_api() as api:
        client = patient(api, batch_points=2)
        monkeypatch.setattr(sender.gzip, "compress", lambda *_: 1 // 0)  # type: ignore[attr-defined]
        recorded(client, 2)
        assert client.flush()
        monkeypatch.undo()
        client.record("m", 3)
        assert client.flush()
        client.close()
        assert api.values == [3.0]
    assert dict(client.stats().dropped) == {"client_failed": 2}


def test_a_flush_says_that_its_time_is_over() -> None:
    """And the points stay where they were."""
    with scripted_api(then=status(503)) as api:
        client = patient(api)
        client.record("m", 1)
        assert not client.flush(0.2)
        assert client.stats().waiting == 1
        client.close(0)


@given(
    script=st.lists(st.sampled_from([202, 429, 500, 502, 503, 504, 400, 401, 403, 413]), max_size=12),
    count=st.integers(1, 60),
    batch=st.integers(1, 25),
    room=st.integers(1, 80),
)
@example(script=[413, 503, 413, 400, 202], count=40, batch=20, room=80)
def test_within_its_bounds_nothing_is_lost(script: list[int], count: int, batch: int, room: int) -> None:
    """Each point is accepted once, in its order, or dropped under a cause that there was."""
    left, answered = list(script), list[int]()
    client = Client("http://127.0.0.1:1", interval_s=600, batch_points=batch, max_points=room)
    taken: list[bytes] = []

    def post(body: bytes) -> Reply:
        code = left.pop(0) if left else 202
        answered.append(code)
        if code == 202:
            taken.append(body)
        return Reply(code, 0.0, "")

    client._sender._post = post
    values = recorded(client, count)
    assert client.flush(20)
    client.close()
    stats = client.stats()
    assert stats.recorded == count == stats.accepted + sum(stats.dropped.values())
    got = _values(taken)
    assert got == sorted(got)
    assert set(got) <= set(values)
    assert len(got) == len(set(got)) == stats.accepted
    assert set(stats.dropped) <= {"buffer_full", "refused", "too_large"}
    if count <= room:
        assert "buffer_full" not in stats.dropped
    if not any(code in answered for code in (400, 401, 403)):
        assert "refused" not in stats.dropped


def _values(bodies: list[bytes]) -> list[float]:
    return [point["value"] for body in bodies for point in json.loads(gzip.decompress(body))["metrics"]]


def _wait(condition: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)
