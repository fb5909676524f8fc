"""Networks, recorded in moto to be looked at; what functions reach from one, lambda_/vpc.py reads from the template."""

import json
from typing import Any

from emulator.cloudformation.properties import Properties
from emulator.cloudformation.resources.context import Context, Created


def _vpc(context: Context, properties: Properties) -> Created:
    client = context.client("ec2")
    block = properties.text("CidrBlock")
    vpc = client.create_vpc(CidrBlock=block, **_tags(properties, "vpc"))["Vpc"]
    identifier = vpc["VpcId"]
    for name in ("EnableDnsHostnames", "EnableDnsSupport"):
        if properties.get(name) is not None:
            client.modify_vpc_attribute(VpcId=identifier, **{name: {"Value": properties.boolean(name)}})
    return Created(identifier, {"CidrBlock": block, "VpcId": identifier})


def _subnet(context: Context, properties: Properties) -> Created:
    client = context.client("ec2")
    arguments = properties.subset("AvailabilityZone", "CidrBlock", "VpcId")
    subnet = client.create_subnet(**arguments, **_tags(properties, "subnet"))["Subnet"]
    identifier = subnet["SubnetId"]
    if properties.get("MapPublicIpOnLaunch") is not None:
        client.modify_subnet_attribute(
            SubnetId=identifier, MapPublicIpOnLaunch={"Value": properties.boolean("MapPublicIpOnLaunch")}
        )
    return Created(identifier, {"SubnetId": identifier})


def _route_table(context: Context, properties: Properties) -> Created:
    arguments = {"VpcId": properties.text("VpcId"), **_tags(properties, "route-table")}
    identifier = context.client("ec2").create_route_table(**arguments)["RouteTable"]["RouteTableId"]
    return Created(identifier, {"RouteTableId": identifier})


def _association(context: Context, properties: Properties) -> Created:
    identifier = context.client("ec2").associate_route_table(
        RouteTableId=properties.text("RouteTableId"), SubnetId=properties.text("SubnetId")
    )["AssociationId"]
    return Created(identifier, {"Id": identifier})


def _security_group(context: Context, properties: Properties) -> Created:
    client = context.client("ec2")
    identifier = client.create_security_group(
        GroupName=properties.text("GroupName", context.name(properties.logical_id)),
        Description=properties.text("GroupDescription"),
        VpcId=properties.text("VpcId"),
        **_tags(properties, "security-group"),
    )["GroupId"]
    ingress = properties.get("SecurityGroupIngress", [])
    if ingress:
        client.authorize_security_group_ingress(
            GroupId=identifier, IpPermissions=[_rule(rule, "Source") for rule in ingress]
        )
    egress = properties.get("SecurityGroupEgress", [])
    if egress:
        # A group starts with a rule that lets everything out; CloudFormation removes it where the template has rules.
        everywhere = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        client.revoke_security_group_egress(GroupId=identifier, IpPermissions=[everywhere])
        client.authorize_security_group_egress(
            GroupId=identifier, IpPermissions=[_rule(rule, "Destination") for rule in egress]
        )
    return Created(identifier, {"GroupId": identifier, "Id": identifier, "VpcId": properties.text("VpcId")})


def _egress(context: Context, properties: Properties) -> Created:
    context.client("ec2").authorize_security_group_egress(
        GroupId=properties.text("GroupId"), IpPermissions=[_rule(properties.all(), "Destination")]
    )
    return Created(context.name(properties.logical_id), {"Id": context.name(properties.logical_id)})


def _rule(rule: Any, peer: str) -> dict[str, Any]:
    """One rule of a security group as the API nests it; `peer` is Source or Destination."""
    permission: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    for name in ("FromPort", "ToPort"):
        if name in rule:
            permission[name] = int(rule[name])
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **described}]
    if f"{peer}SecurityGroupId" in rule:
        permission["UserIdGroupPairs"] = [{"GroupId": rule[f"{peer}SecurityGroupId"], **described}]
    prefix_list = rule.get(f"{peer}PrefixListId")
    if prefix_list is not None:
        permission["PrefixListIds"] = [{"PrefixListId": prefix_list, **described}]
    return permission


def _vpc_endpoint(context: Context, properties: Properties) -> Created:
    arguments = properties.subset(
        "PrivateDnsEnabled", "RouteTableIds", "SecurityGroupIds", "ServiceName", "SubnetIds",
        "VpcEndpointType", "VpcId",
    )  # fmt: skip
    policy = properties.get("PolicyDocument")
    if policy is not None:
        arguments["PolicyDocument"] = policy if isinstance(policy, str) else json.dumps(policy)
    endpoint = context.client("ec2").create_vpc_endpoint(**arguments, **_tags(properties, "vpc-endpoint"))
    identifier = endpoint["VpcEndpoint"]["VpcEndpointId"]
    return Created(identifier, {"Id": identifier})


def _flow_log(context: Context, properties: Properties) -> Created:
    arguments = properties.subset(
        "DeliverLogsPermissionArn", "LogDestination", "LogDestinationType", "LogFormat", "LogGroupName",
        "MaxAggregationInterval", "ResourceType", "TrafficType",
    )  # fmt: skip
    identifier = context.client("ec2").create_flow_logs(
        ResourceIds=[properties.text("ResourceId")], **arguments, **_tags(properties, "vpc-flow-log")
    )["FlowLogIds"][0]
    return Created(identifier, {"Id": identifier})


def _tags(properties: Properties, resource_type: str) -> dict[str, Any]:
    tags = properties.get("Tags", [])
    return {"TagSpecifications": [{"ResourceType": resource_type, "Tags": tags}]} if tags else {}


HANDLERS = {
    "AWS::EC2::FlowLog": _flow_log,
    "AWS::EC2::RouteTable": _route_table,
    "AWS::EC2::SecurityGroup": _security_group,
    "AWS::EC2::SecurityGroupEgress": _egress,
    "AWS::EC2::Subnet": _subnet,
    "AWS::EC2::SubnetRouteTableAssociation": _association,
    "AWS::EC2::VPC": _vpc,
    "AWS::EC2::VPCEndpoint": _vpc_endpoint,
}
