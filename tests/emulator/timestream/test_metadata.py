"""SHOW and DESCRIBE: what is listed, and what is refused."""

import pytest

from emulator.timestream.errors import ValidationException
from tests.support.sql_fleet import Ask


def test_show_and_describe(ask: Ask) -> None:
    """SHOW and DESCRIBE answer from the catalog, filtered by LIKE."""
    assert ask("SHOW DATABASES").rows == [["metrics"]]
    assert ask("SHOW DATABASES LIKE 'x%'").rows == []
    assert ask("SHOW TABLES FROM \"metrics\" LIKE 'fl__t'").rows == [["fleet"]]
    measures = ask('SHOW MEASURES FROM "metrics"."fleet" LIKE \'t%\'')
    assert measures.names == ["measure_name", "data_type", "dimensions"]
    assert measures.rows[0][:2] == ["temperature", "double"]
    described = ask("DESCRIBE metrics.fleet")
    assert described.names == ["Column", "Type", "Timestream attribute type"]
    assert ["time", "timestamp", "TIMESTAMP"] in described.rows
    assert ["measure_value::double", "double", "MEASURE_VALUE"] in described.rows


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (
            "SHOW FUNCTIONS",
            "line 1:6: mismatched input 'FUNCTIONS'. Expecting: 'DATABASES', 'MEASURES', 'TABLES'",
        ),
        ("SHOW TABLES FROM other", "Requested database 'other' not found"),
        ("DESCRIBE metrics", "line 1:17: mismatched input '<EOF>'"),
        ("SHOW MEASURES", "mismatched input '<EOF>'"),
    ],
)
def test_refused(statement: str, says: str, ask: Ask) -> None:
    """A statement that is none, or names what is not there, is refused as AWS refuses a query."""
    with pytest.raises(ValidationException) as refusal:
        ask(statement)
    assert says in refusal.value.message
