"""The sections of an environment file. Each is checked when it is made, wherever it is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from itertools import combinations

from templates.config.checks import (
    BadValue,
    Check,
    check_settings,
    flag,
    list_of,
    number,
    one_of,
    optional,
    setting,
    table_of,
    text,
    whole,
)

# Where Timestream for LiveAnalytics can be had (the AWS partition): without it a region has no store.
TIMESTREAM_REGIONS = (
    "ap-northeast-1",
    "ap-south-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "us-east-1",
    "us-east-2",
    "us-west-2",
)

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

REGION = one_of(TIMESTREAM_REGIONS, "the regions that have Timestream for LiveAnalytics")
EMAIL = text(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "an e-mail address")
PORT = whole(1024, 65535, "a port on 127.0.0.1")


class Section:
    """Checks its settings as it is made."""

    def __post_init__(self) -> None:
        check_settings(self)


@dataclass(frozen=True)
class Stream(Section):
    """The Kinesis data stream."""

    mode: str = setting(one_of(("on-demand", "provisioned")))
    retention_hours: int = setting(whole(24, 8760, "how long Kinesis keeps a record"))
    shards: int | None = setting(optional(whole(1, 500, "shards of a provisioned stream")), None)

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.mode == "provisioned") != (self.shards is not None):
            allowed = "a number of shards with mode provisioned, none with on-demand"
            raise BadValue("shards", self.shards, allowed)


@dataclass(frozen=True)
class Api(Section):
    """The ingest API: who may call it, from which web pages, how often."""

    auth: str = setting(one_of(("iam", "none")))
    throttle_rate: int = setting(whole(1, 100_000, "requests a second, steady"))
    throttle_burst: int = setting(whole(1, 100_000, "requests at once"))
    cors_origins: tuple[str, ...] = setting(
        list_of(
            text(r"\*|https?://[a-z0-9.-]+(:[0-9]{1,5})?", 'an origin such as https://example.com, or "*"')
        ),
        (),
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if "*" in self.cors_origins and len(self.cors_origins) > 1:
            raise BadValue("cors_origins", self.cors_origins, '"*" alone, or origins without it')


@dataclass(frozen=True)
class Store(Section):
    """Timestream's two stores: the memory store takes new points, the magnetic store keeps them."""

    memory_hours: int = setting(whole(1, 8766, "hours a point stays in the memory store"))
    magnetic_days: int = setting(whole(1, 73_000, "days a point stays in the magnetic store"))
    quarantine_days: int = setting(whole(1, 3650, "days a quarantined point is kept"), 90)


@dataclass(frozen=True)
class Writer(Section):
    """The function that stores points, and how the stream is read for it."""

    batch_size: int = setting(whole(1, 10_000, "records to a batch"))
    window_seconds: int = setting(whole(0, 300, "seconds a batch may wait to fill"))
    memory_mb: int = setting(whole(128, 10_240, "MB of a Lambda function"))
    timeout_seconds: int = setting(whole(1, 900, "seconds an invocation may take"))
    maximum_retries: int = setting(whole(0, 10_000, "further attempts at a failing batch"))
    maximum_age_seconds: int = setting(whole(60, 604_800, "seconds after which a record is given up"))
    parallelization: int = setting(whole(1, 10, "batches of one shard at once"), 1)
    reserved_concurrency: int | None = setting(
        optional(whole(1, 10_000, "invocations at once, kept for this function")), None
    )
    log_level: str = setting(one_of(("DEBUG", "INFO", "WARNING", "ERROR")), "INFO")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.batch_size > 10 and self.window_seconds == 0:
            raise BadValue("window_seconds", 0, "at least 1, as Lambda wants with batch_size over 10")


@dataclass(frozen=True)
class Logs(Section):
    """Every log group of the stack."""

    retention_days: int = setting(one_of(LOG_RETENTION_DAYS, "what CloudWatch Logs offers"))


@dataclass(frozen=True)
class Operators(Section):
    """Who hears of alarms."""

    email: str | None = setting(optional(EMAIL), None)


SEVERITIES = ("low", "medium", "high", "critical")
METRIC_TYPES = ("system", "application", "business")
ALERT_STATES = ("OK", "ALARM", "MISSING")
ENDPOINTS = {
    "email": EMAIL,
    "https": text(r"https://[^\s]{1,2000}", "an https:// address"),
    "sqs": text(r"arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}", "the ARN of an SQS queue"),
}


