"""The private network, in which functions run when nothing of theirs may reach the internet."""

from collections.abc import Mapping
from typing import Any

from awacs import logs
from troposphere import Cidr, FindInMap, GetAZs, Join, Ref, Select, Template, ec2

from handlers.vocabulary import TIMESTREAM
from templates.components.platform.key import Key
from templates.config import Config
from templates.constructs.logs import add_log_group
from templates.constructs.network import Network
from templates.constructs.outputs import add_outputs
from templates.constructs.policy import add_role, allow

_REGIONS = "Regions"
# Half of the smallest range: 123 addresses a subnet, where the functions' interfaces take one each and endpoints too.
_SUBNET_BITS = "7"


def add_network(template: Template, config: Config, *, key: Key) -> Network:
    """A VPC in which functions reach the endpoints of AWS and nothing else; each function adds those of its calls."""
    given = _add_mapping(template, config)
    vpc = template.add_resource(
        ec2.VPC("Vpc", CidrBlock=given["VpcCidr"], EnableDnsSupport=True, EnableDnsHostnames=True)
    )
    table = template.add_resource(ec2.RouteTable("PrivateRouteTable", VpcId=Ref(vpc)))
    zones = given["Zones"] if config.network.zones else GetAZs("")
    subnets = tuple(_add_subnet(template, number, vpc, table, zones) for number in (0, 1))
    functions = _add_functions_group(template, vpc, given)
    endpoints = _add_endpoints_group(template, vpc, functions)
    _add_flow_log(template, config, vpc, key=key)
    add_outputs(
        template,
        ("VpcId", Ref(vpc), "The VPC that the functions run in"),
        (
            "PrivateSubnetIds",
            Join(",", [Ref(subnet) for subnet in subnets]),
            "Its two private subnets, each in a zone of its own",
        ),
    )
    kinds = ("Ingest", "Query") if config.store.kind == TIMESTREAM else ()
    cells = {kind: given[f"Timestream{kind}Cell"] for kind in kinds}
    return Network(vpc, subnets, table, functions, endpoints, cells)


def _add_mapping(template: Template, config: Config) -> dict[str, FindInMap]:
    """The values of each region, in the template: a StackSet needs one for each parameter before it has a region."""
    network = config.network
    columns: dict[str, Mapping[str, Any]] = {
        "VpcCidr": network.cidr,
        **(
            {"TimestreamIngestCell": network.ingest_cell, "TimestreamQueryCell": network.query_cell}
            if config.store.kind == TIMESTREAM
            else {}
        ),
        "S3PrefixList": network.s3_prefix_list,
        "DynamoDbPrefixList": network.dynamodb_prefix_list,
        **({"Zones": network.zones} if network.zones else {}),
    }
    rows = {region: {name: column[region] for name, column in columns.items()} for region in config.regions}
    template.add_mapping(_REGIONS, rows)
    return {name: FindInMap(_REGIONS, Ref("AWS::Region"), name) for name in columns}


def _add_subnet(
    template: Template, number: int, vpc: ec2.VPC, table: ec2.RouteTable, zones: GetAZs | FindInMap
) -> ec2.Subnet:
    """One of two subnets, each in a zone of its own."""
    name = f"PrivateSubnet{'AB'[number]}"
    subnet = template.add_resource(
        ec2.Subnet(
            name,
            VpcId=Ref(vpc),
            AvailabilityZone=Select(number, zones),
            CidrBlock=Select(number, Cidr(vpc.get_att("CidrBlock"), 2, _SUBNET_BITS)),
            MapPublicIpOnLaunch=False,
        )
    )
    template.add_resource(
        ec2.SubnetRouteTableAssociation(f"{name}Routes", SubnetId=Ref(subnet), RouteTableId=Ref(table))
    )
    return subnet


def _add_functions_group(
    template: Template, vpc: ec2.VPC, given: Mapping[str, FindInMap]
) -> ec2.SecurityGroup:
    """Out to S3 and DynamoDB by their prefix lists, as gateways have no address; nothing comes in."""
    return template.add_resource(
        ec2.SecurityGroup(
            "FunctionsSecurityGroup",
            GroupDescription="The functions: out to the endpoints of AWS only",
            VpcId=Ref(vpc),
            SecurityGroupEgress=[
                _https(f"To {service} through its gateway", DestinationPrefixListId=given[name])
                for service, name in (("S3", "S3PrefixList"), ("DynamoDB", "DynamoDbPrefixList"))
            ],
        )
    )


def _https(description: str, **peer: Any) -> ec2.SecurityGroupRule:
    return ec2.SecurityGroupRule(IpProtocol="tcp", FromPort=443, ToPort=443, Description=description, **peer)


def _add_endpoints_group(template: Template, vpc: ec2.VPC, functions: ec2.SecurityGroup) -> ec2.SecurityGroup:
    """In from the functions, whose own group is opened towards it."""
    group = template.add_resource(
        ec2.SecurityGroup(
            "EndpointsSecurityGroup",
            GroupDescription="The endpoints: in from the functions only",
            VpcId=Ref(vpc),
            SecurityGroupIngress=[
                _https("From the functions", SourceSecurityGroupId=functions.get_att("GroupId"))
            ],
            # An endpoint opens no connection. Without any rule, a group lets everything out.
            SecurityGroupEgress=[
                ec2.SecurityGroupRule(IpProtocol="-1", CidrIp="127.0.0.1/32", Description="Nowhere")
            ],
        )
    )
    template.add_resource(
        ec2.SecurityGroupEgress(
            "FunctionsToEndpoints",
            GroupId=functions.get_att("GroupId"),
            DestinationSecurityGroupId=group.get_att("GroupId"),
            IpProtocol="tcp",
            FromPort=443,
            ToPort=443,
            Description="To the interface endpoints",
        )
    )
    return group


def _add_flow_log(template: Template, config: Config, vpc: ec2.VPC, *, key: Key) -> None:
    """A log of every connection, accepted or refused; kept as long as the other logs."""
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
        ec2.FlowLog(
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
