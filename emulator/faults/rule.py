"""Fault rules: which requests, functions or subscribers one meets, and what happens to them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.aws_request import AwsRequest
from emulator.errors import CloudError
from emulator.faults.kinds import KINDS, Answer, Place, answer_of
from emulator.faults.targets import check, names_of

_SERVER_ERRORS = ("Internal", "KMSInternal", "ServiceUnavailable", "ServiceException", "SlowDown")
_TEXTS = ("service", "operation", "region", "error", "message", "fault", "function", "subscription")
_FIELDS = frozenset({*_TEXTS, "count", "latency_ms", "probability", "share", "status", "when"})
_LONGEST_DELAY_MS = 15 * 60 * 1000
_HANG_MS = 60_000
# Fields that are of one kind alone, and kinds that know no before and after.
_OWNED = {"share": "partial", "subscription": "dead"}
_ONE_TIME = frozenset({"lost", "hang", "partial", "init", "repeat", "recut", "overlap", "dead"})


class FaultError(CloudError):
    """A fault rule that makes no sense; names the field."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


@dataclass(slots=True)
class FaultRule:
    """One fault: what it meets, and what happens to that. `fault` is a kind, or None for an error of one's own."""

    service: str
    operation: str = "*"
    region: str = "*"
    function: str = "*"
    subscription: str = "*"
    fault: str | None = None
    error: str | None = None
    message: str = "A fault asked for at /_local/faults"
    status: int | None = None
    latency_ms: int = 0
    share: float = 0.5
    count: int | None = None
    probability: float = 1.0
    when: str = "before"

    @property
    def place(self) -> Place:
        """The place where it strikes."""
        return KINDS[self.fault].place if self.fault else Place.CALL

    @property
    def answers(self) -> bool:
        """True if the rule answers in the service's place, rather than only delaying it."""
        return (
            self.error is not None
            or self.status is not None
            or self.fault not in {None, "latency", "partial"}
        )

    @property
    def loses(self) -> bool:
        """True if the caller gets no answer at all."""
        return self.fault in {"lost", "hang"}

    @property
    def does(self) -> bool:
        """True if what was asked for is done, though the caller does not learn it."""
        return self.fault == "lost" or (self.when == "after" and self.fault != "hang")

    def meets(self, request: AwsRequest) -> bool:
        """True if the request is one of those the rule is about."""
        kinds = None if self.fault is None else KINDS[self.fault].operations
        return (
            (self.service == "*" or self.service in names_of(request))
            and self.operation in {"*", request.operation}
            and self.region in {"*", request.region}
            and (kinds is None or any(request.operation in kinds.get(name, ()) for name in names_of(request)))
            and self.function == "*"
        )

    def meets_function(self, region: str, names: frozenset[str]) -> bool:
        """True if the rule is about this function, which goes by these names."""
        return (
            self.service in {"*", "lambda"}
            and self.operation in {"*", "Invoke"}
            and self.region in {"*", region}
            and self.function in {"*", *names}
        )

    def meets_subscriber(self, region: str, names: frozenset[str]) -> bool:
        """True if the rule is about the subscription of this ARN or endpoint."""
        return (
            self.service in {"*", "sns"}
            and self.region in {"*", region}
            and self.subscription in {"*", *names}
        )

    def answer(self, service: str, request: AwsRequest | None = None) -> Answer:
        """The error the caller gets from this service."""
        if self.fault is not None:
            found = answer_of(self.fault, service, request)
            return Answer(self.error or found.code, self.status or found.status, found.more)
        status = self.status or (500 if (self.error or "").startswith(_SERVER_ERRORS) else 400)
        code = self.error or {500: "InternalFailure", 503: "ServiceUnavailable"}.get(status, "UnknownError")
        return Answer(code, status, {})


def parse_rule(raw: Any) -> FaultRule:
    """The rule a JSON object describes; FaultError names the field that is wrong."""
    if not isinstance(raw, Mapping):
        raise FaultError("rules", "each rule is an object, or a fault in short")
    _check_fields(raw)
    _check_target(raw)
    _check_values(raw)
    if not {"error", "fault", "status", "latency_ms"} & set(raw):
        raise FaultError("error", "one of fault, error, status and latency_ms is required")
    if "fault" in raw:
        _check_kind(raw)
    for name, owner in _OWNED.items():
        if name in raw and raw.get("fault") != owner:
            raise FaultError(name, f"is of the fault {owner}")
    rule = FaultRule(**raw)
    if rule.fault == "hang" and "latency_ms" not in raw:
        rule.latency_ms = _HANG_MS
    return rule


def _check_fields(raw: Mapping[str, Any]) -> None:
    for name in raw:
        if name not in _FIELDS:
            raise FaultError(str(name), f"unknown; the fields are {', '.join(sorted(_FIELDS))}")
    for name in _TEXTS:
        if name in raw and not (isinstance(raw[name], str) and raw[name]):
            raise FaultError(name, "must be a text")


def _check_values(raw: Mapping[str, Any]) -> None:
    _check_integer(raw, "status", 400, 599)
    _check_integer(raw, "latency_ms", 0, _LONGEST_DELAY_MS)
    _check_integer(raw, "count", 1, 1_000_000_000)
    _check_share(raw, "probability")
    _check_share(raw, "share")
    if raw.get("when", "before") not in {"before", "after"}:
        raise FaultError(
            "when", "must be before (nothing is done) or after (it is done, and the answer is lost)"
        )


def _check_target(raw: Mapping[str, Any]) -> None:
    """Refuse a service or an operation that no rule could strike: it would be waited for in vain."""
    if "service" not in raw:
        raise FaultError("service", "is required: a service as boto3 calls it, or *")
    if (unknown := check(raw["service"], raw.get("operation", "*"))) is not None:
        raise FaultError(*unknown)
    if "function" in raw and raw["service"] != "lambda":
        raise FaultError("function", "is of faults of lambda")


def _check_kind(raw: Mapping[str, Any]) -> None:
    """Refuse a kind that there is not, that its target does not have, or that has no use for another field."""
    kind = KINDS.get(raw["fault"])
    if kind is None:
        raise FaultError("fault", f"{raw['fault']!r} is unknown; there are {', '.join(KINDS)}")
    service, operation = raw["service"], raw.get("operation", "*")
    if kind.operations is not None:
        there = kind.operations.get(service)
        known = "; ".join(f"{name}: {', '.join(sorted(found))}" for name, found in kind.operations.items())
        if there is None:
            raise FaultError("service", f"{service} has no fault {raw['fault']!r}; there is one of {known}")
        if operation not in {"*", *there}:
            raise FaultError(
                "operation", f"{operation} has no fault {raw['fault']!r}; there is one of {known}"
            )
    if kind.place != Place.CALL and {"error", "status"} & set(raw):
        raise FaultError("error", f"{raw['fault']} has its own")
    if raw["fault"] == "latency" and not raw.get("latency_ms"):
        raise FaultError("latency_ms", "is required of the fault latency: milliseconds above 0")
    if "when" in raw and raw["fault"] in {
        "lost",
        "hang",
        "partial",
        "init",
        "repeat",
        "recut",
        "overlap",
        "dead",
    }:
        raise FaultError("when", f"{raw['fault']} has but one time")


def _check_integer(raw: Mapping[str, Any], name: str, least: int, most: int) -> None:
    if name in raw:
        value = raw[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise FaultError(name, f"must be a whole number from {least} to {most}")


def _check_share(raw: Mapping[str, Any], name: str) -> None:
    value = raw.get(name, 1.0)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise FaultError(name, "must be a number above 0 and at most 1")
