"""The read-only policy for who opens the console: what it calls in every region of an environment, and no more."""

from collections.abc import Mapping
from typing import Any

from handlers.lake import RETAINED_PREFIXES
from handlers.vocabulary import TIMESTREAM
from templates.config import Config
from templates.names import EXPORT_BUCKET, QUARANTINE_BUCKET, REGIONAL_STACK_SET, WORK_GROUP

_ATHENA_RESULTS = "athena/"
# Names that end in CloudFormation's own part, of a stack that was deployed by itself or by the fleet's StackSet.
_ANY = "*"


def policy(config: Config) -> Mapping[str, Any]:
    """The document of the policy; it names no account, as it works only in the one that it is in."""
    stacks = (config.stack_name, f"StackSet-{config.name(REGIONAL_STACK_SET)}-*")
    quarantine = config.name(QUARANTINE_BUCKET, account=_ANY, region=_ANY)
    exports = config.name(EXPORT_BUCKET, account=_ANY, region=_ANY)
    stack_set = f"stackset/{config.name(REGIONAL_STACK_SET)}:*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            _allow(
                ("cloudformation:DescribeStacks", "cloudformation:ListStackResources"),
                *(_arn("cloudformation", f"stack/{stack}/*") for stack in stacks),
            ),
            _allow("cloudformation:ListStackInstances", _arn("cloudformation", stack_set)),
            # These know no resources, or answer for all alarms at once.
            _allow("cloudwatch:GetMetricData", _ANY),
            _allow("cloudwatch:DescribeAlarms", _arn("cloudwatch", "alarm:*")),
            _allow(
                "logs:FilterLogEvents",
                *(_arn("logs", f"log-group:{stack}-*") for stack in stacks),
            ),
            *(_ask_timestream(config) if config.store.kind == TIMESTREAM else _ask_athena(config, exports)),
            _allow(
                ("dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan"),
                *(_arn("dynamodb", f"table/{stack}-*") for stack in stacks),
            ),
            _allow("s3:ListBucket", f"arn:aws:s3:::{quarantine}", f"arn:aws:s3:::{exports}"),
            _allow("s3:GetObject", f"arn:aws:s3:::{quarantine}/*"),
            _allow("glue:GetPartition", *_catalog(config)),
            # Tables and objects are encrypted with the region's key, which is used through these services alone.
            {
                **_allow("kms:Decrypt", _arn("kms", "key/*")),
                "Condition": {
                    "StringLike": {"kms:ViaService": ["dynamodb.*.amazonaws.com", "s3.*.amazonaws.com"]}
                },
            },
        ],
    }


def _ask_timestream(config: Config) -> list[dict[str, Any]]:
    table = _arn("timestream", f"database/{config.database_name}/table/*")
    return [
        _allow(("timestream:DescribeEndpoints", "timestream:SelectValues"), _ANY),
        _allow(("timestream:DescribeTable", "timestream:Select"), table),
    ]


def _ask_athena(config: Config, bucket: str) -> list[dict[str, Any]]:
    """Athena reads, and writes its answer, in the name of who asks; it looks for the database `default`, too.

    https://docs.aws.amazon.com/athena/latest/ug/security-iam-athena.html
    """
    objects = f"arn:aws:s3:::{bucket}"
    results = f"{objects}/{_ATHENA_RESULTS}*"
    queries = ("StartQueryExecution", "StopQueryExecution", "GetQueryExecution", "GetQueryResults")
    return [
        _allow(
            tuple(f"athena:{operation}" for operation in queries),
            _arn("athena", f"workgroup/{config.name(WORK_GROUP)}"),
        ),
        _allow("glue:GetDatabase", *_catalog(config)[:2], _arn("glue", "database/default")),
        _allow(("glue:GetTable", "glue:GetPartitions"), *_catalog(config)),
        _allow("s3:GetBucketLocation", objects),
        _allow("s3:GetObject", *(f"{objects}/{prefix}*" for prefix in RETAINED_PREFIXES), results),
        _allow(("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"), results),
        {
            **_allow("kms:GenerateDataKey", _arn("kms", "key/*")),
            "Condition": {"StringLike": {"kms:ViaService": "s3.*.amazonaws.com"}},
        },
    ]


def _catalog(config: Config) -> tuple[str, ...]:
    database = config.database_name
    return (
        _arn("glue", "catalog"),
        _arn("glue", f"database/{database}"),
        _arn("glue", f"table/{database}/*"),
    )


def _allow(actions: str | tuple[str, ...], *resources: str) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": [actions] if isinstance(actions, str) else list(actions),
        "Resource": list(resources),
    }


def _arn(service: str, what: str) -> str:
    return f"arn:aws:{service}:*:*:{what}"
