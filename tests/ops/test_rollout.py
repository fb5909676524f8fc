"""Rolling out to every region: in which order what is made, what is said, and what happens when a region fails."""

import argparse
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest

from ops import rollout
from ops.__main__ import main
from ops.errors import OperatorError
from templates.config import Config
from templates.config.fleet import TIMESTREAM_REGIONS, Fleet
from tests.support.fleet_account import ARTIFACTS, FLEET, PIPELINE, REGIONS, Account
from tests.support.resolved_template import ACCOUNT


def test_a_first_rollout_goes_from_nothing_to_every_region(account: Account, prod: Config) -> None:
    """Artifacts everywhere, then code and template everywhere, then the pipeline everywhere, canary first."""
    assert account.roll_out(prod) == 0
    assert account.world.operations == [
        *((ARTIFACTS, region) for region in REGIONS),
        *((PIPELINE, region) for region in REGIONS),
    ]
    for region in REGIONS:
        listed = boto3.client("s3", region_name=region).list_objects_v2(
            Bucket=f"{ARTIFACTS}-{ACCOUNT}-{region}-an"
        )
        assert [item["Key"].split("/")[0] for item in listed["Contents"]] == ["functions", "templates"]
    assert "us-west-2        pipeline   RUNNING" in account.said
    assert "us-west-2        pipeline   SUCCEEDED" in account.said
    assert account.said[-1].startswith("every region is up to date")


def test_a_fleet_of_every_region_with_ten_tags_is_rolled_out(account: Account, prod: Config) -> None:
    """Its template is too long to be sent; the first step's, which has no bucket yet, is not."""
    tags = {f"tag-{number}-{'k' * 50}": "v" * 200 for number in range(10)}
    many = replace(prod, regions=TIMESTREAM_REGIONS, tags=tags)
    for region in TIMESTREAM_REGIONS:
        account.instead["lambda", region] = account.instead["lambda", "us-west-2"]
    assert account.roll_out(many) == 0
    assert len(json.dumps(account.world.stacks[many.home, FLEET]["body"], separators=(",", ":"))) > 51_200
    assert account.roll_out(many) == 0


def test_the_url_and_the_key_carry_hashes_of_what_they_name(account: Account, prod: Config) -> None:
    """The template's URL is in the home region, and its key is the digest of the very file."""
    account.roll_out(prod)
    template = (account.build / "prod/regional.template.json").read_bytes()
    digest = hashlib.sha256(template).hexdigest()
    assert account.parameters() == {
        "RegionalTemplateUrl": f"https://{ARTIFACTS}-{ACCOUNT}-us-east-1-an.s3.us-east-1.amazonaws.com/"
        f"templates/{digest}.template.json",
        "CodeKey": f"functions/{hashlib.sha256(b'code').hexdigest()}.zip",
        "RegionsChange": "no",
    }


def test_without_a_change_nothing_changes(account: Account, prod: Config) -> None:
    """A second rollout uploads nothing, executes no change set and touches no region."""
    account.roll_out(prod)
    calls = len(account.world.calls)
    assert account.roll_out(prod) == 0
    later = {name for _, name in account.world.calls[calls:]}
    assert "execute_change_set" not in later
    assert account.world.operations == []
    assert sum("nothing to change" in line for line in account.said) == 2
    assert not [line for line in account.said if " uploaded " in line]


def test_a_change_of_code_changes_the_key_alone(account: Account, prod: Config) -> None:
    """New code means a new key for the pipeline's StackSet, the same URL, and no operation on the artifacts."""
    account.roll_out(prod)
    before, account.code = account.parameters(), b"other code"
    assert account.roll_out(prod) == 0
    after = account.parameters()
    assert after["RegionalTemplateUrl"] == before["RegionalTemplateUrl"]
    assert after["CodeKey"] != before["CodeKey"]
    assert account.world.operations == [(PIPELINE, region) for region in REGIONS]


def test_a_change_of_configuration_changes_the_url_alone(account: Account, prod: Config) -> None:
    """Another setting of the pipeline is another template, so another URL, and the code's key stays."""
    account.roll_out(prod)
    before = account.parameters()
    assert account.roll_out(replace(prod, writer=replace(prod.writer, memory_mb=2048))) == 0
    after = account.parameters()
    assert after["RegionalTemplateUrl"] != before["RegionalTemplateUrl"]
    assert after["CodeKey"] == before["CodeKey"]
    assert account.world.operations == [(PIPELINE, region) for region in REGIONS]


def test_a_new_region_gets_its_code_before_its_functions(account: Account, prod: Config) -> None:
    """Added to a running fleet, a region has its bucket, then code, then the pipeline; the others are left alone.

    No operation gets an order of regions that are not its own, and the next rollout has its order again.
    """
    account.roll_out(prod)
    account.instead["lambda", "eu-central-1"] = account.instead["lambda", "eu-west-1"]
    more = replace(prod, regions=(*prod.regions, "eu-central-1"))
    assert account.roll_out(more) == 0
    assert account.world.operations == [(ARTIFACTS, "eu-central-1"), (PIPELINE, "eu-central-1")]
    assert "regions change, so there is no order this time: the canary may not be the first" in account.said
    account.code = b"other code"
    assert account.roll_out(more) == 0
    assert account.world.operations == [(PIPELINE, region) for region in (*REGIONS, "eu-central-1")]


