"""What CloudFormation and IAM refuse of a template before anything of it is made, each refusal with its source.

Quotas: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from emulator.cloudformation.template import Template
from emulator.errors import TemplateError

INLINE = 51_200  # API_CreateChangeSet, API_CreateStackSet: TemplateBody
BY_URL = 1_048_576  # quotas: template in an S3 object
POLICY_SIZE = 6_144  # IAM counts no white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
POLICIES_PER_ROLE = 10
WIDGETS = 500  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
_QUOTAS = {"Parameters": 200, "Mappings": 200, "Resources": 500, "Outputs": 200}
_VALUE, _DESCRIPTION = 4_096, 1_024  # bytes
_NAME = re.compile(
    r"[a-zA-Z][-a-zA-Z0-9]{0,127}"
)  # API_CreateStack: StackName; API_CreateStackSet: StackSetName
_LOGICAL_ID = re.compile(r"[a-zA-Z0-9]{1,255}")
# Types that take an acknowledgement, and the properties that make it one for names:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html, Capabilities
_IAM_NAMES = {
    "AWS::IAM::Group": "GroupName",
    "AWS::IAM::InstanceProfile": "InstanceProfileName",
    "AWS::IAM::ManagedPolicy": "ManagedPolicyName",
    "AWS::IAM::Policy": "",
    "AWS::IAM::Role": "RoleName",
    "AWS::IAM::User": "UserName",
}


class Refused(Exception):  # noqa: N818 - it is an answer of the service
    """A refusal: CloudFormation's code, and its words as far as they are known."""

    def __init__(self, message: str, code: str = "ValidationError") -> None:
        super().__init__(message)
        self.code = code


def check_name(name: str) -> None:
    """Refuse a name that no stack, change set or StackSet may have."""
    if not _NAME.fullmatch(name):
        raise Refused(f"1 validation error detected: Value '{name}' failed to satisfy constraint")


def check_tags(tags: Mapping[str, str]) -> None:
    """Refuse tags that no stack takes: https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_Tag.html."""
    if len(tags) > 50:
        raise Refused("Tags: at most 50")
    for key, value in tags.items():
        if key.lower().startswith("aws:") or not 1 <= len(key) <= 128 or len(value) > 256:
            raise Refused(f"Tag {key!r} is reserved or too long")


def read_template(body: str | None, by_url: str | None) -> dict[str, Any]:
    """The template given inline, or as the content of the object that a URL names."""
    if (body is None) == (by_url is None):
        raise Refused("Either Template URL or Template Body must be specified.")
    text, most = (body, INLINE) if body is not None else (by_url, BY_URL)
    assert text is not None
    if not 1 <= len(text.encode()) <= most:
        raise Refused(
            f"1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            f"length less than or equal to {most}"
        )
    try:
        found: dict[str, Any] = json.loads(text)
    except json.JSONDecodeError as error:
        raise Refused(f"Template format error: JSON not well-formed. ({error})") from error
    for section, quota in _QUOTAS.items():
        entries = found.get(section, {})
        if len(entries) > quota:
            raise Refused(f"Template format error: Number of {section} exceeds the maximum {quota}")
        for name in entries:
            if not _LOGICAL_ID.fullmatch(name):
                raise Refused(f"Template format error: {section} name {name} is non alphanumeric.")
    if not found.get("Resources"):
        raise Refused("Template format error: At least one Resources member must be defined.")
    if len(found.get("Description", "").encode()) > _DESCRIPTION:
        raise Refused(f"Template format error: 'Description' length is greater than {_DESCRIPTION}.")
    return found


