"""`ops status`: one region in one screen, through AWS's APIs alone."""

import argparse
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import RulesTable
from handlers.domain.exports.record import State
from ops import stack, tables
from ops.console.place import Place
from ops.console.readers.figures import Figures, read_alarms, read_figures
from ops.errors import OperatorError, refusals
from ops.export_hours import newest_hours
from ops.fleet import health
from ops.ingest_api import local_ingest_url
from ops.output import counted, moment
from ops.quarantined.given_up import read_given_up
from ops.quarantined.points import grouped, read_points
from ops.regions import Regions
from ops.stack import Target
from ops.tables import Coloured, Row

_HOUR_S = 3600
_HOURS = 48
_LATE_MS = 60_000
# A heartbeat is sent each minute, and a batch may wait five minutes to fill.
_SILENT_S = 600
_GOOD, _LOOK, _BAD = "ok", "look", "BAD"
_COLOURS = {_GOOD: "green", _LOOK: "yellow", _BAD: "red"}
_BAD_HOURS = frozenset({State.FAILED, State.EXPIRED, State.MISSING})

Line = tuple[str, str]
"""A verdict (ok, look, BAD, or nothing), and the words for it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `status`."""
    stack.add_options(parser, all_regions=True)
    tables.add_option(parser)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    """0 only if nothing is bad in any region."""
    regions = Regions(options)
    answers = [(target, list(lines(target))) for target, _ in regions.ask(Target.stack)]
    rows = itertools.chain.from_iterable(regions.rows(target, found) for target, found in answers)
    tables.show(regions.columns(("part", "state", "details")), rows, options.format, noun="", wrap=True)
    bad = any(row[1] == _BAD for _, found in answers for row in found)
    return int(bad or regions.status != 0)


def lines(target: Target) -> Iterator[Row]:
    """A row for each part of the pipeline; what may not be read is said to be unknown, and hides nothing else."""
    place = Place(target)
    figures: list[Figures] = []

    def measured() -> Figures:
        if not figures:
            figures.append(read_figures(place))
        return figures[0]

    parts: Sequence[tuple[str, Callable[[], Line]]] = (
        ("stack", lambda: _stack(target)),
        ("ingest API", lambda: _ingest(target)),
        ("last hour", lambda: _requests(measured())),
        ("points", lambda: _points(measured())),
        ("heartbeat", lambda: _heartbeat(target, measured())),
        ("stream", lambda: _stream(target, measured())),
        ("alarms", lambda: _alarms(place)),
        ("alerts", lambda: _alerts(target)),
        ("exports", lambda: _exports(target)),
        ("quarantine", lambda: _quarantine(target, place.now_s())),
    )
    for name, read in parts:
        try:
            verdict, words = read()
        except OperatorError as error:
            verdict, words = _LOOK, f"unknown: {error}"
        yield name, Coloured(verdict, _COLOURS.get(verdict, "")), words


def _stack(target: Target) -> Line:
    found = target.stack()
    version = found.get("Description", "").rpartition("version ")[2]
    changed = found.get("LastUpdatedTime") or found.get("CreationTime")
    since = f" since {moment(changed.timestamp())}" if changed else ""
    good = found["StackStatus"] in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
    return (
        _GOOD if good else _BAD,
        f"{found['StackName']} {found['StackStatus']}{since}{f', version {version}' if version else ''}",
    )


def _ingest(target: Target) -> Line:
    url = local_ingest_url(target.region) or target.output("IngestUrl")
    reached, answer = health(url.removesuffix("/metrics") + "/health")
    version = f", version {answer['version']}" if "version" in answer else ""
    return _GOOD if reached == "ok" else _BAD, f"{url} {reached}{version}"


def _requests(figures: Figures) -> Line:
    failed, latency = figures["failed"].total, figures["latency"].last
    slow = f", p99 {latency:,.0f} ms" if latency is not None else ""
    requests, refused = figures["requests"].total, figures["refused"].total
    words = f"{requests:,.0f} requests, heartbeats among them, {refused:,.0f} refused, {failed:,.0f} failed"
    return _BAD if failed else _GOOD, words + slow


