"""Stack instances as their StackSet has them."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ops.errors import OperatorError
from ops.stack_sets import Instance, Progress, instances


class CloudFormation:
    """A CloudFormation that lists the given stack instances, or refuses with a code."""

    def __init__(self, *summaries: dict[str, Any], code: str = "") -> None:
        self.summaries, self.code = list(summaries), code

    def get_paginator(self, _name: str) -> "CloudFormation":
        """Itself, with an instance a page."""
        return self

    def paginate(self, **_: Any) -> Iterator[dict[str, Any]]:
        """The pages."""
        if self.code:
            raise ClientError({"Error": {"Code": self.code, "Message": "no"}}, "ListStackInstances")
        yield from ({"Summaries": [summary]} for summary in self.summaries)


def summary(region: str, status: str, detail: str, reason: str = "") -> dict[str, Any]:
    """A stack instance as CloudFormation lists it."""
    return {
        "Region": region,
        "StackId": f"arn:{region}",
        "Status": status,
        "StackInstanceStatus": {"DetailedStatus": detail},
        "StatusReason": reason,
    }


def test_instances_come_by_region_from_every_page() -> None:
    """In order of their regions, with reasons of one line."""
    found = instances(
        CloudFormation(summary("b", "OUTDATED", "FAILED", "no\n room"), summary("a", "CURRENT", "SUCCEEDED")),
        "s",
    )
    assert found == [
        Instance("a", "arn:a", "CURRENT", "SUCCEEDED", ""),
        Instance("b", "arn:b", "OUTDATED", "FAILED", "no room"),
    ]


def test_a_stack_set_that_is_not_there_has_none() -> None:
    """Before the first rollout there is no StackSet; any other refusal is an error."""
    assert instances(CloudFormation(code="StackSetNotFoundException"), "s") == []
    with pytest.raises(OperatorError, match=r"^cannot list the stack instances of s: no$"):
        instances(CloudFormation(code="AccessDenied"), "s")


@pytest.mark.parametrize(
    ("status", "detail", "failed", "current"),
    [
        ("CURRENT", "SUCCEEDED", False, True),
        ("CURRENT", "FAILED", True, False),
        ("OUTDATED", "PENDING", False, False),
        ("OUTDATED", "FAILED", True, False),
        ("INOPERABLE", "", True, False),
        ("OUTDATED", "INOPERABLE", True, False),
    ],
)
def test_an_instance_is_current_or_failed_or_neither(
    status: str, detail: str, failed: bool, current: bool
) -> None:
    """Failed if its last operation was, or if it is in the way of the next; current if it is as its StackSet is."""
    (found,) = instances(CloudFormation(summary("a", status, detail)), "s")
    assert (found.failed, found.current) == (failed, current)


def test_progress_says_each_change_once_and_keeps_the_first_reason() -> None:
    """What was so at the start is not news, and later reasons are what came of the first."""
    cloudformation = CloudFormation(summary("a", "OUTDATED", "FAILED", "long ago"))
    said: list[str] = []
    progress = Progress(cloudformation, {"pipeline": "s"}, said.append)
    for detail, reason in (("RUNNING", ""), ("RUNNING", ""), ("FAILED", "quota"), ("INOPERABLE", "rollback")):
        cloudformation.summaries = [summary("a", "OUTDATED", detail, reason)]
        progress.look()
    assert [line.split()[2:] for line in said] == [
        ["RUNNING"],
        ["FAILED:", "quota"],
        ["INOPERABLE:", "rollback"],
    ]
    assert progress.failures == {"a": "quota"}
