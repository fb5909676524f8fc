"""The units that a month of a region is billed for, by the names that `rules.toml` knows them under."""

from collections import Counter
from collections.abc import Mapping

from handlers.vocabulary import AGGREGATOR_HEARTBEAT_AGE, WRITER_HEARTBEAT_AGE
from ops.bill.activity import Activity
from ops.bill.load import GB, HOURS, SECONDS, Load
from ops.bill.stores import store_units
from ops.bill.template import Deployed, watched_metrics

Units = float | Mapping[str, float]
"""Units of one line, or those of several by their logical id."""

# An answer with its headers.
_ANSWER_BYTES = 500
_KIB = 1024
_PUT_BYTES = 25 * _KIB
# Sent with every name and value of its own.
_SENT_BYTES = 160
# Express executions are billed in chunks of so much memory.
_EXPRESS_GB = 0.0625
# An execution that posts a heartbeat; the record that it becomes, rounded up.
_HEARTBEAT_S, _HEARTBEAT_BYTES = 0.2, 1024
# Services keep a data key for five minutes.
_KEY_REQUESTS = HOURS * 12
# The tables of each minute's sweep; by heartbeats the stream and both consumers; with points the store and more.
_USED_IDLE, _USED_BY_HEARTBEATS, _USED_LOADED = 3, 6, 12
# Metrics that the hourly export reports whether there are points or not; all others need points.
_HOURLY_METRICS = frozenset({"HoursExported", "ExportLag"})
_HEARTBEAT_METRICS = frozenset({WRITER_HEARTBEAT_AGE, AGGREGATOR_HEARTBEAT_AGE})
# X-Ray's default, and Lambda's own, which no rule changes.
_DEFAULT_RESERVOIR, _DEFAULT_RATE = 1, 0.05


def units_of(deployed: Deployed, load: Load) -> Mapping[str, Units]:
    """All units by name; those by logical id are billed to the component that it belongs to."""
    activity = Activity(deployed, load)
    runs = activity.functions()
    functions = deployed.of("AWS::Lambda::Function")
    idle = _USED_BY_HEARTBEATS if activity.heartbeats else _USED_IDLE
    used = _USED_LOADED if load.active else idle
    return {
        "requests": activity.requests,
        "answer_gb": load.requests * _ANSWER_BYTES / GB,
        **_stream(deployed, load, activity),
        "invocations": {title: runs[title].invocations for title in functions},
        "function_gb_seconds": {
            title: runs[title].invocations * runs[title].seconds * properties["MemorySize"] / 1024
            for title, properties in functions.items()
        },
        "heartbeats": activity.heartbeats,
        "heartbeat_gb_seconds": activity.heartbeats * _HEARTBEAT_S * _EXPRESS_GB,
        "evaluations": activity.evaluations,
        "evaluation_gb_seconds": activity.evaluations * activity.evaluation_s * _EXPRESS_GB,
        "token_reads": activity.token_lookups,
        "sweeps": activity.idle_sweeps or activity.evaluated,
        **_alert_tables(load, activity),
        **_exports(activity),
        **store_units(deployed, load, activity),
        **_endpoints(deployed, load),
        **_watching(deployed, load, activity),
        **_logs(deployed, activity),
        **_traces(deployed, activity),
        "keys": len(deployed.of("AWS::KMS::Key")),
        "key_requests": used * _KEY_REQUESTS,
    }


