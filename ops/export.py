"""`ops export`: have hours exported, see how far the exports are, and ask what was exported in SQL."""

import argparse
import json
import secrets
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from handlers.domain.exports.hour import Hour, hours_between
from handlers.domain.exports.record import Record, State
from handlers.domain.exports.report import WINDOW_HOURS
from handlers.domain.exports.request import CURRENT
from handlers.vocabulary import DATASETS
from ops import answers, consent, regions, sql_input, stack, tables
from ops.answers import Answer
from ops.errors import OperatorError, one_line, refusals
from ops.export_files import published
from ops.export_hours import newest_hours, states_of
from ops.output import moment, sanitize
from ops.stack import Target
from ops.tables import Coloured, Row

_MOST_HOURS = 1000
_POLL_SECONDS = 1.0
_COLOURS = {State.FAILED: "red", State.EXPIRED: "red", State.MISSING: "yellow", State.STALE: "yellow"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions of `export`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    run = actions.add_parser("run", help="export an hour now, or whatever is due")
    run.add_argument("hour", nargs="?", metavar="HOUR", help="such as 2026-11-22T02 (UTC), or current")
    run.set_defaults(run=_run)
    backfill = actions.add_parser("backfill", help="export every hour of a range again")
    backfill.add_argument("first", metavar="FIRST", help="such as 2026-11-21T00 (UTC)")
    backfill.add_argument("last", metavar="LAST", help="the last hour, included")
    backfill.set_defaults(run=_backfill)
    status = actions.add_parser("status", help="the state of the last hours")
    status.add_argument("--hours", type=int, default=WINDOW_HOURS, metavar="N", help="how many (default 48)")
    status.set_defaults(run=_status)
    files = actions.add_parser("files", help="the current files, which the catalog points at")
    files.add_argument("--from", dest="first", metavar="HOUR", help="from this hour, such as 2026-11-21T00")
    files.add_argument("--to", dest="last", metavar="HOUR", help="to this hour, included")
    files.add_argument("--dataset", action="append", choices=DATASETS, help="default: all")
    files.set_defaults(run=_files)
    query = actions.add_parser(
        "query", help="ask the newest exported hours in SQL, with DuckDB on this machine"
    )
    query.add_argument(
        "--hours", type=int, default=24, metavar="N", help="how many exported hours (default 24)"
    )
    sql_input.add_options(query, "'SELECT count(*) FROM metrics', over metrics and aggregates")
    answers.add_options(query)
    query.set_defaults(run=_query)
    for action in (status, files):
        tables.add_option(action)
    for action in (run, backfill, status, files, query):
        stack.add_options(action, all_regions=action not in {run, backfill})
    for action in (run, backfill):
        consent.add_option(action)


def _run(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    payload = {}
    if options.hour is not None:
        hour = options.hour if options.hour == CURRENT else str(_hour(options.hour))
        payload = {"first": hour, "last": hour}
    consent.expect(options, f"export {options.hour or 'what is due'} of {target.stack_name}, {target.region}")
    return _report(_execute(target, payload))


def _backfill(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    first, last = _hour(options.first), _hour(options.last)
    if last < first:
        raise OperatorError(f"the range ends ({last}) before it begins ({first})")
    consent.expect(options, f"export {first} to {last} of {target.stack_name}, {target.region}")
    print(
        f"exporting {last.index - first.index + 1} hours, {first} to {last}; this may take a while",
        flush=True,
    )
    _execute(target, {"first": str(first), "last": str(last)})
    states = Counter(one.state for one in states_of(target, list(hours_between(first, last))))
    print(", ".join(f"{count} {state}" for state, count in states.most_common()))
    if set(states) <= {State.EXPORTED, State.EMPTY, State.PARTIAL}:
        return 0
    print("what is left stays due, and the hourly runs go on with it; see `export status`")
    return 1


def _status(options: argparse.Namespace) -> int:
    if not 1 <= options.hours <= _MOST_HOURS:
        raise OperatorError(f"--hours is a number from 1 to {_MOST_HOURS}")
    columns = ("hour", "state", "rows", "bytes", "published", "remarks")
    return regions.show(options, columns, lambda target: _rows(target, options.hours), noun="hour")


def _rows(target: Target, count: int) -> list[Row]:
    return [
        (str(one.hour), Coloured(one.state, _COLOURS.get(one.state, "")), *_details(one.record))
        for one in newest_hours(target, count)
    ]


def _files(options: argparse.Namespace) -> int:
    return regions.show(
        options,
        ("dataset", "export_date", "export_hour", "bytes", "file"),
        lambda target: _current_files(target, options),
        noun="file",
    )


def _current_files(target: Target, options: argparse.Namespace) -> list[Row]:
    first, last = (str(_hour(text)) if text else "" for text in (options.first, options.last))
    with refusals("cannot read the exports"):
        return [
            (dataset, one.date, one.hour, file.size, file.url)
            for dataset in options.dataset or DATASETS
            for one in published(target, dataset)[1]
            if first <= f"{one.date}T{one.hour}" and (not last or f"{one.date}T{one.hour}" <= last)
            for file in one.files(target.client("s3"))
        ]


def _query(options: argparse.Namespace) -> int:
    from ops.export_query import Exported  # noqa: PLC0415 - DuckDB takes a moment that the other actions save

    opened: dict[str, Exported] = {}

    def read(target: Target, sql: str) -> Answer:
        if target.region not in opened:
            with refusals("cannot read the exports"):
                opened[target.region] = Exported(target, options.hours)
        return opened[target.region].ask(sql)

    def ask(sql: str) -> int:
        return answers.show(options, lambda target: read(target, sql))[0]

    try:
        return sql_input.run(options, ask, name=f"{options.environment} exports")
    finally:
        for one in opened.values():
            one.close()


def _execute(target: Target, payload: Mapping[str, str]) -> list[dict[str, Any]]:
    """The results of an execution's hours; OperatorError when it was refused or failed."""
    machine = target.output("MetricExportArn")
    states = target.client("stepfunctions")
    name = f"by-hand-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    with refusals("cannot run the export"):
        execution = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(payload))
        arn = execution["executionArn"]
        try:
            while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
                time.sleep(_POLL_SECONDS)
        except KeyboardInterrupt:
            print(f"the execution {name} goes on without you; see `export status`", file=sys.stderr)
            raise
    if found["status"] != "SUCCEEDED":
        raise OperatorError(_reason(found))
    results: list[dict[str, Any]] = json.loads(found["output"])["results"]
    return results


def _reason(execution: Mapping[str, Any]) -> str:
    """Why an execution did not succeed, in a line; the cause of a function's error is JSON."""
    cause = execution.get("cause", "")
    try:
        cause = json.loads(cause)["errorMessage"]
    except (ValueError, KeyError, TypeError):
        cause = f"{execution.get('error', execution['status'])}: {cause}".strip(": ")
    return one_line(str(cause))


def _report(results: Sequence[Mapping[str, Any]]) -> int:
    if not results:
        print("nothing is due")
    for result in results:
        rows = f"{result['rows']} rows, run {result['run']}" if "run" in result else result.get("error", "")
        print(f"{result['hour']}  {result['outcome']:<8}  {sanitize(str(rows))}".rstrip())
    return int(any(result["outcome"] not in {"exported", "empty"} for result in results))


def _details(record: Record | None) -> tuple[int | None, int | None, str | None, str]:
    if record is None:
        return None, None, None, ""
    remarks = record.error
    if record.claimed_by and not record.error:
        remarks = f"claimed by {record.claimed_by}"
    if record.due_at_s is not None:
        remarks = f"{remarks} due {moment(record.due_at_s)}".strip()
    if record.published is None:
        return None, None, None, remarks
    shown = record.published
    return shown.rows, shown.bytes, moment(shown.published_at_s), remarks


def _hour(text: str) -> Hour:
    try:
        return Hour.parse(text)
    except ValueError as error:
        raise OperatorError(str(error)) from error
