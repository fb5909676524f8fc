"""The execution role: it may do what CloudFormation calls for the templates' resources, and to these alone."""

import json
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import cache

import pytest

from templates.config import Config, load
from templates.config.network import Network
from tests.support.generated import NAMES, Generated, build, other, tokens
from tests.support.policies import Call, Statement, execution_statements
from tests.support.resolved_template import ACCOUNT, resolved
from tests.support.service_authorization import has_key, is_of_type, types_of
from tests.support.stack_calls import every_call, removal_calls

# What the role could do to what is not this environment's; docs/fleet.md tells it to operators.
ACCEPTED = {
    "apigateway:GET *": "reads",
    "apigateway:* */account": "the account's setting for the logs of APIs",
    "apigateway:* */tags/*": "the tags of an API, which are at a place of their own that has none",
    "ec2:Describe* *": "reads",
    "ec2:Authorize* */sgr-1": "a rule has no tags; its group has",
    "apigateway:UpdateRestApiPolicy */restapis": "the policy of an API that is being made",
    "xray:GetSamplingRules *": "has no resource",
    "glue:* *:catalog": "the catalog above the database, which is asked for as well",
    "iam:CreateServiceLinkedRole *": "API Gateway's own role, one for the account",
    "kinesis:*StreamEncryption *:key/*": "the stream, which is ours, is asked for as well",
    "kinesis:UpdateShardCount *": "has no resource",
    "kinesis:UpdateStreamMode *": "has no resource",
    "kms:DescribeKey *": "reads",
    "kms:EnableKeyRotation *": "done as soon as the key is made, when its tags may not count yet",
    "kms:GetKey* *": "reads",
    "kms:List* *": "reads",
    "kms:*Alias *:key/*": "the alias, which is ours, is asked for as well",
    "lambda:GetEventSourceMapping *": "reads",
    "lambda:ListTags *:event-source-mapping:*": "reads",
    "logs:*Deliver* *": "has no resource",
    "logs:Describe* *": "has no resource",
    "logs:PutResourcePolicy *": "has no resource",
    "sns:*Subscription* *": "has no resource",
    "sns:Unsubscribe *": "has no resource",
    "states:Describe* *": "reads; the names of state machines do not begin with the stack's",
    "states:ListTagsForResource *": "likewise",
    "timestream:DescribeEndpoints *": "has no resource",
    # A service that uses the key for whoever asks it gives out nothing that the caller may not have.
    "kms:CreateGrant *": "through the services only",
    "kms:*crypt* *": "through the services only",
    "kms:GenerateDataKey* *": "through the services only",
    "kms:RevokeGrant *": "through the services only",
}
# Where no more than 19 characters of a stack's name are known to stay, environments that agree in these are alike.
ACCEPTED_OF_A_NAMESAKE = {
    "lambda:Get* *:function:*": "reads",
    "lambda:ListTags *:function:*": "reads",
    "lambda:CreateEventSourceMapping *": "a mapping is bound to its function by name",
    "scheduler:*Schedule *": "a schedule has no tags",
    "scheduler:GetScheduleGroup *": "reads",
    "scheduler:ListTagsForResource *": "reads",
}


# Actions on `*` that could name a resource: a template that is looked at has no stack, a network may have any id.
MAY_NAME_ONE = {"cloudformation:GetTemplateSummary", "ec2:DescribeVpcAttribute"}
NO_ACCOUNT = ("arn:aws:apigateway:*::/", "arn:aws:s3:::metrics-", "arn:aws:s3:::abcdefghijkl-")


@cache
def _cases() -> tuple[Config, ...]:
    """Every environment, two that use what they leave out, and names that do not fit where 64 characters are taken."""
    return (
        *map(load, NAMES),
        other(),
        tokens(),
        replace(load("dev"), project="abcdefghijkl", environment="mnopqrst"),
    )


@cache
def _role(number: int) -> tuple[Statement, ...]:
    return tuple(execution_statements(build("fleet", _cases()[number])))


CASES = pytest.mark.parametrize(
    "number", range(len(_cases())), ids=lambda number: _cases()[number].stack_name
)


@CASES
def test_the_role_may_make_change_and_delete_every_resource(number: int) -> None:
    """Each call that CloudFormation's schemas name, on the resource's own ARN and with its tags, is allowed.

    That holds for an instance of the StackSet, and for a stack that was imported under a name of its own.
    """
    role = _role(number)
    refused = {
        f"{why}: {call}"
        for why, call in every_call(_cases()[number])
        if not any(statement.allows(call) for statement in role)
    }
    assert refused == set()


@pytest.mark.parametrize("config", [other(), tokens()], ids=lambda config: config.stack_name)
def test_the_role_may_delete_what_an_environment_does_without_from_now_on(config: Config) -> None:
    """The role is changed before the stacks are, and CloudFormation deletes then what is no longer in the template."""
    bare = replace(
        config,
        api=replace(
            config.api, auth="iam", remote_write=False, cors_origins=(), allow_from=(), allow_accounts=()
        ),
        alerts=replace(config.alerts, subscriptions=()),
        operators=replace(config.operators, email=None, heartbeat=False, alarms="essential"),
        network=Network(),
    )
    role = tuple(execution_statements(build("fleet", bare)))
    refused = {
        f"{why}: {call}"
        for why, call in removal_calls(config, without=bare)
        if not any(statement.allows(call) for statement in role)
    }
    assert refused == set()


def test_the_role_may_do_nothing_in_vain() -> None:
    """Without any action or resource of any statement, some call for some environment's stacks would be refused."""
    spare = set.intersection(*(_unused(number) for number in range(len(_cases()))))
    statements = _role(0)
    left = [
        what if isinstance(what, str) else statements[place].resources[what]
        for place, what in spare
        if not statements[place]
        .actions[0]
        .startswith("cloudformation:")  # StackSets act on stacks themselves
    ]
    assert left == []