def check_parameters(
    template: Mapping[str, Any], given: Mapping[str, str], *, of_stack_set: bool = False
) -> None:
    """Refuse parameters that the template does not have, and those that it has and that get no value.

    A StackSet's are held against its own values, before it has an instance whose overrides might give one
    (github.com/cdklabs/cdk-stacksets/issues/115), and an empty default is none (github.com/boto/botocore/issues/1597).
    """
    declared = template.get("Parameters", {})
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise Refused(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    missing = [
        name
        for name, declaration in declared.items()
        if name not in given
        and ("Default" not in declaration or (of_stack_set and declaration["Default"] == ""))
    ]
    if missing:
        raise Refused(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in given.items():
        if len(value.encode()) > _VALUE:
            raise Refused(f"Parameter '{name}' is longer than {_VALUE} bytes")


def check_capabilities(template: Mapping[str, Any], capabilities: list[str]) -> None:
    """Refuse a template that may change permissions, unless that is acknowledged."""
    wanted = set()
    for part in template["Resources"].values():
        if part["Type"] in _IAM_NAMES:
            named = _IAM_NAMES[part["Type"]] in part.get("Properties", {})
            wanted.add("CAPABILITY_NAMED_IAM" if named else "CAPABILITY_IAM")
    if "Transform" in template:
        wanted.add("CAPABILITY_AUTO_EXPAND")
    granted = {*capabilities, *(["CAPABILITY_IAM"] if "CAPABILITY_NAMED_IAM" in capabilities else [])}
    if wanted - granted:
        raise Refused(
            f"Requires capabilities : [{', '.join(sorted(wanted - granted))}]",
            "InsufficientCapabilitiesException",
        )


def read_resources(
    template: Mapping[str, Any], parameters: Mapping[str, str], pseudo: Mapping[str, str]
) -> Template:
    """The template with its parameters decided; refused for a bad value, or a reference that leads nowhere."""
    try:
        return Template(template, parameters, pseudo=pseudo)
    except TemplateError as error:
        raise Refused(f"Template error: {error}") from error


def check_stack_set_template(template: Mapping[str, Any]) -> None:
    """Refuse what StackSets cannot carry: the type's handler, `Validator.validateResource`."""
    for part in template["Resources"].values():
        if part["Type"] in {"AWS::CloudFormation::Stack", "AWS::CloudFormation::StackSet"}:
            raise Refused(f"Nested {part['Type']} is not allowed")


def check_preferences(preferences: Mapping[str, Any]) -> None:
    """Refuse preferences that contradict themselves: API_StackSetOperationPreferences."""
    for one in ("FailureTolerance", "MaxConcurrent"):
        if f"{one}Count" in preferences and f"{one}Percentage" in preferences:
            raise Refused(f"{one}Count and {one}Percentage cannot both be given")
    if preferences.get("MaxConcurrentCount", 1) > preferences.get("FailureToleranceCount", 0) + 1:
        raise Refused("MaxConcurrentCount is at most one more than FailureToleranceCount")


def refused_when_made(resources: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """What IAM and CloudWatch refuse of resolved resources when they are made: `<logical id>: <reason>`."""
    for title, part in resources.items():
        properties = part.get("Properties", {})
        match part["Type"]:
            case "AWS::IAM::ManagedPolicy":
                if _length(properties["PolicyDocument"]) > POLICY_SIZE:
                    yield f"{title}: Cannot exceed quota for PolicySize: {POLICY_SIZE}"
            case "AWS::IAM::Role":
                if len(properties.get("ManagedPolicyArns", [])) > POLICIES_PER_ROLE:
                    yield f"{title}: Cannot exceed quota for PoliciesPerRole: {POLICIES_PER_ROLE}"
                if _length(properties["AssumeRolePolicyDocument"]) > 2_048:
                    yield f"{title}: Cannot exceed quota for ACLSizePerRole: 2048"
                if (
                    sum(_length(policy["PolicyDocument"]) for policy in properties.get("Policies", []))
                    > 10_240
                ):
                    yield f"{title}: Maximum policy size of 10240 bytes exceeded for role"
            case "AWS::CloudWatch::Dashboard":
                if len(json.loads(properties["DashboardBody"])["widgets"]) > WIDGETS:
                    yield f"{title}: The dashboard body is invalid: more than {WIDGETS} widgets"


def _length(document: Any) -> int:
    return len(re.sub(r"\s", "", json.dumps(document, ensure_ascii=False, separators=(",", ":"))))
