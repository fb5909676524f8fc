"""The load that the whole local run is measured with."""

import threading

import orjson
import pytest

from benchmarks.load import MARK, POINTS, Load, bodies
from emulator.http_server import HttpRequest, HttpServer, Response


class Api:
    """An ingest API that keeps bodies, has no room for every tenth request, and refuses the eleventh."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self._lock = threading.Lock()

    def answer(self, request: HttpRequest) -> Response:
        """202, or 503 or 400."""
        with self._lock:
            self.bodies.append(request.body)
            status = 503 if len(self.bodies) % 10 == 0 else 400 if len(self.bodies) == 11 else 202
            return Response(status, body=b'{"request_id": "r"}')

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


def test_every_request_is_sent_until_it_is_taken() -> None:
    """The accepted ones are timed, the others told or sent again, and no two have the same time."""
    api = Api()
    server = HttpServer(0, name="api", body_limit=100_000)
    server.start(api)
    sent = Load(f"{server.url}/metrics", series=100, requests=50, per_second=500, connections=4).run()
    server.close()
    times = {point["timestamp"] for body in api.bodies for point in orjson.loads(body)["metrics"]}
    assert (len(times), len(set(api.bodies)), len(api.bodies)) == (50, 50, 50 + sent.resent)
    assert (len(sent.due_s), len(sent.took_s), sent.resent) == (49, 49, 5)
    assert set(sent.due_s) < times
    assert [answer[:12] for answer in sent.refused] == ["HTTP/1.1 400"]
    assert min(sent.took_s) > 0
