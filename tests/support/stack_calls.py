"""The calls that CloudFormation makes for a stack's resources: its schemas' permissions, on these resources' ARNs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import Any

from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from emulator.cloudformation.naming import physical_name
from templates.config import Config
from templates.names import (
    ARTIFACTS_BUCKET,
    ARTIFACTS_STACK,
    ARTIFACTS_STACK_SET,
    DATABASE,
    QUARANTINE_BUCKET,
    REGIONAL_STACK,
    REGIONAL_STACK_SET,
    ROLE_PATH,
)
from tests.support.generated import build
from tests.support.policies import Call
from tests.support.resolved_template import ACCOUNT, resolved
from tests.support.service_authorization import is_of_type, types_of

# What CloudFormation's handlers may call for properties that no template here sets; with a type, for that type alone.
# Reading asks for all that a resource may have, so only those that end in `:*` are left out of it.
NOT_USED = {
    "AWS::Athena::WorkGroup iam:*": "the workgroup has no role",
    "AWS::Athena::WorkGroup kms:*": "results are written when Athena is asked, not when its workgroup is made",
    "AWS::Athena::WorkGroup s3:*": "likewise",
    "AWS::DynamoDB::Table kinesis:*": "no table streams to Kinesis",
    "AWS::DynamoDB::Table iam:*": "tables do not scale by a role",
    "AWS::DynamoDB::Table logs:*": "nothing is imported",
    "AWS::DynamoDB::Table s3:*": "nothing is imported",
    "AWS::EC2::FlowLog iam:CreateServiceLinkedRole": "the log goes to CloudWatch by a role of ours",
    "AWS::EC2::FlowLog s3:*": "likewise",
    "AWS::Glue::Table s3:*": "tables are no Iceberg tables",
    "AWS::Lambda::EventSourceMapping kms:*": "filter criteria are not encrypted",
    "AWS::Lambda::Function kms:*": "variables are encrypted by Lambda's own key",
    "AWS::Glue::Table iam:*": "tables are no Iceberg tables",
    "AWS::S3::Bucket iam:*": "nothing is replicated",
    "AWS::S3::Bucket s3:PutObject*": "no object is made by a stack",
    "AWS::SNS::Topic iam:*": "deliveries are not logged",
    "AWS::SNS::Subscription iam:*": "no subscription is a delivery stream's",
    "AWS::StepFunctions::StateMachine kms:*": "executions are encrypted by Step Functions' own key",
    "AWS::StepFunctions::StateMachine s3:*": "definitions stand in the template",
    "AWS::ApiGateway::RestApi s3:*": "the API is not imported from a file",
    "AWS::ApiGateway::RestApi iam:*": "likewise",
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
    "AWS::S3::Bucket s3:DeleteObject": "a bucket is emptied by whoever deletes it",
    "s3:REST.*": "no such action",
    "s3files:*": "no function mounts a file system",
    "s3tables:*": "no bucket has metadata tables",
    "sns:PutDataProtectionPolicy": "nothing in messages is masked",
    "vpc-lattice:*": "no endpoint is for Lattice",
    "vpce:*": "endpoints are in their region",
}
# What CloudFormation and the services call that the schemas do not say, by the type that it is called for.
BESIDES: Mapping[str, Sequence[str]] = {
    # Fn::GetAZs
    "AWS::EC2::Subnet": ("ec2:DescribeAvailabilityZones",),
    # Gateway endpoints are looked up by them.
    "AWS::EC2::VPCEndpoint": ("ec2:DescribePrefixLists",),
    # The account's first API makes a role for API Gateway itself:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/using-service-linked-roles.html
    "AWS::ApiGateway::RestApi": ("iam:CreateServiceLinkedRole",),
    # Without it a function is shown without its tags: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
    "AWS::Lambda::Function": ("lambda:ListTags",),
    # Log deliveries are read before they are changed.
    "AWS::ApiGateway::Stage": ("logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:UpdateLogDelivery"),
    # At a table's key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    "AWS::DynamoDB::Table": (
        "kms:GenerateDataKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
    ),
}
# How CloudFormation names a resource: after stack and logical id, no longer than this, or after the logical id alone.
_OF_STACK = {
    "AWS::CloudWatch::Alarm": ("cloudwatch:{here}:alarm:{name}", 255),
    "AWS::DynamoDB::Table": ("dynamodb:{here}:table/{name}", 255),
    "AWS::IAM::Role": ("iam::{account}:role{Path}{name}", 64),
    "AWS::Kinesis::Stream": ("kinesis:{here}:stream/{name}", 128),
    "AWS::Lambda::Function": ("lambda:{here}:function:{name}", 64),
    "AWS::Logs::LogGroup": ("logs:{here}:log-group:{name}", 512),
    "AWS::SNS::Subscription": ("sns:{here}:{name}", 256),
    "AWS::SNS::Topic": ("sns:{here}:{name}", 256),
    "AWS::SNS::TopicPolicy": ("sns:{here}:{name}", 256),
    "AWS::Scheduler::Schedule": ("scheduler:{here}:schedule/{name}/{name}", 64),
    "AWS::Scheduler::ScheduleGroup": ("scheduler:{here}:schedule-group/{name}", 64),
}
# What the template names, what AWS names, and what has its name from another of these.
_OTHERS: Mapping[str, Sequence[str]] = {
    "AWS::ApiGateway::Account": ("apigateway:{region}::/account",),
    "AWS::ApiGateway::RestApi": (
        "apigateway:{region}::/restapis",
        "apigateway:{region}::/restapis/a1b2c3d4e5",
        "apigateway:{region}::/tags/arn%3Aaws%3Aapigateway%3A{region}%3A%3A%2Frestapis%2Fa1b2c3d4e5",
    ),
    "AWS::ApiGateway::Stage": (
        "apigateway:{region}::/restapis/a1b2c3d4e5/stages/dev",
        "apigateway:{region}::/tags/arn%3Aaws%3Aapigateway%3A{region}%3A%3A%2Frestapis%2Fa1b2c3d4e5%2Fstages%2Fdev",
    ),
    "AWS::ApiGateway::*": ("apigateway:{region}::/restapis/a1b2c3d4e5/parts/p1",),
    "AWS::Athena::WorkGroup": ("athena:{here}:workgroup/{Name}",),
    "AWS::EC2::FlowLog": ("ec2:{here}:vpc-flow-log/fl-1", "ec2:{here}:vpc/vpc-1"),
    "AWS::EC2::RouteTable": ("ec2:{here}:route-table/rtb-1", "ec2:{here}:vpc/vpc-1"),
    "AWS::EC2::SecurityGroup": (
        "ec2:{here}:security-group/sg-1",
        "ec2:{here}:security-group-rule/sgr-1",
        "ec2:{here}:vpc/vpc-1",
    ),
    "AWS::EC2::SecurityGroupEgress": (
        "ec2:{here}:security-group/sg-1",
        "ec2:{here}:security-group-rule/sgr-1",
    ),
    "AWS::EC2::Subnet": ("ec2:{here}:subnet/subnet-1", "ec2:{here}:vpc/vpc-1"),
    "AWS::EC2::SubnetRouteTableAssociation": (
        "ec2:{here}:route-table/rtb-1",
        "ec2:{here}:subnet/subnet-1",
    ),
    "AWS::EC2::VPC": ("ec2:{here}:vpc/vpc-1",),
    "AWS::EC2::VPCEndpoint": (
        "ec2:{here}:vpc-endpoint/vpce-1",
        "ec2:{here}:vpc/vpc-1",
        "ec2:{here}:route-table/rtb-1",
        "ec2:{here}:subnet/subnet-1",
        "ec2:{here}:security-group/sg-1",
    ),
    "AWS::Glue::Database": ("glue:{here}:catalog", "glue:{here}:database/{database}"),
    "AWS::Glue::Table": (
        "glue:{here}:catalog",
        "glue:{here}:database/{database}",
        "glue:{here}:table/{database}/t",
    ),
    "AWS::KMS::Alias": ("kms:{here}:{AliasName}", "kms:{here}:key/k-1"),
    "AWS::KMS::Key": ("kms:{here}:key/k-1",),
    "AWS::Lambda::EventSourceMapping": ("lambda:{here}:event-source-mapping:m-1",),
    "AWS::Lambda::Permission": ("lambda:{here}:function:{function}",),
    "AWS::Lambda::Url": ("lambda:{here}:function:{function}",),
    "AWS::S3::Bucket": ("s3:::{BucketName}",),
    "AWS::S3::BucketPolicy": ("s3:::{Bucket}",),
    "AWS::StepFunctions::StateMachine": ("states:{here}:stateMachine:{title}-0123456789AB",),
    "AWS::Timestream::Database": ("timestream:{here}:database/{DatabaseName}",),
    "AWS::XRay::SamplingRule": ("xray:{here}:sampling-rule/{RuleName}",),
    "AWS::Timestream::Table": (
        "timestream:{here}:database/{database}/table/{TableName}",
        "timestream:{here}:database/{database}",
    ),
}
# What CloudFormation's calls for a type touch besides it.
_TOUCHED: Mapping[str, Sequence[str]] = {
    "AWS::DynamoDB::Table": (
        "kms:{here}:key/k-1",
        "dynamodb:{here}:table/{name}/import/i",
        "dynamodb:{here}:table/{name}/index/i",
        "dynamodb:{here}:table/{name}/stream/s",
    ),
    "AWS::Glue::Database": ("glue:{here}:table/{database}/t", "glue:{here}:userDefinedFunction/{database}/f"),
    "AWS::Kinesis::Stream": ("kms:{here}:key/k-1",),
    "AWS::Lambda::Function": ("s3:::{artifacts}/functions/f.zip",),
    "AWS::Scheduler::ScheduleGroup": ("scheduler:{here}:schedule/{name}/{name}",),
    "AWS::Timestream::Database": ("kms:{here}:key/k-1",),
    "AWS::Timestream::Table": (
        "kms:{here}:key/k-1",
        "s3:::{quarantine}",
        "s3:::{quarantine}/rejected/metrics_prod/metrics/report",
    ),
    "*": (
        "iam::{account}:role{role_path}r",
        "iam::{account}:role/aws-service-role/ops.apigateway.amazonaws.com/r",
    ),
}
_PASSED_TO = {
    "AWS::ApiGateway::*": "apigateway",
    "AWS::EC2::FlowLog": "vpc-flow-logs",
    "AWS::Lambda::Function": "lambda",
    "AWS::Scheduler::Schedule": "scheduler",
    "AWS::StepFunctions::StateMachine": "states",
}
# A key's use by a service is in the name of whoever asks the service.
_CRYPTOGRAPHIC = ("CreateGrant", "Decrypt", "Encrypt", "GenerateDataKey*", "ReEncrypt*", "RevokeGrant")
_ATTACHED = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
_TAGGING = ("*TagResource", "CreateTags", "AddTagsToStream", "TagRole")
_VIA = {"AWS::DynamoDB::*": "dynamodb", "AWS::Timestream::*": "timestream"}
# Parts of an API or of a function, whose tags are there when they are made.
_PARTS = {
    "AWS::Lambda::Permission",
    "AWS::Lambda::Url",
    *(
        f"AWS::ApiGateway::{kind}"
        for kind in (
            "Authorizer",
            "Deployment",
            "GatewayResponse",
            "Method",
            "Model",
            "RequestValidator",
            "Resource",
            "Stage",
        )
    ),
}


@dataclass(frozen=True)
class _Part:
    """A resource of a stack, with the names that ARNs are made of."""

    kind: str
    title: str
    properties: Mapping[str, Any]
    names: Mapping[str, str]
    owner: Mapping[str, str]
    is_retained: bool

    @cached_property
    def arns(self) -> list[str]:
        """Its own ARNs, and then those of what is touched for it."""
        own = [_OF_STACK[self.kind][0]] if self.kind in _OF_STACK else _by_pattern(_OTHERS, self.kind)
        if self.kind == "AWS::Logs::LogGroup" and "LogGroupName" in self.properties:
            own = ["logs:{here}:log-group:{LogGroupName}"]
        texts = {key: value for key, value in self.properties.items() if isinstance(value, str)}
        touched = [*_TOUCHED.get(self.kind, ()), *_TOUCHED["*"]]
        return ["arn:aws:" + arn.format(**{**texts, **self.names}) for arn in (*own, *touched)]


def every_call(config: Config) -> Iterator[tuple[str, Call]]:
    """The calls for both stacks of a region, as the fleet makes them and as they are imported under their own names."""
    return ((f"{part.kind} {part.title}", call) for part, _, call in _handled_calls(config))


def removal_calls(config: Config, *, without: Config) -> Iterator[tuple[str, Call]]:
    """The calls that delete what this environment's stacks have and those of the same without something have not."""
    left = {title for stack in ("regional", "artifacts") for title in build(stack, without).body["Resources"]}
    for part, handler, call in _handled_calls(config):
        if part.title not in left and handler in {"delete", "read"} and not part.is_retained:
            yield f"{part.kind} {part.title}", call


