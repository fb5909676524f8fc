"""Rows as people and programs get them."""

import csv
import io
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops import tables
from ops.tables import Coloured, show

HOSTILE = "\x1b[2J\u202e\x9b"
CELLS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


class Output(io.StringIO):
    """Standard output, a terminal or not."""

    terminal = False

    def isatty(self) -> bool:
        """As the test says."""
        return self.terminal


def printed(*arguments: Any, terminal: bool = False, colours: bool = True, **options: Any) -> str:
    """The output through a pipe, or on a terminal of eighty columns."""
    with pytest.MonkeyPatch.context() as patch:
        output = Output()
        output.terminal = terminal
        patch.setattr("sys.stdout", output)
        patch.setenv("COLUMNS", "80")
        patch.setenv("TERM", "xterm")
        patch.setenv("NO_COLOR", "" if colours else "1")
        show(*arguments, **options)
        return output.getvalue()


def test_through_a_pipe_nothing_is_cut_and_nothing_is_drawn() -> None:
    """Columns have the width of what is in them, and a line has no blanks at its end."""
    url = "https://example.com/" + "x" * 500
    shown = printed(["region", "url", "n"], [("us-east-1", url, None), ("eu", "漢", 12)])
    assert shown.splitlines() == [
        f"region     url{' ' * 517}   n",
        f"us-east-1  {url}",
        f"eu         漢{' ' * 518}  12",
        "(2 rows)",
    ]


def test_a_table_says_how_many_rows_it_has() -> None:
    """None is said, too."""
    assert printed(["a"], [], noun="alert") == "a\n(0 alerts)\n"


def test_rows_are_printed_before_the_last_is_there() -> None:
    """A table is measured by its first thousand rows; a wider one later is whole, too."""
    output = Output()

    def rows() -> Iterator[list[str]]:
        yield from (["x"] for _ in range(1001))
        assert output.getvalue().count("x\n") >= 1000
        yield ["wide" * 10]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", output)
        show(["a"], rows())
    assert "wide" * 10 in output.getvalue()
    assert output.getvalue().endswith("(1002 rows)\n")


def test_a_terminal_that_is_too_narrow_gets_a_line_for_each_column() -> None:
    """Only of those that have a value, so that a point's own dimensions are read and not those of all others."""
    rows = [("a", None, "x" * 90), ("b", 1, "y")]
    assert printed(["name", "core", "text"], rows, terminal=True) == (
        "\x1b[1m-- 1 --\x1b[0m\nname  a\ntext  " + "x" * 90 + "\n"
        "\x1b[1m-- 2 --\x1b[0m\nname  b\ncore  1\ntext  y\n(2 rows)\n"
    )


def test_columns_without_any_value_are_left_out_on_a_terminal() -> None:
    """And their number is said; a program gets them all."""
    shown = printed(["a", "b", "c"], [(1, None, None)], terminal=True)
    assert shown.splitlines()[1:] == ["1", "(1 row; 2 columns without a value left out)"]
    assert printed(["a", "b"], [(1, None)]).splitlines()[0] == "a  b"


def test_colours_are_for_terminals() -> None:
    """Neither a pipe nor a person who wants none gets them."""
    row = [(Coloured("bad", "red"),)]
    assert "\x1b[31mbad\x1b[0m" in printed(["a"], row, terminal=True)
    assert "\x1b" not in printed(["a"], row)
    assert "\x1b" not in printed(["a"], row, terminal=True, colours=False)


@pytest.mark.parametrize("form", tables.FORMATS)
def test_hostile_text_moves_no_cursor(form: str) -> None:
    """Whatever is in a name or a value, a terminal gets no control character of it."""
    rows = [(HOSTILE,), ([HOSTILE],), ({"k": HOSTILE},)]
    shown = printed([f"a{HOSTILE}"], rows, form, terminal=True, colours=False)
    assert shown
    assert not set(shown) & {"\x1b", "\u202e", "\x9b"}


@given(st.lists(st.tuples(CELLS, CELLS)))
def test_programs_get_back_what_went_in(rows: list[tuple[object, object]]) -> None:
    """JSON keeps every value, in a list or a line each; CSV the texts, with line feeds alone between rows."""
    objects = [{"a": first, "a_2": second} for first, second in rows]
    assert json.loads(printed(["a", "a"], rows, "json")) == objects
    assert [json.loads(line) for line in printed(["a", "a"], rows, "jsonl").splitlines()] == objects
    read = list(csv.reader(io.StringIO(printed(["a", "b"], rows, "csv"), newline="")))
    assert read[0] == ["a", "b"]
    texts = [[cell if isinstance(cell, str) else tables._text(cell) for cell in row] for row in rows]
    assert read[1:] == texts


def test_csv_has_no_carriage_returns() -> None:
    """A tool that cuts lines into fields keeps none of them."""
    assert printed(["a", "b"], [(1, True), (None, 1.5)], "csv") == "a,b\n1,true\n,1.5\n"


def test_structures_are_json_and_numbers_that_json_lacks_are_text() -> None:
    """In every form."""
    row = [([1, {"x": None}], float("nan"))]
    assert printed(["a", "b"], row).splitlines()[1] == '[1, {"x": null}]  NaN'
    assert json.loads(printed(["a", "b"], row, "jsonl")) == {"a": [1, {"x": None}], "b": "NaN"}
    assert printed(["a"], [(float("-inf"),)], "jsonl") == '{"a": "-Infinity"}\n'


def test_a_long_table_is_quick() -> None:
    """Five thousand rows of twenty columns are no reason to wait."""
    rows = itertools.repeat(["text"] * 20, 5000)
    assert printed([str(number) for number in range(20)], rows).endswith("(5000 rows)\n")
