"""The execution role: it may do what CloudFormation calls for the templates' resources, whatever these are named."""

import json
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from emulator.cloudformation.naming import physical_name
from templates.config import Config
from templates.names import ARTIFACTS_STACK_SET, REGIONAL_STACK_SET
from tests.support.generated import Generated, build, other

# What CloudFormation's handlers may call for a type's properties that no template here sets, and so are not allowed.
NOT_USED = {
    "autoscaling:*": "no function is behind a scaling group",
    "dynamodb:*Item": "tables are not replicated, and nothing is imported into them",
    "dynamodb:*Kinesis*": "no table streams to Kinesis",
    "dynamodb:*Replica": "no table is global",
    "dynamodb:*ResourcePolicy": "no table has a policy of its own",
    "dynamodb:ImportTable": "nothing is imported",
    "dynamodb:Query": "tables are not replicated",
    "dynamodb:Scan": "tables are not replicated",
    "dynamodb:UpdateContributorInsights": "Contributor Insights is off",
    "ec2:*CidrBlock": "networks have one range each",
    "ec2:*VpcEncryptionControl": "encryption controls are off",
    "ec2:DescribeInstances": "there is no instance",
    "ec2:ModifyVpcTenancy": "tenancy is the default",
    "elasticfilesystem:*": "no function mounts a file system",
    "firehose:*": "no log is delivered to Firehose",
    "glue:*Connection": "no database is federated",
    "glue:GetConnection:*": "no database is federated",
    "glue:GetSchemaVersion": "tables list their columns themselves",
    "iam:*PermissionsBoundary": "no role has a boundary",
    "kinesis:*EnhancedMonitoring": "shards are not monitored one by one",
    "kinesis:PutRecords": "no table streams to Kinesis",
    "kinesis:UpdateMaxRecordSize": "records are of the usual size",
    "kinesis:UpdateStream*Strategy": "records are spread as usual",
    "kinesis:UpdateStreamWarmThroughput": "throughput is not warmed",
    "lakeformation:*": "Lake Formation does not govern the catalog",
    "lambda:AssociateRuntimeAlias": "runtimes are updated by AWS",
    "lambda:*CodeSigning*": "code is not signed",
    "lambda:GetLayerVersion": "functions have no layers",
    "lambda:PassCapacityProvider": "functions run on demand",
    "lambda:PublishVersion": "functions have no versions",
    "lambda:Put*Config": "what functions have is set as they are made",
    "logs:*BearerToken*": "logs are not written over HTTP",
    "logs:*DataProtectionPolicy": "logs hold no points, so nothing is masked",
    "logs:*IndexPolicy": "logs have no index",
    "logs:CreateLogStream": "functions make their streams themselves",
    "logs:DeleteResourcePolicy": "the account's policy for log deliveries is shared",
    "logs:DescribeLogStreams": "functions make their streams themselves",
    "logs:PutLogEvents": "functions write their logs themselves",
    "logs:PutLogGroupDeletionProtection": "logs go with their stack",
    "s3:*Accelerate*": "transfers are not accelerated",
    "s3:*Analytics*": "storage is not analysed",
    "s3:*BucketAbac": "access does not go by tags",
    "s3:PutBucketAcl": "no bucket has an access list",
    "s3:*BucketCors": "no web page reads a bucket",
    "s3:*BucketCORS": "no web page reads a bucket",
    "s3:*BucketEncryption": "encryption is never removed",
    "s3:*BucketLifecycle": "rules are replaced, not removed",
    "s3:*BucketLogging": "access is not logged",
    "s3:*Metadata*": "no bucket has metadata tables",
    "s3:*Metrics*": "requests are not measured",
    "s3:*BucketNotification": "no receiver is told of objects",
    "s3:*ObjectLock*": "nothing is locked",
    "s3:*Replication*": "nothing is replicated",
    "s3:*BucketWebsite": "no bucket is a web site",
    "s3:*IntelligentTiering*": "tiers are S3's to choose",
    "s3:*Inventory*": "objects are not listed",
    "s3:*MultipartUpload*": "Athena writes results when it is asked something, not when its workgroup is made",
    "s3:DeleteObject": "no object is made by a stack",
    "s3:PutObject*": "no object is made by a stack",
    "s3:REST.*": "no such action",
    "s3files:*": "no function mounts a file system",
    "s3tables:*": "no bucket has metadata tables",
    "sns:PutDataProtectionPolicy": "nothing in messages is masked",
    "vpc-lattice:*": "no endpoint is for Lattice",
    "vpce:*": "endpoints are in their region",
}
# What CloudFormation calls that its schemas do not say.
BESIDES = {
    "ec2:DescribeAvailabilityZones": "Fn::GetAZs",
    "ec2:DescribePrefixLists": "gateway endpoints are looked up by them",
    "logs:GetLogDelivery": "Step Functions' and the API's log deliveries are read before they are changed",
    "logs:ListLogDeliveries": "likewise",
    "logs:UpdateLogDelivery": "likewise",
}
ANY_RESOURCE = {
    "cloudformation:DescribeStackDriftDetectionStatus": "a drift detection has no ARN",
    "cloudformation:EstimateTemplateCost": "a template that is looked at has no stack yet",
    "cloudformation:GetTemplateSummary": "likewise",
    "cloudformation:ValidateTemplate": "likewise",
    "ec2:Describe*": "EC2's Describe actions have no resource",
    "kms:CreateKey": "a key that is being made has no ARN",
    "kms:ListAliases": "aliases are listed for the account",
    "lambda:*EventSourceMapping": "a mapping's ARN is a UUID, known only once it is made",
    "logs:*LogDelivery": "log deliveries have no ARN",
    "logs:DescribeLogGroups": "log deliveries are set up after a look at all groups",
    "logs:ListLogDeliveries": "log deliveries have no ARN",
    "logs:*ResourcePolic*": "the account's policy for log deliveries has no ARN",
    "timestream:DescribeEndpoints": "the question where Timestream is has no resource",
    "xray:GetSamplingRules": "the rules are listed for the account",
}