def _handled_calls(config: Config) -> Iterator[tuple["_Part", str, Call]]:
    """The calls, each with its resource and the handler that makes it."""
    sets = {
        "regional": (REGIONAL_STACK_SET, REGIONAL_STACK),
        "artifacts": (ARTIFACTS_STACK_SET, ARTIFACTS_STACK),
    }
    for stack, (of_fleet, imported) in sets.items():
        instance = f"StackSet-{config.name(of_fleet)}-00000000-aaaa-bbbb-cccc-000000000000"
        for name in (instance, config.name(imported)):
            yield from _stack_calls(config, stack, name)


def _stack_calls(config: Config, stack: str, stack_name: str) -> Iterator[tuple["_Part", str, Call]]:
    region = config.regions[0]
    shared = {
        "account": ACCOUNT,
        "region": region,
        "here": f"{region}:{ACCOUNT}",
        "artifacts": config.name(ARTIFACTS_BUCKET, account=ACCOUNT, region=region),
        "quarantine": config.name(QUARANTINE_BUCKET, account=ACCOUNT, region=region),
        "database": config.name(DATABASE),
        "role_path": config.name(ROLE_PATH),
    }
    body = build(stack, config).body
    given = {"CodeKey": "functions/f.zip"} if stack == "regional" else {}
    owner = {"Project": config.project, "Environment": config.environment}
    parts = resolved(body, given, stack_name, region)
    for title, resource in parts.items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        longest = _OF_STACK.get(kind, ("", 255))[1]
        names = {
            **shared,
            "title": title,
            "stack": stack_name,
            "name": physical_name(stack_name, title, longest=longest),
            # The only one with a URL.
            "function": physical_name(stack_name, "RemoteWriteReceiverFunction", longest=64),
        }
        if kind == "AWS::S3::BucketPolicy":
            properties = {"Bucket": parts[properties["Bucket"]]["Properties"]["BucketName"]}
        if kind == "AWS::XRay::SamplingRule":
            properties = properties["SamplingRule"]
        retained = resource.get("DeletionPolicy", "Delete") != "Delete"
        part = _Part(kind, title, properties, names, owner, is_retained=retained)
        for handler, action in _actions(kind):
            for call in _calls(part, handler, action):
                yield part, handler, call


