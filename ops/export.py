"""`ops export`: have hours exported, see how far the exports are, and ask what was exported in SQL."""

import argparse
import json
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.text import Text

from handlers.adapters.dynamodb.export_hours.ledger import ExportHoursLedger
from handlers.domain.exports.hour import Hour, complete_at_s, hours_between
from handlers.domain.exports.record import Record, State, state_of
from handlers.domain.exports.report import WINDOW_HOURS
from handlers.domain.exports.request import CURRENT
from ops import consent, stack
from ops.errors import OperatorError, one_line, refusals
from ops.output import moment, print_columns, sanitize
from ops.stack import Target

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
    query = actions.add_parser(
        "query", help="ask the newest exported hours in SQL, with DuckDB on this machine"
    )
    query.add_argument(
        "--hours", type=int, default=24, metavar="N", help="how many exported hours (default 24)"
    )
    query.add_argument("sql", metavar="SQL", help="over the tables metrics and aggregates")
    query.set_defaults(run=_query)
    for action in (run, backfill, status, query):
        stack.add_options(action)
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
    states = Counter(state for _, state, _ in _states(target, list(hours_between(first, last))))
    print(", ".join(f"{count} {state}" for state, count in states.most_common()))
    if set(states) <= {State.EXPORTED, State.EMPTY, State.PARTIAL}:
        return 0
    print("what is left stays due, and the hourly runs go on with it; see `export status`")
    return 1


def _status(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    if not 1 <= options.hours <= 1000:
        raise OperatorError("--hours is a number from 1 to 1000")
    rows = (
        (hour, Text(state, _COLOURS.get(state, "")), *_details(record))
        for hour, state, record in _states(target, newest=options.hours)
    )
    print_columns(("hour", "state", "rows", "bytes", "published", "remarks"), rows)
    return 0


def _query(options: argparse.Namespace) -> int:
    from ops import export_query  # noqa: PLC0415 - DuckDB takes a moment that the other actions save

    target = stack.find(options.environment, options.region)
    with refusals("cannot read the exports"):
        export_query.query(target, options.sql, hours=options.hours)
    return 0


def _execute(target: Target, payload: Mapping[str, str]) -> list[dict[str, Any]]:
    """The results of an execution's hours; OperatorError when it was refused or failed."""
    machine = target.output("MetricExportArn")
    states = target.client("stepfunctions")
    name = f"by-hand-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    with refusals("cannot run the export"):
        execution = states.start_execution(stateMachineArn=machine, name=name, input=json.dumps(payload))
        arn = execution["executionArn"]
        while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            time.sleep(_POLL_SECONDS)
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


def _states(
    target: Target, hours: Sequence[Hour] | None = None, *, newest: int = 0
) -> Iterator[tuple[Hour, State, Record | None]]:
    """Hours with their state and entry; without hours, the newest so many up to the current one."""
    lag = target.config.export.lag_minutes * 60
    ledger = ExportHoursLedger(target.client("dynamodb"), target.output("ExportHoursTableName"))
    with refusals("cannot read the ledger of hours"):
        mark = ledger.watermark()
        # A local run's clock may have been moved ahead of this machine's.
        now = max(time.time(), complete_at_s(mark, lag) if mark else 0)
        last = Hour.containing(now)
        wanted = list(hours_between(last.plus(1 - newest), last)) if hours is None else hours
        records = ledger.read(wanted)
    for hour in wanted:
        record = records.get(hour)
        if record is None and mark is not None and hour <= mark:
            yield hour, State.NONE, None
        else:
            yield hour, state_of(hour, record, now, lag), record


def _details(record: Record | None) -> tuple[str, str, str, str]:
    if record is None:
        return "", "", "", ""
    remarks = record.error
    if record.claimed_by and not record.error:
        remarks = f"claimed by {record.claimed_by}"
    if record.due_at_s is not None:
        remarks = f"{remarks} due {moment(record.due_at_s)}".strip()
    if record.published is None:
        return "", "", "", remarks
    published = record.published
    return f"{published.rows:,}", f"{published.bytes:,}", moment(published.published_at_s), remarks


def _hour(text: str) -> Hour:
    try:
        return Hour.parse(text)
    except ValueError as error:
        raise OperatorError(str(error)) from error