def test_a_removed_region_is_removed_and_the_others_stay(account: Account, prod: Config) -> None:
    """Left out of the environment's file, a region loses its stacks, and no other is touched."""
    account.roll_out(prod)
    assert account.roll_out(replace(prod, regions=prod.regions[:-1])) == 0
    assert account.world.operations == [
        (ARTIFACTS, "delete ap-northeast-1"),
        (PIPELINE, "delete ap-northeast-1"),
    ]


def test_a_rollout_goes_back_to_a_version_that_lacks_a_part_of_the_fleet(
    account: Account, prod: Config
) -> None:
    """The pipeline that stays as it is in the first step may depend on what the older fleet does not have."""
    account.roll_out(prod)
    fleet = account.world.stacks["us-east-1", FLEET]
    body = json.loads(json.dumps(fleet["body"]).replace("RegionsStay", "OtherCondition"))
    body["Resources"]["OtherPolicy"] = body["Resources"]["ExecutionStacksPolicy"]
    body["Resources"]["RegionalStackSet"]["DependsOn"].append("OtherPolicy")
    fleet["body"] = body
    assert account.roll_out(prod) == 0


def test_a_failed_canary_stops_the_rollout_and_is_named(account: Account, prod: Config) -> None:
    """Nothing is tried after the canary; the exit status is 1, and its reason is said."""
    account.roll_out(prod)
    account.code = b"broken"
    account.world.failing[PIPELINE, "us-west-2"] = "ResourceLogicalId:MetricWriterFunction, quota exceeded"
    assert account.roll_out(prod) == 1
    assert account.world.operations == [(PIPELINE, "us-west-2")]
    assert "FAILED us-west-2: ResourceLogicalId:MetricWriterFunction, quota exceeded" in account.said
    assert any("RegionalStackSet: operation failed in us-west-2" in line for line in account.said)
    assert not [line for line in account.said if line.startswith(("FAILED us-east-1", "every region"))]


def test_a_tolerated_failure_is_a_failure_all_the_same(account: Account, prod: Config) -> None:
    """With tolerance the other regions are made, and the exit status still says that one is not."""
    account.world.failing[PIPELINE, "us-west-2"] = "no capacity"
    assert account.roll_out(replace(prod, fleet=Fleet(failure_tolerance=1, canary="us-west-2"))) == 1
    assert [region for name, region in account.world.operations if name == PIPELINE] == REGIONS
    assert [line for line in account.said if line.startswith(("FAILED", "BEHIND", "MISSING"))] == [
        "FAILED us-west-2: no capacity"
    ]


def test_a_region_that_was_left_behind_is_named_until_it_is_tried_again(
    account: Account, prod: Config
) -> None:
    """The fleet has nothing to change then, so the line has the command that tries the region alone."""
    tolerant = replace(prod, fleet=Fleet(failure_tolerance=1))
    account.world.failing[PIPELINE, "us-west-2"] = "no capacity"
    assert account.roll_out(tolerant) == 1
    account.world.failing.clear()
    assert account.roll_out(tolerant) == 1
    assert "BEHIND us-west-2: OUTDATED no capacity" in account.said
    assert account.said[-1] == (
        "  when the cause is gone: aws cloudformation update-stack-instances --region us-east-1 "
        f"--stack-set-name {PIPELINE} --regions us-west-2 --accounts {ACCOUNT}"
    )
    ours = account.world.sets[PIPELINE].instances["us-west-2"]
    ours.update(Status="CURRENT", StackInstanceStatus={"DetailedStatus": "SUCCEEDED"}, StatusReason="")
    assert account.roll_out(tolerant) == 0


def test_an_old_failure_is_not_a_new_one(account: Account, prod: Config) -> None:
    """A region that failed last time and succeeds now is not called failed."""
    account.world.failing[PIPELINE, "us-west-2"] = "no capacity"
    tolerant = replace(prod, fleet=Fleet(failure_tolerance=1))
    assert account.roll_out(tolerant) == 1
    account.world.failing.clear()
    account.code = b"mended"
    assert account.roll_out(tolerant) == 0


def test_a_failed_rollout_can_be_repeated(account: Account, prod: Config) -> None:
    """After the cause is gone the same command finishes what was begun."""
    account.world.failing[PIPELINE, "us-east-1"] = "no capacity"
    assert account.roll_out(prod) == 1
    account.world.sets.pop(PIPELINE)  # the stack's rollback removes the StackSet that it had made
    account.world.failing.clear()
    assert account.roll_out(prod) == 0


def test_a_stack_that_was_never_whole_is_said_to_be_removed_first(account: Account, prod: Config) -> None:
    """A first creation that failed leaves a stack that cannot be changed; the line has the command."""
    account.world.failing[ARTIFACTS, "us-west-2"] = "denied"
    assert account.roll_out(prod) == 1
    account.world.failing.clear()
    assert account.roll_out(prod) == 1
    assert any(
        "aws cloudformation delete-stack --stack-name metrics-prod-fleet" in line for line in account.said
    )


