"""Statements as AWS reports them: prepared queries, and the errors of SQL as AWS's."""

import duckdb
import pytest

from emulator.timestream.errors import QueryExecutionException, ServiceError, ValidationException
from emulator.timestream.statements import describe, run
from tests.support.sql_fleet import NOW, Tables


def test_prepared_columns_and_parameters(database: duckdb.DuckDBPyConnection) -> None:
    """A prepared query tells where columns come from, which are aliased, and what its parameters are used as."""
    with database.cursor() as cursor:
        columns, parameters = describe(
            Tables(),
            cursor,
            "SELECT host, cpu AS load, max(requests) FROM metrics.fleet"
            " WHERE host = @host AND cpu > @least AND time > @since GROUP BY host, cpu",
            NOW,
        )
    direct = {"DatabaseName": "metrics", "TableName": "fleet"}
    assert columns == [
        {"Name": "host", "Type": {"ScalarType": "VARCHAR"}, "Aliased": False, **direct},
        {"Name": "load", "Type": {"ScalarType": "DOUBLE"}, "Aliased": True, **direct},
        {"Name": "_col2", "Type": {"ScalarType": "BIGINT"}, "Aliased": False},
    ]
    assert parameters == [
        {"Name": "host", "Type": {"ScalarType": "VARCHAR"}},
        {"Name": "least", "Type": {"ScalarType": "DOUBLE"}},
        {"Name": "since", "Type": {"ScalarType": "TIMESTAMP"}},
    ]


@pytest.mark.parametrize(
    ("statement", "error", "says"),
    [
        ("SELECT nope FROM metrics.fleet", ValidationException, "line 1:8: Column 'nope' does not exist"),
        ("SELECT 1/0", QueryExecutionException, "Division by zero"),
        ("SELECT cpu, count(*) FROM metrics.fleet", ValidationException, "must be an aggregate expression"),
        ("DROP TABLE metrics.fleet", ValidationException, "mismatched input 'DROP'"),
        ("UNLOAD (SELECT host FROM metrics.fleet) TO 's3://bucket/x'", ValidationException, "without one"),
    ],
)
def test_errors(
    statement: str, error: type[ServiceError], says: str, database: duckdb.DuckDBPyConnection
) -> None:
    """A statement that is wrong is a ValidationException, one that fails for its values a QueryExecutionException."""
    with database.cursor() as cursor, pytest.raises(error) as refusal:
        list(run(Tables(), cursor, statement, NOW).rows)
    assert says in refusal.value.message


def test_prepared_only_queries(database: duckdb.DuckDBPyConnection) -> None:
    """Only a SELECT can be prepared."""
    with database.cursor() as cursor, pytest.raises(ValidationException, match="Only SELECT statements"):
        describe(Tables(), cursor, "SHOW DATABASES", NOW)


def test_prepared_nested_columns(database: duckdb.DuckDBPyConnection) -> None:
    """Series, rows and arrays are described as a result has them, and parameters are found in lambdas too."""
    query = (
        "SELECT create_time_series(time, cpu) AS s, ROW(1, 'a') AS r, filter(ARRAY[1], x -> x > @least) AS a"
        " FROM metrics.fleet"
    )
    with database.cursor() as cursor:
        columns, parameters = describe(Tables(), cursor, query, NOW)
    kinds = [{"ScalarType": name} for name in ("DOUBLE", "INTEGER", "VARCHAR")]
    assert [column["Type"] for column in columns] == [
        {"TimeSeriesMeasureValueColumnInfo": {"Type": kinds[0]}},
        {"RowColumnInfo": [{"Type": kinds[1]}, {"Type": kinds[2]}]},
        {"ArrayColumnInfo": {"Type": kinds[1]}},
    ]
    assert parameters == [{"Name": "least", "Type": kinds[1]}]
