"""Obstacles of a rollout: each is found and said before anything is made."""

from dataclasses import replace
from typing import Any, ClassVar

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from ops import preflight
from ops.retained import identifier, retained
from ops.stack import Target
from templates.config import Config
from templates.config.alerting import Subscription
from templates.config.network import Network
from templates.config.pipeline import Store
from tests.support.fleet_account import ARTIFACTS, REGIONS, Account, Answering
from tests.support.generated import Generated, build, generated, in_private_mode, other
from tests.support.resolved_template import ACCOUNT

REFUSED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "DescribeEndpoints")
NOT_A_CUSTOMER = ClientError(
    {
        "Error": {
            "Code": "AccessDeniedException",
            "Message": "Only existing Timestream for LiveAnalytics customers can access the service",
        }
    },
    "DescribeEndpoints",
)
LAKE = Store(kind="lake", retention_days=30)
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
    account.instead[service, region] = Answering(operation, answer)
    assert account.roll_out(prod) == 1
    (line,) = [line for line in account.said if line.startswith("before anything is made: ")]
    assert said in line
    assert {name for _, name in account.world.calls} <= {"list_stack_instances", "describe_stacks"}


@pytest.mark.parametrize("answer", [NOT_A_CUSTOMER, NO_HOST], ids=["refused", "not there"])
def test_who_may_not_have_timestream_hears_of_the_lake(account: Account, prod: Config, answer: Any) -> None:
    """With the setting to change; an environment of the lake asks nothing of Timestream."""
    for service in ("timestream-write", "timestream-query"):
        for region in REGIONS:
            account.instead[service, region] = Answering("describe_endpoints", answer)
    assert account.roll_out(prod) == 1
    lines = [line for line in account.said if line.startswith("before anything is made: ")]
    assert len(lines) == len(prod.regions)
    assert all('store.kind = "lake" (docs/stores.md)' in line for line in lines)
    assert account.roll_out(replace(prod, store=LAKE, export=replace(prod.export, lag_minutes=20))) == 0


@pytest.mark.parametrize("deployed", [{"IngestUrl": "x"}, {"StoreKind": "timestream"}])
def test_a_stack_keeps_its_kind_of_store(
    account: Account, prod: Config, monkeypatch: pytest.MonkeyPatch, deployed: dict[str, str]
) -> None:
    """The data would stay where nobody looks; the line says to make a second environment. Others are let through."""
    monkeypatch.setattr(Target, "outputs", lambda _: deployed)
    changed = replace(prod, store=LAKE, export=replace(prod.export, lag_minutes=20))
    found = preflight._other_kind(changed, "eu-west-1")
    (line,) = found
    assert "metrics-prod in eu-west-1 stores in timestream" in line
    assert 'environments/prod.toml says kind = "lake"' in line
    assert "second environment" in line
    assert not list(preflight._other_kind(prod, "eu-west-1"))
    monkeypatch.setattr(Target, "outputs", lambda _: {})
    assert not list(preflight._other_kind(changed, "eu-west-1")), "a stack that was never made whole"


def test_a_change_of_kind_is_found_before_anything_is_made(account: Account, prod: Config) -> None:
    """In each region that has a pipeline."""
    assert account.roll_out(prod) == 0
    changed = replace(prod, store=LAKE, export=replace(prod.export, lag_minutes=20))
    assert account.roll_out(changed) == 1
    lines = [line for line in account.said if line.startswith("before anything is made: ")]
    assert len(lines) == len(prod.regions)
    assert all(" stores in timestream" in line for line in lines)


def test_a_receiver_that_only_the_local_run_reaches_is_found(account: Account, prod: Config) -> None:
    """A web hook on this machine is for trying; no topic on AWS could ever tell it of anything."""
    hook = Subscription("http", "http://127.0.0.1:9000/hook")
    config = replace(prod, alerts=replace(prod.alerts, subscriptions=(hook,)))
    assert account.roll_out(config) == 1
    assert any("http://127.0.0.1:9000/hook is for the local run" in line for line in account.said)


def test_a_secret_that_is_not_there_is_found_in_each_region(account: Account, prod: Config) -> None:
    """A forwarder without its parameter would tell nobody; the line has the command that makes it."""
    boto3.client("ssm", region_name="us-west-2").put_parameter(
        Name="/metrics/on-call", Type="SecureString", Value="https://hooks.slack.com/services/x"
    )
    slack = Subscription("slack", "/metrics/on-call")
    account.roll_out(replace(prod, alerts=replace(prod.alerts, subscriptions=(slack,))))
    lines = [line for line in account.said if "needs the parameter /metrics/on-call" in line]
    assert len(lines) == len(prod.regions) - 1
    assert not any("us-west-2" in line for line in lines)
    assert all(" --type SecureString --name /metrics/on-call --value " in line for line in lines)


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
            account.instead[service, region] = Answering("describe_endpoints", {"Endpoints": [address]})
    for region in REGIONS:
        quota = Answering("get_service_quota", {"Quota": {"Value": 5.0}})
        account.instead["service-quotas", region] = quota
    assert account.roll_out(replace(prod, network=Network(mode="private", **tables))) == 1
    lines = [line for line in account.said if line.startswith("before anything is made: ")]
    assert len(lines) == 4
    assert "timestream-write of us-east-1 is served by cell2, not by cell1" in lines[0]


