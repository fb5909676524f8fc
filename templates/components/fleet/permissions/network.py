"""Permits for the private network. EC2 gives its resources ids, so their tags tell whose they are."""

from collections.abc import Sequence

from templates.components.fleet.permissions.permit import Permit, here, owned, tagged_first, tagged_so
from templates.config import Config

_KINDS = ("route-table/*", "security-group/*", "subnet/*", "vpc-endpoint/*", "vpc-flow-log/*")


def network(config: Config) -> Sequence[Permit]:
    """The permits. They stay when a network goes: the stacks are changed after the role, and delete it last."""
    inside, every = here("ec2", *_KINDS), here("ec2", "vpc/*", *_KINDS)
    return (
        Permit("ec2", "CreateVpc", here("ec2", "vpc/*"), tagged_so(config)),
        Permit(
            "ec2",
            "CreateFlowLogs CreateRouteTable CreateSecurityGroup CreateSubnet CreateVpcEndpoint",
            inside,
            tagged_so(config),
        ),
        Permit("ec2", "CreateTags", every, tagged_first(config)),
        Permit(
            "ec2",
            "AssociateRouteTable AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateFlowLogs "
            "CreateRouteTable CreateSecurityGroup CreateSubnet CreateTags CreateVpcEndpoint DeleteFlowLogs "
            "DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc DeleteVpcEndpoints "
            "DisassociateRouteTable ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint "
            "ReplaceRouteTableAssociation RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
            "UpdateSecurityGroupRuleDescriptionsEgress UpdateSecurityGroupRuleDescriptionsIngress",
            every,
            owned(config),
        ),
        # A rule has no tags; the group that it is added to has.
        Permit(
            "ec2",
            "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress",
            here("ec2", "security-group-rule/*"),
        ),
        Permit(
            "ec2",
            "DescribeAvailabilityZones DescribeFlowLogs DescribeNetworkAcls DescribeNetworkInterfaces "
            "DescribePrefixLists DescribeRouteTables DescribeSecurityGroupRules DescribeSecurityGroups "
            "DescribeSubnets DescribeTags DescribeVpcAttribute DescribeVpcEncryptionControls DescribeVpcEndpoints "
            "DescribeVpcs",
            ("*",),
        ),
    )
