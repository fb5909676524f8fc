"""Least privilege: what roles and services may do, and where a `*` is right."""

from collections.abc import Callable, Iterator
from typing import Any

from templates.config.alerting import FORWARDED
from tests.support.generated import Generated
from tests.support.service_authorization import has_key, types_of

# The only permissions on every resource, and why they cannot be narrower.
ANY_RESOURCE = {
    **dict.fromkeys(
        [
            "logs:CreateLogDelivery",
            "logs:CreateLogStream",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutLogEvents",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ],
        "Step Functions sets up its log delivery with the machine's role, and deliveries have no resource",
    ),
    "dynamodb:ListStreams": "the list of streams has no resource, and Lambda wants it of what follows one",
    "timestream:DescribeEndpoints": "the question where Timestream is has no resource",
    "xray:GetSamplingRules": "X-Ray has no resource to name",
    "xray:GetSamplingTargets": "X-Ray has no resource to name",
    "xray:PutTelemetryRecords": "X-Ray has no resource to name",
    "xray:PutTraceSegments": "X-Ray has no resource to name",
}
# Likewise, where the functions run in a VPC.
ANY_RESOURCE_IN_A_NETWORK = dict.fromkeys(
    [
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
    ],
    "EC2's Describe actions have no resource",
)
ASSUMING = {
    "apigateway.amazonaws.com",
    "lambda.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
}
KEY_THROUGH = {"dynamodb", "kinesis", "s3", "sns", "timestream"}
MANAGED = {
    "AmazonAPIGatewayPushToCloudWatchLogs": "what API Gateway's account role must have, in AWS's words"
}


def test_no_permission_is_for_every_action(any_stack: Generated) -> None:
    """Each action of a role, a topic's or a key's policy is named."""
    for where, statement in _statements(any_stack):
        if statement["Effect"] == "Allow":
            assert not [action for action in _list(statement["Action"]) if "*" in action], where
            assert "NotAction" not in statement, where


def test_permissions_on_every_resource_have_a_reason(regional: Generated) -> None:
    """A role's `*` resource stands in the list above, and nothing stands there in vain."""
    used = set()
    known = set(ANY_RESOURCE)
    if regional.config.tracing.mode == "off":
        known = {action for action in known if not action.startswith("xray:")}
    if regional.config.store.kind == "lake":
        known -= {"timestream:DescribeEndpoints"}
    if regional.config.network.private:
        known = known - {"timestream:DescribeEndpoints"} | set(ANY_RESOURCE_IN_A_NETWORK)
    for where, statement in _statements(regional):
        if where.startswith("AWS::IAM::Role") and "*" in _list(statement["Resource"]):
            used.update(_list(statement["Action"]))
            assert set(_list(statement["Action"])) <= known, where
    assert used == known


def test_every_statement_of_a_role_can_be_of_effect(any_stack: Generated) -> None:
    """An action without resource type is allowed on `*`, and a condition asks for a key that the action has.

    By AWS's Service Authorization Reference: anything else does nothing, however right it looks.
    """
    for where, statement in _statements(any_stack):
        if where.startswith(("AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy")):
            for action in _list(statement["Action"]):
                if "Principal" not in statement:
                    assert types_of(action) or _list(statement["Resource"]) == ["*"], f"{where}: {action}"
                    for keys in statement.get("Condition", {}).values():
                        assert all(has_key(action, key) for key in keys), f"{where}: {action} {list(keys)}"


def test_resources_are_the_stacks_own(regional: Generated) -> None:
    """A role names resources by reference: none is spelled."""
    for where, statement in _statements(regional):
        if where.startswith("AWS::IAM::Role"):
            for resource in _list(statement["Resource"]):
                assert resource == "*" or isinstance(resource, dict), where
                # Paths of an API, Glue's, Athena's and EC2's resources have no ARN: theirs are made of references.
                # And a secret is made by its owner, under the name that the environment file has.
                assert (
                    "arn:" not in str(resource)
                    or _is_made_of_references(resource, _tables(regional))
                    or _is_secret(resource, regional)
                ), where


def test_only_named_services_assume_roles(to_regions: Generated) -> None:
    """A role is for one service."""
    roles = to_regions.of("AWS::IAM::Role")
    assert roles
    for title, role in roles.items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Action"] == ["sts:AssumeRole"], title
        assert statement["Principal"]["Service"] in ASSUMING, title


def test_managed_policies_are_few_and_known(any_stack: Generated) -> None:
    """AWS may widen a managed policy, so each one used is listed with its reason."""
    for title, role in any_stack.of("AWS::IAM::Role").items():
        for arn in role.get("ManagedPolicyArns", []):
            if arn.get("Ref") not in any_stack.of("AWS::IAM::ManagedPolicy"):
                assert arn["Fn::Sub"].rsplit("/", 1)[1] in MANAGED, title


def test_every_role_is_used_by_one_thing(to_regions: Generated) -> None:
    """A role is never shared, so its permissions are those of one function or API."""
    resources = {
        title: part for title, part in to_regions.resources.items() if part["Type"] != "AWS::IAM::Role"
    }
    for title in to_regions.of("AWS::IAM::Role"):
        arn = {"Fn::GetAtt": [title, "Arn"]}
        users = {
            str(resource["Properties"].get("RestApiId", name))  # the paths of an API are one user
            for name, resource in resources.items()
            if str(arn) in str(resource)
        }
        assert len(users) == 1, (title, users)


def test_no_principal_outside_the_account_is_allowed_in(any_stack: Generated) -> None:
    """Key, topic and bucket policies allow the account and AWS services that act for it, and no other."""
    for where, statement in _statements(any_stack):
        principal = statement.get("Principal")
        if statement["Effect"] == "Allow" and principal:
            assert principal != "*", where
            if "Service" in principal:
                assert statement["Condition"], where
            else:
                assert principal == {
                    "AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
                }, where


def test_alarms_can_reach_the_encrypted_topic(regional: Generated) -> None:
    """CloudWatch publishes as a service: topic and key must both let it, or every notification is dropped."""
    allowed = {
        (where.split()[0], action)
        for where, statement in _statements(regional)
        if statement.get("Principal") == {"Service": "cloudwatch.amazonaws.com"}
        for action in _list(statement["Action"])
    }
    assert allowed == {
        ("AWS::KMS::Key", "kms:Decrypt"),
        ("AWS::KMS::Key", "kms:GenerateDataKey"),
        ("AWS::SNS::TopicPolicy", "sns:Publish"),
    }


def test_the_key_is_used_through_the_services_that_hold_data(regional: Generated) -> None:
    """No role may decrypt with the key directly."""
    services = set()
    for where, statement in _statements(regional):
        if where.startswith("AWS::IAM::Role") and any("kms:" in action for action in statement["Action"]):
            services.add(statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"].split(".")[0])
    assert {"dynamodb", "kinesis", "s3"} <= services <= KEY_THROUGH


def _tables(stack: Generated) -> set[str]:
    """The names of the stack's tables and views."""
    return {table["TableInput"]["Name"] for table in stack.of("AWS::Glue::Table").values()}


def _is_made_of_references(resource: Any, tables: set[str]) -> bool:
    """True if this is the ARN of a path of an API, or a Glue, Athena or EC2 resource, and spells no other name.

    Those of `tables` it may spell.
    """
    text, names = resource["Fn::Sub"] if isinstance(resource["Fn::Sub"], list) else (resource["Fn::Sub"], {})
    start = "arn:${AWS::Partition}:glue:${AWS::Region}:${AWS::AccountId}:"
    known = {f"{start}{end}" for end in ("catalog", "database/${Database}", "table/${Database}/${Table}")}
    ends = ("network-interface/*", "subnet/${Subnet}", "security-group/${Group}")
    known |= {f"{start.replace(':glue:', ':ec2:')}{end}" for end in ends}
    known.add(f"{start.replace(':glue:', ':execute-api:')}${{Api}}/${{Stage}}/POST/heartbeat")
    # Athena asks for the database `default` whatever a query names.
    known |= {f"{start}database/default", f"{start.replace(':glue:', ':athena:')}workgroup/${{Group}}"}
    return text in known and all(isinstance(value, dict) or value in tables for value in names.values())


def _is_secret(resource: Any, stack: Generated) -> bool:
    """True if this is the ARN of the parameter that a receiver of alerts is told by."""
    start = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter"
    known = {
        f"{start}{one.endpoint}" for one in stack.config.alerts.subscriptions if one.protocol in FORWARDED
    }
    return any(resource == {"Fn::Sub": one} for one in known)


def _statements(stack: Generated) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy in the stack, with the type and logical id it belongs to."""
    documents: dict[str, Callable[[Any], list[Any]]] = {
        "AWS::IAM::ManagedPolicy": lambda part: [part["PolicyDocument"]],
        "AWS::IAM::Policy": lambda part: [part["PolicyDocument"]],
        "AWS::IAM::Role": lambda part: [policy["PolicyDocument"] for policy in part.get("Policies", [])],
        "AWS::KMS::Key": lambda part: [part["KeyPolicy"]],
        "AWS::S3::BucketPolicy": lambda part: [part["PolicyDocument"]],
        "AWS::SNS::TopicPolicy": lambda part: [part["PolicyDocument"]],
    }
    for kind, read in documents.items():
        for title, properties in stack.of(kind).items():
            for document in read(properties):
                sids = [one["Sid"] for one in document["Statement"] if "Sid" in one]
                assert len(set(sids)) == len(sids), title
                for statement in document["Statement"]:
                    yield f"{kind} {title} {statement.get('Sid', '')}", statement


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
