"""Numbers as the console's pages show them."""

import pytest

from ops.console.pages.parts import bytes_text, number_text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, "–"),
        (0, "0"),
        (9_876, "9,876"),
        (0.25, "0.25"),
        (9_999.6, "10k"),
        (12_345, "12.3k"),
        (999_999, "1M"),
        (-4_560_000, "-4.56M"),
        (1.5e12, "1.5T"),
        (999.9e15, "1e+18"),
        (1e308, "1e+308"),
    ],
)
def test_a_number_takes_little_room(number: float | None, text: str) -> None:
    """Thousands have a letter, and what no letter is known for is written as scientists do."""
    assert number_text(number) == text


@pytest.mark.parametrize(
    ("number", "text"), [(999, "999 B"), (999_999, "1 MB"), (1_234_567, "1.23 MB"), (5e12, "5,000 GB")]
)
def test_a_size_has_its_unit(number: float, text: str) -> None:
    """A size that rounds up to the next unit has that one."""
    assert bytes_text(number) == text
