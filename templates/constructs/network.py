"""A private network as functions see it: their place in it, and the endpoints of what they call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from awacs.aws import Action, Allow, Condition, Principal, Statement, StringEquals
from troposphere import FindInMap, Ref, Sub, Template
from troposphere.awslambda import VPCConfig
from troposphere.ec2 import VPC, RouteTable, SecurityGroup, Subnet, VPCEndpoint

from templates.constructs.policy import actions, allow, document

# Which endpoint the actions of a role are called through, by their prefix.
_INTERFACES = {"athena": "Athena", "glue": "Glue", "sns": "Sns", "states": "States"}
_GATEWAYS = {"dynamodb": "DynamoDb", "s3": "S3"}
_CELLS = {"timestream": ("Ingest", "Query")}
# Allowed to a role, and called by another service in its name.
_CALLED_FROM_ELSEWHERE = {
    "kinesis": "Lambda's pollers read the stream",
    "kms": "the services that hold data use the key in the name of who asks them",
    "logs": "Lambda takes a function's log from its execution environment",
    "xray": "segments go to Lambda's own daemon beside the function, which sends them on outside the VPC",
}


@dataclass(frozen=True)
class Network:
    """A VPC without a way out but endpoints: its subnets, its two security groups, and Timestream's cells by kind."""

    vpc: VPC
    subnets: tuple[Subnet, ...]
    routes: RouteTable
    functions: SecurityGroup
    endpoints: SecurityGroup
    cells: Mapping[str, FindInMap]

    @property
    def place(self) -> VPCConfig:
        """The place of a function: an interface in each subnet."""
        return VPCConfig(
            SubnetIds=[Ref(subnet) for subnet in self.subnets],
            SecurityGroupIds=[self.functions.get_att("GroupId")],
        )

    def cell_url(self, kind: str) -> Sub:
        """The address of a Timestream cell, which the endpoint's private DNS leads to; no general name has one."""
        host = f"{kind.lower()}-${{Cell}}.timestream.${{AWS::Region}}.${{AWS::URLSuffix}}"
        return Sub(f"https://{host}", Cell=self.cells[kind])

    def join(self) -> list[Statement]:
        """The grant to make interfaces in the subnets and keep them, as Lambda does with the function's role.

        https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        """
        start = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:"
        interfaces = Sub(f"{start}network-interface/*")
        places = [Sub(f"{start}subnet/${{Subnet}}", Subnet=Ref(subnet)) for subnet in self.subnets]
        keep = actions("ec2", "AssignPrivateIpAddresses DeleteNetworkInterface UnassignPrivateIpAddresses")
        see = actions("ec2", "DescribeNetworkInterfaces DescribeSecurityGroups DescribeSubnets DescribeVpcs")
        group = Sub(f"{start}security-group/${{Group}}", Group=self.functions.get_att("GroupId"))
        return [
            allow(
                actions("ec2", "CreateNetworkInterface"), [interfaces, *places, group], Sid="MakeInterfaces"
            ),
            allow(keep, [interfaces, *places], Sid="KeepInterfaces"),
            allow(see, ["*"], Sid="SeeNetwork"),
        ]


def add_endpoints(template: Template, network: Network, statements: Iterable[Statement]) -> None:
    """Add the endpoints of the services that these statements allow to call, those that are missing.

    LookupError for a service of which no endpoint is known: its calls would time out.
    """
    gateway = {"VpcEndpointType": "Gateway", "RouteTableIds": [Ref(network.routes)]}
    interface = {
        "VpcEndpointType": "Interface",
        "PrivateDnsEnabled": True,
        "SubnetIds": [Ref(subnet) for subnet in network.subnets],
        "SecurityGroupIds": [network.endpoints.get_att("GroupId")],
    }
    for service in sorted({action.prefix for statement in statements for action in statement.Action}):
        name = f"com.amazonaws.${{AWS::Region}}.{service}"
        if service in _GATEWAYS:
            _add_endpoint(template, network, _GATEWAYS[service], Sub(name), gateway)
        elif service in _INTERFACES:
            _add_endpoint(template, network, _INTERFACES[service], Sub(name), interface)
        elif service in _CELLS:
            for kind in _CELLS[service]:
                cell = Sub(f"{name}.{kind.lower()}-${{Cell}}", Cell=network.cells[kind])
                _add_endpoint(template, network, f"Timestream{kind}", cell, interface)
        elif service not in _CALLED_FROM_ELSEWHERE:
            raise LookupError(f"no endpoint is known for the actions {service}:… of the functions")


def _add_endpoint(
    template: Template, network: Network, name: str, service: Sub, kind: Mapping[str, Any]
) -> None:
    """A gateway in the route table, or an interface in both subnets; either serves this account's roles alone."""
    title = f"{name}Endpoint"
    if title in template.resources:
        return
    policy = Statement(
        Effect=Allow,
        Principal=Principal("*"),
        # What may pass is the roles' matter; the endpoint only looks at whose they are.
        Action=[Action("*")],
        Resource=["*"],
        Condition=Condition(StringEquals({"aws:PrincipalAccount": Ref("AWS::AccountId")})),
    )
    template.add_resource(
        VPCEndpoint(
            title, VpcId=Ref(network.vpc), ServiceName=service, PolicyDocument=document(policy), **kind
        )
    )
