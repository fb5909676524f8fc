"""Measure values and times at the edges of what their texts may be."""

from typing import Any

import pytest

from emulator.timestream.errors import ValidationException
from emulator.timestream.values import PARSERS, time_ns


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("DOUBLE", "1e308", 1e308),
        ("DOUBLE", "-0", 0.0),
        ("BIGINT", "+7", 7),
        ("BIGINT", "-9223372036854775808", -(2**63)),
        ("BOOLEAN", "True", True),
        ("VARCHAR", "\u00fc" * 2_048, "\u00fc" * 2_048),
        ("TIMESTAMP", "-5", -5_000_000),
    ],
)
def test_read(kind: str, text: str, value: Any) -> None:
    """A text is read as its type; a TIMESTAMP counts in the record's unit, here milliseconds."""
    assert PARSERS[kind](text, 1_000_000) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("DOUBLE", " 1"),
        ("DOUBLE", "1_0"),
        ("DOUBLE", "-inf"),
        ("DOUBLE", 1.5),
        ("BIGINT", "9223372036854775808"),
        ("BIGINT", "1.0"),
        ("BOOLEAN", "1"),
        ("VARCHAR", ""),
        ("VARCHAR", "x" * 2_049),
        ("TIMESTAMP", "9223372036855"),
    ],
)
def test_refused(kind: str, text: Any) -> None:
    """A text that is none of its type, or a value beyond it, is refused with the type's name."""
    with pytest.raises(ValidationException, match=f"it is no {kind}"):
        PARSERS[kind](text, 1_000_000)


def test_time_fits_64_bits() -> None:
    """The time of a record may be the last nanosecond of 64 bits and not later, in any unit."""
    assert time_ns("9223372036854775807", 1) == 2**63 - 1
    assert time_ns("9223372036", 10**9) == 9_223_372_036 * 10**9
    with pytest.raises(ValidationException, match="Invalid time"):
        time_ns("9223372037", 10**9)