def _stream(deployed: Deployed, load: Load, activity: Activity) -> Mapping[str, Units]:
    """Shards and PUT units, or the hours and gigabytes of a stream on demand."""
    [(title, properties)] = deployed.of("AWS::Kinesis::Stream").items()
    consumers = sum(
        mapping["EventSourceArn"] == {"Fn::GetAtt": [title, "Arn"]}
        for mapping in deployed.of("AWS::Lambda::EventSourceMapping").values()
    )
    kept_hours = properties["RetentionPeriodHours"] - 24
    if activity.on_demand:
        sent_bytes = load.requests * -(-load.record_bytes // _KIB) * _KIB
        rounded = (sent_bytes + activity.heartbeats * _HEARTBEAT_BYTES) / GB
        hours, shard_hours, puts = HOURS, 0, 0.0
    else:
        rounded, hours, shard_hours = 0.0, 0, activity.shards * HOURS
        puts = load.requests * -(-load.record_bytes // _PUT_BYTES) + activity.heartbeats
    return {
        "consumers": consumers,
        "stream_hours": hours,
        "stream_in_gb": rounded,
        "stream_out_gb": rounded * consumers,
        "stream_kept_gb_months": rounded * kept_hours / HOURS,
        "shard_hours": shard_hours,
        "kept_shard_hours": shard_hours if kept_hours else 0,
        "put_units": puts,
    }


def _alert_tables(load: Load, activity: Activity) -> Mapping[str, Units]:
    """Requests of the alerts' tables; what they hold is a few megabytes."""
    batches = activity.aggregator_batches if load.groups else 0.0
    in_batch = min(load.groups, load.points / batches) if batches else 0.0
    item_bytes = 200 + 4 * in_batch
    per_interval = 30 + 3 * item_bytes * batches / max(activity.evaluated, 1) / 4096
    return {
        "alert_writes": 2 * activity.evaluated + batches * -(-item_bytes // _KIB),
        "alert_reads": activity.evaluated * per_interval + activity.idle_sweeps * 10,
    }


def _exports(activity: Activity) -> Mapping[str, Units]:
    """The exports' transitions, and requests of their ledger."""
    hours, exported = activity.export_hours, activity.exported_hours
    return {
        "export_hours": hours,
        "export_transitions": 10 * hours + 8 * exported,
        "export_writes": 10 * hours,
        "export_reads": 60 * hours,
    }


def _endpoints(deployed: Deployed, load: Load) -> Mapping[str, Units]:
    """Interface endpoints, by the hour in each zone."""
    zones = len(deployed.of("AWS::EC2::Subnet"))
    endpoints = sum(
        one.get("VpcEndpointType") == "Interface" for one in deployed.of("AWS::EC2::VPCEndpoint").values()
    )
    return {
        "zones": zones,
        "endpoints": endpoints,
        "endpoint_hours": endpoints * zones * HOURS,
        "endpoint_gb": load.points * _SENT_BYTES / GB,
    }


def _watching(deployed: Deployed, load: Load, activity: Activity) -> Mapping[str, Units]:
    """Metrics that alarms watch, own metrics for the hours with values, and a part of the fleet's dashboard."""
    alarms = deployed.of("AWS::CloudWatch::Alarm")
    watched = {title: len(watched_metrics(alarm)) for title, alarm in alarms.items()}
    quick = {title for title, alarm in alarms.items() if alarm.get("Period", 60) < 60}
    own: Counter[str] = Counter()
    for name in deployed.own_metrics():
        if name in _HOURLY_METRICS:
            own["MetricExport"] += bool(activity.export_hours)
        elif name in _HEARTBEAT_METRICS:
            own["Heartbeat"] += bool(activity.heartbeats)
        elif load.active:
            own["Alert" if name.startswith("Alert") else "MetricWriter"] += 1
    return {
        "alarm_metrics": {title: number for title, number in watched.items() if title not in quick},
        "quick_alarm_metrics": {title: watched[title] for title in quick},
        "own_metrics": own,
        # One region alone is deployed without a fleet.
        "dashboards": deployed.dashboards() / deployed.regions if deployed.regions > 1 else 0,
    }


def _logs(deployed: Deployed, activity: Activity) -> Mapping[str, Units]:
    """Log lines taken in, and kept as long as the groups keep them."""
    taken = {title: runs.invocations * runs.log_bytes for title, runs in activity.functions().items()}
    for title, stage in deployed.of("AWS::ApiGateway::Stage").items():
        if "AccessLogSetting" in stage:
            taken[title] = activity.requests * (len(stage["AccessLogSetting"]["Format"]) + 200)
    for title in deployed.of("AWS::EC2::FlowLog"):
        # A line for each interface, endpoint and direction in ten minutes.
        taken[title] = 100 * 150 * HOURS * 6
    days = {group["RetentionInDays"] for group in deployed.of("AWS::Logs::LogGroup").values()}
    accounts = activity.account_bytes
    return {
        "log_gb": {title: taken_bytes / GB for title, taken_bytes in taken.items()},
        "account_gb": {"MetricWriterFunction": accounts / GB},
        "log_gb_months": (sum(taken.values()) + accounts) / GB * max(days) * 24 / HOURS,
    }


def _traces(deployed: Deployed, activity: Activity) -> Mapping[str, Units]:
    """Traces of requests by the sampling rule, of executions and of consumers by X-Ray's default."""
    rules = [part["SamplingRule"] for part in deployed.of("AWS::XRay::SamplingRule").values()]
    by_rule = (rules[0]["ReservoirSize"], rules[0]["FixedRate"]) if rules else ()
    traces = {
        title: _sampled(activity.requests, *by_rule)
        for title, stage in deployed.of("AWS::ApiGateway::Stage").items()
        if stage.get("TracingEnabled")
    }
    for title, machine in deployed.of("AWS::StepFunctions::StateMachine").items():
        if machine.get("TracingConfiguration", {}).get("Enabled"):
            traces[title] = _sampled(activity.executions()[title])
    runs = activity.functions()
    functions = deployed.of("AWS::Lambda::Function")
    mappings = deployed.of("AWS::Lambda::EventSourceMapping").values()
    consumers = {mapping["FunctionName"]["Ref"] for mapping in mappings}
    return {
        "traces": traces,
        "function_traces": {
            title: _sampled(runs[title].invocations)
            for title, function in functions.items()
            if title in consumers and function["TracingConfig"]["Mode"] == "Active"
        },
    }


def _sampled(number: float, reservoir: float = _DEFAULT_RESERVOIR, rate: float = _DEFAULT_RATE) -> float:
    """So many of a month's steady requests are traced: the first of each second, and a share of the rest."""
    first = min(number, reservoir * SECONDS)
    return first + (number - first) * rate
