"""What the execution role may do: the calls that CloudFormation makes for the stacks' resources, and no other.

CloudFormation's own schemas say which these are, and a test compares. Where the name of a resource is
CloudFormation's to choose, it begins with that of the stack; how much of it is kept differs from service to service.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from awacs.aws import Action, Condition, Statement, StringEquals
from troposphere import Sub

from templates.config import Config
from templates.constructs.policy import allow
from templates.names import (
    ARTIFACTS_BUCKET,
    ARTIFACTS_STACK_SET,
    DATABASE,
    EXPORT_BUCKET,
    KEY_ALIAS,
    QUARANTINE_BUCKET,
    REGIONAL_STACK_SET,
    ROLE_PATH,
    WORK_GROUP,
)

# As much of a stack's name as every service keeps in a resource's.
_KEPT = 19

# The services that stacks hand a role to.
_PASSED_TO = ("apigateway", "lambda", "scheduler", "states", "vpc-flow-logs")


@dataclass(frozen=True)
class Permit:
    """Actions of one service on resources: ARNs after `arn:<partition>:`, or `*` where there is none to name."""

    service: str
    actions: str
    resources: tuple[str, ...]
    condition: Condition | None = None

    def statement(self) -> Statement:
        """The permit in IAM's words."""
        resources = [
            "*" if resource == "*" else Sub(f"arn:${{AWS::Partition}}:{resource}")
            for resource in self.resources
        ]
        actions = [Action(self.service, name) for name in self.actions.split()]
        extra = {} if self.condition is None else {"Condition": self.condition}
        return allow(actions, resources, **extra)


def permissions(config: Config) -> dict[str, list[Statement]]:
    """The statements of each of the role's policies, by the policy's logical id."""
    policies: dict[str, Sequence[Permit]] = {
        "ExecutionStacksPolicy": _stacks(config),
        "ExecutionDataPolicy": _data(config),
        "ExecutionComputePolicy": _compute(config),
        "ExecutionWatchPolicy": _watch(config),
    }
    if config.network.private:
        policies["ExecutionNetworkPolicy"] = NETWORK
    return {name: [permit.statement() for permit in permits] for name, permits in policies.items()}


def _here(service: str, rest: str) -> str:
    """A resource of this account in any region."""
    return f"{service}:*:${{AWS::AccountId}}:{rest}"


def _generated(config: Config) -> str:
    """How names begin that CloudFormation chooses for the stack instances' resources."""
    return f"StackSet-{config.project}"[:_KEPT] + "*"


def _stacks(config: Config) -> Sequence[Permit]:
    """The stack instances themselves, and what they are made from."""
    sets = (config.name(ARTIFACTS_STACK_SET), config.name(REGIONAL_STACK_SET))
    return (
        Permit(
            "cloudformation",
            "CancelUpdateStack ContinueUpdateRollback CreateStack DeleteStack DescribeStackEvents "
            "DescribeStackResource DescribeStackResources DescribeStacks DetectStackDrift "
            "DetectStackResourceDrift GetStackPolicy GetTemplate ListStackResources SetStackPolicy TagResource "
            "UntagResource UpdateStack UpdateTerminationProtection",
            tuple(_here("cloudformation", f"stack/StackSet-{name}-*/*") for name in sets),
        ),
        Permit(
            "cloudformation",
            "DescribeStackDriftDetectionStatus EstimateTemplateCost GetTemplateSummary ValidateTemplate",
            ("*",),
        ),
        Permit("s3", "GetObject GetObjectVersion", (f"s3:::{config.name(ARTIFACTS_BUCKET, region='*')}/*",)),
    )


