"""The policies that moto keeps: of roles, and of what has one of its own."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moto.iam.models import iam_backends
from moto.kms.models import kms_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends

from emulator.moto import ACCOUNT_ID

Document = Mapping[str, Any]


def role_policies(role_arn: str) -> Sequence[Document]:
    """The documents of a role's own and attached policies; LookupError when there is no such role."""
    role = _role(role_arn)
    attached = [
        next(one.document for one in policy.versions if one.version_id == policy.default_version_id)
        for policy in role.managed_policies.values()
    ]
    return [_document(text) for text in (*role.policies.values(), *attached)]


def trust_policy(role_arn: str) -> Document:
    """The document that says who may assume a role; LookupError when there is no such role."""
    return _document(_role(role_arn).assume_role_policy_document)


def resource_policy(arn: str) -> Document | None:
    """The policy of a bucket (or of an object's), a key or a topic; None where there is none."""
    _, _, service, region, _, name = arn.split(":", 5)
    text: Any = None
    if service == "s3":
        bucket = s3_backends[ACCOUNT_ID]["aws"].buckets.get(name.partition("/")[0])
        text = bucket and bucket.policy
    elif service == "kms":
        key = kms_backends[ACCOUNT_ID][region].keys.get(name.partition("/")[2])
        text = key and key.policy
    elif service == "sns":
        topic = sns_backends[ACCOUNT_ID][region].topics.get(arn)
        text = topic and topic.policy
    return _document(text) if text else None


def _role(role_arn: str) -> Any:
    for role in list(iam_backends[ACCOUNT_ID]["aws"].roles.values()):
        if role.arn == role_arn:
            return role
    raise LookupError(f"there is no role {role_arn}")


def _document(raw: Any) -> Document:
    document: Document = raw if isinstance(raw, Mapping) else json.loads(raw)
    return document
