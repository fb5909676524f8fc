"""Faults on demand: the errors and delays that AWS's services have, for trying what happens then."""

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from emulator.aws_request import AwsRequest
from emulator.errors import CloudError
from emulator.fault_targets import check, names_of
from emulator.http_server import Response
from emulator.responses import error

_SERVER_ERRORS = ("Internal", "KMSInternal", "ServiceUnavailable", "ServiceException", "SlowDown")
_FIELDS = frozenset(
    {
        "count", "error", "latency_ms", "message", "operation", "probability", "region", "service",
        "status", "when",
    }
)  # fmt: skip
_LONGEST_DELAY_MS = 15 * 60 * 1000


class FaultError(CloudError):
    """A fault rule that makes no sense; names the field."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__(f"{field}: {message}")


@dataclass(slots=True)
class FaultRule:
    """One fault: which requests it meets and what happens to them."""

    service: str
    operation: str = "*"
    region: str = "*"
    error: str | None = None
    message: str = "A fault asked for at /_local/faults"
    status: int | None = None
    latency_ms: int = 0
    count: int | None = None
    probability: float = 1.0
    when: str = "before"

    @property
    def answers(self) -> bool:
        """True if the rule answers in the service's place, rather than only delaying it."""
        return self.error is not None or self.status is not None

    def meets(self, request: AwsRequest) -> bool:
        """True if the request is one of those the rule is about."""
        return (
            (self.service == "*" or self.service in names_of(request))
            and self.operation in {"*", request.operation}
            and self.region in {"*", request.region}
        )

    def reply(self, request: AwsRequest) -> Response:
        """The error the caller gets."""
        status = self.status or (500 if (self.error or "").startswith(_SERVER_ERRORS) else 400)
        code = self.error or {500: "InternalFailure", 503: "ServiceUnavailable"}.get(status, "UnknownError")
        return error(request, code, self.message, status)


class Faults:
    """The rules in force."""

    def __init__(self, *, seed: int | None = None) -> None:
        self._rules: list[FaultRule] = []
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - decides which requests fail, no secret
        self._injected = 0

    def add(self, rule: FaultRule) -> None:
        """Put a rule in force, behind those there already."""
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        """Put every rule out of force."""
        with self._lock:
            self._rules.clear()

    @property
    def active(self) -> bool:
        """True while a rule is in force."""
        return bool(self._rules)

    def take(self, request: AwsRequest) -> FaultRule | None:
        """The first rule that strikes this request, counting it."""
        if not self._rules:
            return None
        with self._lock:
            for rule in self._rules:
                if rule.meets(request) and self._random.random() < rule.probability:
                    self._injected += 1
                    if rule.count is not None:
                        rule.count -= 1
                        if rule.count == 0:
                            self._rules.remove(rule)
                    return rule
        return None

    def describe(self) -> dict[str, Any]:
        """The rules in force and how often one struck."""
        with self._lock:
            return {"rules": [asdict(rule) for rule in self._rules], "injected": self._injected}


def parse_rule(raw: Any) -> FaultRule:
    """The rule a JSON object describes; FaultError names the field that is wrong."""
    if not isinstance(raw, Mapping):
        raise FaultError("rules", "each rule is an object")
    for name in raw:
        if name not in _FIELDS:
            raise FaultError(str(name), f"unknown; the fields are {', '.join(sorted(_FIELDS))}")
    for name in ("service", "operation", "region", "error", "message"):
        if name in raw and not (isinstance(raw[name], str) and raw[name]):
            raise FaultError(name, "must be a text")
    _check_target(raw)
    _check_integer(raw, "status", 400, 599)
    _check_integer(raw, "latency_ms", 0, _LONGEST_DELAY_MS)
    _check_integer(raw, "count", 1, 1_000_000_000)
    probability = raw.get("probability", 1.0)
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 < probability <= 1:
        raise FaultError("probability", "must be a number above 0 and at most 1")
    if raw.get("when", "before") not in {"before", "after"}:
        raise FaultError(
            "when", "must be before (nothing is done) or after (it is done, and the answer is lost)"
        )
    if not {"error", "status", "latency_ms"} & set(raw):
        raise FaultError("error", "one of error, status and latency_ms is required")
    return FaultRule(**raw)


def _check_target(raw: Mapping[str, Any]) -> None:
    """Refuse a service or an operation that no rule could strike: it would be waited for in vain."""
    if "service" not in raw:
        raise FaultError("service", "is required: a service as boto3 calls it, or *")
    if (unknown := check(raw["service"], raw.get("operation", "*"))) is not None:
        raise FaultError(*unknown)


def _check_integer(raw: Mapping[str, Any], name: str, least: int, most: int) -> None:
    if name in raw:
        value = raw[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise FaultError(name, f"must be a whole number from {least} to {most}")
