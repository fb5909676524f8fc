"""`ops query`: one SQL statement against the metrics, as a table or CSV."""

import argparse
import csv
import itertools
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from ops import stack
from ops.errors import OperatorError, refusals
from ops.output import print_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `query`."""
    stack.add_options(parser)
    parser.add_argument("--csv", action="store_true", help="print CSV instead of a table")
    parser.add_argument(
        "sql", metavar="SQL", help="""for example 'SELECT * FROM "metrics_dev"."metrics" LIMIT 5'"""
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if not options.sql.strip():
        raise OperatorError("""no SQL; try: make query SQL='SELECT count(*) FROM "metrics_dev"."metrics"'""")
    client = stack.find(options.environment, options.region).client("timestream-query")
    columns, rows = select(client, options.sql)
    if options.csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(columns)
        writer.writerows(rows)
    else:
        print_rows(columns, list(rows))
    return 0


def select(client: Any, sql: str) -> tuple[Sequence[str], Iterator[list[str]]]:
    """Column names and rows (as text; nothing for NULL) of a statement, page after page.

    A page may be empty while the query still runs, so only a missing NextToken ends it:
    https://docs.aws.amazon.com/timestream/latest/developerguide/API_query_Query.html
    Raises OperatorError with Timestream's reason.
    """
    pages = _pages(client, sql)
    first = next(pages)
    names = [column.get("Name", f"_col{index}") for index, column in enumerate(first["ColumnInfo"])]

    every = itertools.chain([first], pages)
    return names, ([_text(datum) for datum in row["Data"]] for page in every for row in page["Rows"])


def _pages(client: Any, sql: str) -> Iterator[dict[str, Any]]:
    arguments = {"QueryString": sql}
    while True:
        with refusals("cannot query Timestream"):
            page = client.query(**arguments)
        yield page
        if "NextToken" not in page:
            return
        arguments = {"QueryString": sql, "NextToken": page["NextToken"]}


def _text(datum: dict[str, Any]) -> str:
    if datum.get("NullValue"):
        return ""
    value = datum.get("ScalarValue")
    return value if value is not None else str(datum)
