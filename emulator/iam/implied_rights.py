"""The rights that AWS uses in a caller's name without a call of the caller's own, each with its source."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from emulator.iam.evaluation import Permission, permission


@dataclass(frozen=True, slots=True)
class Rights:
    """Actions that something takes, and where AWS says so."""

    actions: tuple[str, ...]
    source: str

    def on(self, resource: str, account: str, **context: str) -> Iterator[Permission]:
        """The permissions to these actions on a resource."""
        return (permission(action, resource, account, **context) for action in self.actions)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The actions of KMS that calls of these actions take on the key of their resource, through the service."""

    of: frozenset[str]
    takes: Rights


_KINESIS_KEYS = "https://docs.aws.amazon.com/streams/latest/dev/permissions-user-key-KMS.html"
_S3_KEYS = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html"
KEY_USES: Mapping[str, tuple[KeyUse, ...]] = {
    "dynamodb": (
        KeyUse(
            frozenset(),  # every action on a table's items, its indexes and its stream
            Rights(
                ("kms:Decrypt",),
                "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html",
            ),
        ),
    ),
    "kinesis": (
        KeyUse(
            frozenset({"kinesis:PutRecord", "kinesis:PutRecords"}),
            Rights(("kms:GenerateDataKey",), _KINESIS_KEYS),
        ),
        KeyUse(frozenset({"kinesis:GetRecords"}), Rights(("kms:Decrypt",), _KINESIS_KEYS)),
    ),
    "s3": (
        KeyUse(frozenset({"s3:PutObject"}), Rights(("kms:GenerateDataKey",), _S3_KEYS)),
        KeyUse(frozenset({"s3:GetObject"}), Rights(("kms:Decrypt",), _S3_KEYS)),
    ),
    "sns": (
        KeyUse(
            frozenset({"sns:Publish"}),
            Rights(
                ("kms:Decrypt", "kms:GenerateDataKey"),
                "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html",
            ),
        ),
    ),
}

_UNLOAD = "https://docs.aws.amazon.com/timestream/latest/developerguide/export-unload-prerequisites.html"
UNLOAD_TABLE = Rights(("timestream:ListMeasures", "timestream:WriteRecords"), _UNLOAD)
UNLOAD_BUCKET = Rights(("s3:GetBucketAcl",), _UNLOAD)
UNLOAD_OBJECTS = Rights(("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"), _UNLOAD)
# `GenerateDataKey*` there stands for two actions that write.
UNLOAD_KEY = Rights(
    ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"), _UNLOAD
)
UNLOAD_KEY_GRANT = Rights(("kms:CreateGrant",), _UNLOAD)

# Timestream reports late points that it refuses after the answer in the writer's name.
_REPORTS = "https://docs.aws.amazon.com/timestream/latest/developerguide/data-ingest.html"
REPORT_BUCKET = Rights(("s3:GetBucketAcl",), _REPORTS)
REPORT_OBJECTS = Rights(("s3:PutObject",), _REPORTS)
# A report may be put in parts, which takes Decrypt as well.
REPORT_PARTS = Rights(
    ("kms:Decrypt",), "https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html"
)

FUNCTION_TRACES = Rights(
    ("xray:PutTelemetryRecords", "xray:PutTraceSegments"),
    "https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html",
)
_NETWORK = "https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html"
NETWORK_VIEW = Rights(
    (
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ),
    _NETWORK,
)
NETWORK_INTERFACE = Rights(
    ("ec2:AssignPrivateIpAddresses", "ec2:DeleteNetworkInterface", "ec2:UnassignPrivateIpAddresses"), _NETWORK
)
NETWORK_PLACES = Rights(("ec2:CreateNetworkInterface",), _NETWORK)

_TABLE_STREAMS = "https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"
TABLE_STREAMS = Rights(("dynamodb:ListStreams",), _TABLE_STREAMS)  # on every resource: it knows none
MAPPING_SOURCES: Mapping[str, Rights] = {
    "dynamodb": Rights(
        ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"), _TABLE_STREAMS
    ),
    "kinesis": Rights(
        (
            "kinesis:DescribeStream",
            "kinesis:DescribeStreamSummary",
            "kinesis:GetRecords",
            "kinesis:GetShardIterator",
            "kinesis:ListShards",
        ),
        "https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html",
    ),
}
_FAILURES = "https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html"
FAILURES_BUCKET = Rights(("s3:ListBucket",), _FAILURES)
FAILURES_OBJECTS = Rights(("s3:PutObject",), _FAILURES)

MACHINE_LOGS = Rights(
    (
        "logs:CreateLogDelivery",
        "logs:CreateLogStream",
        "logs:DeleteLogDelivery",
        "logs:DescribeLogGroups",
        "logs:DescribeResourcePolicies",
        "logs:GetLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutLogEvents",
        "logs:PutResourcePolicy",
        "logs:UpdateLogDelivery",
    ),
    "https://docs.aws.amazon.com/step-functions/latest/dg/cw-logs.html",
)
MACHINE_TRACES = Rights(
    (
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    ),
    "https://docs.aws.amazon.com/step-functions/latest/dg/concepts-xray-tracing.html",
)
