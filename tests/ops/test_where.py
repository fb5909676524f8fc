"""The line that says where a command goes."""

import argparse
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError, ProfileNotFound

from ops import local_run, stack, where
from ops.__main__ import COMMANDS, main
from ops.where import Place
from ops.where import place as find_place

PLACE = find_place


def client(answer: object, endpoint: str = "https://sts.us-east-1.amazonaws.com") -> Any:
    """An STS at an endpoint."""

    def get_caller_identity() -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return SimpleNamespace(
        meta=SimpleNamespace(endpoint_url=endpoint), get_caller_identity=get_caller_identity
    )


DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "not\nyou"}}, "GetCallerIdentity")


@pytest.mark.parametrize(
    ("answer", "name"),
    [
        ({"Account": "123456789012"}, "account 123456789012"),
        (NoCredentialsError(), "no AWS credentials"),
        (DENIED, "account unknown (not you)"),
        (ProfileNotFound(profile="x"), "account unknown (The config profile (x) could not be found)"),
    ],
)
def test_an_account_is_named_or_said_to_be_unknown(
    answer: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may not ask which account it is goes on; no account is ever taken for the local run."""
    monkeypatch.setattr(stack, "client", lambda *_: client(answer))
    monkeypatch.setattr(local_run, "overridden", list)
    assert PLACE("us-east-1") == Place(name, local=False)


@pytest.mark.parametrize(
    ("endpoint", "status", "expected"),
    [
        ("http://127.0.0.1:1", {}, Place("local run at 127.0.0.1:1", local=True)),
        ("http://127.0.0.1:1", None, Place("nothing at 127.0.0.1:1", local=True, there=False)),
        ("http://10.0.0.1:1", None, Place("endpoint http://10.0.0.1:1", local=False)),
    ],
)
def test_an_endpoint_is_the_local_run_only_if_that_answers(
    endpoint: str, status: object, expected: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something else at an endpoint is treated like an account."""
    monkeypatch.setattr(stack, "client", lambda *_: client({}, endpoint))
    monkeypatch.setattr(local_run, "status", lambda _: status)
    monkeypatch.setattr(local_run, "overridden", list)
    assert PLACE("us-east-1") == expected


def test_a_service_that_goes_elsewhere_makes_a_local_run_doubtful(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then a change is asked for, as it may be an account's."""
    monkeypatch.setattr(stack, "client", lambda *_: client({}, "http://127.0.0.1:1"))
    monkeypatch.setattr(local_run, "status", lambda _: {})
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://dynamodb.us-east-1.amazonaws.com")
    assert PLACE("us-east-1") == Place(
        "local run at 127.0.0.1:1 (but AWS_ENDPOINT_URL_DYNAMODB)", local=False
    )


def options(**given: Any) -> argparse.Namespace:
    """The options of a command by its environment."""
    return argparse.Namespace(
        **{"environment": None, "region": None, "every_region": False, "offline": False, **given}
    )


def test_the_line_has_stack_region_and_place(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every region of a command for all; the environment is the shell's, unless one is given."""
    monkeypatch.setattr(where, "place", lambda _: Place("account 123456789012", local=False))
    monkeypatch.setenv("TIDEGAUGE_ENVIRONMENT", "prod")
    monkeypatch.delenv("AWS_REGION", raising=False)
    where.settle(options(every_region=True))
    where.settle(options(environment="dev"))
    where.settle(options(offline=True))
    assert capsys.readouterr().err.splitlines() == [
        "metrics-prod · us-west-2, us-east-1, eu-west-1, ap-northeast-1 · account 123456789012",
        "metrics-dev · us-east-1 · account 123456789012",
        "metrics-prod · this machine, no AWS is asked",
    ]


def test_a_local_run_beside_an_account_is_mentioned(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever meant the run learns how to get there."""
    monkeypatch.setattr(where, "place", lambda _: Place("account 123456789012", local=False))
    monkeypatch.setattr(local_run, "others", lambda: [Path("/b/local.env")])
    where.settle(options())
    assert "note: a local run answers, too; for it: source /b/local.env" in capsys.readouterr().err


def test_a_local_run_of_another_environment_is_mentioned(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The run is not left for an account in silence."""
    monkeypatch.setenv("TIDEGAUGE_ENVIRONMENT", "dev")
    monkeypatch.setattr(where, "place", lambda _: Place("local run at 127.0.0.1:1", local=True))
    where.settle(options(environment="prod"))
    assert "note: the local run is of dev; for an account give a region, or AWS_PROFILE" in (
        capsys.readouterr().err
    )


def test_a_dead_run_is_said_to_be_one(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command goes on from there, and another run is named."""
    monkeypatch.setattr(where, "place", lambda _: Place("nothing at 127.0.0.1:1", local=True, there=False))
    monkeypatch.setattr(local_run, "others", lambda: [Path("/b/second.env")])
    assert main(["alerts", "list"]) == 1
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith(" · nothing at 127.0.0.1:1")
    assert second == (
        "python -m ops: nothing listens at 127.0.0.1:1; is `make run` up? Another run answers: source /b/second.env"
    )


def test_every_command_is_about_an_environment() -> None:
    """So that the line can say which; a bundle alone is the same for all."""
    for name in COMMANDS:
        parsers = [argparse.ArgumentParser()]
        __import__(f"ops.{name}", fromlist=["_"]).add_arguments(parsers[0])
        groups = [action for action in parsers[0]._actions if isinstance(action, argparse._SubParsersAction)]
        for parser in [one for group in groups for one in group.choices.values()] or parsers:
            given = {action.dest for action in parser._actions}
            assert "environment" in given or name == "bundle", parser.prog
