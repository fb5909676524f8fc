"""docs/first-deploy.md: fourteen things, each with one command and what to see."""

import re

import pytest

from tests.support.aws_cli_parser import ROOT

PAGE = (ROOT / "docs/first-deploy.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (\d+)\. .*?\n(.*?)(?=^## )", PAGE, re.MULTILINE | re.DOTALL)


def test_there_are_fourteen() -> None:
    """Numbered in the order of a first deployment."""
    assert [int(number) for number, _ in SECTIONS] == list(range(1, 15))


@pytest.mark.parametrize(("number", "text"), SECTIONS, ids=[number for number, _ in SECTIONS])
def test_each_has_one_command_and_says_what_to_see(number: str, text: str) -> None:
    """The command stands first, in one line that can be copied; the words come after it."""
    _, command, words = text.split("```")
    assert len(command.strip().splitlines()) == 1, number
    assert len(words.split()) > 10, number
