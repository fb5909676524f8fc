"""The private network: the functions are in it, what they call can be reached, and nothing else."""

import json
from dataclasses import replace
from typing import Any

import pytest

from templates.config import BadValue, load
from templates.constructs import network
from templates.stacks.regional import regional
from tests.support.generated import PRIVATE, Generated, build, in_private_mode, lake_config, other

STACK = build("regional", other())
SUBNETS = [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}]
GROUP = {"Fn::GetAtt": ["FunctionsSecurityGroup", "GroupId"]}
PUBLIC = load("dev")


def test_there_is_no_way_to_the_internet() -> None:
    """No gateway to it, no NAT, no route of our own, and no rule for every address."""
    kinds = {part["Type"] for part in STACK.resources.values()}
    assert not kinds & {
        "AWS::EC2::InternetGateway",
        "AWS::EC2::NatGateway",
        "AWS::EC2::EgressOnlyInternetGateway",
        "AWS::EC2::Route",
    }
    text = json.dumps(STACK.body)
    assert "0.0.0.0/0" not in text
    assert "::/0" not in text
    for title, group in STACK.of("AWS::EC2::SecurityGroup").items():
        assert group["SecurityGroupEgress"], f"{title} would let everything out"


def test_every_function_is_in_both_subnets(regional: Generated) -> None:
    """In private mode each function has interfaces in two zones, but for what posts to the Internet; else none has."""
    for title, function in regional.of("AWS::Lambda::Function").items():
        if regional.config.network.private and not title.startswith("AlertForwarder"):
            placed = {"SubnetIds": SUBNETS, "SecurityGroupIds": [GROUP]}
            assert function["VpcConfig"] == placed, title
        else:
            assert "VpcConfig" not in function, title


def test_the_subnets_are_in_different_zones_and_ranges() -> None:
    """The first two zones of the region, and the first two parts of its range."""
    subnets = STACK.of("AWS::EC2::Subnet")
    assert {part["AvailabilityZone"]["Fn::Select"][0] for part in subnets.values()} == {0, 1}
    assert {part["CidrBlock"]["Fn::Select"][0] for part in subnets.values()} == {0, 1}
    assert not any(part["MapPublicIpOnLaunch"] for part in subnets.values())
    routes = [part["SubnetId"] for part in STACK.of("AWS::EC2::SubnetRouteTableAssociation").values()]
    assert routes == SUBNETS


