"""Columns as GetQueryResults and the bytes beside a result describe them."""

import pytest

from emulator.athena.column_info import column_info, metadata
from emulator.athena.outcome import ResultColumn


@pytest.mark.parametrize(
    ("kind", "precision", "sensitive"),
    [("integer", 10, False), ("varchar", 2**31 - 1, True), ("timestamp", 3, False), ("map", 0, False)],
)
def test_a_type_has_athenas_figures(kind: str, precision: int, *, sensitive: bool) -> None:
    """Its digits, and whether its texts know case."""
    info = column_info(ResultColumn("a", kind))
    assert (info["Type"], info["Precision"], info["CaseSensitive"]) == (kind, precision, sensitive)
    assert (info["CatalogName"], info["SchemaName"], info["TableName"]) == ("hive", "", "")


def test_the_bytes_beside_a_result_hold_its_columns() -> None:
    """In Protocol Buffers, a message a column, with the field numbers that drivers read; a count goes before them."""
    found = metadata("id", [ResultColumn("é", "bigint")], 300)
    column = b"\x0a\x04hive" + b"\x22\x02\xc3\xa9" + b"\x2a\x02\xc3\xa9" + b"\x32\x06bigint"
    column += b"\x38\x13" + b"\x40\x00" + b"\x48\x03" + b"\x50\x00"
    assert found == b"\x0a\x02id" + b"\x18\xac\x02" + b"\x22" + bytes([len(column)]) + column
