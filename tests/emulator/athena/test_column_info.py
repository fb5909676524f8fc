"""Columns as GetQueryResults and the bytes beside a result describe them."""

import pytest

from emulator.athena.column_info import column_info, metadata
from emulator.athena.outcome import ResultColumn


@pytest.mark.parametrize(
    ("column", "precision", "scale", "sensitive"),
    [
        (ResultColumn("a", "integer"), 10, 0, False),
        (ResultColumn("a", "decimal(10,2)"), 10, 2, False),
        (ResultColumn("a", "varchar(5)"), 5, 0, True),
        (ResultColumn("a", "timestamp"), 3, 0, False),
        (ResultColumn("a", "map"), 0, 0, False),
    ],
)
def test_a_type_has_athenas_figures(
    column: ResultColumn, precision: int, scale: int, *, sensitive: bool
) -> None:
    """Digits, places behind the point, and whether its texts know case."""
    info = column_info(column)
    assert (info["Precision"], info["Scale"], info["CaseSensitive"]) == (precision, scale, sensitive)
    assert info["Type"] == column.type.partition("(")[0]
    assert (info["CatalogName"], info["SchemaName"], info["TableName"]) == ("hive", "", "")


def test_the_bytes_beside_a_result_hold_its_columns() -> None:
    """In Protocol Buffers, a message a column, with the field numbers that drivers read; a count goes before them."""
    found = metadata("id", [ResultColumn("é", "bigint")], 300)
    column = b"\x0a\x04hive" + b"\x22\x02\xc3\xa9" + b"\x2a\x02\xc3\xa9" + b"\x32\x06bigint"
    column += b"\x38\x13" + b"\x40\x00" + b"\x48\x03" + b"\x50\x00"
    assert found == b"\x0a\x02id" + b"\x18\xac\x02" + b"\x22" + bytes([len(column)]) + column
