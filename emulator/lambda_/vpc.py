"""The network of functions in a VPC: from there only what an endpoint of the VPC leads to can be reached.

https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from emulator.aws_request import AwsRequest
from emulator.cloudformation.deployment import Deployment, Resource
from emulator.errors import UnsupportedFunctionError
from emulator.http_server import Answerer, HttpRequest, HttpServer, Response
from emulator.lambda_.configuration import FunctionConfig
from emulator.responses import error

_BODY_LIMIT_BYTES = 1024 * 1024 * 1024
_HTTPS = 443
# Endpoint services whose host is called otherwise.
_HOSTS = {"kinesis-streams": "kinesis"}

_EVERY_CALL = tuple(
    {"Effect": "Allow", "Principal": "*", "Action": every, "Resource": every} for every in ("*", ["*"])
)

Rule = Mapping[str, Any]


class VpcExits:
    """The ways out of functions' VPCs to the local endpoint, a server each; `unreachable` are the calls refused."""

    def __init__(self, deployment: Deployment, endpoint: Answerer | None) -> None:
        self.unreachable: list[str] = []
        self._deployment, self._endpoint = deployment, endpoint
        self._closing = contextlib.ExitStack()

    def url_of(self, function: FunctionConfig) -> str:
        """The address that a function in a VPC calls. Raises UnsupportedFunctionError."""
        if self._endpoint is None:
            raise UnsupportedFunctionError(f"{function.logical_id}: a VPC takes an endpoint to lead to")
        hosts = hosts_in_reach(function, self._deployment)
        server = HttpServer(0, name="vpc-exit", body_limit=_BODY_LIMIT_BYTES)
        self._closing.callback(server.close)
        server.start(_VpcExit(function, hosts, self._endpoint, self.unreachable.append))
        return server.url

    def close(self) -> None:
        """Close every way out."""
        self._closing.close()


class _VpcExit:
    """Refuses what no endpoint of the VPC serves: on AWS such a call would end in a timeout."""

    def __init__(
        self,
        function: FunctionConfig,
        hosts: frozenset[str],
        endpoint: Answerer,
        tell: Callable[[str], None],
    ) -> None:
        self._function, self._hosts, self._endpoint, self._tell = function, hosts, endpoint, tell

    def answer(self, request: HttpRequest) -> Response:
        """The endpoint's reply, if the host called is one of those that the VPC's endpoints serve."""
        call = AwsRequest.of(request)
        region, service = call.scope
        host = call.named_host or f"{service or 's3'}.{region or self._function.region}.amazonaws.com"
        # It is not documented that a cell of Timestream also says which cell is the account's.
        if host in self._hosts and call.json_target != "Timestream_20181101.DescribeEndpoints":
            return self._endpoint.answer(call)
        message = (
            f"{self._function.logical_id} calls {call.operation or call.method} of {host}, for which its VPC has no "
            f"endpoint; it reaches {', '.join(sorted(self._hosts)) or 'nothing'}"
        )
        self._tell(message)
        return error(call, "NoRouteToService", message, 403)

    def too_large(self, request: HttpRequest) -> Response:
        """The endpoint's own refusal."""
        return self._endpoint.too_large(request)


