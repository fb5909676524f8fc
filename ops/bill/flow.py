"""The price of the data's way: the API, the stream, functions, tables, the store and the exports."""

from collections.abc import Iterator

from ops.bill.activity import Activity
from ops.bill.lines import Line, line
from ops.bill.load import GB, HOURS, Load
from ops.bill.template import Deployed, component_of

# An answer with its headers.
_ANSWER_BYTES = 500
_KIB = 1024
_PUT_BYTES = 25 * _KIB
# benchmarks/writer.md: write units of a point in full calls; a call has one at least.
_UNITS_OF_A_POINT = 0.05
# Stored with every name and value of its own.
_STORED_BYTES = 160
_EXPORTED_BYTES = 25
_MONTHS_KEPT = 12
# The least that a query is billed: https://docs.aws.amazon.com/timestream/latest/developerguide/tcu.html
_QUERY_TCU_HOURS = 4 * 30 / 3600
# Express executions are billed in chunks of so much memory.
_EXPRESS_GB = 0.0625


def api(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Requests, and the traffic of their answers."""
    for title in deployed.of("AWS::ApiGateway::RestApi"):
        where = component_of(title)
        yield line(where, "requests", load.requests, "api_request", "points to a request")
        yield line(where, "GB of answers to the internet", load.requests * _ANSWER_BYTES / GB, "internet_gb")


def stream(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Shards and PUT units, or the stream's hours and gigabytes."""
    activity = Activity(deployed, load)
    [(title, properties)] = deployed.of("AWS::Kinesis::Stream").items()
    where, mode = component_of(title), "stream.mode, stream.shards"
    readers = sum(
        mapping["EventSourceArn"] == {"Fn::GetAtt": [title, "Arn"]}
        for mapping in deployed.of("AWS::Lambda::EventSourceMapping").values()
    )
    kept_hours = properties["RetentionPeriodHours"] - 24
    if activity.on_demand:
        rounded = load.requests * -(-load.record_bytes // _KIB) * _KIB / GB
        yield line(where, "stream-hours, on demand", HOURS, "kinesis_stream_hour", mode)
        yield line(where, "GB in", rounded, "kinesis_in_gb", "points to a request")
        yield line(where, f"GB out to {readers} consumers", rounded * readers, "kinesis_out_gb")
        kept = rounded * kept_hours / HOURS
        yield line(where, "GB-months over a day", kept, "kinesis_extended_gb_month", "stream.retention_hours")
        return
    shard_hours = activity.shards * HOURS
    yield line(where, "shard-hours", shard_hours, "kinesis_shard_hour", mode)
    if kept_hours:
        yield line(
            where,
            "shard-hours over a day",
            shard_hours,
            "kinesis_extended_shard_hour",
            "stream.retention_hours",
        )
    puts = load.requests * -(-load.record_bytes // _PUT_BYTES)
    yield line(where, "PUT units of 25 KB", puts, "kinesis_put_unit", "points to a request")


def functions(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Invocations, and their time by the function's memory."""
    runs = Activity(deployed, load).functions()
    for title, properties in deployed.of("AWS::Lambda::Function").items():
        where, run, name = component_of(title), runs[title], title.removesuffix("Function")
        gb_seconds = run.invocations * run.seconds * properties["MemorySize"] / 1024
        yield line(where, f"invocations of {name}", run.invocations, "lambda_request", _WINDOWS.get(name, ""))
        yield line(where, f"GB-seconds of {name}", gb_seconds, "lambda_gb_second", _WINDOWS.get(name, ""))


_WINDOWS = {
    "MetricWriter": "writer.window_seconds, writer.memory_mb",
    "WindowAggregator": "alerts.window_seconds",
}


def machines(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Express executions by number and time, standard ones by transitions."""
    executions = Activity(deployed, load).machines()
    for title, properties in deployed.of("AWS::StepFunctions::StateMachine").items():
        where, run = component_of(title), executions[title]
        if properties["StateMachineType"] == "EXPRESS":
            gb_seconds = run.number * run.seconds * _EXPRESS_GB
            yield line(where, "express executions", run.number, "express_request")
            yield line(where, "GB-seconds of them", gb_seconds, "express_gb_second", "alerts.grace_seconds")
        else:
            yield line(where, "state transitions", run.transitions, "states_transition", "export.enabled")


def schedules(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Starts."""
    activity = Activity(deployed, load)
    sweeps = activity.idle_sweeps or activity.evaluated
    for title in deployed.of("AWS::Scheduler::Schedule"):
        starts = sweeps if title.startswith("Alert") else activity.export_hours
        yield line(component_of(title), "scheduled starts", starts, "scheduler_invocation")


def tables(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Requests of the alerts' tables and of the ledger of exports; what they hold is a few megabytes."""
    activity = Activity(deployed, load)
    batches = activity.aggregator_batches if load.groups else 0.0
    in_batch = min(load.groups, load.points / batches) if batches else 0.0
    item_bytes = 200 + 4 * in_batch
    claims = 2 * activity.evaluated
    per_interval = 30 + 3 * item_bytes * batches / max(activity.evaluated, 1) / 4096
    alerting = component_of("AlertsTable")
    yield line(
        alerting,
        "DynamoDB write units",
        claims + batches * -(-item_bytes // _KIB),
        "dynamodb_write",
        "alerts.window_seconds",
    )
    reads = activity.evaluated * per_interval + activity.idle_sweeps * 10
    yield line(alerting, "DynamoDB read units", reads, "dynamodb_read")
    exports = component_of("ExportHoursTable")
    yield line(
        exports, "DynamoDB write units", 10 * activity.export_hours, "dynamodb_write", "export.enabled"
    )
    yield line(exports, "DynamoDB read units", 60 * activity.export_hours, "dynamodb_read", "export.enabled")


def store(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Writes as they are packed, both stores at their full retention, and queries at the least they are billed."""
    activity = Activity(deployed, load)
    [(title, properties)] = deployed.of("AWS::Timestream::Table").items()
    where, retention = component_of(title), properties["RetentionProperties"]
    units = max(activity.writer_batches, load.points * _UNITS_OF_A_POINT)
    yield line(where, "write units of 1 KiB", units, "timestream_write", "writer.window_seconds")
    gb_per_second = load.points_per_second * _STORED_BYTES / GB
    memory = gb_per_second * int(retention["MemoryStoreRetentionPeriodInHours"]) * 3600 * HOURS
    magnetic = gb_per_second * int(retention["MagneticStoreRetentionPeriodInDays"]) * 86400
    yield line(where, "GB-hours in the memory store", memory, "timestream_memory", "store.memory_hours")
    yield line(
        where, "GB-months in the magnetic store", magnetic, "timestream_magnetic", "store.magnetic_days"
    )
    exports, asked = activity.queries()
    yield line(
        component_of("ExportStore"),
        "compute-unit hours of queries, at most",
        exports * _QUERY_TCU_HOURS,
        "timestream_compute",
        "export.enabled",
    )
    yield line(
        where, "compute-unit hours of queries", asked * _QUERY_TCU_HOURS, "timestream_compute", "queries"
    )


def buckets(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Exported files, kept for a year; the quarantine and the code are next to nothing."""
    hours = Activity(deployed, load).exported_hours
    where = component_of("ExportBucket")
    yield line(where, "PUTs and LISTs of S3", 20 * hours, "s3_put", "export.enabled")
    kept = load.points * _EXPORTED_BYTES * _MONTHS_KEPT / GB if hours else 0.0
    yield line(where, "GB-months of exports, a year kept", kept, "s3_gb_month")


def endpoints(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Interface endpoints, by the hour in each zone."""
    zones = len(deployed.of("AWS::EC2::Subnet"))
    number = sum(
        one.get("VpcEndpointType") == "Interface" for one in deployed.of("AWS::EC2::VPCEndpoint").values()
    )
    yield line(
        "platform",
        f"hours of {number} endpoints in {zones} zones",
        number * zones * HOURS,
        "endpoint_hour",
        "network.mode",
    )
    carried = load.points * _STORED_BYTES / GB
    yield line("platform", "GB through endpoints", carried, "endpoint_gb", "network.mode")
