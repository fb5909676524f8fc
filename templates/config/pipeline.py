"""The pipeline's own sections: from the API to the store and the export."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from ipaddress import IPv4Network, ip_network
from typing import Any

from handlers.vocabulary import LAKE, TIMESTREAM
from templates.config.checks import (
    BadValue,
    Check,
    Section,
    flag,
    list_of,
    one_of,
    optional,
    setting,
    text,
    whole,
)

# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
LOG_RETENTION_DAYS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip

ACCOUNT = text(r"[0-9]{12}", "an AWS account's number, as text of 12 digits")
EMAIL = text(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", "an e-mail address")

# The API sees no caller by an address within a network or a machine.
_WITHIN_NETWORKS = tuple(
    map(IPv4Network, ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"))
)
# The largest blocks that are given to one holder; two halves of the Internet would be as open as the whole.
_SHORTEST_PREFIX = {4: 8, 6: 16}


def _public_range(value: object) -> bool:
    try:
        found = ip_network(str(value))
    except ValueError:
        return False
    inside = isinstance(found, IPv4Network) and any(found.subnet_of(net) for net in _WITHIN_NETWORKS)
    return "/" in str(value) and found.prefixlen >= _SHORTEST_PREFIX[found.version] and not inside


ADDRESSES = Check(
    _public_range,
    "a range of public addresses such as 203.0.113.0/24 or 2001:db8::/32, host bits zero",
    {"type": "string", "pattern": "/[0-9]{1,3}$"},
)


@dataclass(frozen=True)
class Stream(Section):
    """The Kinesis data stream."""

    mode: str = setting(one_of(("on-demand", "provisioned")), about="grows by itself, or has `shards`")
    retention_hours: int = setting(whole(24, 8760, "how long Kinesis keeps a record"))
    shards: int | None = setting(optional(whole(1, 500, "shards of a provisioned stream")), None)
    # Kinesis takes up to 10 MiB; one of 4 MiB is, in base64, about the largest that Lambda's event of 6 MB holds.
    # https://docs.aws.amazon.com/streams/latest/dev/large-records.html
    max_record_kib: int = setting(whole(1024, 4096, "KiB that a record holds, and so a request"), 1024)

    @property
    def largest_record(self) -> str:
        """The most that a record holds, in words."""
        mib, rest = divmod(self.max_record_kib, 1024)
        return f"{self.max_record_kib} KiB" if rest else f"{mib} MiB"

    def _faults(self) -> Iterator[BadValue]:
        if (self.mode == "provisioned") != (self.shards is not None):
            allowed = "a number of shards with mode provisioned, none with on-demand"
            yield BadValue("shards", self.shards, allowed)


@dataclass(frozen=True)
class Api(Section):
    """The ingest API: who may call it, from which addresses and web pages, how often."""

    auth: str = setting(
        one_of(("iam", "token", "none")), about="signed requests, those with a client's token, or anybody's"
    )
    throttle_rate: int = setting(whole(1, 100_000, "requests a second, steady"))
    throttle_burst: int = setting(whole(1, 100_000, "requests at once"))
    cors_origins: tuple[str, ...] = setting(
        list_of(
            text(r"\*|https?://[a-z0-9.-]+(:[0-9]{1,5})?", 'an origin such as https://example.com, or "*"')
        ),
        (),
        about="web pages that may post and read the answers",
    )
    # A resource policy has 8,192 characters: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
    allow_from: tuple[str, ...] = setting(
        list_of(ADDRESSES), (), about="the addresses that requests may come from; by default all"
    )
    allow_accounts: tuple[str, ...] = setting(
        list_of(ACCOUNT, most=50), (), about="other accounts whose callers may post"
    )
    # It cannot pass a REST API, which refuses snappy: docs/protocols.md.
    remote_write: bool = setting(
        flag(),
        False,
        about="a function URL takes Prometheus's remote write, with a client's token or anybody's",
    )
    # Lambda takes ten times as many requests a second: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html
    remote_write_concurrency: int = setting(
        whole(1, 1000, "requests of remote write at once, and ten times as many a second"), 50
    )

    @property
    def open(self) -> bool:
        """True if whoever finds the URL may post."""
        return self.auth == "none" and not self.allow_from

    def _faults(self) -> Iterator[BadValue]:
        if self.allow_accounts and self.auth != "iam":
            allowed = f'none, as auth = "{self.auth}" asks for no signature'
            yield BadValue("allow_accounts", self.allow_accounts, allowed)
        if self.remote_write and self.auth == "iam":
            allowed = 'false with auth = "iam", as remote write is not signed; or auth = "token"'
            yield BadValue("remote_write", True, allowed)
        if "*" in self.cors_origins and len(self.cors_origins) > 1:
            yield BadValue("cors_origins", self.cors_origins, '"*" alone, or origins without it')


_SETTINGS_OF_KIND = {
    TIMESTREAM: ("memory_hours", "magnetic_days"),
    LAKE: ("retention_days", "dimension_names"),
}
_DIMENSION_NAMES = 250

# Of a mapping's records. https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
RETRIES = "further attempts at a failing batch; -1: as many as its age allows"


def _of_kind(check: Check, about: str) -> Any:
    """A setting that one kind of store has."""
    absent_too = Check(lambda value: value is None or check.accepts(value), check.allowed, check.schema)
    return setting(absent_too, None, about=about)


@dataclass(frozen=True)
class Store(Section):
    """The store of points: Amazon Timestream, or the lake, which is S3, Glue and Athena and there for every account.

    Timestream's memory store takes new points, and its magnetic store keeps them. A kind has no settings of the other.
    """

    kind: str = setting(
        one_of((TIMESTREAM, LAKE)),
        TIMESTREAM,
        about="what points are stored in: Timestream, in eight regions, or the lake, in all",
    )
    memory_hours: int | None = _of_kind(
        whole(1, 8766, "hours a point stays in the memory store"), "of timestream, which needs it"
    )
    magnetic_days: int | None = _of_kind(
        whole(1, 73_000, "days a point stays in the magnetic store"), "of timestream, which needs it"
    )
    retention_days: int | None = _of_kind(
        whole(1, 3650, "days a point stays in the lake"), "of lake, which needs it"
    )
    dimension_names: int | None = _of_kind(
        whole(1, 300, "different names of dimensions, from all clients for ever"),
        f"of lake, {_DIMENSION_NAMES} by default",
    )
    quarantine_days: int = setting(whole(1, 3650, "days a quarantined point is kept"), 90)

    @classmethod
    def fitting(cls) -> Mapping[str, Any]:
        """JSON Schema of the settings that each kind must and may not have."""
        of_lake, of_timestream = (
            {"required": list(needed), "properties": dict.fromkeys(_SETTINGS_OF_KIND[other], False)}
            for needed, other in (
                (("retention_days",), TIMESTREAM),
                (_SETTINGS_OF_KIND[TIMESTREAM], LAKE),
            )
        )
        is_lake = {"required": ["kind"], "properties": {"kind": {"const": LAKE}}}
        return {"if": is_lake, "then": of_lake, "else": of_timestream}

    @property
    def days_kept(self) -> int:
        """Days that points are kept."""
        return self.magnetic_days or self.retention_days or 0

    @property
    def dimension_budget(self) -> int:
        """The different names of dimensions that the lake takes."""
        return self.dimension_names or _DIMENSION_NAMES

    def _faults(self) -> Iterator[BadValue]:
        checks = {item.name: item.metadata["check"] for item in fields(self)}
        for kind, names in _SETTINGS_OF_KIND.items():
            for name in names:
                value = getattr(self, name)
                if kind != self.kind and value is not None:
                    instead = " and ".join(_SETTINGS_OF_KIND[self.kind])
                    yield BadValue(name, value, f'nothing with kind = "{self.kind}", which has {instead}')
                elif kind == self.kind and value is None and name != "dimension_names":
                    yield BadValue(name, None, checks[name].allowed)


def too_young(maximum_age_s: int, window_s: int) -> Iterator[BadValue]:
    """The fault of an age after which records are given up: a batch's oldest has waited a window before it is tried.

    https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
    """
    if maximum_age_s < 2 * window_s:
        allowed = f"at least {2 * window_s}, twice window_seconds, in which a batch fills before it is tried"
        yield BadValue("maximum_age_seconds", maximum_age_s, allowed)


@dataclass(frozen=True)
class Writer(Section):
    """The function that stores points, and how the stream is read for it."""

    batch_size: int = setting(whole(1, 10_000, "records to a batch"))
    window_seconds: int = setting(whole(0, 300, "seconds a batch may wait to fill"))
    memory_mb: int = setting(whole(128, 10_240, "MB of a Lambda function"))
    timeout_seconds: int = setting(whole(1, 900, "seconds an invocation may take"))
    maximum_retries: int = setting(whole(-1, 10_000, RETRIES))
    maximum_age_seconds: int = setting(whole(60, 604_800, "seconds after which a record is given up"))
    parallelization: int = setting(whole(1, 10, "batches of one shard at once"), 1)
    reserved_concurrency: int | None = setting(
        optional(whole(1, 10_000, "invocations at once, kept for this function")), None
    )
    log_level: str = setting(
        one_of(("DEBUG", "INFO", "WARNING", "ERROR")),
        "INFO",
        about="from INFO on every request is logged, else those not stored whole",
    )

    def _faults(self) -> Iterator[BadValue]:
        yield from too_young(self.maximum_age_seconds, self.window_seconds)
        if self.batch_size > 10 and self.window_seconds == 0:
            yield BadValue("window_seconds", 0, "at least 1, as Lambda wants with batch_size over 10")


@dataclass(frozen=True)
class Logs(Section):
    """Every log group of the stack."""

    retention_days: int = setting(
        one_of(LOG_RETENTION_DAYS, "what CloudWatch Logs offers"), about="how long log lines are kept"
    )


@dataclass(frozen=True)
class Tracing(Section):
    """X-Ray's traces, which are paid each.

    "sampled" are a share of the requests, by a rule, and the executions with the functions they call; "active" also
    batches, of which Lambda traces the first of each second and a twentieth of the rest, as no rule can change.
    """

    mode: str = setting(one_of(("off", "sampled", "active")), "sampled", about="what is traced")
    percent: int = setting(whole(0, 100, "of a hundred requests"), 1)


@dataclass(frozen=True)
class Operators(Section):
    """The alarms, which cost ten cents each a month, and their receiver.

    Essential ones tell of what is lost or stands still. The others warn of what may become that, or say sooner why.
    """

    email: str | None = setting(optional(EMAIL), None, about="hears of every alarm, once confirmed")
    alarms: str = setting(one_of(("all", "essential")), "all", about="which there are")
    heartbeat: bool = setting(
        flag(), True, about="one through the API each minute, and an alarm if it does not come through"
    )


# The writer of a batch works for up to 15 minutes, and clocks differ.
LAKE_LAG_MINUTES = 20


@dataclass(frozen=True)
class Export(Section):
    """The hourly export to S3."""

    enabled: bool = setting(flag(), True, about="false: no hour is exported by itself")
    lag_minutes: int = setting(
        whole(0, 360, "minutes after an hour's end before it is exported; of a lake at least 20"), 15
    )
    scan_limit_gb: int = setting(whole(1, 100_000, "GB that one query over the exports may read"), 100)
