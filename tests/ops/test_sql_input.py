"""SQL from wherever it stands."""

import argparse
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops import sql_input
from ops.errors import OperatorError


class Terminal(io.StringIO):
    """A terminal."""

    def isatty(self) -> bool:
        """True, as the test has it."""
        return True


def asked(arguments: list[str], stdin: str = "") -> list[str]:
    """The statements that are asked."""
    parser = argparse.ArgumentParser()
    sql_input.add_options(parser, "x")
    found: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(stdin))

        def ask(sql: str) -> int:
            found.append(sql)
            return 0

        sql_input.run(parser.parse_args(arguments), ask, name="dev")
    return found


def test_a_statement_comes_from_where_it_is_said_to_be(tmp_path: Path) -> None:
    """The command line, a file, or standard input; the semicolon at its end is not Timestream's."""
    file = tmp_path / "a.sql"
    file.write_text("SELECT 'é';\n\n")
    assert asked(["SELECT ';'  "]) == ["SELECT ';'"]
    assert asked(["--file", str(file)]) == asked(["-f", str(file)]) == ["SELECT 'é'"]
    assert asked(["-"], "SELECT 1;") == asked([], "SELECT 1") == asked([""], "\nSELECT 1\n") == ["SELECT 1"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "no SQL; for example x$"),
        ([" ;"], "no SQL"),
        (["-f", "/nowhere"], "cannot read /nowhere: No such file or directory$"),
        (["-f", "x", "SELECT"], "not both"),
    ],
)
def test_no_statement_is_said_to_be_none(arguments: list[str], words: str) -> None:
    """Empty input, an absent file, or two statements at once."""
    with pytest.raises(OperatorError, match=words):
        asked(arguments)


def test_a_terminal_gets_a_prompt(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A statement ends with a semicolon or an empty line; a refusal ends nothing, nor does Ctrl-C."""
    typed: Iterator[Any] = iter(
        ["SELECT", "1;", "bad", "", "half", KeyboardInterrupt(), "", "SELECT 2;", EOFError()]
    )
    prompts, found = [], []

    def read(prompt: str) -> Any:
        prompts.append(prompt)
        line = next(typed)
        if isinstance(line, BaseException):
            raise line
        return line

    def ask(sql: str) -> int:
        found.append(sql)
        if sql == "bad":
            raise OperatorError("no\x1b")
        return 0

    monkeypatch.setattr("builtins.input", read)
    monkeypatch.setattr("sys.stdin", Terminal())
    assert sql_input.run(argparse.Namespace(sql="", file=None), ask, name="dev") == 0
    assert found == ["SELECT\n1", "bad", "SELECT 2"]
    assert prompts[:3] == ["dev> ", "   | ", "dev> "]
    assert "no�\n" in capsys.readouterr().err


def test_a_prompt_is_left_by_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """As other prompts are."""
    monkeypatch.setattr("sys.stdin", Terminal())
    for word in ("quit", "EXIT", "\\q"):
        monkeypatch.setattr("builtins.input", lambda _, word=word: word)
        assert sql_input.run(argparse.Namespace(sql="", file=None), lambda _: 1, name="dev") == 0
