"""A small stack with work groups, for tests of Athena's service, and a way to wait for its queries."""

import time
from typing import Any

REGION = "eu-west-1"
BUCKET = "the-lake"
RESULTS = f"s3://{BUCKET}/results/"
_TRUST = {
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ]
}


def template() -> dict[str, Any]:
    """A bucket, work groups of each kind, and a role that may do nothing yet."""
    located: dict[str, Any] = {"ResultConfiguration": {"OutputLocation": RESULTS}}
    return {
        "Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}},
            "Lake": _group("lake", PublishCloudWatchMetricsEnabled=True, **located),
            "Free": _group("free", EnforceWorkGroupConfiguration=False),
            "Bare": _group("bare"),
            "Small": _group("small", BytesScannedCutoffPerQuery=10_000_000, **located),
            "Shut": _group("shut", state="DISABLED", **located),
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"RoleName": "reader", "AssumeRolePolicyDocument": _TRUST},
            },
        }
    }


def _group(name: str, *, state: str = "ENABLED", **configuration: Any) -> dict[str, Any]:
    properties = {"Name": name, "State": state, "WorkGroupConfiguration": configuration}
    return {"Type": "AWS::Athena::WorkGroup", "Properties": properties}


def ended(athena: Any, id_: str) -> dict[str, Any]:
    """A query's QueryExecution once it has ended, within half a minute."""
    until_s = time.monotonic() + 30
    while time.monotonic() < until_s:
        execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=id_)["QueryExecution"]
        if execution["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            return execution
        time.sleep(0.03)
    raise AssertionError(f"query {id_} did not end")
