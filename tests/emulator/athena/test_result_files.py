"""Files of results: written, and read back in pages."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.athena import result_files
from emulator.athena.result_files import Row, csv_lines, csv_page, text_lines, text_page

Page = Callable[..., tuple[list[Row], int | None]]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ['"', '""', '",\n"', ",", "\n", ""]
)
TABLES = st.integers(1, 3).flatmap(
    lambda width: st.lists(st.lists(TEXTS | st.none(), min_size=width, max_size=width), max_size=9)
)


def pages_of(body: bytes, page: Page, most: int) -> list[list[Row]]:
    """Every page of a file, each of at most so many rows."""
    found = []
    place: int | None = 0
    while place is not None:
        rows, place = page(lambda start, length: body[start : start + length], len(body), place, most)
        found.append(rows)
    return found


@settings(max_examples=40)
@given(rows=TABLES, most=st.integers(1, 4), step=st.integers(1, 40))
def test_a_csv_is_read_as_it_was_written(rows: list[list[str | None]], most: int, step: int) -> None:
    """Row by row whatever the texts are, NULL and an empty text apart, however the bytes are cut."""
    width = len(rows[0]) if rows else 1
    names = [f"c{number}" for number in range(width)]
    body = b"".join(csv_lines(names, rows))
    kept, result_files._STEP_BYTES = result_files._STEP_BYTES, step
    try:
        pages = pages_of(body, csv_page, most)
    finally:
        result_files._STEP_BYTES = kept
    assert [row for page in pages for row in page] == [names, *rows]
    assert all(len(page) == most for page in pages[:-1])
    assert pages[-1]


def test_every_value_is_in_quotes() -> None:
    """Names too; a quote is doubled, an empty text has quotes and NULL has none."""
    assert b"".join(csv_lines(["a", "b"], [['say "x"', None], ["", "1"]])) == (
        b'"a","b"\n"say ""x""",\n"","1"\n'
    )


def test_plain_lines_are_rows_of_one_value() -> None:
    """Values of a row are parted by tabs; no line ends the last."""
    body = b"".join(text_lines([["one", "int", ""], ["two", "string", "x"], ["three"]]))
    assert body == b"one\tint\t\ntwo\tstring\tx\nthree"
    assert pages_of(body, text_page, 2) == [[["one\tint\t"], ["two\tstring\tx"]], [["three"]]]
    assert pages_of(b"", text_page, 2) == [[]]
