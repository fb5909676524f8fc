"""Functions in a VPC: what its endpoints serve is reached, and nothing else."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator import Resource, UnsupportedFunctionError
from emulator.cloudformation.deployment import Deployment
from emulator.http_server import HttpRequest, Response
from emulator.lambda_.configuration import read_functions
from emulator.lambda_.vpc import VpcExits, hosts_in_reach
from tests.support.functions import Start, deployment, function

PLACE = {"SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-functions"]}
CELL = "query-cell2.timestream.eu-west-1.amazonaws.com"
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
INTERFACE = {
    "VpcId": "vpc-1", "VpcEndpointType": "Interface", "PrivateDnsEnabled": True,
    "SubnetIds": ["subnet-1", "subnet-2"], "SecurityGroupIds": ["sg-endpoints"],
}  # fmt: skip
GATEWAY = {"VpcId": "vpc-1", "VpcEndpointType": "Gateway", "RouteTableIds": ["rtb-1"]}
PARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "vpc-1": ("VPC", {"CidrBlock": "10.0.0.0/16", "EnableDnsSupport": "true", "EnableDnsHostnames": True}),
    "subnet-1": ("Subnet", {"VpcId": "vpc-1"}),
    "subnet-2": ("Subnet", {"VpcId": "vpc-1"}),
    "rta-1": ("SubnetRouteTableAssociation", {"SubnetId": "subnet-1", "RouteTableId": "rtb-1"}),
    "rta-2": ("SubnetRouteTableAssociation", {"SubnetId": "subnet-2", "RouteTableId": "rtb-1"}),
    "sg-functions": (
        "SecurityGroup",
        {"VpcId": "vpc-1", "SecurityGroupEgress": [{**HTTPS, "DestinationPrefixListId": "pl-1"}]},
    ),
    "sg-endpoints": (
        "SecurityGroup",
        {"VpcId": "vpc-1", "SecurityGroupIngress": [{**HTTPS, "SourceSecurityGroupId": "sg-functions"}]},
    ),
    "to-endpoints": (
        "SecurityGroupEgress",
        {**HTTPS, "GroupId": "sg-functions", "DestinationSecurityGroupId": "sg-endpoints"},
    ),
    "query": ("VPCEndpoint", {**INTERFACE, "ServiceName": "com.amazonaws.eu-west-1.timestream.query-cell2"}),
    "kinesis": ("VPCEndpoint", {**INTERFACE, "ServiceName": "com.amazonaws.eu-west-1.kinesis-streams"}),
    "s3": ("VPCEndpoint", {**GATEWAY, "ServiceName": "com.amazonaws.eu-west-1.s3"}),
}


def stack(**changes: dict[str, Any] | None) -> Deployment:
    """A function in a VPC with a gateway and two interfaces; a part's changes by its name, None takes it away."""
    parts = []
    for name, (kind, properties) in PARTS.items():
        change = changes.get(name.replace("-", "_"), {})
        if change is not None:
            parts.append(Resource(name, f"AWS::EC2::{kind}", name, {}, {**properties, **change}))
    return deployment(function(VpcConfig=PLACE), *parts)


def policy(**condition: Any) -> dict[str, Any]:
    """An endpoint's policy for every call under this condition."""
    every = {"Effect": "Allow", "Principal": "*", "Action": ["*"], "Resource": ["*"]}
    return {"Statement": [{**every, **({"Condition": condition} if condition else {})}]}


def reached(found: Deployment) -> set[str]:
    """The hosts in reach of the stack's function, without the region."""
    hosts = hosts_in_reach(read_functions(found)["writer"], found)
    return {host.removesuffix(".eu-west-1.amazonaws.com") for host in hosts}


def test_a_host_is_reached_through_the_endpoint_of_its_service() -> None:
    """The host's name is the endpoint service's, read from the other end; Kinesis alone is called otherwise."""
    assert reached(stack()) == {"query-cell2.timestream", "kinesis", "s3"}


