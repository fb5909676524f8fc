"""Text on an operator's terminal."""

from ops.output import counted, moment, sanitize


def test_text_is_one_line_without_control_characters() -> None:
    """Line breaks and escapes are replaced; letters of any language stay."""
    assert sanitize("a\nb\x1b[2J\u202eé漢") == "a�b�[2J�é漢"


def test_a_number_has_its_noun() -> None:
    """One is singular, every other number is plural, and of series there is but one form."""
    assert [counted(number, "row") for number in (0, 1, 2)] == ["0 rows", "1 row", "2 rows"]
    assert counted(2, "series") == "2 series"


def test_a_moment_is_in_utc() -> None:
    """Date and time of day."""
    assert moment(0) == "1970-01-01 00:00:00"
