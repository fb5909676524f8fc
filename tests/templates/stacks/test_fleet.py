"""The fleet: which regions get what, in which order, by roles that may do that and no more."""

import json
from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from templates.config import BadValue, Config, load
from templates.config.fleet import TIMESTREAM_REGIONS, Fleet
from templates.config.network import PER_REGION, Network
from templates.stacks.artifacts import artifacts
from templates.stacks.fleet import fleet as build_fleet
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
    "s3:*BucketNotification": "nobody is told of objects",
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
    "apigateway:UpdateRestApiPolicy": "the API has no policy",
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
}


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
    """It cannot make a role elsewhere, nor hand one to a service that the templates do not use."""
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


def test_policies_fit(fleet: Generated) -> None:
    """IAM takes 6,144 characters to a managed policy and ten of them to a role."""
    policies = fleet.of("AWS::IAM::ManagedPolicy")
    assert len(policies) <= 10
    for title, policy in policies.items():
        assert len(json.dumps(policy["PolicyDocument"], separators=(",", ":"))) < 6144, title


def test_only_stacksets_of_this_account_take_the_administration_role(fleet: Generated) -> None:
    """And all that it may do is to take the execution role, which nobody else may."""
    roles = fleet.of("AWS::IAM::Role")
    (trust,) = roles["AdministrationRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "cloudformation.amazonaws.com"}
    assert trust["Condition"]["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"].endswith(":stackset/*")
    (policy,) = fleet.of("AWS::IAM::Policy").values()
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["sts:AssumeRole"]
    assert statement["Resource"] == [{"Fn::GetAtt": ["ExecutionRole", "Arn"]}]
    assert policy["Roles"] == [{"Ref": "AdministrationRole"}]
    (trust,) = roles["ExecutionRole"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"AWS": {"Fn::GetAtt": ["AdministrationRole", "Arn"]}}


def test_stacksets_wait_for_roles_and_policies(fleet: Generated) -> None:
    """A StackSet that is made before its roles can be used fails; the pipeline's comes after the artifacts'."""
    policies = {*fleet.of("AWS::IAM::ManagedPolicy"), *fleet.of("AWS::IAM::Policy")}
    for title, resource in fleet.resources.items():
        if resource["Type"] == "AWS::CloudFormation::StackSet":
            assert policies <= set(resource["DependsOn"]), title
            properties = resource["Properties"]
            assert properties["AdministrationRoleARN"] == {"Fn::GetAtt": ["AdministrationRole", "Arn"]}
            assert properties["ExecutionRoleName"] == {"Ref": "ExecutionRole"}
            assert properties["ManagedExecution"] == {"Active": True}
            assert properties["Capabilities"] == ["CAPABILITY_IAM"]
    assert "ArtifactsStackSet" in fleet.resources["RegionalStackSet"]["DependsOn"]


def test_artifacts_go_out_with_their_template_inline(fleet: Generated) -> None:
    """It cannot be read from the bucket it makes; a StackSet takes 51,200 characters inline."""
    body = fleet.resources["ArtifactsStackSet"]["Properties"]["TemplateBody"]
    assert json.loads(body) == json.loads(artifacts(fleet.config).to_json())
    assert len(body) < 51_200


def test_the_pipeline_goes_out_once_its_url_is_known(fleet: Generated) -> None:
    """Without URL there is no StackSet of it; with it, code and template are parameters whose change is noticed."""
    regional = fleet.resources["RegionalStackSet"]
    condition = fleet.body["Conditions"][regional["Condition"]]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RegionalTemplateUrl"}, ""]}]}
    assert fleet.body["Parameters"]["RegionalTemplateUrl"]["Default"] == ""
    assert regional["Properties"]["TemplateURL"] == {"Ref": "RegionalTemplateUrl"}
    assert regional["Properties"]["Parameters"] == [
        {"ParameterKey": "CodeKey", "ParameterValue": {"Ref": "CodeKey"}}
    ]


def test_every_region_gets_each_parameter_of_the_pipeline(fleet: Generated) -> None:
    """What the regional template has no default for comes from the StackSet or from the region's overrides."""
    parameters = build("regional", fleet.config).body["Parameters"]
    wanted = {name for name, parameter in parameters.items() if "Default" not in parameter}
    groups = fleet.resources["RegionalStackSet"]["Properties"]["StackInstancesGroup"]
    for group in groups:
        own = {pair["ParameterKey"]: pair["ParameterValue"] for pair in group.get("ParameterOverrides", [])}
        assert set(own) | {"CodeKey"} == wanted
        if fleet.config.network.private:
            (region,) = group["Regions"]
            assert own["VpcCidr"] == fleet.config.network.cidr[region]
    assert sorted(region for group in groups for region in group["Regions"]) == sorted(fleet.config.regions)


def test_the_canary_goes_first_and_a_failure_stops_the_others() -> None:
    """Production: one region after the other, the canary before all, and in one operation, which keeps the order."""
    config = load("prod")
    for title in ("ArtifactsStackSet", "RegionalStackSet"):
        properties = build("fleet", config).resources[title]["Properties"]
        assert properties["OperationPreferences"] == {
            "RegionConcurrencyType": "SEQUENTIAL",
            "RegionOrder": ["us-west-2", "us-east-1", "eu-west-1", "ap-northeast-1"],
            "FailureToleranceCount": 0,
            "MaxConcurrentCount": 1,
        }
        (group,) = properties["StackInstancesGroup"]
        assert group["DeploymentTargets"] == {"Accounts": [{"Ref": "AWS::AccountId"}]}


def test_regions_may_go_at_once() -> None:
    """In parallel there is no order, and a tolerated failure holds nobody up."""
    preferences = build("fleet", other()).resources["RegionalStackSet"]["Properties"]["OperationPreferences"]
    assert preferences == {
        "RegionConcurrencyType": "PARALLEL",
        "FailureToleranceCount": 1,
        "MaxConcurrentCount": 1,
    }


@pytest.mark.parametrize(
    ("fleet_config", "said"),
    [
        (
            Fleet(canary="ap-south-1"),
            "fleet.canary = 'ap-south-1': expected one of regions: us-east-1, us-west-2",
        ),
        (Fleet(home="ap-south-1"), "fleet.home = 'ap-south-1'"),
        (
            Fleet(canary="us-west-2", concurrency="parallel"),
            "fleet.concurrency = 'parallel': expected sequential",
        ),
    ],
)
def test_a_fleet_that_cannot_be_steered_is_refused(fleet_config: Fleet, said: str) -> None:
    """Home and canary are regions of the environment, and a canary has somebody to go before."""
    with pytest.raises(BadValue, match=said):
        replace(load("prod"), fleet=fleet_config)


def test_tolerance_is_all_or_nothing() -> None:
    """A region has one account, so CloudFormation goes on after each failure or after none."""
    with pytest.raises(BadValue, match="failure_tolerance = 2: expected a whole number from 0 to 1"):
        Fleet(failure_tolerance=2)


def test_the_dashboard_is_one_and_shows_every_region(fleet: Generated) -> None:
    """Per region a widget each for ingest, writer, alerts, exports and store, side by side in a row of its own."""
    (dashboard,) = fleet.of("AWS::CloudWatch::Dashboard").values()
    config = fleet.config
    assert dashboard["DashboardName"] == f"metrics-{config.environment}-{config.home}"
    widgets = json.loads(dashboard["DashboardBody"])["widgets"]
    graphs = [widget for widget in widgets if widget["type"] == "metric"]
    assert [(graph["properties"]["region"], graph["properties"]["title"]) for graph in graphs] == [
        (region, title)
        for region in config.regions
        for title in ("Ingest", "Writer", "Alerts", "Exports", "Store")
    ]
    cells = [
        (x, y)
        for widget in widgets
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(cells) == len(set(cells)), "widgets overlap"
    assert {x for x, _ in cells} == set(range(24))


def test_a_fleet_of_every_region_fits_a_template(fleet: Generated) -> None:
    """It is deployed before there is a bucket for it, so inline: 51,200 characters without spaces."""
    tables = {name: dict.fromkeys(TIMESTREAM_REGIONS, "") for name in PER_REGION}
    for number, region in enumerate(TIMESTREAM_REGIONS):
        tables["cidr"][region] = f"10.{number}.0.0/16"
        for name in ("ingest_cell", "query_cell"):
            tables[name][region] = f"cell{number + 1000}"
        for name in ("s3_prefix_list", "dynamodb_prefix_list"):
            tables[name][region] = f"pl-{number:017x}"
    private = replace(
        fleet.config,
        regions=TIMESTREAM_REGIONS,
        network=Network(mode="private", **tables),
        fleet=Fleet(),
    )
    assert len(build_fleet(private).to_json(indent=None, separators=(",", ":"))) < 51_200


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
