"""`ops fleet`: every region at a glance, and what the private mode needs to know."""

import functools
import threading
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from ops import fleet, stack
from ops.__main__ import main
from templates.config import ENVIRONMENTS, Config, load
from templates.config.network import Network
from tests.support.fleet_account import REGIONS, Account, Answering
from tests.support.generated import lake_config


def test_status_lists_every_region_with_its_ingest_url(
    account: Account, prod: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Version, stack, place in the fleet, health and URL of each region; 1 while any does not answer."""
    account.roll_out(prod)
    monkeypatch.setattr(fleet, "health", lambda _: ("ok", {}))
    assert main(["fleet", "status", "--environment", "prod"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:-1]
    assert [line.split()[0] for line in lines] == REGIONS
    for line, region in zip(lines, REGIONS, strict=True):
        for part in (
            "9.9.9",
            "CREATE_COMPLETE",
            "CURRENT SUCCEEDED",
            "ok",
            f"https://{region}.example/dev/metrics",
        ):
            assert part in line
    monkeypatch.setattr(fleet, "health", lambda _: ("no answer", {}))
    assert main(["fleet", "status", "--environment", "prod"]) == 1


def test_network_is_told_for_a_file_that_lacks_it(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Private mode may be asked for in the file before what it needs is known."""
    text = (ENVIRONMENTS / "prod.toml").read_text(encoding="utf-8")
    (tmp_path / "prod.toml").write_text(text.replace('mode = "public"', 'mode = "private"'))
    monkeypatch.setattr(stack, "load", functools.partial(load, folder=tmp_path))
    for region in REGIONS:
        for service in ("timestream-write", "timestream-query"):
            answer = {"Endpoints": [{"Address": f"ingest-cell1.timestream.{region}.amazonaws.com"}]}
            account.instead[service, region] = Answering("describe_endpoints", answer)
        lists = {"PrefixLists": [{"PrefixListId": "pl-00000000"}]}
        account.instead["ec2", region] = Answering("describe_managed_prefix_lists", lists)
    assert main(["fleet", "network", "--environment", "prod"]) == 0
    assert main(["fleet", "status", "--environment", "prod"]) == 1
    assert "network.cidr.us-east-1 is missing" in capsys.readouterr().err


def test_network_prints_what_the_environment_file_needs(
    account: Account, prod: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cells and prefix lists of every region, as tables that the configuration takes."""
    for number, region in enumerate(REGIONS):
        for service, kind in (("timestream-write", "ingest"), ("timestream-query", "query")):
            address = {"Address": f"{kind}-cell{number}.timestream.{region}.amazonaws.com"}
            account.instead[service, region] = Answering("describe_endpoints", {"Endpoints": [address]})
        lists = {"PrefixLists": [{"PrefixListId": f"pl-0000000{number}"}]}
        account.instead["ec2", region] = Answering("describe_managed_prefix_lists", lists)
    assert main(["fleet", "network", "--environment", "prod"]) == 0
    network = tomllib.loads(capsys.readouterr().out)["network"]
    assert network["ingest_cell"] == {region: f"cell{number}" for number, region in enumerate(REGIONS)}
    ranges = {region: f"10.{number}.0.0/16" for number, region in enumerate(REGIONS)}
    assert replace(prod, network=Network(mode="private", cidr=ranges, **network)).network.private


def test_a_lake_needs_no_cells(
    account: Account, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    """Timestream is not asked for them; S3's and DynamoDB's addresses are the same for every store."""
    monkeypatch.setattr(stack, "settings", lambda _name, **_: replace(lake_config(), regions=("eu-west-1",)))
    lists = {"PrefixLists": [{"PrefixListId": "pl-00000001"}]}
    account.instead["ec2", "eu-west-1"] = Answering("describe_managed_prefix_lists", lists)
    assert main(["fleet", "network", "--environment", "lake"]) == 0
    network = tomllib.loads(capsys.readouterr().out)["network"]
    assert set(network) == {"s3_prefix_list", "dynamodb_prefix_list"}


class _Server(BaseHTTPRequestHandler):
    """A pipeline's API and the local run's status, on one port."""

    answers: ClassVar[dict[str, bytes]] = {}

    def do_GET(self) -> None:
        """The answer of a path, or 404."""
        answer = self.answers.get(self.path)
        self.send_response(200 if answer is not None else 404)
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, *_: Any) -> None:
        """Nothing is logged."""


@pytest.fixture
def served() -> Iterator[str]:
    """The URL of a server that answers what a test lets it."""
    _Server.answers = {}
    with HTTPServer(("127.0.0.1", 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answer", "health"),
    [
        (b'{"status": "ok", "version": "1"}', ("ok", {"status": "ok", "version": "1"})),
        (b"[]", ("ok", {})),
        (b"not JSON", ("no answer (JSONDecodeError)", {})),
        (None, ("no answer (HTTPError)", {})),
    ],
)
def test_health_is_what_the_region_answers(
    served: str, answer: bytes | None, health: tuple[str, dict[str, str]]
) -> None:
    """A region without an answer is told from one that is well, with the reason."""
    if answer is not None:
        _Server.answers["/health"] = answer
    assert fleet.health(f"{served}/health") == health


def test_a_region_without_a_url_is_not_asked() -> None:
    """A stack that is being made has no output yet."""
    assert fleet.health("–/health") == ("no URL", {})
