"""docs/first-deploy.md: ten things, each with one command and what to see; the commands of `ops` on every page."""

import argparse
import re
import shlex
from collections.abc import Sequence

import pytest

from ops.__main__ import main
from tests.support.aws_cli_parser import ROOT

PAGE = (ROOT / "docs/first-deploy.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (\d+)\. .*?\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)
_OPS = re.compile(r"python -m ops ([a-z][^`\n#]*)")
COMMANDS = sorted(
    {
        text.strip()
        for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
        for text in _OPS.findall(page.read_text(encoding="utf-8"))
        if not re.search(r"[|\[…]|HOUR|FIRST", text)  # forms, not commands
    }
)


class _ParsedError(Exception):
    pass


def test_there_are_ten() -> None:
    """Numbered in the order of a first deployment."""
    assert [int(number) for number, _ in SECTIONS] == list(range(1, 11))


@pytest.mark.parametrize(("number", "text"), SECTIONS, ids=[number for number, _ in SECTIONS])
def test_each_has_one_command_and_says_what_to_see(number: str, text: str) -> None:
    """The command stands first, in one line that can be copied; the words come after it."""
    _, command, words = text.split("```")
    assert len(command.strip().splitlines()) == 1, number
    assert len(words.split()) > 10, number


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_of_ops_is_one(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of the README and the pages parses; none is run."""
    parse = argparse.ArgumentParser.parse_args

    def only_parse(parser: argparse.ArgumentParser, given: Sequence[str]) -> None:
        parse(parser, given)
        raise _ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", only_parse)
    with pytest.raises(_ParsedError):
        main(shlex.split(command))
