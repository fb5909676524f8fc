"""`ops quarantine`: accepted points that could not be stored: which, why, what to do, and sending them again."""

import argparse
import json
import sys
from collections.abc import Iterator

from ops import answers, regions, sql_input, stack, tables
from ops.answers import Answer
from ops.errors import OperatorError
from ops.output import counted, moment, sanitize
from ops.quarantined import batch_drop, batch_redrive, choice, drop, redrive
from ops.quarantined.cures import cure_of
from ops.quarantined.given_up import read_given_up
from ops.quarantined.points import QuarantinedPoint, Reading, grouped
from ops.quarantined.rejected import reports
from ops.stack import Target
from ops.tables import Row

_SHOWN = 50


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the subcommands of `quarantine`."""
    actions = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    listing = actions.add_parser(
        "list", help="the newest points, or their number by what they have in common"
    )
    choice.add_options(listing, since="1h")
    listing.add_argument(
        "--by", choices=("reason", "client", "format", "metric"), help="count instead of listing"
    )
    listing.add_argument(
        "--rejected",
        action="store_true",
        help="instead: Timestream's reports on late points that lost against a later version",
    )
    listing.set_defaults(run=_list)
    showing = actions.add_parser("show", help="a request's points, each with what to do about it")
    choice.add_time_options(showing, "7d")
    showing.add_argument("request", metavar="REQUEST_ID")
    showing.set_defaults(run=_show)
    redriving = actions.add_parser("redrive", help="send points again, or batches that were given up")
    choice.add_options(redriving, since="1d")
    redrive.add_arguments(redriving)
    redriving.set_defaults(run=_redrive)
    dropping = actions.add_parser("drop", help="forget what was sent of points, for good; they stay counted")
    choice.add_options(dropping, since="1d")
    drop.add_arguments(dropping)
    dropping.set_defaults(run=_drop)
    querying = actions.add_parser("query", help="SQL over the points of a time, as the table quarantine")
    sql_input.add_options(querying, "'SELECT reason, count(*) FROM quarantine GROUP BY 1'")
    choice.add_time_options(querying, "7d")
    answers.add_options(querying)
    querying.set_defaults(run=_query)
    tables.add_option(listing)
    for action in (listing, showing, redriving, dropping, querying):
        stack.add_options(action, all_regions=action in {listing, querying})


def _list(options: argparse.Namespace) -> int:
    if options.rejected:
        choice.of_objects(options)
        columns = ["written", "bytes", "reasons", "report"]
        if options.format != "table":
            columns.append("content")
        return regions.show(options, columns, lambda target: _reports(target, options), noun="report")
    columns, noun = ["arrived", "reason", "metric", "field", "message", "request"], "point"
    if options.format != "table":
        columns += ["index", "client", "format", "payload"]
    if options.by:
        columns, noun = [options.by, "points", "newest", "for example"], "group"
    return regions.show(options, columns, lambda target: _rows(target, options), noun=noun)


def _reports(target: Target, options: argparse.Namespace) -> list[Row]:
    since_s, until_s = choice.times_of(options, choice.clock_s(target))
    found = reports(
        target.client("s3"), target.output("QuarantineBucketName"), since_s=since_s, until_s=until_s
    )
    for_people = options.format == "table"
    return [
        (
            moment(one.written_s),
            one.size,
            "; ".join(one.reasons) or "–",
            one.key,
            *(() if for_people else (one.text,)),
        )
        for one in found
    ]


def _rows(target: Target, options: argparse.Namespace) -> list[Row]:
    """Points or groups; what else there is to know goes to standard error."""
    chosen = choice.choice_of(options, choice.clock_s(target))
    reading = choice.read(target, chosen.since_s, chosen.until_s)
    points = list(filter(chosen.has, reading.points))
    for_people = options.format == "table"
    shown = _SHOWN if for_people and not options.by else len(points)
    for line in (*_remarks(points, reading, shown=shown), *_batches(target)):
        print(f"note: {line}", file=sys.stderr)
    if options.by:
        return [
            (group.value or "–", group.points, moment(group.newest.arrived_s), group.newest.message)
            for group in grouped(points, options.by)
        ]
    return [
        (
            moment(point.arrived_s),
            point.reason,
            point.metric or "–",
            point.field,
            point.message,
            point.request_id,
            *(() if for_people else (point.index, point.client, point.format, point.payload)),
        )
        for point in points[:shown]
    ]


def _remarks(points: list[QuarantinedPoint], reading: Reading, *, shown: int) -> Iterator[str]:
    if len(points) > shown:
        yield f"the newest {shown} of {len(points)} points are shown"
    if reading.truncated:
        yield "there are more, which were not read: ask for a shorter --since"
    if reading.foreign:
        yield f"{counted(reading.foreign, 'line')} in the bucket can not be read, and were not written by the pipeline"


def _batches(target: Target) -> Iterator[str]:
    """The remarks on batches that were given up whole, if there are any."""
    given_up = read_given_up(
        target.client("s3"), target.output("QuarantineBucketName"), target.output("MetricWriterName")
    )
    yield from given_up.lines()
    if given_up.objects:
        yield "`ops quarantine redrive --batches` writes them again"


def _show(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    since_s, until_s = choice.times_of(options, choice.clock_s(target))
    reading = choice.read(target, since_s, until_s)
    points = [point for point in reading.points if point.request_id == options.request]
    if not points:
        missing = "; not everything was read, ask for a shorter --since" if reading.truncated else ""
        raise OperatorError(
            f"nothing of request {options.request} is in the quarantine of that time (--since){missing}"
        )
    for point in points:
        for line in explain(point):
            print(sanitize(line))
        print()
    return 0


def explain(point: QuarantinedPoint) -> Iterator[str]:
    """A point in lines: where it was, what is wrong, the cause and the cure, and what the client sent."""
    cure = cure_of(point.reason)
    again = ", dropped" if point.dropped else ", sent again since" if point.redriven else ""
    first = f", first {moment(point.first_arrived_s)}" if point.attempt else ""
    yield f"point {point.index} of {point.request_id} ({point.format}), arrived {moment(point.arrived_s)}{first}{again}"
    yield f"  {point.reason} in {point.field}: {point.message}"
    yield f"  cause  {cure.cause}"
    yield f"  cure   {cure.cure}"
    if cure.may_pass:
        yield "  again  As it is, it may be stored later: `ops quarantine redrive`."
    if cure.refused_at_door:
        yield "  note   The API answers 400 to such a point: this one came to the stream another way."
    yield f"  sent   {json.dumps(point.payload, ensure_ascii=False)}"


def _redrive(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    return batch_redrive.redrive(target, options) if options.batches else redrive.points(target, options)


def _drop(options: argparse.Namespace) -> int:
    target = stack.find(options.environment, options.region)
    without_points = options.batches or options.rejected
    return batch_drop.drop(target, options) if without_points else drop.drop(target, options)


def _query(options: argparse.Namespace) -> int:
    from ops.quarantined.querying import QuarantineTable  # noqa: PLC0415 - DuckDB takes a moment

    opened: dict[str, QuarantineTable] = {}

    def read(target: Target, sql: str) -> Answer:
        if target.region not in opened:
            since_s, until_s = choice.times_of(options, choice.clock_s(target))
            readings = choice.read_all(target, since_s, until_s)
            opened[target.region] = QuarantineTable(reading.points for reading in readings)
        return opened[target.region].ask(sql)

    def ask(sql: str) -> int:
        return answers.show(options, lambda target: read(target, sql))[0]

    try:
        return sql_input.run(options, ask, name=f"{options.environment} quarantine")
    finally:
        for one in opened.values():
            one.close()
