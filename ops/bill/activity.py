"""The work that a region's functions and state machines do in a month, by the template's schedules and mappings.

The figures per unit of work are those of `benchmarks/` and `docs/alerts.md`, rounded up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ops.bill.load import HOURS, SECONDS, Load
from ops.bill.template import Deployed, Properties

# A stream on demand begins with as many, and splits before one is full: 1 MB or 1,000 records a second.
_SHARDS_ON_DEMAND = 4
_SHARD_BYTES = 1e6
_SHARD_RECORDS = 1000
ACCOUNT_BYTES = 33
"""Of the metric writer's log, for each request: its id and its counts."""
# A client's token is asked for once in five minutes, for which API Gateway keeps the answer.
_TOKEN_LOOKUPS = HOURS * 12


@dataclass(frozen=True, slots=True)
class Runs:
    """Invocations of a function in a month, their seconds and their bytes of log, both for one."""

    invocations: float
    seconds: float
    log_bytes: float


class Activity:
    """The work of a region under a load."""

    def __init__(self, deployed: Deployed, load: Load) -> None:
        self._deployed, self._load = deployed, load
        [stream] = deployed.of("AWS::Kinesis::Stream").values()
        self.on_demand = stream["StreamModeDetails"]["StreamMode"] == "ON_DEMAND"
        per_second = load.requests / SECONDS
        needed = max(per_second * load.record_bytes / _SHARD_BYTES, per_second / _SHARD_RECORDS)
        self.shards = max(stream.get("ShardCount", _SHARDS_ON_DEMAND), int(-(-needed // 1)))
        self.heartbeats = _starts(deployed, "HeartbeatSchedule")
        self.requests = load.requests + self.heartbeats
        self.writer_batches = self._batches("MetricWriter")
        self.aggregator_batches = self._batches("WindowAggregator")
        aggregator = _variables(deployed, "WindowAggregatorFunction")
        # Points of rules start an evaluation each interval; the sweep of each minute finds what was not evaluated.
        starts = SECONDS / float(aggregator["TICK_SECONDS"]) if load.active and load.groups else 0.0
        sweeps = _starts(deployed, "AlertEvaluationSchedule")
        self.evaluated = max(starts, sweeps)
        self.idle_sweeps = sweeps if starts else 0.0
        self.evaluations = self.evaluated + self.idle_sweeps
        waiting = self.evaluated * (float(aggregator["GRACE_SECONDS"]) + 1) + self.idle_sweeps * 0.3
        self.evaluation_s = waiting / max(self.evaluations, 1)
        with_tokens = deployed.of("AWS::ApiGateway::Authorizer") and load.active
        self.token_lookups = load.clients * _TOKEN_LOOKUPS if with_tokens else 0.0
        level = _variables(deployed, "MetricWriterFunction")["LOG_LEVEL"]
        self.account_bytes = load.requests * ACCOUNT_BYTES if level in {"DEBUG", "INFO"} else 0.0
        self.export_hours = _starts(deployed, "MetricExportSchedule")
        # Hours without points take no query.
        self.exported_hours = self.export_hours if load.active else 0.0

    def functions(self) -> Mapping[str, Runs]:
        """The runs of each function, by logical id."""
        load, exported, hours = self._load, self.exported_hours, self.export_hours
        points = load.points / self.writer_batches if load.active else 0.0
        seen = load.points / self.aggregator_batches if load.active else 0.0
        steps = 2 * self.evaluated  # to plan, and to evaluate
        evaluating = (0.15 + 1e-4 * load.groups) / 2
        return {
            "ClientAuthorizerFunction": Runs(self.token_lookups, 0.02, 300),
            # The load comes through the API; remote write is $0.30 a million requests, in place of $3.50.
            "RemoteWriteReceiverFunction": Runs(0, 0, 0),
            "MetricWriterFunction": Runs(self.writer_batches, 0.1 + 1e-4 * points, 1000),
            "WindowAggregatorFunction": Runs(self.aggregator_batches, 0.05 + 5e-5 * seen, 850),
            "AlertEvaluatorFunction": Runs(steps + self.idle_sweeps, evaluating, 500),
            "RuleChangesFunction": Runs(0, 0, 0),
            "MetricExportPlannerFunction": Runs(2 * hours, 0.2, 600),
            "MetricExportUnloaderFunction": Runs(hours + 3 * exported, 5 if exported else 0.2, 400),
            "MetricExportPublisherFunction": Runs(hours, 0.5, 400),
            "MetricExportTidierFunction": Runs(hours, 0.3, 400),
            # One for each alert that changes: that is not of the load.
            **dict.fromkeys(self._forwarders(), Runs(0, 0, 0)),
        }

    def executions(self) -> Mapping[str, float]:
        """The executions of each state machine, by logical id."""
        return {
            "AlertEvaluationStateMachine": self.evaluations,
            "HeartbeatStateMachine": self.heartbeats,
            "MetricExportStateMachine": self.export_hours,
        }

    def _forwarders(self) -> Iterator[str]:
        titles = self._deployed.of("AWS::Lambda::Function")
        yield from (title for title in titles if title.startswith("AlertForwarder"))

    def _batches(self, component: str) -> float:
        mapping = self._deployed.of("AWS::Lambda::EventSourceMapping")[f"{component}Mapping"]
        lanes = self.shards * mapping.get("ParallelizationFactor", 1)
        window_s, most = mapping["MaximumBatchingWindowInSeconds"], mapping["BatchSize"]
        return self._load.batches(lanes, window_s, most, self.heartbeats)


def _variables(deployed: Deployed, title: str) -> Properties:
    variables: Properties = deployed.of("AWS::Lambda::Function")[title]["Environment"]["Variables"]
    return variables


def _starts(deployed: Deployed, title: str) -> float:
    """A schedule's starts in a month: each minute or each hour, as its cron expression says."""
    schedule = deployed.of("AWS::Scheduler::Schedule").get(title, {"State": "DISABLED"})
    if schedule["State"] != "ENABLED":
        return 0.0
    return SECONDS / 60 if schedule["ScheduleExpression"].startswith("cron(* ") else float(HOURS)
