"""The price of watching: alarms, own metrics, dashboards, logs, traces, and the key's requests."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from ops.bill.activity import Activity
from ops.bill.lines import Line, line
from ops.bill.load import GB, HOURS, SECONDS, Load
from ops.bill.template import Deployed, component_of, watched_metrics

# Services keep a data key for five minutes.
_KEY_REQUESTS = HOURS * 12
# The tables of each minute's sweep; with points the stream, both consumers, the store and two tables more.
_USED_IDLE, _USED_LOADED = 3, 12
# Metrics that the hourly export reports whether there are points or not; all others need points.
_HOURLY_METRICS = frozenset({"HoursExported", "ExportLag"})
# X-Ray's default, and Lambda's own, which no rule changes.
_DEFAULT_RESERVOIR, _DEFAULT_RATE = 1, 0.05


def alarms(deployed: Deployed, _load: Load) -> Iterator[Line]:
    """Metrics that alarms watch: each of a formula counts by itself."""
    watched: Counter[tuple[str, str]] = Counter()
    for title, alarm in deployed.of("AWS::CloudWatch::Alarm").items():
        quick = alarm.get("Period", 60) < 60
        price = "alarm_metric_high_resolution" if quick else "alarm_metric"
        watched[component_of(title), price] += len(watched_metrics(alarm))
    for (component, price), number in watched.items():
        yield line(component, "metrics watched by alarms", number, price)


def metrics(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Our own metrics, for the hours in which they get values."""
    sent: Counter[str] = Counter()
    for name in deployed.own_metrics():
        if name in _HOURLY_METRICS:
            sent["exports"] += bool(Activity(deployed, load).export_hours)
        elif load.active:
            sent["alerting" if name.startswith("Alert") else component_of("MetricWriter")] += 1
    for component, number in sorted(sent.items()):
        yield line(component, "own metrics", number, "custom_metric")


def dashboards(deployed: Deployed, _load: Load) -> Iterator[Line]:
    """The fleet's dashboard, of which each region bears its part; one region alone is deployed without a fleet."""
    part = deployed.dashboards() / deployed.regions if deployed.regions > 1 else 0
    yield line("fleet", "dashboards, a region's part", part, "dashboard")


def logs(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Log lines taken in, and kept as long as the groups keep them."""
    taken: dict[str, float] = defaultdict(float)
    for stage in deployed.of("AWS::ApiGateway::Stage").values():
        if "AccessLogSetting" in stage:
            taken["ingest API"] += load.requests * (len(stage["AccessLogSetting"]["Format"]) + 200)
    for title, runs in Activity(deployed, load).functions().items():
        taken[component_of(title)] += runs.invocations * runs.log_bytes
    if deployed.of("AWS::EC2::FlowLog"):
        # A line for each interface, endpoint and direction in ten minutes.
        taken["platform"] += 100 * 150 * HOURS * 6
    days = {group["RetentionInDays"] for group in deployed.of("AWS::Logs::LogGroup").values()}
    for component, number in sorted(taken.items()):
        setting = "writer.log_level" if component == "metric writer" else ""
        yield line(component, "GB of logs", number / GB, "logs_gb", setting)
    kept = sum(taken.values()) / GB * max(days) * 24 / HOURS
    yield line("platform", "GB-months of logs", kept, "logs_gb_month", "logs.retention_days")


def traces(deployed: Deployed, load: Load) -> Iterator[Line]:
    """Traces of requests by the sampling rule, of executions and of consumers by X-Ray's default."""
    activity = Activity(deployed, load)
    setting = "tracing.mode, tracing.percent"
    rules = [part["SamplingRule"] for part in deployed.of("AWS::XRay::SamplingRule").values()]
    reservoir, rate = (
        (rules[0]["ReservoirSize"], rules[0]["FixedRate"]) if rules else (_DEFAULT_RESERVOIR, _DEFAULT_RATE)
    )
    if any(stage.get("TracingEnabled") for stage in deployed.of("AWS::ApiGateway::Stage").values()):
        yield line("ingest API", "traces", _sampled(load.requests, reservoir, rate), "trace", setting)
    executions = activity.machines()
    for title, machine in deployed.of("AWS::StepFunctions::StateMachine").items():
        if machine.get("TracingConfiguration", {}).get("Enabled"):
            number = _sampled(executions[title].number, _DEFAULT_RESERVOIR, _DEFAULT_RATE)
            yield line(component_of(title), "traces", number, "trace", setting)
    runs = activity.functions()
    consumers = {
        mapping["FunctionName"]["Ref"] for mapping in deployed.of("AWS::Lambda::EventSourceMapping").values()
    }
    for title, function in deployed.of("AWS::Lambda::Function").items():
        if title in consumers and function["TracingConfig"]["Mode"] == "Active":
            number = _sampled(runs[title].invocations, _DEFAULT_RESERVOIR, _DEFAULT_RATE)
            yield line(
                component_of(title), f"traces of {title.removesuffix('Function')}", number, "trace", setting
            )


def _sampled(number: float, reservoir: float, rate: float) -> float:
    """So many of a month's steady requests are traced: the first of each second, and a share of the rest."""
    first = min(number, reservoir * SECONDS)
    return first + (number - first) * rate


def keys(deployed: Deployed, load: Load) -> Iterator[Line]:
    """The key, and the requests of the services that hold data under it."""
    yield line("platform", "customer managed keys", len(deployed.of("AWS::KMS::Key")), "kms_key")
    used = _USED_LOADED if load.active else _USED_IDLE
    yield line("platform", "requests to the key", used * _KEY_REQUESTS, "kms_request")
