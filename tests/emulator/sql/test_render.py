"""Values in the JSON of rows."""

from tests.support.sql_fleet import Ask


def test_json_is_plain(ask: Ask) -> None:
    """Every character of a string survives the rows' JSON."""
    word = "".join(chr(c) for c in (*range(1, 0x250), 0x2028, 0x2029, 0xFEFF, 0x1F600))
    quoted = word.replace("'", "''")
    assert ask(f"SELECT '{quoted}'").rows == [[word]]
