"""Permits for the private network. EC2 gives its resources ids, so kinds are all that can be named."""

from templates.components.fleet.permissions.permit import Permit, here


def _ec2(*kinds: str) -> tuple[str, ...]:
    return tuple(here("ec2", f"{kind}/*") for kind in kinds)


NETWORK = (
    Permit(
        "ec2",
        "AssociateRouteTable AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateFlowLogs "
        "CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpc CreateVpcEndpoint DeleteFlowLogs "
        "DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints "
        "DisassociateRouteTable ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint "
        "ReplaceRouteTableAssociation RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
        "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress",
        _ec2(
            "route-table",
            "security-group",
            "security-group-rule",
            "subnet",
            "vpc",
            "vpc-endpoint",
            "vpc-flow-log",
        ),
    ),
    Permit(
        "ec2",
        "DescribeAvailabilityZones DescribeFlowLogs DescribeNetworkAcls DescribeNetworkInterfaces "
        "DescribePrefixLists DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets "
        "DescribeTags DescribeVpcAttribute DescribeVpcEncryptionControls DescribeVpcEndpoints DescribeVpcs",
        ("*",),
    ),
)