@cache
def _actions(kind: str) -> list[tuple[str, str]]:
    return list(_used_actions(kind))


def _used_actions(kind: str) -> Iterator[tuple[str, str]]:
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
    for name, handler in handlers.items():
        if name != "list":
            for action in handler["permissions"]:
                if not _is_unused(kind, name, action):
                    yield name, action
    for action in BESIDES.get(kind, ()):
        yield "create", action


def _is_unused(kind: str, handler: str, action: str) -> bool:
    names = [action, f"{action}:", f"{kind} {action}"]
    patterns = [pattern for pattern in NOT_USED if handler != "read" or pattern.endswith(":*")]
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _calls(part: _Part, handler: str, action: str) -> Iterator[Call]:
    service, _, name = action.partition(":")
    types = types_of(action)
    for arn in _places(part, handler, service, name, types) if types else ["*"]:
        yield Call(action, arn, _context(part, handler, name, arn))


def _places(part: _Part, handler: str, service: str, name: str, types: Mapping[str, bool]) -> list[str]:
    """The ARNs that an action is checked against: one of each type that it needs, else the first that it may have."""
    if service == "iam":
        own_role = name == "CreateServiceLinkedRole"
        return [arn for arn in part.arns if ":role/" in arn and ("/aws-service-role/" in arn) == own_role][:1]
    if service == "apigateway":
        return [arn for arn in part.arns if ":apigateway:" in arn and _is_called(part, handler, name, arn)]
    fit = {kind: [arn for arn in part.arns if is_of_type(service, kind, arn)] for kind in types}
    if service == "ec2" and not _is_tagging(name):
        return sorted({arn for arns in fit.values() for arn in arns}, key=part.arns.index)
    required = [kind for kind, needed in types.items() if needed]
    places = [arns[:1] for kind, arns in fit.items() if kind in required] or [
        [arn for arn in part.arns if any(arn in arns for arns in fit.values())][:1]
    ]
    assert all(places), f"what does {service}:{name} touch for a {part.kind}?"
    return list(dict.fromkeys(arn for one in places for arn in one))


