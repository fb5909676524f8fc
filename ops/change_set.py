"""A stack made or changed through a change set, which tells beforehand whether there is anything to change."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from ops.errors import OperatorError, code_of, one_line, refusals

POLL_SECONDS = 5.0
INLINE = (
    51_200  # bytes: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
)
# What CloudFormation says of a change set without changes; there is no code for it.
_NO_CHANGE = ("didn't contain changes", "No updates are to be performed")
_GOOD = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


def deployed(cloudformation: Any, stack_name: str) -> Mapping[str, Any] | None:
    """The stack's description, or None if there is none; OperatorError for one that can never be changed."""
    stack = described(cloudformation, stack_name)
    if stack is None:
        return None
    if stack["StackStatus"] in {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}:
        raise OperatorError(
            f"{stack_name} was never made whole ({stack['StackStatus']}) and cannot be changed; remove it first: "
            f"aws cloudformation delete-stack --stack-name {stack_name}"
        )
    return None if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else stack


def described(cloudformation: Any, stack_name: str, where: str = "") -> Mapping[str, Any] | None:
    """The stack's description, or None if there is none; OperatorError, with `where`, if AWS refuses to say."""
    with refusals(f"cannot describe {where or stack_name}"):
        try:
            return dict(cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0])
        except ClientError as error:
            if code_of(error) != "ValidationError":
                raise
            return None


def deploy(
    cloudformation: Any,
    stack_name: str,
    body: Mapping[str, Any],
    parameters: Mapping[str, str],
    *,
    each_round: Callable[[], None],
    upload: Callable[[bytes], str] | None = None,
) -> bool:
    """Make or change the stack, and wait; parameters not given keep their value. False if nothing had to change.

    A template too long to be sent inline goes by `upload`, which answers its URL; OperatorError if there is none.
    """
    text = json.dumps(body, separators=(",", ":"))
    template = {"TemplateBody": text}
    if len(text.encode()) > INLINE:
        if upload is None:
            raise OperatorError(
                f"the template of {stack_name} is longer than the {INLINE} bytes that can be sent before there is "
                "a bucket for it: give it fewer or shorter tags first"
            )
        template = {"TemplateURL": upload(text.encode())}
    with refusals(f"cannot change {stack_name}"):
        name = _create(cloudformation, stack_name, body, template, parameters)
        if not _has_changes(cloudformation, stack_name, name):
            cloudformation.delete_change_set(StackName=stack_name, ChangeSetName=name)
            return False
        cloudformation.execute_change_set(StackName=stack_name, ChangeSetName=name)
    _wait(cloudformation, stack_name, each_round)
    return True


def preview(
    cloudformation: Any,
    stack_name: str,
    body: Mapping[str, Any],
    url: str,
    parameters: Mapping[str, str],
) -> list[dict[str, Any]]:
    """The changes of resources that the template at this URL would make to the stack, which is left as it is."""
    new = described(cloudformation, stack_name) is None
    with refusals(f"cannot say what would change in {stack_name}"):
        name = _create(cloudformation, stack_name, body, {"TemplateURL": url}, parameters)
        try:
            if not _has_changes(cloudformation, stack_name, name):
                return []
            pages = cloudformation.get_paginator("describe_change_set").paginate(
                StackName=stack_name, ChangeSetName=name
            )
            return [
                one["ResourceChange"] for page in pages for one in page["Changes"] if "ResourceChange" in one
            ]
        finally:
            try:
                cloudformation.delete_change_set(StackName=stack_name, ChangeSetName=name)
            finally:
                # A change set of a stack that is not there makes an empty one; another deployment may have filled it.
                left = described(cloudformation, stack_name) if new else None
                if left is not None and left["StackStatus"] == "REVIEW_IN_PROGRESS":
                    cloudformation.delete_stack(StackName=stack_name)


def _create(
    cloudformation: Any,
    stack_name: str,
    body: Mapping[str, Any],
    template: Mapping[str, str],
    parameters: Mapping[str, str],
) -> str:
    before = deployed(cloudformation, stack_name)
    if before is not None and before["StackStatus"].endswith("_IN_PROGRESS"):
        raise OperatorError(f"{stack_name} is {before['StackStatus']}: another change of it is under way")
    name = f"ops-{uuid.uuid4().hex[:12]}"
    cloudformation.create_change_set(
        StackName=stack_name,
        ChangeSetName=name,
        ChangeSetType="UPDATE" if before else "CREATE",
        Parameters=_parameters(body, parameters, before),
        Capabilities=["CAPABILITY_IAM"],
        **template,
    )
    return name


def _parameters(
    body: Mapping[str, Any], given: Mapping[str, str], before: Mapping[str, Any] | None
) -> list[dict[str, Any]]:
    known = {parameter["ParameterKey"] for parameter in before.get("Parameters", [])} if before else set()
    parameters: list[dict[str, Any]] = []
    for key in body.get("Parameters", {}):
        if key in given:
            parameters.append({"ParameterKey": key, "ParameterValue": given[key]})
        elif key in known:
            parameters.append({"ParameterKey": key, "UsePreviousValue": True})
    return parameters


def _has_changes(cloudformation: Any, stack_name: str, name: str) -> bool:
    while True:
        found = cloudformation.describe_change_set(StackName=stack_name, ChangeSetName=name)
        if found["Status"] == "CREATE_COMPLETE":
            return True
        if found["Status"] == "FAILED":
            reason = found.get("StatusReason", "")
            if any(words in reason for words in _NO_CHANGE):
                return False
            raise OperatorError(f"cannot change {stack_name}: {one_line(reason)}")
        time.sleep(POLL_SECONDS)


def _wait(cloudformation: Any, stack_name: str, each_round: Callable[[], None]) -> None:
    while True:
        with refusals(f"cannot follow {stack_name}"):
            (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
        each_round()
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            break
        time.sleep(POLL_SECONDS)
    if stack["StackStatus"] not in _GOOD:
        raise OperatorError(
            f"{stack_name} is {stack['StackStatus']}: {_first_failure(cloudformation, stack_name)}"
        )


def _first_failure(cloudformation: Any, stack_name: str) -> str:
    """The first failure since the stack was last asked to change; those that came later followed from it."""
    reason = "no reason given"
    with refusals(f"cannot read the events of {stack_name}"):
        for event in cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]:
            status = event.get("ResourceStatus", "")
            if status.endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", ""):
                reason = f"{event['LogicalResourceId']}: {one_line(event.get('ResourceStatusReason', ''))}"
            if event.get("PhysicalResourceId") == event["StackId"] and status in {
                "CREATE_IN_PROGRESS",
                "UPDATE_IN_PROGRESS",
            }:
                break
    return reason