def _data(config: Config) -> Sequence[Permit]:
    """What keeps data: buckets, tables, stream, catalog, key."""
    buckets = tuple(
        f"s3:::{config.name(named, region='*')}"
        for named in (ARTIFACTS_BUCKET, EXPORT_BUCKET, QUARANTINE_BUCKET)
    )
    database, alias = config.name(DATABASE), config.name(KEY_ALIAS)
    return (
        Permit(
            "s3",
            "CreateBucket DeleteBucket DeleteBucketPolicy GetAccelerateConfiguration GetAnalyticsConfiguration "
            "GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging "
            "GetBucketMetadataTableConfiguration GetBucketNotification GetBucketObjectLockConfiguration "
            "GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock GetBucketTagging "
            "GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetIntelligentTieringConfiguration "
            "GetInventoryConfiguration GetLifecycleConfiguration GetMetricsConfiguration "
            "GetReplicationConfiguration ListBucket ListTagsForResource PutBucketOwnershipControls "
            "PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning "
            "PutEncryptionConfiguration PutLifecycleConfiguration TagResource UntagResource",
            buckets,
        ),
        Permit(
            "dynamodb",
            "CreateTable DeleteTable DescribeContinuousBackups DescribeContributorInsights DescribeImport "
            "DescribeKinesisStreamingDestination DescribeTable DescribeTimeToLive GetResourcePolicy "
            "ListTagsOfResource TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive",
            (_here("dynamodb", f"table/{_generated(config)}"),),
        ),
        Permit(
            "kinesis",
            "AddTagsToStream CreateStream DecreaseStreamRetentionPeriod DeleteStream DescribeStream "
            "DescribeStreamSummary IncreaseStreamRetentionPeriod ListTagsForResource ListTagsForStream "
            "RemoveTagsFromStream StartStreamEncryption StopStreamEncryption TagResource UntagResource "
            "UpdateShardCount UpdateStreamMode",
            (_here("kinesis", f"stream/{_generated(config)}"),),
        ),
        Permit(
            "timestream",
            "CreateDatabase CreateTable DeleteDatabase DeleteTable DescribeDatabase DescribeTable "
            "ListTagsForResource TagResource UntagResource UpdateDatabase UpdateTable",
            (
                _here("timestream", f"database/{database}"),
                _here("timestream", f"database/{database}/table/*"),
            ),
        ),
        Permit("timestream", "DescribeEndpoints", ("*",)),
        Permit(
            "glue",
            "CreateDatabase CreateTable DeleteDatabase DeleteTable GetDatabase GetTable UpdateDatabase UpdateTable",
            (
                _here("glue", "catalog"),
                _here("glue", f"database/{database}"),
                _here("glue", f"table/{database}/*"),
            ),
        ),
        Permit(
            "athena",
            "CreateWorkGroup DeleteWorkGroup GetWorkGroup ListTagsForResource TagResource UntagResource "
            "UpdateWorkGroup",
            (_here("athena", f"workgroup/{config.name(WORK_GROUP)}"),),
        ),
        # A key's ARN is known only once it is made.
        Permit("kms", "CreateKey ListAliases", ("*",)),
        Permit(
            "kms",
            "CreateAlias CreateGrant Decrypt DeleteAlias DescribeKey DisableKey DisableKeyRotation EnableKey "
            "EnableKeyRotation Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext GetKeyPolicy "
            "GetKeyRotationStatus ListResourceTags PutKeyPolicy RevokeGrant ScheduleKeyDeletion TagResource "
            "UntagResource UpdateAlias UpdateKeyDescription",
            (_here("kms", "key/*"), _here("kms", alias)),
        ),
    )


