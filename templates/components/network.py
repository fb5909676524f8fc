"""The private network: where the functions run when nothing of theirs may reach the internet."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from awacs import ec2 as actions
from awacs import logs
from awacs.aws import Action, Allow, Condition, Principal, Statement, StringEquals
from troposphere import Cidr, GetAtt, GetAZs, Parameter, Ref, Select, Sub, Template, encode_to_dict
from troposphere.awslambda import Function, VPCConfig
from troposphere.ec2 import (
    VPC,
    FlowLog,
    RouteTable,
    SecurityGroup,
    SecurityGroupEgress,
    SecurityGroupRule,
    Subnet,
    SubnetRouteTableAssociation,
    VPCEndpoint,
)

from templates.components.key import Key
from templates.config import Config
from templates.config.network import PER_REGION
from templates.constructs.logs import add_log_group
from templates.constructs.policy import add_role, allow, document
from templates.parameters import NETWORK

# Which endpoint the actions of a role are called through, by their prefix.
_INTERFACES = {"glue": "glue", "sns": "sns", "states": "states", "xray": "xray"}
_GATEWAYS = {"dynamodb": "dynamodb", "s3": "s3"}
_CELLS = {"timestream": ("Ingest", "Query")}
# Allowed to a role, and called by somebody else in its name.
_CALLED_FROM_ELSEWHERE = {
    "kinesis": "Lambda's pollers read the stream",
    "kms": "the services that hold data use the key in the name of who asks them",
    "logs": "Lambda takes a function's log from its execution environment",
}

_PARAMETERS = {
    "cidr": ("Address range", "The region's address range, apart from every other region's"),
    "ingest_cell": (
        "Timestream cell for writes",
        "The cell that `aws timestream-write describe-endpoints` names for this account",
    ),
    "query_cell": (
        "Timestream cell for queries",
        "The cell that `aws timestream-query describe-endpoints` names for this account",
    ),
    "s3_prefix_list": (
        "Prefix list of S3",
        "Id of AWS's prefix list com.amazonaws.<region>.s3, the only S3 addresses that functions may reach",
    ),
    "dynamodb_prefix_list": (
        "Prefix list of DynamoDB",
        "Id of AWS's prefix list com.amazonaws.<region>.dynamodb, likewise",
    ),
}
_PATTERNS = {
    "cidr": r"[0-9]{1,3}(\.[0-9]{1,3}){3}/(1[6-9]|2[0-4])",
    "ingest_cell": "cell[0-9]{1,4}",
    "query_cell": "cell[0-9]{1,4}",
    "s3_prefix_list": "pl-[0-9a-f]{8,17}",
    "dynamodb_prefix_list": "pl-[0-9a-f]{8,17}",
}

# Half of the smallest range: 123 addresses a subnet, where the functions' interfaces take one each and endpoints too.
_SUBNET_BITS = "7"


@dataclass(frozen=True)
class Network:
    """The VPC with what the functions are placed in."""

    vpc: VPC
    subnets: tuple[Subnet, ...]
    functions: SecurityGroup


def add_network(template: Template, config: Config, *, key: Key) -> Network:
    """A VPC without a way out but the endpoints of what the template's functions call, and the functions in it."""
    given = _add_parameters(template)
    vpc = template.add_resource(
        VPC("Vpc", CidrBlock=given["cidr"], EnableDnsSupport=True, EnableDnsHostnames=True)
    )
    table = template.add_resource(RouteTable("PrivateRouteTable", VpcId=Ref(vpc)))
    subnets = tuple(_add_subnet(template, number, vpc, table) for number in (0, 1))
    functions = _add_functions_group(template, vpc, given)
    network = Network(vpc, subnets, functions)
    _add_endpoints(template, network, table, given)
    _add_flow_log(template, config, vpc, key=key)
    for function in _functions(template):
        _place(template, function, network)
    return network


