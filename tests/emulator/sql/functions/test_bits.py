"""Bits and bases, against Python's whole numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.sql import SqlError
from tests.support.sql_fleet import Ask, many, one

_NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1)


def _signed(number: int) -> int:
    number %= 2**64
    return number - 2**64 if number >= 2**63 else number


@many
@given(number=_NUMBERS, shift=st.integers(0, 70))
def test_shifts(ask: Ask, number: int, shift: int) -> None:
    """Bits shifted out are lost; to the right come zeros, or the sign with the arithmetic shift."""
    given = f"CAST('{number}' AS BIGINT)"
    found = ask(
        f"SELECT bitwise_left_shift({given}, {shift}), bitwise_right_shift({given}, {shift}),"
        f" bitwise_right_shift_arithmetic({given}, {shift})"
    )
    assert found.rows[0] == [_signed(number << shift), _signed((number % 2**64) >> shift), number >> shift]


@many
@given(number=_NUMBERS, radix=st.integers(2, 36))
def test_bases(ask: Ask, number: int, radix: int) -> None:
    """A number written in a base is read back from it, in any case."""
    written = one(ask, f"to_base(CAST('{number}' AS BIGINT), {radix})")
    assert isinstance(written, str)
    assert int(written, radix) == number
    assert one(ask, f"from_base('{written.upper()}', {radix})") == number


@pytest.mark.parametrize(
    ("expression", "wanted"),
    [("bit_count(19, 8)", 3), ("bit_count(-7, 8)", 6), ("bit_count(-1, 64)", 64), ("bit_count(127, 8)", 7)],
)
def test_bit_count(ask: Ask, expression: str, wanted: int) -> None:
    """The ones of a number in two's complement of so many bits."""
    assert one(ask, expression) == wanted


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        (
            "bit_count(19, 2)",
            "Number must be representable with the bits specified. 19 can not be represented with 2 bits",
        ),
        ("bit_count(1, 65)", "Bits specified in bit_count must be between 2 and 64, got 65"),
        ("from_base('12', 2)", "Not a valid base-2 number: 12"),
        ("from_base('', 10)", "Not a valid base-10 number: "),
        ("from_base('ffffffffffffffffff', 16)", "Value out of range"),
        ("to_base(1, 37)", "Radix must be between 2 and 36"),
    ],
)
def test_refused(ask: Ask, expression: str, says: str) -> None:
    """What cannot be represented or read fails and says why."""
    with pytest.raises(SqlError) as refusal:
        one(ask, expression)
    assert says in refusal.value.message
