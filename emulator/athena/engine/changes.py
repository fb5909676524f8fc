"""CREATE VIEW and DROP VIEW: what changes the data catalog."""

from emulator.athena.engine import column_types, errors, views
from emulator.athena.engine.dialect import CATALOG
from emulator.athena.engine.query import bound
from emulator.athena.engine.statements import Names, Parsed
from emulator.athena.outcome import Outcome, QueryError
from emulator.athena.session import Session
from emulator.sql import InvalidQueryError
from emulator.sql.parser import complete


def create_view(parsed: Parsed, session: Session) -> Outcome:
    """Put a view into Glue; QueryError if its query is wrong or a table has its name."""
    reader = Names(parsed, session)
    reader.expect("CREATE")
    replace = reader.accept("OR", "REPLACE")
    reader.expect("VIEW")
    database, name = reader.name()
    reader.expect("AS")
    start = reader.token.offset
    query = complete(reader)
    translation, _ = bound(parsed.sql, query, session)
    sql = parsed.sql[start : reader.tokens[-2].after]
    columns = [
        (label.lower(), c.type) for label, c in zip(translation.names(), translation.columns, strict=True)
    ]
    there = session.glue.table(database, name)
    if there is not None and not (replace and views.is_view(there)):
        what = "View" if views.is_view(there) else "Table"
        raise QueryError(
            f"TABLE_ALREADY_EXISTS: line 1:1: {what} '{CATALOG}.{database}.{name}' already exists",
            2,
            errors.USER,
        )
    if any(column.name is None for column in translation.columns):
        raise QueryError("MISSING_COLUMN_NAME: line 1:1: Column name not specified", 2, errors.SYNTAX)
    try:
        described = views.table_input(name, sql, session.database.lower(), columns)
    except column_types.UnknownTypeError as error:
        raise QueryError(f"NOT_SUPPORTED: Unsupported Hive type: {error}", 2, errors.NOT_SUPPORTED) from error
    session.glue.put_table(database, described, replace=there is not None)
    return Outcome(parsed.statement)


def drop_view(parsed: Parsed, session: Session) -> Outcome:
    """Take a view out of Glue; QueryError if there is none, unless that was allowed."""
    reader = Names(parsed, session)
    reader.expect("DROP", "VIEW")
    allowed = reader.accept("IF", "EXISTS")
    database, name = reader.name()
    reader.end()
    there = session.glue.table(database, name)
    if there is not None and not views.is_view(there):
        raise InvalidQueryError(f"{database}.{name} is a table, not a view")
    if there is None and not allowed:
        raise QueryError(
            f"TABLE_NOT_FOUND: line 1:1: View '{CATALOG}.{database}.{name}' does not exist",
            2,
            errors.NOT_FOUND,
        )
    if there is not None:
        session.glue.delete_table(database, name)
    return Outcome(parsed.statement)