class Zones:
    """EC2 of a region with three zones, two of which have Glue's endpoints."""

    asked: ClassVar[list[str]] = []

    def describe_availability_zones(self, **_: Any) -> Any:
        """The three, in no order."""
        return {"AvailabilityZones": [{"ZoneName": f"ap-southeast-2{letter}"} for letter in "cab"]}

    def describe_vpc_endpoint_services(self, *, ServiceNames: list[str]) -> Any:  # noqa: N803 - AWS's name
        """Where each may have an endpoint."""
        self.asked[:] = sorted(ServiceNames)
        zones = {name: "bc" if name.endswith("glue") else "abc" for name in ServiceNames}
        return {
            "ServiceDetails": [
                {"ServiceName": name, "AvailabilityZones": [f"ap-southeast-2{letter}" for letter in letters]}
                for name, letters in zones.items()
            ]
        }


def test_zones_that_an_endpoints_service_is_not_in_are_found() -> None:
    """An interface endpoint there would fail the stack; the line says which zones do, and then there is none."""
    config, region = other(), "ap-southeast-2"
    body = build("regional", config).body
    (line,) = preflight._zones(config, region, body, lambda *_: Zones())
    assert Zones.asked == [
        f"com.amazonaws.{region}.{name}"
        for name in ("glue", "states", "timestream.ingest-cell2", "timestream.query-cell12")
    ]
    assert line == (
        "com.amazonaws.ap-southeast-2.glue cannot have an endpoint in both ap-southeast-2a and ap-southeast-2b; all "
        "have one in ap-southeast-2b, ap-southeast-2c: choose two, for every region, under [network.zones]"
    )
    zones = {one: (f"{one}b", f"{one}c") for one in config.regions}
    chosen = replace(config, network=replace(config.network, zones=zones))
    assert list(preflight._zones(chosen, region, body, lambda *_: Zones())) == []


@pytest.mark.parametrize("private", [False, True])
def test_zones_are_looked_at_in_private_mode(
    account: Account, prod: Config, monkeypatch: pytest.MonkeyPatch, private: bool
) -> None:
    """In every region whose cells are right, a running one too: public mode has no endpoints."""
    for check in ("_timestream", "_networks", "_retained"):
        monkeypatch.setattr(preflight, check, lambda *_: iter(()))
    monkeypatch.setattr(preflight, "_zones", lambda _config, region, *_: iter([f"zones of {region}"]))
    config = in_private_mode(prod) if private else prod
    found = preflight.problems(
        config,
        ACCOUNT,
        account.client,
        templates={"regional": {"Resources": {}}},
        new_regions=(),
        bare_regions=(),
    )
    assert found == [f"zones of {region}" for region in prod.regions if private]


@pytest.mark.parametrize(
    "one",
    [one for one in generated() if one.stack in {"regional", "artifacts"}],
    ids=lambda one: f"{one.config.environment} {one.stack}",
)
def test_everything_that_outlives_its_stack_under_a_name_of_ours_is_looked_for(one: Generated) -> None:
    """A retained resource is asked for by its name, lies in a database that is, or was named by CloudFormation."""
    kept = retained(one.body)
    looked_for = {name for _, _, name in preflight.named(one.config, ACCOUNT, "eu-west-1", [one.body])}
    assert kept
    assert looked_for
    for title, part in kept.items():
        names = identifier(one.config, ACCOUNT, "eu-west-1", part, kept)
        if names is None:
            assert part["Type"] in {"AWS::DynamoDB::Table", "AWS::KMS::Key"}, title
            assert not {"TableName", "KeyId"} & set(part["Properties"]), title
        else:
            assert looked_for & set(names.values()), title


@pytest.mark.parametrize(
    ("service", "region", "operation", "said"),
    [
        (
            "ec2",
            "us-east-1",
            "describe_regions",
            "cannot see which regions are enabled (ec2:DescribeRegions): no",
        ),
        ("iam", "us-east-1", "get_account_summary", "cannot see how many roles the account may have"),
        ("lambda", "eu-west-1", "get_account_settings", "cannot see Lambda's quota in eu-west-1"),
    ],
)
def test_what_aws_refuses_to_say_is_an_obstacle(
    account: Account, prod: Config, service: str, region: str, operation: str, said: str
) -> None:
    """The line has the permission that is missing, and the other checks go on."""
    account.instead[service, region] = Answering(operation, REFUSED)
    assert account.roll_out(prod) == 1
    (line,) = [line for line in account.said if line.startswith("before anything is made: ")]
    assert said in line