def _unused(number: int) -> set[tuple[int, str | int]]:
    """Actions and places of resources, by the place of their statement, without which no call would be refused."""
    role = _role(number)
    left: set[tuple[int, str | int]] = set()
    for place, statement in enumerate(role):
        left |= {(place, action) for action in statement.actions}
        left |= {(place, index) for index in range(len(statement.resources))}
    for call in {repr(call): call for _, call in every_call(_cases()[number])}.values():
        fit = [
            (place, index)
            for place, statement in enumerate(role)
            if statement.allows(call)
            for index, resource in enumerate(statement.resources)
            if replace(statement, resources=(resource,)).allows(call)
        ]
        if len(fit) == 1:
            left -= {fit[0], (fit[0][0], call.action)}
    return left


@CASES
def test_the_role_names_its_resources(number: int) -> None:
    """On every resource it may only do what has none to name; everything else is this account's, by name or kind."""
    for statement in _role(number):
        for action in statement.actions:
            if "*" in statement.resources:
                assert not types_of(action) or action in MAY_NAME_ONE, action
        for arn in statement.resources:
            assert arn == "*" or f":{ACCOUNT}:" in arn or arn.startswith(NO_ACCOUNT), arn


@CASES
def test_the_role_makes_and_passes_the_environments_roles_only(number: int) -> None:
    """The role cannot make a role elsewhere, nor hand one to a service that the templates do not use."""
    config = _cases()[number]
    (passing,) = [statement for statement in _role(number) if "iam:PassRole" in statement.actions]
    assert passing.resources == (f"arn:aws:iam::{ACCOUNT}:role/{config.stack_name}/*",)
    named = passing.conditions["StringEquals"]["iam:PassedToService"]
    trusted = {
        role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        for stack in ("regional", "artifacts")
        for role in build(stack, config).of("AWS::IAM::Role").values()
    }
    assert trusted <= set(named)


@CASES
def test_the_role_works_on_the_fleets_stacks_and_on_imported_ones(number: int) -> None:
    """A stack instance's name ends in an id; one that was imported keeps its own name. Another's stack is refused."""
    name = _cases()[number].stack_name
    ours = [name, f"{name}-artifacts", f"StackSet-{name}-regional-1", f"StackSet-{name}-artifacts-1"]
    for stack in (*ours, f"{name}x", f"StackSet-{name}x-regional-1", f"{name}-fleet"):
        arn = f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/{stack}/1"
        for action in ("CreateStack", "UpdateStack", "DeleteStack", "GetTemplate", "DescribeStacks"):
            call = Call(f"cloudformation:{action}", arn)
            assert any(statement.allows(call) for statement in _role(number)) == (stack in ours), call


@CASES
def test_the_role_is_refused_what_is_anothers(number: int) -> None:
    """It may not touch another project's or environment's resources, by names or tags, but for what is accepted."""
    config = _cases()[number]
    strangers = {
        "project": replace(config, project=_other(config.project)),
        "environment": replace(config, environment=_other(config.environment)),
    }
    for stranger in strangers.values():
        for why, call in every_call(stranger):
            asked = f"{call.action} {call.resource}"
            accepted = {**ACCEPTED, **(ACCEPTED_OF_A_NAMESAKE if _alike(config, stranger) else {})}
            if not any(fnmatchcase(asked, pattern) for pattern in accepted):
                assert not any(statement.allows(call) for statement in _role(number)), f"{why}: {call}"


def test_nothing_is_accepted_in_vain() -> None:
    """What is accepted is allowed: nothing stands there that the role is refused."""
    allowed = set()
    for number, config in enumerate(_cases()):
        for stranger in (
            replace(config, project=_other(config.project)),
            replace(config, environment=_other(config.environment)),
        ):
            for _, call in every_call(stranger):
                if any(statement.allows(call) for statement in _role(number)):
                    allowed.add(f"{call.action} {call.resource}")
    for pattern in (*ACCEPTED, *ACCEPTED_OF_A_NAMESAKE):
        assert any(fnmatchcase(asked, pattern) for asked in allowed), pattern


def _other(name: str) -> str:
    """Another name that differs in its last letter only."""
    return name[:-1] + ("x" if name[-1] != "x" else "y")


def _alike(one: Config, another: Config) -> bool:
    return f"StackSet-{one.stack_name}"[:19] == f"StackSet-{another.stack_name}"[:19]


@CASES
def test_every_statement_can_be_of_effect(number: int) -> None:
    """By AWS's reference: each action has a resource type that the statement names, and the keys of its conditions."""
    for statement in _role(number):
        for action in statement.actions:
            service, types = action.split(":")[0], types_of(action)
            if statement.resources != ("*",):
                assert any(
                    is_of_type(service, kind, resource) for kind in types for resource in statement.resources
                ), f"{action} on {statement.resources} does nothing"
            for keys in statement.conditions.values():
                for key in keys:
                    assert has_key(action, key), f"{action} has no {key}"


def test_policies_fit(fleet: Generated) -> None:
    """IAM takes 6,144 characters to a managed policy and ten of them to a role."""
    parts = resolved(fleet.body, {}, "fleet", fleet.config.home)
    policies = {title: part for title, part in parts.items() if part["Type"] == "AWS::IAM::ManagedPolicy"}
    assert len(policies) <= 10
    for title, policy in policies.items():
        document = policy["Properties"]["PolicyDocument"]
        assert len(json.dumps(document, separators=(",", ":"))) < 6144, title