@pytest.mark.parametrize(
    ("changes", "lost"),
    [
        ({"query": {"PolicyDocument": policy(StringEquals={"aws:PrincipalAccount": "123456789012"})}}, set()),
        (
            {"query": {"PolicyDocument": policy(StringEquals={"aws:PrincipalAccount": ["123456789012"]})}},
            set(),
        ),
        ({"query": {"PolicyDocument": policy()}}, set()),
        (
            {"query": {"PolicyDocument": policy(StringEquals={"aws:PrincipalAccount": "999999999999"})}},
            {"query-cell2.timestream"},
        ),
        ({"query": {"PolicyDocument": {"Statement": []}}}, {"query-cell2.timestream"}),
        ({"query": None}, {"query-cell2.timestream"}),
        ({"query": {"VpcId": "vpc-2"}}, {"query-cell2.timestream"}),
        ({"query": {"PrivateDnsEnabled": False}}, {"query-cell2.timestream"}),
        ({"query": {"SecurityGroupIds": []}}, {"query-cell2.timestream"}),
        ({"vpc_1": {"EnableDnsHostnames": "false"}}, {"query-cell2.timestream", "kinesis"}),
        ({"vpc_1": {"EnableDnsSupport": False}}, {"query-cell2.timestream", "kinesis"}),
        ({"to_endpoints": None}, {"query-cell2.timestream", "kinesis"}),
        ({"to_endpoints": {"FromPort": 80, "ToPort": 80}}, {"query-cell2.timestream", "kinesis"}),
        ({"to_endpoints": {"IpProtocol": "udp"}}, {"query-cell2.timestream", "kinesis"}),
        ({"sg_endpoints": {"SecurityGroupIngress": []}}, {"query-cell2.timestream", "kinesis"}),
        (
            {"sg_endpoints": {"SecurityGroupIngress": [{**HTTPS, "CidrIp": "10.0.0.0/17"}]}},
            {"query-cell2.timestream", "kinesis"},
        ),
        ({"sg_endpoints": {"SecurityGroupIngress": [{"IpProtocol": "-1", "CidrIp": "10.0.0.0/8"}]}}, set()),
        ({"s3": {"RouteTableIds": ["rtb-2"]}}, {"s3"}),
        ({"rta_2": {"RouteTableId": "rtb-2"}}, {"s3"}),
        ({"rta_2": None}, {"s3"}),
        ({"sg_functions": {"SecurityGroupEgress": [{**HTTPS, "CidrIp": "10.0.0.0/8"}]}}, {"s3"}),
        ({"sg_functions": {"SecurityGroupEgress": []}, "to_endpoints": None}, set()),
    ],
)
def test_every_part_of_the_way_must_be_there(changes: dict[str, Any], lost: set[str]) -> None:
    """The endpoint, its private DNS, the routes and the rules of both groups; a group without rules lets all out."""
    assert reached(stack(**changes)) == {"query-cell2.timestream", "kinesis", "s3"} - lost


def test_a_network_of_another_stack_is_refused() -> None:
    """Of subnets that are not here it cannot be told what they reach."""
    with pytest.raises(UnsupportedFunctionError, match=r"^Function: its subnets are not of one VPC"):
        reached(stack(subnet_1=None, subnet_2=None))


@pytest.mark.parametrize(
    "document",
    [
        policy(StringEquals={"aws:PrincipalOrgID": "o-1"}),
        policy(Bool={"aws:SecureTransport": "true"}),
        {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]},
    ],
)
def test_a_policy_that_chooses_among_calls_is_refused(document: dict[str, Any]) -> None:
    """It is not evaluated here, so it could not be said what passes."""
    with pytest.raises(UnsupportedFunctionError, match=r"^s3: its policy is not evaluated here"):
        reached(stack(s3={"PolicyDocument": document}))


class Echo:
    """An endpoint that answers every call with an empty object, and keeps the calls."""

    def __init__(self) -> None:
        self.calls: list[HttpRequest] = []

    def answer(self, request: HttpRequest) -> Response:
        """An empty object."""
        self.calls.append(request)
        return Response(200, [("Content-Type", "application/x-amz-json-1.1")], b"{}")

    def too_large(self, request: HttpRequest) -> Response:
        """The same."""
        return self.answer(request)