def _no_code_bucket(name: str, body: dict[str, Any]) -> None:
    if name == "fleet":
        body["Resources"]["RegionalStackSet"]["Properties"]["Parameters"].pop(0)
    if name == "regional":
        body["Parameters"]["CodeBucket"]["Default"] = ""


def _no_value(name: str, body: dict[str, Any]) -> None:
    if name == "regional":
        body["Parameters"]["VpcCidr"] = {"Type": "String"}


def _unknown_parameter(name: str, body: dict[str, Any]) -> None:
    if name == "regional":
        del body["Parameters"]["CodeBucket"]
        body["Conditions"] = {"CodeIsInArtifactsBucket": {"Fn::Equals": ["", ""]}}


def _bad_value(name: str, body: dict[str, Any]) -> None:
    if name == "regional":
        body["Parameters"]["CodeBucket"]["AllowedPattern"] = "[a-z]+"


def _unacknowledged(name: str, body: dict[str, Any]) -> None:
    if name == "fleet":
        body["Resources"]["RegionalStackSet"]["Properties"]["Capabilities"] = []


def _long_policy(name: str, body: dict[str, Any]) -> None:
    if name == "fleet":
        policy = body["Resources"]["ExecutionStacksPolicy"]["Properties"]["PolicyDocument"]
        policy["Statement"][0]["Resource"] = ["x" * 6_144]


def _too_many_at_once(name: str, body: dict[str, Any]) -> None:
    if name == "fleet":
        body["Resources"]["ArtifactsStackSet"]["Properties"]["OperationPreferences"]["MaxConcurrentCount"] = 2


def _reference_to_nothing(name: str, body: dict[str, Any]) -> None:
    if name == "fleet":
        del body["Resources"]["ExecutionDataPolicy"]


def _too_long(name: str, body: dict[str, Any]) -> None:
    if name == "regional":
        body["Metadata"] = "x" * 1_048_576


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (_no_code_bucket, "RegionalStackSet: Parameters: [CodeBucket] must have values"),
        (_no_value, "RegionalStackSet: Parameters: [VpcCidr] must have values"),
        (_unknown_parameter, "RegionalStackSet: Parameters: [CodeBucket] do not exist in the template"),
        (_bad_value, "RegionalStackSet: Template error: Parameters.CodeBucket: '-' is refused"),
        (_unacknowledged, "RegionalStackSet: Requires capabilities : [CAPABILITY_IAM]"),
        (_long_policy, "ExecutionStacksPolicy: Cannot exceed quota for PolicySize: 6144"),
        (_too_many_at_once, "ArtifactsStackSet: MaxConcurrentCount is at most one more"),
        (_reference_to_nothing, "there is no resource"),
        (_too_long, "RegionalStackSet: 1 validation error detected"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_what_cloudformation_refuses_stops_the_rollout(
    account: Account, prod: Config, tamper: Callable[[str, dict[str, Any]], None], words: str
) -> None:
    """A template that AWS would not take fails here as it would there, and the reason is said."""
    account.tamper = tamper
    assert account.roll_out(prod) == 1
    assert any(words in line for line in account.said), account.said


def test_the_fleets_template_is_what_was_generated(account: Account, prod: Config) -> None:
    """What is deployed in the end is the file that `make generate` writes."""
    account.roll_out(prod)
    generated = json.loads((account.build / "prod/fleet.template.json").read_text())
    assert account.world.stacks["us-east-1", FLEET]["body"] == generated


@pytest.mark.parametrize(("status", "applied"), [(0, 1), (1, 0)])
def test_rules_come_into_force_once_every_region_is_up_to_date(
    status: int, applied: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same rules that the checkout has, and it is said; after a failure the command for later is named."""
    taken = []

    def put(options: argparse.Namespace, rules: object) -> int:
        taken.append((options.every_region, rules))
        return 0

    monkeypatch.setattr(rollout.Rollout, "__init__", lambda *_: None)
    monkeypatch.setattr(rollout.Rollout, "run", lambda _: status)
    monkeypatch.setattr("generate.generate", lambda *_: None)
    monkeypatch.setattr(rollout, "put_into_force", put)
    assert main(["rollout", "--environment", "prod"]) == status
    assert [(every, bool(rules)) for every, rules in taken] == [(True, True)] * applied
    assert "python -m ops rules apply --all-regions --environment prod" in capsys.readouterr().out


def test_bad_rule_files_stop_a_rollout_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is asked of AWS either."""

    def refuse(_environment: str) -> None:
        raise OperatorError("1 mistake:\nalerts/a.yaml:1: x")

    monkeypatch.setattr(rollout, "read_rules", refuse)
    monkeypatch.setattr(rollout, "has_rule_files", lambda: True)
    assert main(["rollout", "--environment", "prod"]) == 1
    assert "alerts/a.yaml:1: x" in capsys.readouterr().err
