"""`ops query`: one SQL statement against the metrics, as a table or CSV."""

import argparse
import csv
import sys

from ops import stack
from ops.errors import OperatorError
from ops.output import print_rows
from ops.timestream import select


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
