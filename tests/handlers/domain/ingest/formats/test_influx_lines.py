"""The syntax of InfluxDB's line protocol."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.formats.influx_lines import (
    BrokenLine,
    lines_of,
    name_of,
    split_key,
    split_line,
)

PLAIN = st.text(st.sampled_from("ab1#é/=, "), max_size=12).map(str.rstrip)


def parts(line: str) -> tuple[object, ...] | None:
    """All of a line: measurement, tags, fields and time; or None if it is broken."""
    try:
        key, fields, time = split_line(line)
        measurement, tags = split_key(key)
    except BrokenLine:
        return None
    return measurement, tags, [(name_of(name), value) for name, value in fields], time


@given(PLAIN)
def test_a_line_is_read_alike_with_backslashes_and_without(line: str) -> None:
    """The short way and the careful way agree: a backslash before a letter stands for itself."""
    plain = parts(f"z{line}")
    assert parts(f"\\z{line}") == (plain and (f"\\{plain[0]}", *plain[1:]))


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (",a=b c=1", "it begins with no measurement"),
        ("m,a b=1", "a tag is name=value, and a space follows the last one"),
        ("m,a=b", "there is no field"),
        (
            "m a=1 2 3",
            "fields are name=value, with commas and no spaces between them, and one time may follow",
        ),
    ],
)
def test_a_broken_line_is_told_what_is_wrong(line: str, fault: str) -> None:
    """In a sentence that says what is expected there."""
    with pytest.raises(BrokenLine, match=fault):
        split_key(split_line(line)[0])


def test_lines_come_without_what_surrounds_them() -> None:
    """A string that goes on in the next line keeps both together; an open one does not."""
    text = ' a b=1 \r\n\n# "no\nm s="x\n# y" 5\nn s="open\no b=2'
    assert list(lines_of(text)) == ["a b=1", 'm s="x\n# y" 5', 'n s="open', "o b=2"]
