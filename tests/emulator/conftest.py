"""A started local AWS for each module that asks for one, and APIs alone over a Kinesis that answers as it is told."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from emulator import Answered, Cloud, Gateway, StackTemplate, serve_gateway, start
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from tests.support.aws_clients import Clients, clients_of
from tests.support.functions import ROOT, RUNTIME
from tests.support.rest_api import FakeKinesis
from tests.support.template_fixture import everything

REGIONS = ("us-east-1", "eu-west-1")


@pytest.fixture(scope="module")
def clock() -> Clock:
    """The clock of the local AWS."""
    return Clock()


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Cloud]:
    """Start the local AWS with a stack that has every resource type, in two regions."""
    data_dir: Path = tmp_path_factory.mktemp("data")
    started = start(
        REGIONS, [StackTemplate("everything", everything())], aws_port=0, data_dir=data_dir, clock=clock
    )
    yield started
    started.close()


@pytest.fixture(scope="module")
def client(cloud: Cloud) -> Iterator[Clients]:
    """A function that makes a client of the local AWS, in the first region unless told otherwise."""
    with clients_of(cloud.endpoint_url, region=REGIONS[0]) as make:
        yield make


@pytest.fixture(scope="session")
def runtime() -> Path:
    """AWS's runtime client, installed once as the local run does."""
    if not RUNTIME.is_dir():
        subprocess.run([sys.executable, "-m", "ops", "bundle", "--target", "host"], cwd=ROOT, check=True)
    return RUNTIME


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
