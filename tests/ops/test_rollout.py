"""Rolling out to every region: in which order what is made, what is said, and what happens when a region fails.

CloudFormation is a fake that holds every call against the SDK's model; S3, Timestream, IAM and the rest are moto's.
"""

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from ops import change_set, fleet, rollout, stack
from ops.bundle import Bundle
from ops.errors import OperatorError
from ops.rollout import Rollout
from templates.config import Config, load
from templates.config.fleet import Fleet
from templates.config.network import Network
from templates.stacks import STACKS
from tests.support.fake_cloudformation import ACCOUNT, World

REGIONS = ["us-west-2", "us-east-1", "eu-west-1", "ap-northeast-1"]  # the canary first
ARTIFACTS, PIPELINE, FLEET = "metrics-prod-artifacts", "metrics-prod-regional", "metrics-prod-fleet"


class _Refusing:
    """A service that answers one call with an error, or with something of the test's."""

    def __init__(self, operation: str, answer: Any) -> None:
        self._operation, self._answer = operation, answer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**_: Any) -> Any:
            assert name == self._operation
            if isinstance(self._answer, Exception):
                raise self._answer
            return self._answer

        return call


@dataclass
class Account:
    """An account that rollouts go to, and what was said meanwhile."""

    build: Path
    world: World = field(default_factory=World)
    said: list[str] = field(default_factory=list)
    instead: dict[tuple[str, str], Any] = field(default_factory=dict)
    code: bytes = b"code"

    def client(self, service: str, region: str) -> Any:
        """The fake for CloudFormation, the test's own where it gives one, moto for the rest."""
        if service == "cloudformation":
            return self.world.client(region)
        return self.instead.get((service, region)) or boto3.client(service, region_name=region)

    def roll_out(self, config: Config) -> int:
        """Write the templates as generate.py does, and roll out; the exit status."""
        folder = self.build / config.environment
        folder.mkdir(exist_ok=True)
        for name, build in STACKS.items():
            text = build(config).to_json(indent=2) + "\n"
            (folder / f"{name}.template.json").write_text(text)
        self.said[:] = []
        self.world.operations.clear()
        return Rollout(config, self.client, self.said.append, self.build).run()

    def bundle(self) -> tuple[Bundle, Path]:
        """A bundle of the test's code."""
        archive = self.build / "functions.zip"
        archive.write_bytes(self.code)
        return Bundle(self.build, hashlib.sha256(self.code).hexdigest()), archive

    def parameters(self) -> dict[str, str]:
        """Those of the fleet's stack."""
        values: dict[str, str] = self.world.stacks["us-east-1", FLEET]["parameters"]
        return dict(values)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account in which nothing is deployed."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(change_set, "POLL_SECONDS", 0)
    made = Account(tmp_path)
    monkeypatch.setattr(rollout, "build_lambda", made.bundle)
    monkeypatch.setattr(stack, "client", made.client)
    with mock_aws():
        roomy = {"AccountLimit": {"UnreservedConcurrentExecutions": 1000}}
        made.instead = {("lambda", region): _Refusing("get_account_settings", roomy) for region in REGIONS}
        roles = {"SummaryMap": {"Roles": 10, "RolesQuota": 1000}}
        made.instead["iam", "us-east-1"] = _Refusing("get_account_summary", roles)
        yield made


@pytest.fixture
def prod() -> Config:
    """Production: four regions, one after the other, a canary, no tolerance."""
    return load("prod")


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