def _add_parameters(template: Template) -> dict[str, Ref]:
    given = {}
    for name, (label, description) in _PARAMETERS.items():
        parameter = template.add_parameter(
            Parameter(
                NETWORK[name],
                Type="String",
                Description=description,
                AllowedPattern=_PATTERNS[name],
                ConstraintDescription=PER_REGION[name].allowed,
            )
        )
        template.add_parameter_to_group(parameter, "Network of the functions")
        template.set_parameter_label(parameter, label)
        given[name] = Ref(parameter)
    return given


def _add_subnet(template: Template, number: int, vpc: VPC, table: RouteTable) -> Subnet:
    """One of two subnets, each in a zone of its own."""
    name = f"PrivateSubnet{'AB'[number]}"
    subnet = template.add_resource(
        Subnet(
            name,
            VpcId=Ref(vpc),
            AvailabilityZone=Select(number, GetAZs("")),
            CidrBlock=Select(number, Cidr(vpc.get_att("CidrBlock"), 2, _SUBNET_BITS)),
            MapPublicIpOnLaunch=False,
        )
    )
    template.add_resource(
        SubnetRouteTableAssociation(f"{name}Routes", SubnetId=Ref(subnet), RouteTableId=Ref(table))
    )
    return subnet


def _add_functions_group(template: Template, vpc: VPC, given: Mapping[str, Ref]) -> SecurityGroup:
    """Out to S3 and DynamoDB by their prefix lists, as gateways have no address; nothing comes in."""
    return template.add_resource(
        SecurityGroup(
            "FunctionsSecurityGroup",
            GroupDescription="The functions: out to the endpoints of AWS only",
            VpcId=Ref(vpc),
            SecurityGroupEgress=[
                _https(f"To {service} through its gateway", DestinationPrefixListId=given[setting])
                for service, setting in (("S3", "s3_prefix_list"), ("DynamoDB", "dynamodb_prefix_list"))
            ],
        )
    )


def _https(description: str, **peer: Any) -> SecurityGroupRule:
    return SecurityGroupRule(IpProtocol="tcp", FromPort=443, ToPort=443, Description=description, **peer)