def _is_called(part: _Part, handler: str, verb: str, arn: str) -> bool:
    """True if a verb of API Gateway goes to this place: an API is made at the collection, which has no tags."""
    if "/tags/" in arn:
        return (handler, verb) in {("create", "PUT"), *(("update", one) for one in ("DELETE", "GET", "PUT"))}
    if (
        part.kind == "AWS::ApiGateway::RestApi"
        and handler == "create"
        and verb in {"POST", "UpdateRestApiPolicy"}
    ):
        return arn.endswith("/restapis")
    return not arn.endswith("/restapis") or verb == "GET"


@cache
def _is_tagging(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _TAGGING)


def _context(part: _Part, handler: str, name: str, arn: str) -> dict[str, str]:
    """The condition keys of a call: tags of the request for what is being made, those of the resource for the rest."""
    context: dict[str, str] = {}
    region = part.names["region"]
    made = arn in {"*", part.arns[0]} and (name.startswith(("Create", "POST")) or _is_tagging(name))
    if handler == "create" and made and part.kind not in _PARTS:
        context |= {f"aws:RequestTag/{key}": value for key, value in part.owner.items()}
    elif "security-group-rule" not in arn and ":schedule/" not in arn:
        context |= {f"aws:ResourceTag/{key}": value for key, value in part.owner.items()}
    if any(fnmatchcase(name, pattern) for pattern in _CRYPTOGRAPHIC) and arn.startswith("arn:aws:kms:"):
        context["kms:ViaService"] = f"{_by_pattern(_VIA, part.kind)}.{region}.amazonaws.com"
    if name == "PassRole":
        context["iam:PassedToService"] = f"{_by_pattern(_PASSED_TO, part.kind)}.amazonaws.com"
    if name in {"AttachRolePolicy", "DetachRolePolicy"}:
        context["iam:PolicyARN"] = _ATTACHED
    if part.kind == "AWS::Lambda::EventSourceMapping":
        function = physical_name(part.names["stack"], "MetricWriterFunction", longest=64)
        context["lambda:FunctionArn"] = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{function}"
    return context


def _by_pattern(table: Mapping[str, Any], kind: str) -> Any:
    return next(value for pattern, value in table.items() if fnmatchcase(kind, pattern))
