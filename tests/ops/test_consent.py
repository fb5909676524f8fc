"""Consent before an account is changed."""

import argparse
import io
from typing import Any

import pytest

from ops import consent, where
from ops.__main__ import main
from ops.errors import OperatorError
from ops.where import Place

ACCOUNT = Place("account 123456789012", local=False)


class Terminal(io.StringIO):
    """A terminal at which somebody answers."""

    def isatty(self) -> bool:
        """True, as the test has it."""
        return True


def ask(
    monkeypatch: pytest.MonkeyPatch,
    stdin: io.StringIO,
    *,
    place: Place = ACCOUNT,
    yes: bool = False,
    always: bool = False,
) -> None:
    """Ask for consent."""
    monkeypatch.setattr("sys.stdin", stdin)
    consent.expect(argparse.Namespace(place=place, yes=yes), "change the rules", always=always)


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_a_yes_on_the_terminal_goes_on(answer: str, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """The question names what is done and the account, and is not among the output."""
    ask(monkeypatch, Terminal(answer))
    shown = capsys.readouterr()
    assert shown.err == "change the rules in account 123456789012? [y/N] "
    assert shown.out == ""


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yeah\n"])
def test_anything_else_ends_the_command(answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No answer is a no."""
    with pytest.raises(OperatorError, match="not confirmed, so nothing was done"):
        ask(monkeypatch, Terminal(answer))


def test_without_a_terminal_the_option_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A script says so beforehand, and what is piped in is no answer."""
    with pytest.raises(OperatorError, match=r"add --yes \(YES=1 with make\)"):
        ask(monkeypatch, io.StringIO("y\n"))
    ask(monkeypatch, io.StringIO(""), yes=True)


def test_the_local_run_is_not_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be broken there, unless what is done cannot be undone from the files."""
    run = Place("local run at 127.0.0.1:1", local=True)
    ask(monkeypatch, io.StringIO(""), place=run)
    with pytest.raises(OperatorError, match="add --yes"):
        ask(monkeypatch, io.StringIO(""), place=run, always=True)
    ask(monkeypatch, io.StringIO(""), place=run, always=True, yes=True)


CHANGING = [
    ["rules", "delete", "hot"],
    ["export", "run"],
    ["export", "backfill", "2026-11-21T00", "2026-11-21T01"],
    ["publish", "--region", "us-east-1"],
    ["rollout", "--open"],
]


@pytest.mark.parametrize("command", CHANGING, ids=" ".join)
@pytest.mark.usefixtures("deployment", "stacks")
def test_every_command_that_changes_an_account_asks(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Nothing is called but to read before that."""
    monkeypatch.setattr(where, "place", lambda _: ACCOUNT)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.setattr(
        "ops.rules._in_force", lambda *_: [argparse.Namespace(rule_id="hot", metric_name="m")]
    )
    monkeypatch.setattr("ops.publish.expect_no_obstacle", lambda _: None)
    assert main(command) == 1
    assert "add --yes" in capsys.readouterr().err