def _add_endpoints(template: Template, network: Network, table: RouteTable, given: Mapping[str, Ref]) -> None:
    group = template.add_resource(
        SecurityGroup(
            "EndpointsSecurityGroup",
            GroupDescription="The endpoints: in from the functions only",
            VpcId=Ref(network.vpc),
            SecurityGroupIngress=[
                _https("From the functions", SourceSecurityGroupId=network.functions.get_att("GroupId"))
            ],
            # An endpoint opens no connection. Without any rule, a group lets everything out.
            SecurityGroupEgress=[
                SecurityGroupRule(IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nowhere")
            ],
        )
    )
    template.add_resource(
        SecurityGroupEgress(
            "FunctionsToEndpoints",
            GroupId=network.functions.get_att("GroupId"),
            DestinationSecurityGroupId=group.get_att("GroupId"),
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            Description="To the interface endpoints",
        )
    )
    for service in sorted(_called(template)):
        if service in _GATEWAYS:
            _add_endpoint(
                template, service, network, Sub(f"com.amazonaws.${{AWS::Region}}.{service}"), table=table
            )
        elif service in _INTERFACES:
            name = Sub(f"com.amazonaws.${{AWS::Region}}.{_INTERFACES[service]}")
            _add_endpoint(template, service, network, name, group=group)
        elif service in _CELLS:
            for kind in _CELLS[service]:
                name = Sub(
                    f"com.amazonaws.${{AWS::Region}}.timestream.{kind.lower()}-${{Cell}}",
                    Cell=given[f"{kind.lower()}_cell"],
                )
                _add_endpoint(template, f"Timestream{kind}", network, name, group=group)
        elif service not in _CALLED_FROM_ELSEWHERE:
            raise LookupError(f"no endpoint is known for the actions {service}:… of the functions")


def _add_endpoint(
    template: Template,
    service: str,
    network: Network,
    name: Sub,
    *,
    table: RouteTable | None = None,
    group: SecurityGroup | None = None,
) -> None:
    """A gateway in the route table, or an interface in both subnets; either serves this account's roles alone."""
    own = StringEquals({"aws:PrincipalAccount": Ref("AWS::AccountId")})
    policy = Statement(
        Effect=Allow,
        Principal=Principal("*"),
        # What may pass is the roles' matter; the endpoint only looks at whose they are.
        Action=[Action("*")],
        Resource=["*"],
        Condition=Condition(own),
    )
    kind: dict[str, Any] = (
        {"VpcEndpointType": "Gateway", "RouteTableIds": [Ref(table)]}
        if table
        else {
            "VpcEndpointType": "Interface",
            "PrivateDnsEnabled": True,
            "SubnetIds": [Ref(subnet) for subnet in network.subnets],
            "SecurityGroupIds": [group.get_att("GroupId")] if group else [],
        }
    )
    title = service if service[0].isupper() else _title(service)
    template.add_resource(
        VPCEndpoint(
            f"{title}Endpoint",
            VpcId=Ref(network.vpc),
            ServiceName=name,
            PolicyDocument=document(policy),
            **kind,
        )
    )


def _title(service: str) -> str:
    return {"dynamodb": "DynamoDb", "xray": "XRay"}.get(service, service.capitalize())


def _add_flow_log(template: Template, config: Config, vpc: VPC, *, key: Key) -> None:
    """Who talked to whom, and what was refused; kept as long as the other logs."""
    group = add_log_group(template, "FlowLogs", config.logs, key_arn=key.arn)
    arn = group.get_att("Arn")
    role = add_role(
        template,
        "FlowLogRole",
        service="vpc-flow-logs.amazonaws.com",
        description="What the flow log of the VPC may do",
        statements=[
            allow([logs.CreateLogStream, logs.DescribeLogStreams, logs.PutLogEvents], [arn], Sid="Log"),
            # https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
            allow([logs.DescribeLogGroups], ["*"], Sid="FindLog"),
        ],
    )
    template.add_resource(
        FlowLog(
            "FlowLog",
            ResourceId=Ref(vpc),
            ResourceType="VPC",
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogGroupName=Ref(group),
            DeliverLogsPermissionArn=role.get_att("Arn"),
            MaxAggregationInterval=600,
        )
    )


def _place(template: Template, function: Function, network: Network) -> None:
    """Give the function interfaces in both subnets, and its role what Lambda needs to make them in its name."""
    function.VpcConfig = VPCConfig(
        SubnetIds=[Ref(subnet) for subnet in network.subnets],
        SecurityGroupIds=[network.functions.get_att("GroupId")],
    )
    start = "arn:${AWS::Partition}:ec2:${AWS::Region}:${AWS::AccountId}:"
    interfaces = Sub(f"{start}network-interface/*")
    places = [Sub(f"{start}subnet/${{Subnet}}", Subnet=Ref(subnet)) for subnet in network.subnets]
    group = Sub(f"{start}security-group/${{Group}}", Group=network.functions.get_att("GroupId"))
    # https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
    for statement in (
        allow([actions.CreateNetworkInterface], [interfaces, *places, group], Sid="MakeInterfaces"),
        allow(
            [
                actions.AssignPrivateIpAddresses,
                actions.DeleteNetworkInterface,
                actions.UnassignPrivateIpAddresses,
            ],
            [interfaces, *places],
            Sid="KeepInterfaces",
        ),
        allow(
            [
                actions.DescribeNetworkInterfaces,
                actions.DescribeSecurityGroups,
                actions.DescribeSubnets,
                actions.DescribeVpcs,
            ],
            ["*"],
            Sid="SeeNetwork",
        ),
    ):
        _policy_of(template, function).Statement.append(statement)


def _functions(template: Template) -> Iterator[Function]:
    yield from (part for part in template.resources.values() if isinstance(part, Function))


def _policy_of(template: Template, function: Function) -> Any:
    role: GetAtt = function.Role
    title, _ = role.data["Fn::GetAtt"]
    (policy,) = template.resources[title].Policies
    return policy.PolicyDocument


def _called(template: Template) -> set[str]:
    """The services whose actions the functions' roles allow."""
    statements = [
        statement
        for function in _functions(template)
        for statement in encode_to_dict(_policy_of(template, function))["Statement"]
    ]
    return {action.partition(":")[0] for statement in statements for action in statement["Action"]}