def hosts_in_reach(function: FunctionConfig, deployment: Deployment) -> frozenset[str]:
    """The names of AWS's hosts that endpoints serve in the function's subnets, through its security groups.

    UnsupportedFunctionError when the subnets are not the deployment's own.
    """
    subnets, groups = set(function.vpc["SubnetIds"]), set(function.vpc["SecurityGroupIds"])
    homes = {
        item.properties["VpcId"]
        for item in deployment.of_type("AWS::EC2::Subnet")
        if item.physical_id in subnets
    }
    vpcs = [item for item in deployment.of_type("AWS::EC2::VPC") if item.physical_id in homes]
    if len(vpcs) != 1:
        raise UnsupportedFunctionError(f"{function.logical_id}: its subnets are not of one VPC of its stack")
    vpc = vpcs[0].properties
    tables = {
        item.properties["SubnetId"]: item.properties["RouteTableId"]
        for item in deployment.of_type("AWS::EC2::SubnetRouteTableAssociation")
    }
    outward = list(_rules(deployment, "Egress", groups))

    def reached(endpoint: Mapping[str, Any]) -> bool:
        if endpoint.get("VpcEndpointType", "Gateway") == "Gateway":
            routed = {tables.get(subnet) for subnet in subnets} <= set(endpoint.get("RouteTableIds", []))
            listed = any(
                "DestinationPrefixListId" in rule or rule.get("CidrIp") == "0.0.0.0/0" for rule in outward
            )
            return routed and listed
        theirs = set(endpoint.get("SecurityGroupIds", []))
        resolved = (
            _true(endpoint.get("PrivateDnsEnabled"))
            and _true(vpc.get("EnableDnsSupport", True))
            and _true(vpc.get("EnableDnsHostnames"))
        )
        inward = list(_rules(deployment, "Ingress", theirs))
        block = IPv4Network(vpc["CidrBlock"])
        return (
            resolved
            and _opens(outward, "Destination", theirs, block)
            and _opens(inward, "Source", groups, block)
        )

    return frozenset(
        _host(item.properties["ServiceName"])
        for item in deployment.of_type("AWS::EC2::VPCEndpoint")
        if item.properties["VpcId"] == vpcs[0].physical_id
        and reached(item.properties)
        and _lets_through(item, deployment.account_id)
    )


def _lets_through(endpoint: Resource, account: str) -> bool:
    """True if the endpoint's policy lets all calls of the account through; one that chooses among them is refused."""
    policy = endpoint.properties.get("PolicyDocument")
    if policy is None:
        return True
    for statement in policy["Statement"]:
        said = {name: value for name, value in statement.items() if name not in {"Condition", "Sid"}}
        condition = statement.get("Condition", {})
        accounts = condition.get("StringEquals", {}).get("aws:PrincipalAccount")
        by_account = condition == {"StringEquals": {"aws:PrincipalAccount": accounts}}
        if said not in _EVERY_CALL or (condition and not by_account):
            raise UnsupportedFunctionError(
                f"{endpoint.logical_id}: its policy is not evaluated here: {statement}"
            )
        if accounts is None or account in ([accounts] if isinstance(accounts, str) else accounts):
            return True
    return False


def _host(service: str) -> str:
    """The host of an endpoint's service: of com.amazonaws.R.timestream.query-cell1 query-cell1.timestream.R.…"""
    region, *names = service.split(".")[2:]
    return ".".join([*(_HOSTS.get(name, name) for name in reversed(names)), region, "amazonaws.com"])


def _rules(deployment: Deployment, direction: str, groups: set[str]) -> Iterator[Rule]:
    """The rules of security groups that let HTTPS through; a group without any of its own lets everything out."""
    everything = [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}] if direction == "Egress" else []
    rules: list[Rule] = []
    for group in deployment.of_type("AWS::EC2::SecurityGroup"):
        if group.physical_id in groups:
            rules += group.properties.get(f"SecurityGroup{direction}") or everything
    for alone in deployment.of_type(f"AWS::EC2::SecurityGroup{direction}"):
        if alone.properties["GroupId"] in groups:
            rules.append(alone.properties)
    for rule in rules:
        ports = range(int(rule.get("FromPort", 0)), int(rule.get("ToPort", 65535)) + 1)
        if str(rule["IpProtocol"]) == "-1" or (rule["IpProtocol"] == "tcp" and _HTTPS in ports):
            yield rule


def _opens(rules: Sequence[Rule], peer: str, groups: set[str], block: IPv4Network) -> bool:
    return any(
        rule.get(f"{peer}SecurityGroupId") in groups
        or ("CidrIp" in rule and block.subnet_of(IPv4Network(rule["CidrIp"])))
        for rule in rules
    )


def _true(value: object) -> bool:
    return str(value).lower() == "true"
