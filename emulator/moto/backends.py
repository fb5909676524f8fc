"""moto's state, where no call of AWS changes it as a template needs it."""

import json
from collections.abc import Mapping
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, iam_backends
from moto.s3.models import s3_backends

from emulator.moto import ACCOUNT_ID


def load_aws_managed_policy(arn: str) -> None:
    """Make one policy of AWS's own known: moto would read all of them, which takes longer than the whole start.

    Raises LookupError when AWS has no such policy.
    """
    policies: dict[str, Any] = iam_backends[ACCOUNT_ID]["aws"].managed_policies
    if arn not in policies:
        name = arn.rsplit("/", 1)[-1]
        known = json.loads(aws_managed_policies_data)
        if name not in known:
            raise LookupError(f"there is no policy {arn}")
        policies[arn] = AWSManagedPolicy.from_data(name, ACCOUNT_ID, "aws", known[name])


def put_composite_alarm(region: str, name: str, rule: str, properties: Mapping[str, Any]) -> None:
    """Create a composite alarm: moto describes them, and has no call that makes one.

    `properties` are those of PutCompositeAlarm besides name and rule, under CloudFormation's names.
    """
    cloudwatch_backends[ACCOUNT_ID][region].put_metric_alarm(
        name=name,
        namespace="",
        metric_name="",
        comparison_operator="",
        evaluation_periods=0,
        period=0,
        threshold=0.0,
        statistic="",
        description=properties.get("AlarmDescription", ""),
        dimensions=[],
        alarm_actions=properties.get("AlarmActions", []),
        ok_actions=properties.get("OKActions", []),
        insufficient_data_actions=properties.get("InsufficientDataActions", []),
        actions_enabled=properties.get("ActionsEnabled", True),
        rule=rule,
        tags=properties.get("Tags", []),
    )


def tag_bucket(name: str, tags: Mapping[str, str]) -> None:
    """Put tags on a bucket, those of AWS itself among them: no caller may, but CloudFormation does."""
    s3_backends[ACCOUNT_ID]["aws"].put_bucket_tagging(name, dict(tags))