def _compute(config: Config) -> Sequence[Permit]:
    """What runs: API, functions, state machines, schedules, and the roles they run in."""
    roles = f"iam::${{AWS::AccountId}}:role{config.name(ROLE_PATH)}*"
    passed_to = [Sub(f"{service}.${{AWS::URLSuffix}}") for service in _PASSED_TO]
    generated = _generated(config)
    return (
        Permit(
            "apigateway",
            "DELETE GET PATCH POST PUT",
            (
                "apigateway:*::/account",
                "apigateway:*::/restapis",
                "apigateway:*::/restapis/*",
                "apigateway:*::/tags/*",
            ),
        ),
        Permit(
            "lambda",
            "CreateFunction DeleteFunction DeleteFunctionConcurrency GetFunction GetFunctionCodeSigningConfig "
            "GetFunctionRecursionConfig GetFunctionScalingConfig GetRuntimeManagementConfig ListTags "
            "PutFunctionConcurrency TagResource UntagResource UpdateFunctionCode UpdateFunctionConfiguration",
            (_here("lambda", f"function:{generated}"),),
        ),
        # A mapping's ARN is a UUID, known only once it is made.
        Permit(
            "lambda",
            "CreateEventSourceMapping DeleteEventSourceMapping GetEventSourceMapping UpdateEventSourceMapping",
            ("*",),
        ),
        Permit("lambda", "ListTags TagResource UntagResource", (_here("lambda", "event-source-mapping:*"),)),
        Permit(
            "states",
            "CreateStateMachine DeleteStateMachine DescribeStateMachine ListTagsForResource TagResource "
            "UntagResource UpdateStateMachine",
            # Their names begin with the logical id.
            (_here("states", "stateMachine:AlertEvaluation*"), _here("states", "stateMachine:MetricExport*")),
        ),
        Permit(
            "scheduler",
            "CreateSchedule CreateScheduleGroup DeleteSchedule DeleteScheduleGroup GetSchedule GetScheduleGroup "
            "ListTagsForResource TagResource UntagResource UpdateSchedule",
            (
                _here("scheduler", f"schedule-group/{generated}"),
                _here("scheduler", f"schedule/{generated}"),
            ),
        ),
        Permit(
            "iam",
            "AttachRolePolicy CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy "
            "ListAttachedRolePolicies ListRolePolicies PutRolePolicy TagRole UntagRole UpdateAssumeRolePolicy "
            "UpdateRole UpdateRoleDescription",
            (roles,),
        ),
        Permit("iam", "PassRole", (roles,), Condition(StringEquals({"iam:PassedToService": passed_to}))),
        # An account's first API makes API Gateway's own role.
        Permit(
            "iam",
            "CreateServiceLinkedRole",
            ("iam::${AWS::AccountId}:role/aws-service-role/ops.apigateway.${AWS::URLSuffix}/*",),
        ),
    )


def _watch(config: Config) -> Sequence[Permit]:
    """What watches: alarms, logs, topics."""
    generated = _generated(config)
    return (
        Permit(
            "cloudwatch",
            "DeleteAlarms DescribeAlarms ListTagsForResource PutMetricAlarm TagResource UntagResource",
            (_here("cloudwatch", f"alarm:{generated}"),),
        ),
        Permit(
            "logs",
            "AssociateKmsKey CreateLogGroup DeleteLogGroup DeleteRetentionPolicy DescribeIndexPolicies "
            "DisassociateKmsKey GetDataProtectionPolicy ListTagsForResource PutRetentionPolicy TagResource "
            "UntagResource",
            (
                _here("logs", f"log-group:{generated}"),
                _here("logs", f"log-group:/aws/vendedlogs/states/{generated}"),
            ),
        ),
        # Deliveries and the account's own policies for them have no name of ours.
        Permit(
            "logs",
            "CreateLogDelivery DeleteLogDelivery DescribeLogGroups DescribeResourcePolicies GetLogDelivery "
            "ListLogDeliveries PutResourcePolicy UpdateLogDelivery",
            ("*",),
        ),
        Permit(
            "sns",
            "CreateTopic DeleteTopic GetDataProtectionPolicy GetSubscriptionAttributes GetTopicAttributes "
            "ListSubscriptionsByTopic ListTagsForResource SetSubscriptionAttributes SetTopicAttributes Subscribe "
            "TagResource Unsubscribe UntagResource",
            (_here("sns", generated),),
        ),
    )


def _ec2(*kinds: str) -> tuple[str, ...]:
    return tuple(_here("ec2", f"{kind}/*") for kind in kinds)


# The private mode's. EC2 gives its resources ids, so kinds are all that can be named.
NETWORK = (
    Permit(
        "ec2",
        "AssociateRouteTable AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateFlowLogs "
        "CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc CreateVpcEndpoint DeleteFlowLogs "
        "DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints "
        "DisassociateRouteTable ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint "
        "ReplaceRouteTableAssociation RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
        "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress",
        _ec2(
            "route-table",
            "security-group",
            "security-group-rule",
            "subnet",
            "vpc",
            "vpc-endpoint",
            "vpc-flow-log",
        ),
    ),
    Permit(
        "ec2",
        "DescribeAvailabilityZones DescribeFlowLogs DescribeNetworkAcls DescribeNetworkInterfaces "
        "DescribePrefixLists DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets "
        "DescribeTags DescribeVpcAttribute DescribeVpcEncryptionControls DescribeVpcEndpoints DescribeVpcs",
        ("*",),
    ),
)
