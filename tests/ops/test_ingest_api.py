"""The door of a deployment, local or in an account."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ops.errors import OperatorError
from ops.ingest_api import ingest_api, local_ingest_url
from ops.stack import Target
from templates.config import load
from tests.support.generated import tokens
from tidegauge_client import unsigned


@pytest.fixture
def local_run() -> Iterator[str]:
    """The endpoint of a local run that serves one region."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer with the status."""
            body = b'{"us-east-1": {"ingest_url": "http://127.0.0.1:8080/metrics"}}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def _target(environment: str, monkeypatch: pytest.MonkeyPatch) -> Target:
    monkeypatch.setattr(Target, "outputs", lambda _: {"IngestUrl": "https://x.example/dev/metrics"})
    return Target(load(environment), "us-east-1", f"metrics-{environment}")


def test_the_local_run_names_its_own_url(local_run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the regions that it serves; an endpoint that is none of this machine's is never asked."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", local_run)
    assert local_ingest_url("us-east-1") == "http://127.0.0.1:8080/metrics"
    assert local_ingest_url("eu-west-1") is None
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.com")
    assert local_ingest_url("us-east-1") is None


def test_an_open_api_gets_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's credentials are sent to who does not ask for them."""
    assert ingest_api(_target("dev", monkeypatch)).sign is unsigned


def test_requests_are_signed_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the credentials of whoever runs the command; without any, that is said."""
    target = _target("prod", monkeypatch)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    api = ingest_api(target)
    assert "Credential=key/" in api.sign(api.url, b"{}", {})["Authorization"]
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setattr("boto3.Session.get_credentials", lambda _: None)
    with pytest.raises(OperatorError, match="takes signed requests only"):
        ingest_api(target)


def test_a_token_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without one that is said; one that no header takes is refused and not shown."""
    target = Target(tokens(), "us-east-1", "metrics-prodtok")
    monkeypatch.setattr(Target, "outputs", lambda _: {"IngestUrl": "https://x.example/prodtok/metrics"})
    monkeypatch.setenv("TIDEGAUGE_TOKEN", "tg_x")
    api = ingest_api(target)
    assert api.sign(api.url, b"{}", {})["Authorization"] == "Bearer tg_x"
    monkeypatch.setenv("TIDEGAUGE_TOKEN", "")
    with pytest.raises(OperatorError, match="have your token in TIDEGAUGE_TOKEN"):
        ingest_api(target)
    monkeypatch.setenv("TIDEGAUGE_TOKEN", "secret\n")
    with pytest.raises(OperatorError, match="TIDEGAUGE_TOKEN: ") as raised:
        ingest_api(target)
    assert "secret" not in str(raised.value)
