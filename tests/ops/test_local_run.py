"""A local run is found by what it wrote and by what it answers."""

import http.server
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops import local_run
from ops.errors import OperatorError
from ops.local_run import is_here, overridden, read, status

ADOPT, OTHERS = local_run.adopt, local_run.others


class Run(http.server.BaseHTTPRequestHandler):
    """Answers about itself as a local run does, and knows nothing else."""

    def do_GET(self) -> None:
        """`/_local/status` alone is there."""
        known = self.path == "/_local/status"
        self.send_response(200 if known else 404)
        self.end_headers()
        self.wfile.write(b'{"us-east-1": {}}' if known else b"?")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    """A local run's endpoint."""
    with http.server.HTTPServer(("127.0.0.1", 0), Run) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build folder of its own, and a shell that says nothing of AWS."""
    monkeypatch.setattr(local_run, "BUILD", tmp_path)
    clean = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "TIDEGAUGE_"))}
    monkeypatch.setattr(os, "environ", clean)
    return tmp_path


def write(file: Path, endpoint: str, environment: str = "prod") -> None:
    """An environment file."""
    file.write_text(
        f"export AWS_ENDPOINT_URL={endpoint}\nexport TIDEGAUGE_ENVIRONMENT={environment}\nexport A=''\n"
    )


def test_a_run_that_answers_is_taken_if_no_place_was_chosen(build: Path, endpoint: str) -> None:
    """The whole file counts, as if it had been loaded."""
    write(build / "local.env", endpoint)
    ADOPT(None, None)
    assert os.environ["AWS_ENDPOINT_URL"] == endpoint
    assert os.environ["TIDEGAUGE_ENVIRONMENT"] == "prod"
    assert os.environ["A"] == ""


@pytest.mark.parametrize(
    "chosen",
    [*local_run._CHOICES, "AWS_ENDPOINT_URL_S3", "region"],
)
def test_a_run_is_not_taken_by_who_chose_a_place(chosen: str, build: Path, endpoint: str) -> None:
    """A profile, key, endpoint or region means an account."""
    write(build / "local.env", endpoint)
    if chosen != "region":
        os.environ[chosen] = "x"
    ADOPT("us-east-1" if chosen == "region" else None, None)
    assert "AWS_ENDPOINT_URL" not in os.environ


def test_a_run_that_is_dead_is_not_taken(build: Path) -> None:
    """A file that a killed run left behind leads nowhere."""
    write(build / "local.env", "http://127.0.0.1:1")
    ADOPT(None, None)
    assert "AWS_ENDPOINT_URL" not in os.environ
    (build / "local.env").unlink()
    ADOPT(None, None)
    assert "AWS_ENDPOINT_URL" not in os.environ


@pytest.mark.parametrize(("environment", "taken"), [(None, "dev"), ("load", "load"), ("prod", "dev")])
def test_of_two_runs_that_of_the_environment_is_taken(
    environment: str | None, taken: str, build: Path, endpoint: str
) -> None:
    """Without one that fits it is the first, and the operator is told that it is another's."""
    write(build / "local.env", endpoint, "dev")
    write(build / "local-1.env", endpoint, "load")
    ADOPT(None, environment)
    assert os.environ["TIDEGAUGE_ENVIRONMENT"] == taken


def test_the_second_run_is_taken_when_the_first_has_ended(build: Path, endpoint: str) -> None:
    """A file that the first left behind is in nobody's way."""
    write(build / "local.env", "http://127.0.0.1:1", "dev")
    write(build / "local-1.env", endpoint, "load")
    ADOPT(None, None)
    assert os.environ["TIDEGAUGE_ENVIRONMENT"] == "load"


def test_an_endpoint_by_hand_gets_the_rest_of_that_runs_file(build: Path, endpoint: str) -> None:
    """Of two runs the one at the endpoint is meant, however its host is spelled; what the shell says stays."""
    write(build / "local.env", "http://127.0.0.1:1", "dev")
    write(build / "local-1.env", endpoint, "load")
    os.environ.update(AWS_ENDPOINT_URL=endpoint.replace("127.0.0.1", "localhost") + "/", A="mine")
    ADOPT("eu-west-1", None)
    assert os.environ["AWS_ENDPOINT_URL"].startswith("http://localhost")
    assert os.environ["TIDEGAUGE_ENVIRONMENT"] == "load"
    assert os.environ["A"] == "mine"


def test_an_endpoint_by_hand_needs_no_keys_if_a_run_is_there(build: Path, endpoint: str) -> None:
    """Made-up ones do, and nobody's real ones are sent; another server gets none."""
    os.environ["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1"
    ADOPT(None, None)
    assert "AWS_ACCESS_KEY_ID" not in os.environ
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    ADOPT(None, None)
    assert os.environ["AWS_ACCESS_KEY_ID"] == "local"


def test_runs_that_answer_are_found_by_their_files(build: Path, endpoint: str) -> None:
    """Those that are dead are not among them, nor the one that is meant already."""
    write(build / "local-2.env", "http://127.0.0.1:1")
    write(build / "local-1.env", endpoint)
    assert OTHERS() == [build / "local-1.env"]
    assert OTHERS(endpoint) == []


def test_a_run_that_is_busy_is_not_left_for_an_account(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Something listens and says nothing: whoever meant the run must not end up elsewhere."""
    monkeypatch.setattr(local_run, "_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        write(build / "local.env", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(OperatorError, match="listens and does not answer"):
            ADOPT(None, None)
        assert OTHERS() == []


def test_only_this_machine_is_asked(build: Path) -> None:
    """An endpoint elsewhere is no local run, and gets no request of ours."""
    assert is_here("http://127.0.0.1:4566")
    assert is_here("http://[::1]:4566/")
    for other in (
        "https://127.0.0.1",
        "http://10.0.0.1:4566",
        "http://127.0.0.1.example.com",
        "",
        "http://[",
        "x",
    ):
        assert not is_here(other)
        assert status(other) is None


def test_what_is_no_environment_file_has_no_variables(build: Path) -> None:
    """Neither a broken line nor bytes raise anything."""
    for content in (b"export A", b"export A='", b"\xff", b""):
        (build / "local.env").write_bytes(content)
        assert read(build / "local.env") == {}


def test_services_with_endpoints_of_their_own_are_named(build: Path) -> None:
    """By the variable that says so."""
    os.environ["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:9000"
    assert overridden() == ["AWS_ENDPOINT_URL_S3"]
