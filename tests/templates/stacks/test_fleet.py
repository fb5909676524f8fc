"""The fleet: which regions get what, in which order, by roles that may do that and no more."""

import json
from dataclasses import replace

import pytest

from templates.config import BadValue, load
from templates.config.fleet import TIMESTREAM_REGIONS, Fleet
from templates.config.network import PER_REGION, Network
from templates.stacks.artifacts import artifacts
from templates.stacks.fleet import fleet as build_fleet
from tests.support.generated import Generated, build, other


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
    """The template cannot be read from the bucket it makes; a StackSet takes 51,200 characters inline."""
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
    """A parameter without default comes from the StackSet or from the region's overrides."""
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
    """The fleet's template is deployed before there is a bucket for it, so inline: 51,200 characters without spaces."""
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