def test_zones_may_be_chosen_for_all_regions_or_none() -> None:
    """Where an endpoint's service is not in the first two; a region without is named."""
    zones = {region: (f"{region}b", f"{region}c") for region in STACK.config.regions}
    config = replace(STACK.config, network=replace(PRIVATE, zones=zones))
    stack = build("regional", config)
    subnets = stack.of("AWS::EC2::Subnet").values()
    for number, subnet in enumerate(subnets):
        found = {"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "Zones"]}
        assert subnet["AvailabilityZone"] == {"Fn::Select": [number, found]}
    for region, chosen in zones.items():
        assert stack.body["Mappings"]["Regions"][region]["Zones"] == list(chosen)
    del zones["eu-central-1"]
    with pytest.raises(BadValue, match=r"network.zones.eu-central-1 is missing"):
        replace(STACK.config, network=replace(PRIVATE, zones=zones))


def test_the_vpc_resolves_names_and_is_watched() -> None:
    """Without DNS the endpoints' names would lead to the internet; all traffic is in the flow log."""
    (vpc,) = STACK.of("AWS::EC2::VPC").values()
    assert (vpc["EnableDnsSupport"], vpc["EnableDnsHostnames"]) == (True, True)
    (log,) = STACK.of("AWS::EC2::FlowLog").values()
    assert (log["TrafficType"], log["ResourceId"]) == ("ALL", {"Ref": "Vpc"})
    assert log["LogGroupName"] == {"Ref": "FlowLogs"}
    assert STACK.resources["FlowLogs"]["Properties"]["RetentionInDays"] == STACK.config.logs.retention_days


def test_whatever_a_function_may_call_has_an_endpoint() -> None:
    """S3 and DynamoDB by gateway, the rest by interface in both subnets, Timestream's cells by region."""
    endpoints = STACK.of("AWS::EC2::VPCEndpoint")
    names = {title: json.dumps(part["ServiceName"]) for title, part in endpoints.items()}
    for title, service in (
        ("S3Endpoint", ".s3"),
        ("DynamoDbEndpoint", ".dynamodb"),
        ("GlueEndpoint", ".glue"),
        ("StatesEndpoint", ".states"),
        ("TimestreamIngestEndpoint", ".timestream.ingest-${Cell}"),
        ("TimestreamQueryEndpoint", ".timestream.query-${Cell}"),
    ):
        assert f"com.amazonaws.${{AWS::Region}}{service}" in names[title]
    assert len(endpoints) == 6
    for title, part in endpoints.items():
        if title in {"S3Endpoint", "DynamoDbEndpoint"}:
            assert part["VpcEndpointType"] == "Gateway"
            assert part["RouteTableIds"] == [{"Ref": "PrivateRouteTable"}]
        else:
            assert part["SubnetIds"] == SUBNETS, title
            assert part["PrivateDnsEnabled"] is True, title
        (statement,) = part["PolicyDocument"]["Statement"]
        own = {"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}}
        every = {"Effect": "Allow", "Principal": "*", "Action": ["*"], "Resource": ["*"]}
        assert statement == {**every, "Condition": own}, title
    cell = endpoints["TimestreamQueryEndpoint"]["ServiceName"]["Fn::Sub"][1]["Cell"]
    assert cell == {"Fn::FindInMap": ["Regions", {"Ref": "AWS::Region"}, "TimestreamQueryCell"]}


def test_a_lake_has_endpoints_of_what_its_functions_call() -> None:
    """Athena's beside Glue's and S3's; none of Timestream's, whose cells it has no mapping of."""
    stack = build("regional", in_private_mode(lake_config()))
    assert set(stack.of("AWS::EC2::VPCEndpoint")) == {
        "AthenaEndpoint",
        "DynamoDbEndpoint",
        "GlueEndpoint",
        "S3Endpoint",
        "StatesEndpoint",
    }
    [row] = stack.body["Mappings"]["Regions"].values()
    assert set(row) == {"VpcCidr", "S3PrefixList", "DynamoDbPrefixList"}


def test_each_function_of_the_store_has_the_address_of_its_cell() -> None:
    """The one address of Timestream that the VPC's DNS leads to an endpoint; the suffix is the partition's."""
    given = {
        title: function["Environment"]["Variables"].get("TIMESTREAM_ENDPOINT_URL")
        for title, function in STACK.of("AWS::Lambda::Function").items()
    }
    found = {title: url["Fn::Sub"] for title, url in given.items() if url}
    assert set(found) == {"MetricWriterFunction", "MetricExportUnloaderFunction"}
    endpoints = STACK.of("AWS::EC2::VPCEndpoint")
    for title, kind in (("MetricWriterFunction", "Ingest"), ("MetricExportUnloaderFunction", "Query")):
        url, values = found[title]
        assert url == f"https://{kind.lower()}-${{Cell}}.timestream.${{AWS::Region}}.${{AWS::URLSuffix}}"
        assert values == endpoints[f"Timestream{kind}Endpoint"]["ServiceName"]["Fn::Sub"][1]


def test_a_call_without_an_endpoint_stops_the_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever lets a function call another service learns at once that it could not be reached."""
    known = {name: endpoint for name, endpoint in network._INTERFACES.items() if name != "glue"}
    monkeypatch.setattr(network, "_INTERFACES", known)
    with pytest.raises(LookupError, match="glue"):
        regional(other())


def test_a_role_may_keep_its_functions_interfaces_in_these_subnets_only() -> None:
    """Interfaces are made in the two subnets under the one group; only looking has no resource."""
    for title, role in STACK.of("AWS::IAM::Role").items():
        statements = {one.get("Sid"): one for one in role["Policies"][0]["PolicyDocument"]["Statement"]}
        if "MakeInterfaces" in statements:
            places = json.dumps(statements["MakeInterfaces"]["Resource"])
            for part in ("PrivateSubnetA", "PrivateSubnetB", "FunctionsSecurityGroup"):
                assert part in places, title
            assert "*" not in statements["KeepInterfaces"]["Resource"], title
    makers = [role for role in STACK.of("AWS::IAM::Role").values() if "MakeInterfaces" in json.dumps(role)]
    inside = [one for one in STACK.of("AWS::Lambda::Function").values() if "VpcConfig" in one]
    assert len(makers) == len(inside)


def test_the_template_knows_what_differs_from_region_to_region() -> None:
    """Ranges, cells and prefix lists come from the environment file, for each region, in private mode only."""
    rows = STACK.body["Mappings"]["Regions"]
    assert set(rows) == set(STACK.config.regions)
    assert rows["eu-central-1"]["VpcCidr"] == "10.0.0.0/16"
    assert rows["ap-southeast-2"]["TimestreamQueryCell"] == "cell12"
    text = json.dumps(STACK.resources)
    for name in rows["eu-central-1"]:
        assert f'{{"Fn::FindInMap": ["Regions", {{"Ref": "AWS::Region"}}, "{name}"]}}' in text
    assert set(STACK.body["Parameters"]) == {"CodeBucket", "CodeKey"}
    assert "Mappings" not in build("regional", PUBLIC).body


def test_public_mode_takes_no_notice_of_networks() -> None:
    """Ranges may be written down before they are used: the template stays the same, byte for byte."""
    config = replace(PUBLIC, network=replace(PRIVATE, mode="public"))
    assert regional(config).to_json() == regional(PUBLIC).to_json()
    assert not [part for part in build("regional", PUBLIC).resources.values() if "EC2" in part["Type"]]


@pytest.mark.parametrize(
    "setting", ["cidr", "ingest_cell", "query_cell", "s3_prefix_list", "dynamodb_prefix_list"]
)
def test_private_mode_wants_everything_for_each_region(setting: str) -> None:
    """A region without one of its values is named with it."""
    incomplete = {
        region: value for region, value in getattr(PRIVATE, setting).items() if region != "ap-southeast-2"
    }
    values: dict[str, Any] = {setting: incomplete}
    with pytest.raises(BadValue, match=f"network.{setting}.ap-southeast-2 is missing"):
        replace(other(), network=replace(PRIVATE, **values))
