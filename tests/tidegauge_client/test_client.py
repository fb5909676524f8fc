"""The client as its callers see it: it takes points, and leaves them alone."""

import ast
import logging
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.scripted_api import scripted_api, status
from tidegauge_client import GATEWAY, NOT, STREAM, Client, bearer

SOURCE = Path(__file__).resolve().parents[2] / "clients" / "python" / "tidegauge_client"


class Hostile:
    """Raises whatever it is asked."""

    def __hash__(self) -> int:
        raise RuntimeError("no hash")

    def __repr__(self) -> str:
        raise RuntimeError("no words")


def test_points_arrive_with_all_that_they_were_given() -> None:
    """With the client's own dimensions and type, and a time each."""
    with scripted_api() as api:
        with Client(api.url, dimensions={"host": "a"}, metric_type="system") as client:
            client.record("m", 1, {"route": "/pay"})
            client.record("m", 2, timestamp=1_763_769_600_000, metric_type="business")
        first, second = api.accepted
        assert first.pop("timestamp").endswith("Z")
        assert first == {
            "metric_name": "m",
            "value": 1.0,
            "metric_type": "system",
            "dimensions": {"host": "a", "route": "/pay"},
        }
        assert (second["timestamp"], second["metric_type"]) == (1_763_769_600_000, "business")


@pytest.mark.parametrize(
    ("compression", "type_", "coding"),
    [
        (GATEWAY, "application/json", "gzip"),
        (STREAM, "application/gzip", None),
        (NOT, "application/json", None),
    ],
)
def test_a_body_may_travel_in_three_ways(compression: str, type_: str, coding: str | None) -> None:
    """Compressed until API Gateway, compressed until it is read, or not at all."""
    with scripted_api() as api:
        with Client(api.url, compression=compression) as client:
            client.record("m", 1)
        [request] = api.requests
    assert (request.headers["content-type"], request.headers.get("content-encoding")) == (type_, coding)
    assert request.headers["user-agent"].startswith("tidegauge-client/")
    assert [point["value"] for point in request.points] == [1.0]


def test_a_token_or_a_signature_says_who_sends() -> None:
    """A signer that fails is tried again, as credentials may come; its trouble is told, and not its words' secrets."""
    failing = [RuntimeError("no credentials yet")]

    def sign(url: str, body: bytes, headers: Any) -> Any:
        if failing:
            raise failing.pop()
        return bearer("signed")(url, body, headers)

    with scripted_api() as api:
        for options in ({"token": "tg_x"}, {"sign": sign}):
            with Client(api.url, **options) as client:
                client.record("m", 1)
                assert client.flush()
        assert client.stats().last_error == "no reply: not signed: no credentials yet"
    assert [request.headers["authorization"] for request in api.requests] == ["Bearer tg_x", "Bearer signed"]


def test_nothing_that_is_recorded_raises(caplog: pytest.LogCaptureFixture) -> None:
    """What is no point is counted each time by its cause, and logged once for each cause."""
    with scripted_api() as api:
        client = Client(api.url)
        for _ in range(3):
            client.record("m", float("nan"))
            client.record(7, 1)  # type: ignore[arg-type]
            client.record("m", Hostile())  # type: ignore[arg-type]
            client.record("m", 1, {"a": object()})
            client.record(Hostile(), 1)  # type: ignore[arg-type]
            client.record("m", 1, {"x": "y" * 10**6})
        client.record("m", 1)
        client.close()
        assert api.values == [1.0]
    stats = client.stats()
    assert (stats.recorded, stats.accepted) == (19, 1)
    assert dict(stats.dropped) == {
        "value_not_finite": 3,
        "metric_name_type": 3,
        "value_type": 3,
        "dimension_value_type": 3,
        "invalid": 3,
        "point_too_large": 3,
    }
    assert len(caplog.records) == 6


def test_a_handler_of_log_lines_that_fails_is_not_the_callers_trouble() -> None:
    """Nor does one that records what it logs go round in circles."""
    client = Client("http://127.0.0.1:1")

    class Failing(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            client.record("logged", "no number")  # type: ignore[arg-type]
            raise RuntimeError

    handler = Failing()
    logging.getLogger("tidegauge_client").addHandler(handler)
    try:
        client.record("m", float("nan"))
        client.close(0)
    finally:
        logging.getLogger("tidegauge_client").removeHandler(handler)
    assert dict(client.stats().dropped) == {"value_not_finite": 1, "value_type": 2}


def test_what_comes_after_the_end_is_counted() -> None:
    """It is dropped, and nothing raises; to close twice is no harm."""
    with scripted_api() as api:
        client = Client(api.url)
        client.record("m", 1)
        client.close()
        client.close()
        client.record("m", 2)
        assert client.flush(1)
        assert api.values == [1.0]
    assert (client.stats().accepted, dict(client.stats().dropped)) == (1, {"closed": 1})


def test_closing_keeps_its_time() -> None:
    """When the API is away what is left is dropped, and counted."""
    with scripted_api(then=status(503, Retry_After="60")) as api:
        client = Client(api.url, batch_points=1)
        for value in range(5):
            client.record("m", value)
        began_s = time.monotonic()
        client.close(0.5)
        assert time.monotonic() - began_s < 2
    assert dict(client.stats().dropped) == {"closed": 5}


def test_without_a_thread_the_caller_sends_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """As at the end of the interpreter, which gives none any more."""

    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name == "tidegauge-client":
            raise RuntimeError("can't start new thread")
        start(thread)

    with scripted_api() as api:
        client = Client(api.url)
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            client.record("m", 1)
            client.record("m", 2)
            client.close()
        assert api.values == [1.0, 2.0]


def test_threads_record_without_loss() -> None:
    """Each point is sent once."""
    with scripted_api() as api:
        client = Client(api.url, interval_s=0.01)

        def work(first: int) -> None:
            for value in range(first, first + 2_000):
                client.record("m", value)

        threads = [threading.Thread(target=work, args=(start,)) for start in range(0, 16_000, 2_000)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.close(20)
        assert sorted(api.values) == list(range(16_000))
        times = [point["timestamp"] for point in api.accepted]
        assert len(set(times)) == 16_000


def test_a_signal_handler_may_record_and_close() -> None:
    """In the midst of a `record` of the thread that it stops."""
    with scripted_api() as api:
        client = Client(api.url, interval_s=0.05)
        handled = 0

        def handle(*_: object) -> None:
            nonlocal handled
            handled += 1
            client.record("handled", handled)
            if handled == 200:
                client.close(10)

        before = signal.signal(signal.SIGALRM, handle)
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
            until_s = time.monotonic() + 30
            recorded = 0
            while handled < 200 and time.monotonic() < until_s:
                client.record("m", recorded)
                recorded += 1
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        assert handled >= 200
        client.close()
        stats = client.stats()
        assert stats.recorded == stats.accepted + sum(stats.dropped.values())
        assert len(api.accepted) == stats.accepted
        assert set(stats.dropped) <= {"closed"}


def test_it_needs_the_standard_library_alone() -> None:
    """And no newer Python than 3.9, as far as the grammar tells; botocore is for those who sign."""
    for file in SOURCE.glob("*.py"):
        tree = ast.parse(file.read_text(), feature_version=(3, 9))
        names = {
            name.partition(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        allowed = {*sys.stdlib_module_names, "tidegauge_client"}
        assert names <= (allowed | {"botocore"} if file.name == "signing.py" else allowed), file
