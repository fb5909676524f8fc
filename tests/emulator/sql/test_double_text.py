"""The text of doubles against the rules of Java's Double.toString."""

import json
import math
import struct
from decimal import Decimal

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from emulator import sql
from tests.support.sql_fleet import NOW, Ask, Tables, double_literal, many


def java(number: float) -> str:
    """A double's text by the rules of Java's Double.toString, with the fewest digits."""
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        plain = format(Decimal(repr(number)), "f")
        return plain if "." in plain else plain + ".0"
    sign, digits, exponent = Decimal(repr(number)).normalize().as_tuple()
    rest = "".join(map(str, digits[1:])) or "0"
    return f"{'-' if sign else ''}{digits[0]}.{rest}E{int(exponent) + len(digits) - 1}"


@many
@given(bits=st.integers(0, 2**64 - 1))
def test_double_text(ask: Ask, bits: int) -> None:
    """A double's text is Java's, and reads back as the same double."""
    number = struct.unpack("<d", struct.pack("<Q", bits))[0]
    if not math.isfinite(number):
        return
    found = ask(f"SELECT cast(x as varchar) FROM (VALUES ({double_literal(number)})) AS t(x)").rows[0][0]
    assert found == java(number)
    assert float(found) == number


@many
@given(bits=st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=4))
def test_doubles_in_rows(database: duckdb.DuckDBPyConnection, bits: list[int]) -> None:
    """A double in a row, or in an array in it, is spelled as its cast is."""
    numbers = [struct.unpack("<d", struct.pack("<Q", one))[0] for one in bits]
    numbers = [number for number in numbers if math.isfinite(number)] or [1e-5]
    listed = ", ".join(map(double_literal, numbers))
    with database.cursor() as cursor:
        rows = sql.run(Tables(), cursor, f"SELECT {listed}, ARRAY[{listed}], chr(0)", NOW).rows
        *found, array, nul = json.loads(next(rows)[0])["Data"]
    spelled = [{"ScalarValue": java(number)} for number in numbers]
    assert (found, array, nul) == (spelled, {"ArrayValue": spelled}, {"ScalarValue": "\0"})
