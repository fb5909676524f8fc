"""Change sets: what is changed, with which parameters, and what is said when it cannot be."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops import change_set
from ops.errors import OperatorError


class CloudFormation:
    """A CloudFormation with one stack, or none, whose change sets end in a given way."""

    def __init__(self, status: str | None, change_set: dict[str, str] | None = None) -> None:
        self.status, self.change_set = status, change_set or {"Status": "CREATE_COMPLETE"}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.after = ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]
        self.made = "REVIEW_IN_PROGRESS"  # a stack that comes with its first change set
        self.events: list[dict[str, str]] = []
        self.pages: list[dict[str, Any]] = []

    def __getattr__(self, name: str) -> Any:
        def call(**arguments: Any) -> Any:
            self.asked.append((name, arguments))
            if name == "create_change_set" and self.status is None:
                self.status = self.made
            return {"StackEvents": self.events}

        return call

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        """The stack, as it is after each look once a change is under way."""
        if self.status is None:
            error = {"Code": "ValidationError", "Message": "Stack does not exist"}
            raise ClientError({"Error": error}, "DescribeStacks")
        if ("execute_change_set") in [name for name, _ in self.asked] and self.after:
            self.status = self.after.pop(0)
        parameters = [{"ParameterKey": "Kept", "ParameterValue": "old"}]
        return {"Stacks": [{"StackStatus": self.status, "StackId": "id", "Parameters": parameters}]}

    def describe_change_set(self, **_: Any) -> dict[str, str]:
        """Its end."""
        return self.change_set

    def get_paginator(self, name: str) -> Any:
        """The pages of a change set."""
        assert name == "describe_change_set"
        pages = self.pages

        class Paginator:
            def paginate(self, **_: Any) -> Any:
                yield from pages

        return Paginator()

    def arguments(self, name: str) -> dict[str, Any]:
        """The arguments of the only call of an operation."""
        (found,) = [arguments for one, arguments in self.asked if one == name]
        return found


BODY: dict[str, Any] = {"Parameters": {"Given": {}, "Kept": {}, "New": {}}, "Resources": {}}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_set, "POLL_SECONDS", 0)


def deploy(cloudformation: CloudFormation) -> bool:
    """Deploy a template with one parameter given."""
    return change_set.deploy(cloudformation, "stack", BODY, {"Given": "new"}, each_round=lambda: None)


def test_parameters_that_are_not_given_keep_their_value() -> None:
    """Those that the stack has are kept, and new ones take the template's default."""
    cloudformation = CloudFormation("CREATE_COMPLETE")
    assert deploy(cloudformation)
    made = cloudformation.arguments("create_change_set")
    assert made["ChangeSetType"] == "UPDATE"
    assert made["Parameters"] == [
        {"ParameterKey": "Given", "ParameterValue": "new"},
        {"ParameterKey": "Kept", "UsePreviousValue": True},
    ]


def test_without_changes_nothing_is_executed() -> None:
    """The empty change set is taken away again."""
    empty = {"Status": "FAILED", "StatusReason": "The submitted information didn't contain changes."}
    cloudformation = CloudFormation("CREATE_COMPLETE", empty)
    assert not deploy(cloudformation)
    assert [name for name, _ in cloudformation.asked] == ["create_change_set", "delete_change_set"]


def test_a_change_set_that_fails_says_why() -> None:
    """Any other reason is the operator's to read."""
    cloudformation = CloudFormation(
        "CREATE_COMPLETE", {"Status": "FAILED", "StatusReason": "Template\n is bad"}
    )
    with pytest.raises(OperatorError, match=r"^cannot change stack: Template is bad$"):
        deploy(cloudformation)


def test_a_change_that_fails_names_the_first_failure() -> None:
    """Events come newest first, and what was cancelled followed from something else."""
    cloudformation = CloudFormation("CREATE_COMPLETE")
    cloudformation.after = ["UPDATE_ROLLBACK_COMPLETE"]
    cloudformation.events = [
        {
            "StackId": "id", "PhysicalResourceId": physical, "LogicalResourceId": title,
            "ResourceStatus": status, "ResourceStatusReason": reason,
        }
        for physical, title, status, reason in (
            ("x", "Later", "UPDATE_FAILED", "Resource update cancelled"),
            ("x", "Second", "UPDATE_FAILED", "because of First"),
            ("x", "First", "UPDATE_FAILED", "quota\n exceeded"),
            ("id", "stack", "UPDATE_IN_PROGRESS", "User Initiated"),
            ("x", "Earlier", "UPDATE_FAILED", "another time"),
        )
    ]  # fmt: skip
    with pytest.raises(OperatorError, match=r"^stack is UPDATE_ROLLBACK_COMPLETE: First: quota exceeded$"):
        deploy(cloudformation)


