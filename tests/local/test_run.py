"""What a run takes from its environment's file and what from the command line."""

import io
import signal
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import generate
from emulator import EngineError, StackTemplate
from local import run
from local.accounting import PointCounts
from local.errors import LocalError
from local.run import Run, Settings
from local.view.plain import PlainView
from ops.bundle import Bundle
from ops.quarantined.given_up import GivenUp
from templates import config

SETTINGS = Settings(
    "dev",
    (),
    port=None,
    aws_port=None,
    duration_s=None,
    feed=False,
    data=Path(),
    environment_file=Path("never-written.env"),
)


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """A run that ends takes no more signals: give them back to the tests."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Settings], dict[str, Any]]:
    """Start a run up to the point where it asks for the local AWS, and return what it asks for."""
    values = config.load("dev")
    own = replace(values.local, gateway_port=18080, aws_port=14566, store_memory_mb=321)
    monkeypatch.setattr(config, "load", lambda _: replace(values, local=own))
    monkeypatch.setattr(generate, "generate", lambda *_: [])
    monkeypatch.setattr(run, "build_host", lambda: Bundle(Path(), "0"))
    stack = StackTemplate("any", {"Resources": {"Table": {"Type": "AWS::Timestream::Table"}}})
    monkeypatch.setattr(run, "_stacks", lambda *_: [stack])
    seen: dict[str, Any] = {}

    def start(*_: Any, **options: Any) -> None:
        seen.update(options)
        raise EngineError("far enough")

    monkeypatch.setattr(run, "start", start)

    def ask(settings: Settings) -> dict[str, Any]:
        with pytest.raises(LocalError, match="far enough"), Run(settings, PlainView()):
            pass
        return seen

    return ask


def test_the_environment_says_where_the_run_listens(asked: Callable[[Settings], dict[str, Any]]) -> None:
    """Without an option the port is the environment's; an option goes before it."""
    assert asked(SETTINGS)["aws_port"] == 14566
    assert asked(replace(SETTINGS, aws_port=4711))["aws_port"] == 4711


def test_the_environment_says_what_the_store_may_use(asked: Callable[[Settings], dict[str, Any]]) -> None:
    """The store is started with the memory that the environment grants it."""
    command = asked(SETTINGS)["engine"](4567, Path("data"), "http://127.0.0.1:4566")
    assert list(command[-2:]) == ["--memory-limit-mb", "321"]
    assert command[command.index("--port") + 1] == "4567"


def test_a_run_without_a_timestream_starts_none(
    asked: Callable[[Settings], dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The templates say so, as they do of a lake."""
    bucket = StackTemplate("lake", {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket"}}})
    monkeypatch.setattr(run, "_stacks", lambda *_: [bucket])
    assert asked(SETTINGS)["engine"] is None


def test_requests_seem_to_come_from_where_the_api_answers() -> None:
    """This machine has no public address, so it takes one of those that the policy lets in, if there is a policy."""
    values = config.load("dev")
    inside = replace(values, api=replace(values.api, allow_from=("203.0.113.0/24", "198.51.100.0/24")))
    assert (run._source_ip(values), run._source_ip(inside)) == ("127.0.0.1", "203.0.113.0")


def test_regions_that_would_need_more_ports_than_there_are_are_refused() -> None:
    """Each region takes a port, counting up from the first."""
    settings = replace(SETTINGS, regions=("us-east-1", "eu-west-1"), port=65535)
    with pytest.raises(LocalError, match="65535: 2 regions take one port each"), Run(settings, PlainView()):
        pass


def test_automatic_ports_are_left_to_the_system(asked: Callable[[Settings], dict[str, Any]]) -> None:
    """Port 0, and not the environment's."""
    assert asked(replace(SETTINGS, port=0, aws_port=0))["aws_port"] == 0


@pytest.mark.parametrize(
    ("run_regions", "regions", "hint"),
    [
        (["a"], ["a"], ""),
        (["a"], ["a", "b", "c", "d"], " (1 of 4 regions of prod; more: REGION='a b')"),
        (["a", "b", "c"], ["a", "b", "c", "d"], " (3 of 4 regions of prod; more: REGION='a b c d')"),
    ],
)
def test_regions_that_are_not_run_are_hinted_at(
    run_regions: list[str], regions: list[str], hint: str
) -> None:
    """An environment of four regions is not run whole without a word."""
    assert run._others("prod", run_regions, regions) == hint


def test_runs_at_once_have_logs_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one's are where they always are, until it ends."""
    monkeypatch.chdir(tmp_path)

    def logs_of_a_run(port: int) -> tuple[Run, Path]:
        started = Run(SETTINGS, PlainView(io.StringIO()))
        cloud: Any = SimpleNamespace(port=port)
        started._cloud = cloud
        started._claim_logs()
        return started, started._logs

    (first, logs), (_, others) = logs_of_a_run(4566), logs_of_a_run(4567)
    assert (logs, others) == (Path("build/logs"), Path("build/logs-4567"))
    first._close()
    assert logs_of_a_run(4568)[1] == logs


@pytest.mark.parametrize(
    ("unreachable", "status", "lines"),
    [((), 0, []), (("Writer calls x", "Writer calls x"), 1, ["UNREACHABLE: Writer calls x (2 times)"])],
)
def test_a_call_that_a_network_would_not_let_through_fails_the_run(
    unreachable: Sequence[str], status: int, lines: list[str]
) -> None:
    """Even where every point is accounted for: on AWS the call would have timed out."""
    out = io.StringIO()
    ended = Run(SETTINGS, PlainView(out))
    pipeline: Any = SimpleNamespace(unreachable=unreachable, given_up=GivenUp)
    ended._pipelines = [pipeline]
    assert ended._summarise([("us-east-1", PointCounts(1, 1, 0, 0))], drained=True) == status
    assert [line for line in out.getvalue().splitlines() if "UNREACHABLE" in line] == lines


def test_batches_that_were_given_up_are_said_with_their_address_and_are_no_failure() -> None:
    """In the summary as a term of its own, points and batches; three addresses are enough to find the others."""
    out = io.StringIO()
    ended = Run(SETTINGS, PlainView(out))
    objects = tuple(f"s3://bucket/aws/lambda/m/s/{number}" for number in range(5))
    pipeline: Any = SimpleNamespace(unreachable=(), given_up=lambda: GivenUp(9, objects))
    ended._pipelines = [pipeline]
    assert ended._summarise([("us-east-1", PointCounts(3, 1, 0, 0, 2))], drained=True) == 0
    summary, counted, addresses, cure = out.getvalue().splitlines()
    assert summary == "summary: accepted 3 = stored 1 + superseded 0 + quarantined 0 + given up 2"
    assert counted == "5 batches given up whole, 9 points"
    assert addresses == f"given up: {', '.join(objects[:3])}, and 2 more"
    assert "redrive --batches" in cure
