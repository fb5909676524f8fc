"""A small REST API as a template would describe it, and a Kinesis that answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from emulator import Answered, Gateway, serve_gateway
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from tests.support.http_client import Call, caller
from tests.support.rest_api import FakeKinesis, rest_api


@pytest.fixture
def kinesis() -> Iterator[FakeKinesis]:
    """A Kinesis over real HTTP that a test can make fail."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            fake.requests.append(({k.lower(): v for k, v in self.headers.items()}, json.loads(content)))
            time.sleep(fake.delay)
            answer = json.dumps(fake.body).encode()
            self.send_response(fake.status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    fake = FakeKinesis(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield fake
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def answers() -> list[Answered]:
    """The answers of every gateway that the test serves."""
    return []


@pytest.fixture
def serve(kinesis: FakeKinesis, answers: list[Answered]) -> Iterator[Callable[..., Gateway]]:
    """Serve deployments until the test ends."""
    opened: list[Gateway] = []

    def open_gateway(deployment: Deployment, **options: Any) -> Gateway:
        given = {"endpoint_url": kinesis.url, "clock": Clock(), "on_answer": answers.append, **options}
        opened.append(serve_gateway(deployment, port=0, **given))
        return opened[-1]

    yield open_gateway
    for gateway in opened:
        gateway.close()


@pytest.fixture
def gateway(serve: Callable[[Deployment], Gateway]) -> Gateway:
    """The small API, served."""
    return serve(rest_api())


@pytest.fixture
def call(gateway: Gateway) -> Call:
    """Send one request to the small API."""
    return caller(gateway.url)