def preview(cloudformation: CloudFormation) -> list[dict[str, Any]]:
    """The changes that a template at a URL would make."""
    return change_set.preview(cloudformation, "stack", BODY, "https://template", {"Given": "new"})


@pytest.mark.parametrize(
    ("status", "kind", "left"),
    [
        (None, "CREATE", ["delete_change_set", "delete_stack"]),
        ("REVIEW_IN_PROGRESS", "CREATE", ["delete_change_set"]),
        ("UPDATE_COMPLETE", "UPDATE", ["delete_change_set"]),
    ],
)
def test_a_preview_leaves_everything_as_it_was(status: str | None, kind: str, left: list[str]) -> None:
    """Every page of the changes is read, the change set goes, and with it a stack that only came with it."""
    cloudformation = CloudFormation(status)
    cloudformation.pages = [
        {"Changes": [{"Type": "Resource", "ResourceChange": {"Action": "Add"}}]},
        {"Changes": [{"Type": "Hook"}, {"Type": "Resource", "ResourceChange": {"Action": "Modify"}}]},
    ]
    assert [change["Action"] for change in preview(cloudformation)] == ["Add", "Modify"]
    made = cloudformation.arguments("create_change_set")
    assert (made["ChangeSetType"], made["TemplateURL"]) == (kind, "https://template")
    assert [name for name, _ in cloudformation.asked] == ["create_change_set", *left]


def test_a_preview_of_no_change_or_a_bad_template_leaves_nothing_either() -> None:
    """The change set goes in these cases, too, and the reason is said."""
    for reason in ("The submitted information didn't contain changes.", "Template is bad"):
        cloudformation = CloudFormation(None, {"Status": "FAILED", "StatusReason": reason})
        if "bad" in reason:
            with pytest.raises(OperatorError, match="Template is bad"):
                preview(cloudformation)
        else:
            assert preview(cloudformation) == []
        assert [name for name, _ in cloudformation.asked][1:] == ["delete_change_set", "delete_stack"]


def test_a_preview_leaves_a_stack_that_another_deployment_has_begun() -> None:
    """A stack that was not there before and is being made now is not the preview's to delete."""
    cloudformation = CloudFormation(None)
    cloudformation.made = "CREATE_IN_PROGRESS"
    preview(cloudformation)
    assert [name for name, _ in cloudformation.asked][1:] == ["delete_change_set"]


def test_a_template_too_long_to_be_sent_goes_by_its_url() -> None:
    """CloudFormation takes 51,200 bytes inline; without a bucket the line says what to do."""
    body = {**BODY, "Description": "x" * change_set.INLINE}
    cloudformation = CloudFormation("CREATE_COMPLETE")
    with pytest.raises(OperatorError, match=r"fewer or shorter tags"):
        change_set.deploy(cloudformation, "stack", body, {}, each_round=lambda: None)
    sent: list[bytes] = []

    def upload(content: bytes) -> str:
        sent.append(content)
        return "https://bucket"

    assert change_set.deploy(cloudformation, "stack", body, {}, each_round=lambda: None, upload=upload)
    made = cloudformation.arguments("create_change_set")
    assert made["TemplateURL"] == "https://bucket"
    assert "TemplateBody" not in made
    assert json.loads(sent[0]) == body


@pytest.mark.parametrize("status", [None, "REVIEW_IN_PROGRESS"])
def test_a_stack_that_is_not_there_is_made(status: str | None) -> None:
    """A stack that only a change set was made for counts as none."""
    assert change_set.deployed(CloudFormation(status), "stack") is None


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("UPDATE_IN_PROGRESS", "another change of it is under way"),
        ("ROLLBACK_COMPLETE", "aws cloudformation delete-stack --stack-name stack"),
    ],
)
def test_a_stack_that_cannot_be_changed_now_is_left_alone(status: str, words: str) -> None:
    """One that is being changed, and one that was never made whole."""
    cloudformation = CloudFormation(status)
    with pytest.raises(OperatorError, match=words):
        deploy(cloudformation)
    assert not cloudformation.asked
