"""Words that the functions and the templates must spell alike: each stands here, and nowhere else."""

from enum import StrEnum

# CloudWatch metrics of our own.
NAMESPACE = "Tidegauge"


def metric_dimensions(project: str, environment: str) -> dict[str, str]:
    """The dimensions of each of our metrics: one set, as each is billed, which no other project of the account has."""
    return {"Project": project, "Environment": environment}


# The path and the format of the requests by which the stack tries its own API; they hold no points.
HEARTBEAT = "heartbeat"
WRITER_HEARTBEAT_AGE = "WriterHeartbeatAge"
AGGREGATOR_HEARTBEAT_AGE = "AggregatorHeartbeatAge"

# The kinds of store, of which a stack has one.
TIMESTREAM = "timestream"
LAKE = "lake"

METRIC_TYPES = ("system", "application", "business")
DEFAULT_METRIC_TYPE = "application"
ANY_METRIC_TYPE = "any"
RULE_METRIC_TYPES = (*METRIC_TYPES, ANY_METRIC_TYPE)


class Severity(StrEnum):
    """The urgency of an alert; subscriptions filter on it."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class AlertState(StrEnum):
    """The state of an alert; `domain.alerts.state.protocol` has how it changes.

    MISSING is not called INSUFFICIENT_DATA, as CloudWatch has it: it is a state that a rule asks for and that fires,
    and the word stands in items, messages and subscribers' filter policies.
    """

    OK = "OK"
    # Some, but not enough, of the datapoints that ALARM or MISSING need.
    PENDING = "PENDING"
    # Enough datapoints breach; stays until the last ones have recovered.
    ALARM = "ALARM"
    # Enough periods are without data; stays until the last ones have data.
    MISSING = "MISSING"

    @property
    def is_firing(self) -> bool:
        """True if receivers were notified, and must be notified when it is over."""
        return self is AlertState.ALARM or self is AlertState.MISSING


# An alert that becomes PENDING notifies no receiver.
NOTIFIED_STATES = (AlertState.OK, AlertState.ALARM, AlertState.MISSING)

# How often alerts may be evaluated, and how long after its period's end a point still counts for them.
EVALUATION_INTERVALS_S = (10, 20, 30, 60)
ALLOWED_LATENESS_S = 3_600

# DynamoDB: each table's hash key, then its range key; an index likewise.
DIMENSIONS_KEY = ("table_name",)
ALERT_RULES_KEY = ("metric_name", "rule_id")
ALERT_WINDOWS_KEY = ("tick", "source")
ALERTS_KEY = ("rule_key", "group_key")
SILENCES_KEY = ("silence_id",)
OPEN_INDEX = "open"
OPEN_KEY = ("open", "rule_key")
EXPORT_HOURS_KEY = ("id",)
CLIENT_TOKENS_KEY = ("token_hash",)
DUE_INDEX = "by_due"
DUE_KEY = ("work", "due_at")
EXPIRES_AT = "expires_at"

# The quarantine bucket: points by the hour of their arrival, and whole batches that an event source mapping gave up,
# whose prefix Lambda chooses.
QUARANTINED_POINTS = "quarantine/"
QUARANTINED_BATCHES = "aws/lambda/"
# Timestream's reports on late points.
REJECTED_REPORTS = "rejected/"

# The exported datasets, and the columns that each has before those of the dimensions: name and type in the catalog.
METRICS = "metrics"
AGGREGATES = "aggregates"
DATASETS = (METRICS, AGGREGATES)
_SERIES_COLUMNS = (("metric_name", "string"), ("metric_type", "string"), ("time", "timestamp"))
MEASURES = (
    ("count", "bigint"),
    ("sum", "double"),
    ("min", "double"),
    ("max", "double"),
    ("avg", "double"),
    ("p50", "double"),
    ("p90", "double"),
    ("p99", "double"),
)
FIXED_COLUMNS = {
    METRICS: (*_SERIES_COLUMNS, ("value", "double")),
    AGGREGATES: (*_SERIES_COLUMNS, *MEASURES),
}
