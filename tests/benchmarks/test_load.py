"""The load that the whole local run is measured with."""

import threading

import orjson
import pytest

from benchmarks.load import MARK, POINTS, Load, bodies
from emulator.http_server import HttpRequest, HttpServer, Response


class Api:
    """An ingest API that keeps bodies, and refuses every tenth request."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()

    def answer(self, request: HttpRequest) -> Response:
        """202, or 503 for the tenth."""
        with self._lock:
            self.bodies.append(request.body)
            return Response(503 if len(self.bodies) % 10 == 0 else 202, body=b'{"request_id": "r"}')

    def too_large(self, _: HttpRequest) -> Response:
        """No request is."""
        return Response(413)


@pytest.mark.parametrize("series", [100, 1_000, 12_345])
def test_bodies_have_every_series(series: int) -> None:
    """100 points each, the first the mark's; all the series, and no series twice in a request."""
    found = set()
    for body in bodies(series):
        points = orjson.loads(body)["metrics"]
        names = {(point["metric_name"], *point.get("dimensions", {}).values()) for point in points}
        assert (len(points), len(names), points[0]["metric_name"]) == (POINTS, POINTS, MARK)
        found |= names
    assert len(found) == series


def test_every_request_is_sent_once_at_a_time_of_its_own() -> None:
    """The accepted ones are timed, the others told, and no two have the same time."""
    api = Api()
    server = HttpServer(0, name="api", body_limit=100_000)
    server.start(api)
    sent = Load(f"{server.url}/metrics", series=100, requests=50, per_second=500, connections=4).run()
    server.close()
    times = {point["timestamp"] for body in api.bodies for point in orjson.loads(body)["metrics"]}
    assert (len(api.bodies), len(times)) == (50, 50)
    assert (len(sent.due_s), len(sent.took_s), len(sent.refused)) == (45, 45, 5)
    assert set(sent.due_s) < times
    assert all(answer.startswith("HTTP/1.1 503") for answer in sent.refused)
    assert min(sent.took_s) > 0