def test_the_url_and_the_key_carry_hashes_of_what_they_name(account: Account, prod: Config) -> None:
    """The template's URL is in the home region, and its key is the digest of the very file."""
    account.roll_out(prod)
    template = (account.build / "prod/regional.template.json").read_bytes()
    digest = hashlib.sha256(template).hexdigest()
    assert account.parameters() == {
        "RegionalTemplateUrl": f"https://{ARTIFACTS}-{ACCOUNT}-us-east-1-an.s3.us-east-1.amazonaws.com/"
        f"templates/{digest}.template.json",
        "CodeKey": f"functions/{hashlib.sha256(b'code').hexdigest()}.zip",
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
    """Added to a running fleet, a region has its bucket, then code, then the pipeline; the others are left alone."""
    account.roll_out(prod)
    account.instead["lambda", "eu-central-1"] = account.instead["lambda", "eu-west-1"]
    assert account.roll_out(replace(prod, regions=(*prod.regions, "eu-central-1"))) == 0
    assert account.world.operations == [(ARTIFACTS, "eu-central-1"), (PIPELINE, "eu-central-1")]


def test_a_removed_region_is_removed_and_the_others_stay(account: Account, prod: Config) -> None:
    """Left out of the environment's file, a region loses its stacks, and no other is touched."""
    account.roll_out(prod)
    assert account.roll_out(replace(prod, regions=prod.regions[:-1])) == 0
    assert account.world.operations == [
        (ARTIFACTS, "delete ap-northeast-1"),
        (PIPELINE, "delete ap-northeast-1"),
    ]


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


REFUSED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeEndpoints")
NO_HOST = EndpointConnectionError(endpoint_url="https://ingest.timestream.eu-west-1.amazonaws.com")
NOT_OPTED_IN = {
    "Regions": [
        {"RegionName": region, "OptInStatus": "not-opted-in" if region == "eu-west-1" else "opted-in"}
        for region in REGIONS
    ]
}


@pytest.mark.parametrize(
    ("service", "region", "operation", "answer", "said"),
    [
        ("timestream-write", "eu-west-1", "describe_endpoints", REFUSED, "refuses this account in eu-west-1"),
        ("timestream-write", "eu-west-1", "describe_endpoints", NO_HOST, "eu-west-1 has no Timestream"),
        ("ec2", "us-east-1", "describe_regions", NOT_OPTED_IN, "enable-region --region-name eu-west-1"),
        (
            "iam",
            "us-east-1",
            "get_account_summary",
            {"SummaryMap": {"Roles": 990, "RolesQuota": 1000}},
            "room for 10",
        ),
        (
            "lambda",
            "eu-west-1",
            "get_account_settings",
            {"AccountLimit": {"UnreservedConcurrentExecutions": 110}},
            "Lambda can reserve 10 executions in eu-west-1, writer.reserved_concurrency asks for 100",
        ),
    ],
    ids=[
        "no Timestream for this account",
        "no Timestream there",
        "not opted in",
        "too few roles",
        "no concurrency",
    ],
)
def test_what_would_fail_is_said_before_anything_is_made(
    account: Account, prod: Config, service: str, region: str, operation: str, answer: Any, said: str
) -> None:
    """Each obstacle is one line in words; nothing was asked of CloudFormation but what is there."""
    account.instead[service, region] = _Refusing(operation, answer)
    assert account.roll_out(prod) == 1
    (line,) = [line for line in account.said if line.startswith("before anything is made: ")]
    assert said in line
    assert {name for _, name in account.world.calls} <= {"list_stack_instances", "describe_stacks"}


def test_data_of_an_earlier_pipeline_is_found_and_how_to_take_it_back(account: Account, prod: Config) -> None:
    """A retained database, catalog and bucket would make the stack fail; the line has the command for them."""
    boto3.client("timestream-write", region_name="eu-west-1").create_database(DatabaseName="metrics_prod")
    boto3.client("glue", region_name="eu-west-1").create_database(DatabaseInput={"Name": "metrics_prod"})
    bucket = f"metrics-prod-quarantine-{ACCOUNT}-eu-west-1-an"
    boto3.client("s3", region_name="eu-west-1").create_bucket(
        Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    assert account.roll_out(prod) == 1
    (line,) = [line for line in account.said if line.startswith("before anything is made: ")]
    for part in ("Timestream database metrics_prod", "Glue database metrics_prod", bucket):
        assert part in line
    assert "python -m ops fleet import --environment prod --region eu-west-1" in line


def test_a_bucket_of_code_that_was_left_behind_is_found(account: Account, prod: Config) -> None:
    """A removed region keeps its code, too; where the fleet has made the bucket itself it is no obstacle."""
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=f"{ARTIFACTS}-{ACCOUNT}-us-east-1-an")
    assert account.roll_out(prod) == 1
    (line,) = [line for line in account.said if line.startswith("before anything is made: ")]
    assert (
        f"us-east-1 keeps the data of an earlier pipeline (bucket {ARTIFACTS}-{ACCOUNT}-us-east-1-an)" in line
    )


def test_a_running_pipelines_own_data_is_no_obstacle(account: Account, prod: Config) -> None:
    """In a region that has its pipeline, the database is that pipeline's."""
    account.roll_out(prod)
    boto3.client("timestream-write", region_name="eu-west-1").create_database(DatabaseName="metrics_prod")
    assert account.roll_out(prod) == 0


def test_wrong_cells_are_found_before_endpoints_are_made(account: Account, prod: Config) -> None:
    """In private mode the cells of the file are compared with what Timestream says of this account."""
    tables: dict[str, Any] = {
        "cidr": {region: f"10.{number}.0.0/16" for number, region in enumerate(REGIONS)},
        "ingest_cell": dict.fromkeys(REGIONS, "cell1"),
        "query_cell": dict.fromkeys(REGIONS, "cell1"),
        "s3_prefix_list": dict.fromkeys(REGIONS, "pl-00000001"),
        "dynamodb_prefix_list": dict.fromkeys(REGIONS, "pl-00000002"),
    }
    for service, cell in (("timestream-write", "ingest-cell2"), ("timestream-query", "query-cell1")):
        address = {"Address": f"{cell}.timestream.x.amazonaws.com", "CachePeriodInMinutes": 1440}
        for region in REGIONS:
            account.instead[service, region] = _Refusing("describe_endpoints", {"Endpoints": [address]})
    for region in REGIONS:
        quota = _Refusing("get_service_quota", {"Quota": {"Value": 5.0}})
        account.instead["service-quotas", region] = quota
    assert account.roll_out(replace(prod, network=Network(mode="private", **tables))) == 1
    lines = [line for line in account.said if line.startswith("before anything is made: ")]
    assert len(lines) == 4
    assert "timestream-write of us-east-1 is served by cell2, not by cell1" in lines[0]


def test_status_lists_every_region_with_its_ingest_url(
    account: Account, prod: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Version, stack, place in the fleet, health and URL of each region; 1 while any does not answer."""
    from ops.__main__ import main

    account.roll_out(prod)
    monkeypatch.setattr(fleet, "_health", lambda _: ("ok", {}))
    assert main(["fleet", "status", "--environment", "prod"]) == 0
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[0] for line in lines] == REGIONS
    for line, region in zip(lines, REGIONS, strict=True):
        for part in (
            "9.9.9",
            "CREATE_COMPLETE",
            "CURRENT SUCCEEDED",
            "ok",
            f"https://{region}.example/v1/metrics",
        ):
            assert part in line
    monkeypatch.setattr(fleet, "_health", lambda _: ("no answer", {}))
    assert main(["fleet", "status", "--environment", "prod"]) == 1


def test_network_prints_what_the_environment_file_needs(
    account: Account, prod: Config, capsys: pytest.CaptureFixture[str]
) -> None:
    """Cells and prefix lists of every region, as tables that the configuration takes."""
    from ops.__main__ import main

    for number, region in enumerate(REGIONS):
        for service, kind in (("timestream-write", "ingest"), ("timestream-query", "query")):
            address = {"Address": f"{kind}-cell{number}.timestream.{region}.amazonaws.com"}
            account.instead[service, region] = _Refusing("describe_endpoints", {"Endpoints": [address]})
        lists = {"PrefixLists": [{"PrefixListId": f"pl-0000000{number}"}]}
        account.instead["ec2", region] = _Refusing("describe_managed_prefix_lists", lists)
    assert main(["fleet", "network", "--environment", "prod"]) == 0
    network = tomllib.loads(capsys.readouterr().out)["network"]
    assert network["ingest_cell"] == {region: f"cell{number}" for number, region in enumerate(REGIONS)}
    ranges = {region: f"10.{number}.0.0/16" for number, region in enumerate(REGIONS)}
    assert replace(prod, network=Network(mode="private", cidr=ranges, **network)).network.private


def test_other_commands_find_the_stack_that_the_fleet_made(account: Account, prod: Config) -> None:
    """A stack instance has an id in its name; it is found through its StackSet."""
    account.roll_out(prod)
    target = stack.find("prod", "eu-west-1")
    assert target.output("IngestUrl") == "https://eu-west-1.example/v1/metrics"
    with pytest.raises(OperatorError, match="no stack metrics-prod in eu-central-1"):
        stack.find("prod", "eu-central-1").outputs()


def test_the_fleets_template_is_what_was_generated(account: Account, prod: Config) -> None:
    """What is deployed in the end is the file that `make generate` writes."""
    account.roll_out(prod)
    generated = json.loads((account.build / "prod/fleet.template.json").read_text())
    assert account.world.stacks["us-east-1", FLEET]["body"] == generated
