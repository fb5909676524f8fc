"""Changes that the console makes, in a local run only: a request posted, a fault switched, the clock moved."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from ops.console.place import Place
from ops.errors import OperatorError

_SECONDS = 40.0  # API Gateway gives its integration 29
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "The stream throttles": {
        "service": "kinesis",
        "operation": "PutRecord",
        "error": "ProvisionedThroughputExceededException",
    },
    "The store refuses to write": {
        "service": "timestream-write",
        "operation": "WriteRecords",
        "error": "ThrottlingException",
    },
    "DynamoDB answers with errors": {"service": "dynamodb", "status": 500, "probability": 0.3},
    "Messages cannot be sent": {"service": "sns", "operation": "Publish", "status": 500},
    "S3 is slow": {"service": "s3", "latency_ms": 2000},
}
"""Faults to switch on, by what they mean."""


def post(place: Place, body: str) -> tuple[int, str]:
    """The API's status and answer to a body."""
    if place.local_endpoint is None:
        raise OperatorError("the console posts to a local run only")
    url = place.ingest_url()
    headers = {"Content-Type": "application/json", "X-Client-Id": "console"}
    if place.target.config.api.auth == "iam":
        signed = AWSRequest("POST", url, data=body.encode(), headers=headers)
        SigV4Auth(boto3.session.Session().get_credentials(), "execute-api", place.region).add_auth(signed)
        headers = dict(signed.headers.items())
    request = urllib.request.Request(url, body.encode(), headers)  # noqa: S310 - loopback, as checked above
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as reply:  # noqa: S310 - loopback
            return reply.status, reply.read(10_000).decode(errors="replace")
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(10_000).decode(errors="replace")
    except OSError as error:
        raise OperatorError(f"the API does not answer at {url}") from error


def faults_on(place: Place) -> frozenset[str]:
    """The names of the faults above that are switched on."""
    rules = place.local("faults")["rules"]
    return frozenset(
        name for name, fault in FAULTS.items() if any(fault.items() <= rule.items() for rule in rules)
    )


def switch_fault(place: Place, name: str) -> None:
    """Switch a fault on or off; rules that were set elsewhere stay."""
    before = place.local("faults")
    kept = [rule for rule in before["rules"] if not FAULTS[name].items() <= rule.items()]
    place.local("faults", method="DELETE")
    if len(kept) == len(before["rules"]):
        kept.append(dict(FAULTS[name]))
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
