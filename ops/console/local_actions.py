"""Changes that the console makes, in a local run only: a request posted, a fault switched, the clock moved."""

import json
from collections.abc import Mapping
from typing import Any

from handlers.vocabulary import LAKE, TIMESTREAM
from ops.console.place import Place
from ops.errors import OperatorError
from ops.ingest_api import sign_for
from ops.posting import attempts
from tidegauge_client import Reply

_REFUSED_WRITES: Mapping[str, Mapping[str, Any]] = {
    TIMESTREAM: {"service": "timestream-write", "operation": "WriteRecords", "error": "ThrottlingException"},
    LAKE: {"service": "s3", "operation": "PutObject", "error": "SlowDown"},
}
_FAULTS: Mapping[str, Mapping[str, Any]] = {
    "The stream throttles": {
        "service": "kinesis",
        "operation": "PutRecord",
        "error": "ProvisionedThroughputExceededException",
    },
    "DynamoDB answers with errors": {"service": "dynamodb", "status": 500, "probability": 0.3},
    "Messages cannot be sent": {"service": "sns", "operation": "Publish", "status": 500},
    "S3 is slow": {"service": "s3", "latency_ms": 2000},
}


def faults(place: Place) -> Mapping[str, Mapping[str, Any]]:
    """Faults to switch on, by what they mean."""
    return {**_FAULTS, "The store refuses to write": _REFUSED_WRITES[place.target.config.store.kind]}


def post(place: Place, body: str) -> Reply:
    """The API's reply to a body."""
    if place.local_endpoint is None:
        raise OperatorError("the console posts to a local run only")
    url = place.ingest_url()
    return next(attempts(url, body.encode(), sign_for(place.target, url), lambda _: True))


def faults_on(place: Place) -> frozenset[str]:
    """The names of the faults above that are switched on."""
    rules = place.local("faults")["rules"]
    return frozenset(
        name for name, fault in faults(place).items() if any(fault.items() <= rule.items() for rule in rules)
    )


def switch_fault(place: Place, name: str) -> None:
    """Switch a fault on or off; rules that were set elsewhere stay."""
    before, fault = place.local("faults"), faults(place)[name]
    kept = [rule for rule in before["rules"] if not fault.items() <= rule.items()]
    place.local("faults", method="DELETE")
    if len(kept) == len(before["rules"]):
        kept.append(dict(fault))
    rules = [{field: value for field, value in rule.items() if value is not None} for rule in kept]
    body: dict[str, Any] = {"timestream": before["timestream"]} if before.get("timestream") else {}
    if rules or body:
        place.local("faults", {**body, **({"rules": rules} if rules else {})})


def advance_clock(place: Place, seconds: float) -> str:
    """Move the run's clock forward; its time thereafter."""
    answer = place.local("clock", {"advance_seconds": seconds})
    return str(answer["now"])[:19].replace("T", " ")


def example(name: str) -> str:
    """A body to send: a good point, one that trips the sample alert, and bad ones of two kinds."""
    return json.dumps(EXAMPLES[name])


EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "A point": {"metric_name": "hello", "value": 42},
    "Trip the sample alert": {
        "metric_name": "demo.temperature",
        "value": 95,
        "dimensions": {"room": "attic"},
    },
    "Time in seconds": {"metric_name": "hello", "value": 1, "timestamp": 1_763_769_600},
    "Reserved name": {"metric_name": "hello", "value": 1, "dimensions": {"time": "noon"}},
    "Not valid": {"metric_name": "hello", "value": "many"},
}