# How CloudFormation names a resource: after stack and logical id, no longer than this, or after the logical id alone.
OF_STACK = {
    "AWS::CloudWatch::Alarm": ("cloudwatch:PutMetricAlarm", "alarm:{name}", 255),
    "AWS::DynamoDB::Table": ("dynamodb:CreateTable", "table/{name}", 255),
    "AWS::IAM::Role": ("iam:CreateRole", "role{path}{name}", 64),
    "AWS::Kinesis::Stream": ("kinesis:CreateStream", "stream/{name}", 128),
    "AWS::Lambda::Function": ("lambda:CreateFunction", "function:{name}", 64),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "log-group:{name}:log-stream:", 512),
    "AWS::SNS::Topic": ("sns:CreateTopic", "{name}", 256),
    "AWS::Scheduler::Schedule": ("scheduler:CreateSchedule", "schedule/{name}/{name}", 64),
    "AWS::Scheduler::ScheduleGroup": ("scheduler:CreateScheduleGroup", "schedule-group/{name}", 64),
}
OF_LOGICAL_ID = {"AWS::StepFunctions::StateMachine": ("states:CreateStateMachine", "stateMachine:{name}")}
# Those that the template names: the action, what comes after the account in the ARN, and the property with the name.
NAMED = {
    "AWS::Athena::WorkGroup": ("athena:CreateWorkGroup", "workgroup/{name}", ("Name",)),
    "AWS::Glue::Database": ("glue:CreateDatabase", "database/{name}", ("DatabaseInput", "Name")),
    "AWS::KMS::Alias": ("kms:CreateAlias", "{name}", ("AliasName",)),
    "AWS::Logs::LogGroup": ("logs:CreateLogGroup", "log-group:{name}:log-stream:", ("LogGroupName",)),
    "AWS::S3::Bucket": ("s3:CreateBucket", "{name}", ("BucketName",)),
    "AWS::Timestream::Database": ("timestream:CreateDatabase", "database/{name}", ("DatabaseName",)),
    "AWS::XRay::SamplingRule": (
        "xray:CreateSamplingRule",
        "sampling-rule/{name}",
        ("SamplingRule", "RuleName"),
    ),
}
# AWS gives these an id, or their ARN is made of one of the others': tests above hold what may be done with them.
WITHOUT_NAME = (
    "AWS::ApiGateway::*",
    "AWS::EC2::*",
    "AWS::Glue::Table",
    "AWS::KMS::Key",
    "AWS::Lambda::EventSourceMapping",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::TopicPolicy",
    "AWS::Timestream::Table",
)
STACK_SETS = {"regional": REGIONAL_STACK_SET, "artifacts": ARTIFACTS_STACK_SET}
ACCOUNT, REGION = "123456789012", "us-west-2"


def test_the_execution_role_may_do_what_the_templates_take_and_no_more(fleet: Generated) -> None:
    """By CloudFormation's own schemas: each call that it makes for a type in the templates, and nothing in vain."""
    wanted = set(_wanted(fleet.config))
    allowed = {action for statement in _execution(fleet) for action in statement["Action"]}
    assert wanted - allowed == set()
    spare = allowed - wanted - set(_wanted(other())) - set(BESIDES)
    in_vain = {action for action in spare if not action.startswith("cloudformation:")}
    assert in_vain == set()


def test_the_execution_role_names_its_resources(fleet: Generated) -> None:
    """On every resource it may only do what has no resource; everything else is this account's, by name or kind."""
    for statement in _execution(fleet):
        if statement["Resource"] == ["*"]:
            for action in statement["Action"]:
                assert any(fnmatch(action, pattern) for pattern in ANY_RESOURCE), action
        else:
            for resource in statement["Resource"]:
                arn = resource["Fn::Sub"]
                assert "${AWS::AccountId}" in arn or arn.startswith("arn:${AWS::Partition}:apigateway:"), arn


