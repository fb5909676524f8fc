"""The two roles of self-managed StackSets: one that StackSets take, and one that works in the regions."""

from collections.abc import Sequence
from dataclasses import dataclass

from awacs.aws import Allow, ArnLike, AWSPrincipal, Condition, Principal, Statement, StringEquals
from awacs.sts import AssumeRole
from troposphere import Ref, Sub, Template
from troposphere.iam import ManagedPolicy, PolicyType, Role

from templates.components.fleet.permissions import permissions
from templates.config import Config
from templates.constructs.policy import allow, document


@dataclass(frozen=True)
class FleetRoles:
    """Both roles, and the logical ids of the policies without which a StackSet cannot use them yet."""

    administration: Role
    execution: Role
    complete: Sequence[str]


def add_fleet_roles(template: Template, config: Config, *, pipeline: Template) -> FleetRoles:
    """StackSets take the administration role, which may only take the execution role, which makes `pipeline`.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-prereqs-self-managed.html
    """
    administration = template.add_resource(
        Role(
            "AdministrationRole",
            Description=f"StackSets of {config.stack_name} take this role",
            AssumeRolePolicyDocument=document(_stack_sets_of_this_account()),
        )
    )
    policies = [
        template.add_resource(
            ManagedPolicy(
                title,
                Description=f"A part of what stack instances of {config.stack_name} take",
                PolicyDocument=document(*statements),
            )
        )
        for title, statements in permissions(config, pipeline).items()
    ]
    execution = template.add_resource(
        Role(
            "ExecutionRole",
            Description=f"Makes the stack instances of {config.stack_name} in each region",
            AssumeRolePolicyDocument=document(
                Statement(
                    Effect=Allow,
                    Principal=AWSPrincipal(administration.get_att("Arn")),
                    Action=[AssumeRole],
                )
            ),
            ManagedPolicyArns=[Ref(policy) for policy in policies],
        )
    )
    # A resource of its own, as each of the roles names the other.
    assume = template.add_resource(
        PolicyType(
            "AdministrationPolicy",
            Roles=[Ref(administration)],
            PolicyName="work-in-regions",
            PolicyDocument=document(allow([AssumeRole], [execution.get_att("Arn")], Sid="WorkInRegions")),
        )
    )
    complete = [part.title for part in (assume, *policies)]
    return FleetRoles(administration, execution, complete)


def _stack_sets_of_this_account() -> Statement:
    return Statement(
        Effect=Allow,
        Principal=Principal("Service", "cloudformation.amazonaws.com"),
        Action=[AssumeRole],
        Condition=Condition(
            [
                StringEquals({"aws:SourceAccount": Ref("AWS::AccountId")}),
                ArnLike(
                    {
                        "aws:SourceArn": Sub(
                            "arn:${AWS::Partition}:cloudformation:${AWS::Region}:${AWS::AccountId}:stackset/*"
                        )
                    }
                ),
            ]
        ),
    )
