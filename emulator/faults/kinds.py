"""Kinds of faults by name: where each strikes, which services have it, and how AWS would word it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from emulator.aws_request import AwsRequest


class Place(StrEnum):
    """The place where a fault strikes."""

    CALL = "call"
    PROCESS = "process"
    DELIVERY = "delivery"
    SUBSCRIBER = "subscriber"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault; with `operations`, of these operations (by service) alone, without of any."""

    place: Place
    meaning: str
    operations: Mapping[str, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """An error that a service answers with: its code, its status, and what its body has besides."""

    code: str
    status: int
    more: Mapping[str, object]


_WRITES_OF_ITEMS = frozenset({"DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"})
_FUNCTIONS = {"lambda": frozenset({"Invoke"})}

KINDS: Mapping[str, Kind] = {
    "throttle": Kind(Place.CALL, "the service's own error of too many calls"),
    "internal": Kind(Place.CALL, "the service's own error 500"),
    "unavailable": Kind(Place.CALL, "503 (S3: `SlowDown`)"),
    "denied": Kind(Place.CALL, "the service's own refusal of a missing permission (S3: 403)"),
    "conflict": Kind(
        Place.CALL,
        "`TransactionConflictException`, or a transaction that is cancelled with that reason",
        {"dynamodb": _WRITES_OF_ITEMS},
    ),
    "partial": Kind(
        Place.CALL,
        "a `share` (default 0.5) of the call's records fails as the service says it, the others are taken",
        {
            "dynamodb": frozenset({"BatchWriteItem"}),
            "kinesis": frozenset({"PutRecords"}),
            "timestream": frozenset({"WriteRecords"}),
            "timestream-write": frozenset({"WriteRecords"}),
        },
    ),
    "lost": Kind(Place.CALL, "it is done, and the answer is lost: the connection closes without one"),
    "hang": Kind(Place.CALL, "nothing is done, and no answer comes for `latency_ms` (default 60,000); then lost"),
    "latency": Kind(Place.CALL, "`latency_ms` pass before it is done; with `when: after` between that and the answer"),
    "timeout": Kind(
        Place.PROCESS, "the invocation ends as one that took too long, `latency_ms` after it began", _FUNCTIONS
    ),
    "kill": Kind(Place.PROCESS, "SIGKILL `latency_ms` after it began: `Runtime.ExitError`, signal: killed", _FUNCTIONS),
    "memory": Kind(
        Place.PROCESS, "the same, as Lambda ends what is out of memory: its report has all of it in use", _FUNCTIONS
    ),
    "init": Kind(Place.PROCESS, "the process is gone, and a new one does not come up", _FUNCTIONS),
    "repeat": Kind(Place.DELIVERY, "a batch that succeeded is delivered once more, at once", _FUNCTIONS),
    "recut": Kind(
        Place.DELIVERY, "the last part of a batch that succeeded comes again, with what follows it", _FUNCTIONS
    ),
    "overlap": Kind(
        Place.DELIVERY,
        "a batch is delivered a second time `latency_ms` after it began, beside it or beside later ones",
        _FUNCTIONS,
    ),
    "dead": Kind(
        Place.SUBSCRIBER, "it does not answer: SNS tries again by its policy, then the dead-letter queue has it",
        {"sns": frozenset({"Publish"})},
    ),
}  # fmt: skip

_THROTTLED: Mapping[str, tuple[str, int]] = {
    "athena": ("TooManyRequestsException", 400),
    "cloudwatch": ("Throttling", 400),
    "dynamodb": ("ProvisionedThroughputExceededException", 400),
    "kinesis": ("ProvisionedThroughputExceededException", 400),
    "lambda": ("TooManyRequestsException", 429),
    "s3": ("SlowDown", 503),
    "sns": ("Throttled", 429),
    "sts": ("Throttling", 400),
}
_INTERNAL = {
    "athena": "InternalServerException",
    "dynamodb": "InternalServerError",
    "lambda": "ServiceException",
    "s3": "InternalError",
    "sns": "InternalError",
    "timestream": "InternalServerException",
}
_DENIED: Mapping[str, tuple[str, int]] = {
    "s3": ("AccessDenied", 403),
    "sns": ("AuthorizationError", 403),
    "sqs": ("AccessDenied", 403),
    "sts": ("AccessDenied", 403),
}


def answer_of(kind: str, service: str, request: AwsRequest | None = None) -> Answer:
    """The error of a kind as this service words it; `request` is the call, where it says more than its service."""
    if kind == "conflict":
        return _conflict(request)
    if kind == "unavailable":
        return Answer("SlowDown" if service == "s3" else "ServiceUnavailable", 503, {})
    code, status = {
        "throttle": _THROTTLED.get(service, ("ThrottlingException", 400)),
        "denied": _DENIED.get(service, ("AccessDeniedException", 400)),
    }.get(kind, (_INTERNAL.get(service, "InternalFailure"), 500))
    return Answer(code, status, {})


def _conflict(request: AwsRequest | None) -> Answer:
    """A conflict with another transaction, which a transaction tells for each of its items.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    if request is None or request.operation != "TransactWriteItems":
        return Answer("TransactionConflictException", 400, {})
    others = [{"Code": "None"} for _ in request.json().get("TransactItems", [])[1:]]
    reason = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
    return Answer("TransactionCanceledException", 400, {"CancellationReasons": [reason, *others]})
