"""Names and texts in SQL."""

from ops.store.quoted import quoted_name, quoted_text


def test_what_is_quoted_stays_inside_its_quotes() -> None:
    """A quote within is doubled, as SQL asks for."""
    assert quoted_name('a"b') == '"a""b"'
    assert quoted_text("it's") == "'it''s'"