def _points(figures: Figures) -> Line:
    names = ("received", "stored", "superseded", "quarantined")
    received, *rest = (f"{figures[name].total:,.0f} {name}" for name in names)
    delay = figures["delay"].last
    waited = f"; ingest to queryable {delay / 1000:.1f} s" if delay is not None else ""
    return _GOOD, f"{received}: {', '.join(rest)}{waited}"


def _stream(target: Target, figures: Figures) -> Line:
    name = target.output("StreamName")
    with refusals("cannot describe the stream"):
        found = target.client("kinesis").describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    mode = found.get("StreamModeDetails", {}).get("StreamMode", "PROVISIONED").lower()
    lag_ms = figures["MetricWriter_waits"].last
    lag = "no reading" if lag_ms is None else f"{lag_ms / 1000:.1f} s"
    errors = figures["MetricWriter_errors"].total
    bad = found["StreamStatus"] not in {"ACTIVE", "UPDATING"} or (lag_ms or 0) > _LATE_MS
    return _BAD if bad else _LOOK if errors else _GOOD, (
        f"{found['StreamStatus']}, {mode}, {counted(found['OpenShardCount'], 'shard')}; writer lag {lag}, "
        f"{counted(int(errors), 'error')} in the hour"
    )


def _alarms(place: Place) -> Line:
    found = read_alarms(place)
    on = [f"{alarm.name}: {alarm.why}" for alarm in found if not alarm.waits]
    new = [f"{alarm.name} waits for its first values" for alarm in found if alarm.waits]
    return _BAD if on else _LOOK if new else _GOOD, "; ".join(on + new) or "none is on"


def _heartbeat(target: Target, figures: Figures) -> Line:
    """The age of the newest heartbeat at each consumer: what it was when it came, and the time since then."""
    if not target.config.operators.heartbeat:
        return _GOOD, "off, by operators.heartbeat"
    ages = []
    for who in ("writer", "aggregator"):
        minutes = figures[f"{who}_heartbeat"].minutes
        ages.append((who, figures.at_s - minutes[-1][0] + minutes[-1][1] if minutes else None))
    words = ", ".join(f"{who} {'none' if age is None else f'{age:.0f} s ago'}" for who, age in ages)
    late = any(age is None or age > _SILENT_S for _, age in ages)
    return _LOOK if late else _GOOD, f"last one through API and stream: {words}"


def _alerts(target: Target) -> Line:
    client = target.client("dynamodb")
    with refusals("cannot read the alerts"):
        table = AlertsTable(client, target.output("AlertsTableName"))
        alerts = [stored for stored in table.load(table.open_keys()) if stored.alert.state.is_firing]
        rules = len(RulesTable(client, target.output("RulesTableName")).fresh().rules)
    names = [f"{one.key.rule_key.split('/', 1)[0]} {one.alert.state}" for one in alerts]
    listed = f": {', '.join(names[:5])}{', …' if len(names) > 5 else ''}" if names else ""
    return _LOOK if alerts else _GOOD, f"{len(alerts)} open of {counted(rules, 'rule')}{listed}"


def _exports(target: Target) -> Line:
    hours = newest_hours(target, _HOURS)
    states = Counter(one.state for one in hours)
    words = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return _BAD if _BAD_HOURS & set(states) else _GOOD, f"of the last {counted(len(hours), 'hour')}: {words}"


def _quarantine(target: Target, now_s: float) -> Line:
    s3, bucket = target.client("s3"), target.output("QuarantineBucketName")
    reading = read_points(
        s3, bucket, since_s=now_s - _HOUR_S, span_s=target.config.writer.maximum_age_seconds
    )
    given_up = read_given_up(s3, bucket, target.output("MetricWriterName"))
    words = [*given_up.lines()]
    if given_up.objects:
        words.append("`ops quarantine redrive --batches`")
    if reading.points:
        reasons = ", ".join(f"{group.points} {group.value}" for group in grouped(reading.points, "reason"))
        more = " or more" if reading.truncated else ""
        points = f"{len(reading.points)}{more} in the last hour"
        words.append(f"{points}: {reasons}; `ops quarantine list`")
    return _BAD if given_up.objects else _LOOK if words else _GOOD, "; ".join(
        words or ["no point in the last hour"]
    )
