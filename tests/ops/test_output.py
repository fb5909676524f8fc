"""Tables and columns on an operator's terminal."""

import pytest
from rich.text import Text

from ops.output import counted, print_columns, print_rows, print_table, sanitize


def test_hostile_text_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences in a metric's name are replaced, and rich's markup in it is shown as it is."""
    print_rows(["metric_name"], [["\x1b[2Jgone"], ["[red]name[/red]"]])
    shown = capsys.readouterr().out
    assert "\x1b[2J" not in shown
    assert "�[2Jgone" in shown
    assert "[red]name[/red]" in shown


def test_text_is_one_line_without_control_characters() -> None:
    """Line breaks and escapes are replaced; letters of any language stay."""
    assert sanitize("a\nb\x1b[2J\u202eé漢") == "a�b�[2J�é漢"


def test_columns_are_never_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """A URL longer than any terminal is on one line, and no line ends in blanks."""
    url = "https://example.com/" + "x" * 300
    print_columns(("region", "url"), [("us-east-1", url), ("eu\x1b", Text("none", "red"))])
    assert capsys.readouterr().out.splitlines() == [
        "region     url",
        f"us-east-1  {url}",
        "eu�        none",
    ]


def test_a_table_shows_nothing_for_none(capsys: pytest.CaptureFixture[str]) -> None:
    """A value that is not there is an empty cell, not a word."""
    print_table(("a", "b"), [(None, 1)])
    assert "None" not in capsys.readouterr().out


def test_the_number_of_rows_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """One is singular, every other number is plural."""
    print_rows(["a"], [])
    assert capsys.readouterr().out.endswith("(0 rows)\n")
    assert counted(1, "row") == "1 row"