@dataclass(frozen=True)
class Subscription(Section):
    """One receiver of alerts; an empty filter lets everything pass."""

    protocol: str = setting(one_of(tuple(ENDPOINTS)))
    endpoint: str = setting(text(r"[^\s]{1,2048}", "an address without spaces"))
    severity: tuple[str, ...] = setting(list_of(one_of(SEVERITIES)), ())
    metric_type: tuple[str, ...] = setting(list_of(one_of(METRIC_TYPES)), ())
    state: tuple[str, ...] = setting(list_of(one_of(ALERT_STATES)), ())

    def __post_init__(self) -> None:
        super().__post_init__()
        check = ENDPOINTS[self.protocol]
        if not check.accepts(self.endpoint):
            raise BadValue("endpoint", self.endpoint, f"{check.allowed}, for protocol {self.protocol}")


@dataclass(frozen=True)
class Alerts(Section):
    """How the stream is judged, and who is told."""

    window_seconds: int = setting(whole(1, 300, "seconds the aggregator's batch may wait to fill"), 10)
    grace_seconds: int = setting(whole(0, 120, "seconds after a period's end before it is judged"), 10)
    maximum_groups: int = setting(whole(1, 100_000, "alert groups of one rule"), 1000)
    subscriptions: tuple[Subscription, ...] = ()


@dataclass(frozen=True)
class Export(Section):
    """The hourly export to S3."""

    enabled: bool = setting(flag(), True)
    lag_minutes: int = setting(whole(0, 360, "minutes after an hour's end before it is exported"), 15)


CIDR = text(r"[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}", "an address range such as 10.0.0.0/16")


@dataclass(frozen=True)
class Network(Section):
    """Whether the functions run in a VPC, and each region's address range."""

    mode: str = setting(one_of(("public", "private")), "public")
    cidr: Mapping[str, str] = field(
        default_factory=dict, metadata={"check": table_of(REGION, CIDR, most=len(TIMESTREAM_REGIONS))}
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        ranges = {region: _network(region, value) for region, value in self.cidr.items()}
        for (one, first), (other, second) in combinations(sorted(ranges.items()), 2):
            if first.overlaps(second):
                raise BadValue(f"cidr.{other}", str(second), f"a range apart from {one}'s {first}")


def _network(region: str, value: str) -> IPv4Network:
    allowed = "a private range of /16 to /24 whose host bits are zero"
    try:
        network = IPv4Network(value)
    except ValueError:
        raise BadValue(f"cidr.{region}", value, allowed) from None
    if not network.is_private or not 16 <= network.prefixlen <= 24:
        raise BadValue(f"cidr.{region}", value, allowed)
    return network


@dataclass(frozen=True)
class Fleet(Section):
    """How a change goes from region to region."""

    canary: str | None = setting(optional(REGION), None)
    concurrency: str = setting(one_of(("sequential", "parallel")), "sequential")
    failure_tolerance: int = setting(whole(0, 7, "regions that may fail before a rollout stops"), 0)


@dataclass(frozen=True)
class Local(Section):
    """The run on one machine."""

    gateway_port: int = setting(PORT, 8080)
    aws_port: int = setting(PORT, 4566)
    timestream_port: int = setting(PORT, 4567)
    store_memory_mb: int = setting(whole(64, 65_536, "MB the local store's engine may use"), 512)

    def __post_init__(self) -> None:
        super().__post_init__()
        ports = (self.gateway_port, self.aws_port, self.timestream_port)
        if len(set(ports)) < len(ports):
            raise BadValue("timestream_port", self.timestream_port, "three different ports")


OWN_TAGS = ("Project", "Environment", "ManagedBy")
_TAG_TEXT = r"[A-Za-z0-9 _.:/=+@-]"
TAG_KEY = Check(
    lambda value: (
        text(_TAG_TEXT + "{1,128}", "").accepts(value)
        and not value.lower().startswith("aws:")
        and value not in OWN_TAGS
    ),
    f"1 to 128 letters, digits, spaces and _.:/=+@-, not aws:…, not {', '.join(OWN_TAGS)}",
)
TAG_VALUE = text(_TAG_TEXT + "{0,256}", "at most 256 letters, digits, spaces and _.:/=+@-")


def tags_check() -> Check:
    """The user's own tags: AWS takes 50 to a resource, and three are ours."""
    return table_of(TAG_KEY, TAG_VALUE, most=40)


__all__ = [
    "ALERT_STATES",
    "LOG_RETENTION_DAYS",
    "METRIC_TYPES",
    "OWN_TAGS",
    "REGION",
    "SEVERITIES",
    "TIMESTREAM_REGIONS",
    "Alerts",
    "Api",
    "Export",
    "Fleet",
    "Local",
    "Logs",
    "Network",
    "Operators",
    "Section",
    "Store",
    "Stream",
    "Subscription",
    "Writer",
    "number",
    "tags_check",
]