@pytest.fixture
def endpoint() -> Echo:
    """What stands behind the VPC."""
    return Echo()


@pytest.fixture
def exits(endpoint: Echo) -> Iterator[VpcExits]:
    """The ways out of the stack's VPC."""
    found = VpcExits(stack(), endpoint)
    yield found
    found.close()


def client(exits: VpcExits, service: str, host: str = "") -> Any:
    """A client of a service as the function would make it, with the host's address if one is given."""
    url = exits.url_of(read_functions(stack())["writer"])
    return boto3.client(
        service,
        endpoint_url=f"{url}/_host/{host}" if host else url,
        region_name="eu-west-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )


def test_calls_pass_the_endpoints_and_lose_the_hosts_name(exits: VpcExits, endpoint: Echo) -> None:
    """The endpoint sees them as it sees those of others."""
    client(exits, "kinesis").list_streams()
    client(exits, "s3").head_bucket(Bucket="b")
    client(exits, "timestream-query", CELL).query(QueryString="SELECT 1")
    assert [call.target for call in endpoint.calls] == ["/", "/b", "/"]
    assert exits.unreachable == []


@pytest.mark.parametrize(
    ("service", "host", "operation", "missing"),
    [
        ("glue", "", "get_databases", "glue.eu-west-1.amazonaws.com"),
        ("dynamodb", "", "list_tables", "dynamodb.eu-west-1.amazonaws.com"),
        ("timestream-query", "", "describe_endpoints", "timestream.eu-west-1.amazonaws.com"),
        ("timestream-query", CELL, "describe_endpoints", CELL),
        (
            "timestream-write",
            "ingest-cell2.timestream.eu-west-1.amazonaws.com",
            "list_databases",
            "ingest-cell2.timestream.eu-west-1.amazonaws.com",
        ),
    ],
)
def test_what_has_no_endpoint_is_refused_by_name(
    exits: VpcExits, endpoint: Echo, service: str, host: str, operation: str, missing: str
) -> None:
    """The error names function, operation and host, and is kept; a cell is not asked which cell there is."""
    with pytest.raises(ClientError, match="NoRouteToService") as caught:
        getattr(client(exits, service, host), operation)()
    (line,) = exits.unreachable
    called = "".join(part.capitalize() for part in operation.split("_"))
    assert line.startswith(
        f"Function calls {called} of {missing}, for which its VPC has no endpoint; it reaches "
    )
    assert line in str(caught.value)
    assert endpoint.calls == []


def test_a_function_in_a_vpc_calls_its_exit(start: Start, endpoint: Echo) -> None:
    """Its endpoint is the exit, and the address of an AWS host among its variables leads there by the host's name."""
    functions = start(
        """
        import os
        def handler(event, context):
            return [os.environ[name] for name in ("AWS_ENDPOINT_URL", "STORE", "HOOK")]
        """,
        *list(stack().resources.values())[1:],
        endpoint=endpoint,
        VpcConfig=PLACE,
        Environment={"Variables": {"STORE": f"https://{CELL}", "HOOK": "https://example.com/amazonaws.com"}},
    )
    url, store, hook = json.loads(functions.invoke("writer", {}).payload)
    assert url.startswith("http://127.0.0.1:")
    assert (store, hook) == (f"{url}/_host/{CELL}", "https://example.com/amazonaws.com")


def test_a_function_in_a_vpc_takes_an_endpoint(start: Start) -> None:
    """Without one it would run as if it were in no VPC."""
    with pytest.raises(UnsupportedFunctionError, match=r"^Function: a VPC takes an endpoint to lead to$"):
        start("def handler(event, context): return 1", VpcConfig=PLACE)


def test_a_function_in_no_vpc_reaches_a_named_host_too(start: Start) -> None:
    """The address of an AWS host leads to the local endpoint, wherever the function is."""
    functions = start(
        "import os\ndef handler(event, context):\n    return os.environ['STORE']",
        Environment={"Variables": {"STORE": f"https://{CELL}/"}},
    )
    assert json.loads(functions.invoke("writer", {}).payload) == f"http://127.0.0.1:9/_host/{CELL}"
