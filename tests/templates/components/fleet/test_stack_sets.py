"""The StackSets: which regions get what, in which order."""

import json

from templates.config import load
from templates.stacks.artifacts import artifacts
from tests.support.generated import Generated, build, other


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
    """Without URL there is no StackSet of it; with it, code and template carry hashes whose change is noticed."""
    regional = fleet.resources["RegionalStackSet"]
    condition = fleet.body["Conditions"][regional["Condition"]]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "RegionalTemplateUrl"}, ""]}]}
    assert fleet.body["Parameters"]["RegionalTemplateUrl"]["Default"] == ""
    assert regional["Properties"]["TemplateURL"] == {"Ref": "RegionalTemplateUrl"}
    given = {pair["ParameterKey"]: pair["ParameterValue"] for pair in regional["Properties"]["Parameters"]}
    assert given["CodeKey"] == {"Ref": "CodeKey"}


def test_every_region_gets_each_parameter_of_the_pipeline(fleet: Generated) -> None:
    """A StackSet has a value for each parameter of its template, none of them empty, and no region overrides one.

    Overrides come after: CreateStackSet asks for a value of each parameter when there is no instance yet, and
    UpdateStackSet goes through the regions with these before their own are changed.
    """
    for title, stack in (("RegionalStackSet", "regional"), ("ArtifactsStackSet", "artifacts")):
        properties = fleet.resources[title]["Properties"]
        given = {pair["ParameterKey"]: pair["ParameterValue"] for pair in properties.get("Parameters", [])}
        assert set(given) == set(build(stack, fleet.config).body.get("Parameters", {}))
        assert all(given.values())
        (group,) = properties["StackInstancesGroup"]
        assert "ParameterOverrides" not in group
        assert sorted(group["Regions"]) == sorted(fleet.config.regions)


def test_the_canary_goes_first_and_a_failure_stops_the_others() -> None:
    """Production: one region after the other, the canary before all, and in one operation, which keeps the order."""
    config = load("prod")
    for title in ("ArtifactsStackSet", "RegionalStackSet"):
        properties = build("fleet", config).resources[title]["Properties"]
        assert properties["OperationPreferences"] == {
            "RegionConcurrencyType": "SEQUENTIAL",
            "RegionOrder": {
                "Fn::If": [
                    "RegionsStay",
                    ["us-west-2", "us-east-1", "eu-west-1", "ap-northeast-1"],
                    {"Ref": "AWS::NoValue"},
                ]
            },
            "FailureToleranceCount": 0,
            "MaxConcurrentCount": 1,
        }
        (group,) = properties["StackInstancesGroup"]
        assert group["DeploymentTargets"] == {"Accounts": [{"Ref": "AWS::AccountId"}]}


def test_regions_may_go_at_once() -> None:
    """In parallel there is no order, and a tolerated failure holds up no region."""
    preferences = build("fleet", other()).resources["RegionalStackSet"]["Properties"]["OperationPreferences"]
    assert preferences == {
        "RegionConcurrencyType": "PARALLEL",
        "FailureToleranceCount": 1,
        "MaxConcurrentCount": 1,
    }
