"""Who gives a command."""

import argparse
import getpass

import pytest

from ops.callers import whoever
from ops.stack import Target
from ops.where import Place
from templates.config import load


def test_a_user_without_a_name_is_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    """On this machine, where no identity is asked for."""

    def nobody() -> str:
        raise KeyError("no such user")

    monkeypatch.setattr(getpass, "getuser", nobody)
    options = argparse.Namespace(place=Place("here", local=True))
    assert whoever(options, Target(load("dev"), "us-east-1", "x")) == "somebody on this machine"
