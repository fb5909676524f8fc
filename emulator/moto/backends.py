"""moto's state, where no call of AWS changes it as a template needs it."""

import json
from collections.abc import Mapping
from typing import Any

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


def tag_bucket(name: str, tags: Mapping[str, str]) -> None:
    """Put tags on a bucket, those of AWS itself among them: no caller may, but CloudFormation does."""
    s3_backends[ACCOUNT_ID]["aws"].put_bucket_tagging(name, dict(tags))
