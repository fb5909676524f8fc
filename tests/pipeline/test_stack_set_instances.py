"""What the fleet's StackSets would make in each region, made here: from one template with the same parameters."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator import Clock, Cloud, StackTemplate, start
from ops.fleet_import import plan
from ops.retained import retained
from tests.support.generated import build, other

CONFIG = other()
FLEET = build("fleet", CONFIG)
CODE_KEY = "functions/0123.zip"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Both StackSets' instances in every region, from the fleet's own template."""
    properties = FLEET.resources["RegionalStackSet"]["Properties"]
    (group,) = properties["StackInstancesGroup"]
    artifacts = json.loads(FLEET.resources["ArtifactsStackSet"]["Properties"]["TemplateBody"])
    parameters = {pair["ParameterKey"]: pair["ParameterValue"] for pair in properties["Parameters"]}
    assert parameters["CodeKey"] == {"Ref": "CodeKey"}
    templates = [
        StackTemplate("StackSet-metrics-other-artifacts-1", artifacts),
        StackTemplate(
            "StackSet-metrics-other-regional-1",
            build("regional", CONFIG).body,
            {**parameters, "CodeKey": CODE_KEY},
        ),
    ]
    data: Path = tmp_path_factory.mktemp("data")
    started = start(group["Regions"], templates, aws_port=0, data_dir=data, clock=Clock())
    yield started
    started.close()


def test_every_region_has_its_stack(cloud: Cloud) -> None:
    """The regions of the StackSet are those of the environment, and all of them were made."""
    assert sorted(cloud.deployments) == sorted(CONFIG.regions)


@pytest.mark.parametrize("region", CONFIG.regions)
def test_a_region_has_its_own_network(cloud: Cloud, region: str) -> None:
    """The VPC has the region's range, its subnets are parts of it, and the output names it."""
    deployment = cloud.deployments[region]
    ec2 = cloud.client("ec2", region)
    (vpc,) = ec2.describe_vpcs(VpcIds=[deployment.outputs["VpcId"]])["Vpcs"]
    assert vpc["CidrBlock"] == CONFIG.network.cidr[region]
    subnets = ec2.describe_subnets(SubnetIds=deployment.outputs["PrivateSubnetIds"].split(","))["Subnets"]
    assert {subnet["AvailabilityZone"] for subnet in subnets} == {f"{region}a", f"{region}b"}
    endpoints = ec2.describe_vpc_endpoints(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])
    names = {endpoint["ServiceName"] for endpoint in endpoints["VpcEndpoints"]}
    cell = CONFIG.network.query_cell[region]
    assert f"com.amazonaws.{region}.timestream.query-{cell}" in names
    assert f"com.amazonaws.{region}.s3" in names


@pytest.mark.parametrize("region", CONFIG.regions)
def test_a_regions_functions_take_their_code_from_their_region(cloud: Cloud, region: str) -> None:
    """The bucket that a function's code comes from is the one that the region's artifacts stack made."""
    bucket = f"metrics-other-artifacts-{cloud.deployments[region].account_id}-{region}-an"
    functions = cloud.deployments[region].of_type("AWS::Lambda::Function")
    assert {json.dumps(function.properties["Code"]) for function in functions} == {
        json.dumps({"S3Bucket": bucket, "S3Key": CODE_KEY})
    }
    s3 = cloud.client("s3", region)
    s3.head_bucket(Bucket=bucket)


def test_no_two_regions_share_a_name_that_is_global(cloud: Cloud) -> None:
    """Buckets and roles, which are the account's or the world's, are each region's own."""
    for kind in ("AWS::S3::Bucket", "AWS::IAM::Role"):
        names = [
            resource.physical_id
            for deployment in cloud.deployments.values()
            for resource in deployment.of_type(kind)
        ]
        assert len(names) == len(set(names)) > 1, kind


@pytest.mark.parametrize("region", CONFIG.regions)
def test_an_import_finds_what_a_region_would_leave(cloud: Cloud, region: str) -> None:
    """Each retained resource, by the tags that services show and by names, as the region's own stack made it."""
    template = build("regional", CONFIG).body
    _, found = plan(CONFIG, region, template, cloud.client)
    made = cloud.deployments[region].resources
    for resource in found:
        names = resource["ResourceIdentifier"]
        assert made[resource["LogicalResourceId"]].physical_id in (*names.values(), "|".join(names.values()))
    assert {resource["LogicalResourceId"] for resource in found} == set(retained(template))