def test_the_execution_role_makes_and_passes_the_environments_roles_only(fleet: Generated) -> None:
    """The role cannot make a role elsewhere, nor hand one to a service that the templates do not use."""
    passing = [one for one in _execution(fleet) if "iam:PassRole" in one["Action"]]
    (statement,) = passing
    assert statement["Resource"] == [
        {
            "Fn::Sub": f"arn:${{AWS::Partition}}:iam::${{AWS::AccountId}}:role/metrics-{fleet.config.environment}/*"
        }
    ]
    passed_to = statement["Condition"]["StringEquals"]["iam:PassedToService"]
    trusted = {
        role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        for stack in ("regional", "artifacts")
        for role in build(stack, fleet.config).of("AWS::IAM::Role").values()
    }
    named = {service["Fn::Sub"].replace("${AWS::URLSuffix}", "amazonaws.com") for service in passed_to}
    assert trusted <= named


@pytest.mark.parametrize("stack", STACK_SETS)
def test_the_execution_role_may_make_every_resource_by_its_name(fleet: Generated, stack: str) -> None:
    """A stack instance of whatever id has no resource with a name that the role does not cover."""
    patterns = list(_patterns(fleet))
    instance = f"StackSet-{fleet.config.name(STACK_SETS[stack])}-00000000-aaaa-bbbb-cccc-000000000000"
    found = 0
    for title, resource in build(stack, fleet.config).resources.items():
        named = _arn(title, resource, instance)
        if named is None:
            assert any(fnmatch(resource["Type"], kind) for kind in WITHOUT_NAME), (
                f"how is a {resource['Type']} named?"
            )
        else:
            action, arn = named
            assert any(action == allowed and fnmatch(arn, pattern) for allowed, pattern in patterns), arn
            found += 1
    assert found or stack == "artifacts"


def test_policies_fit(fleet: Generated) -> None:
    """IAM takes 6,144 characters to a managed policy and ten of them to a role."""
    policies = fleet.of("AWS::IAM::ManagedPolicy")
    assert len(policies) <= 10
    for title, policy in policies.items():
        assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) < 6144, title


def _arn(title: str, resource: Mapping[str, Any], instance: str) -> tuple[str, str] | None:
    """The action that makes the resource, and the ARN it has in a stack of that name; None if it has no name."""
    kind = resource["Type"]
    if kind in NAMED:
        action, rest, path = NAMED[kind]
        name: Any = resource["Properties"]
        for step in path:
            name = name.get(step)
        if name is not None:
            text = name["Fn::Sub"] if isinstance(name, dict) else name
            return action, _complete(action, rest.format(name=text.replace("${AWS::StackName}", instance)))
    if kind in OF_STACK:
        action, rest, longest = OF_STACK[kind]
        name = physical_name(instance, title, longest=longest)
        return action, _complete(action, rest.format(name=name, path=resource["Properties"].get("Path")))
    if kind in OF_LOGICAL_ID:
        action, rest = OF_LOGICAL_ID[kind]
        return action, _complete(action, rest.format(name=f"{title}-0123456789AB"))
    return None


def _complete(action: str, rest: str) -> str:
    service = action.partition(":")[0]
    place = {"s3": ":", "iam": f":{ACCOUNT}"}.get(service, f"{REGION}:{ACCOUNT}")
    filled = rest.replace("${AWS::AccountId}", ACCOUNT).replace("${AWS::Region}", REGION)
    return f"arn:aws:{service}:{place}:{filled}"


def _patterns(fleet: Generated) -> Iterator[tuple[str, str]]:
    """Each action with each ARN on which it is allowed; those on every resource are another test's."""
    for statement in _execution(fleet):
        for resource in statement["Resource"]:
            if resource != "*":
                arn = (
                    resource["Fn::Sub"]
                    .replace("${AWS::Partition}", "aws")
                    .replace("${AWS::AccountId}", ACCOUNT)
                )
                yield from ((action, arn) for action in statement["Action"])


def _execution(fleet: Generated) -> Iterator[dict[str, Any]]:
    for policy in fleet.of("AWS::IAM::ManagedPolicy").values():
        yield from policy["PolicyDocument"]["Statement"]


def _wanted(config: Config) -> Iterator[str]:
    types = {
        resource["Type"]
        for stack in ("regional", "artifacts")
        for resource in build(stack, config).resources.values()
    }
    for kind in types:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
        for name, handler in handlers.items():
            if name != "list":
                yield from (action for action in handler["permissions"] if _is_used(action, name, config))


def _is_used(action: str, handler: str, config: Config) -> bool:
    """Reading asks for all that a resource may have, so what is not set here is left out of other handlers only."""
    patterns = [pattern for pattern in NOT_USED if handler != "read" or pattern.endswith(":*")]
    if not config.network.private:
        patterns.append("ec2:*")
    return not any(fnmatch(f"{action}:", pattern) or fnmatch(action, pattern) for pattern in patterns)
