"""StackSets as their regions are: which stack instances there are, and how each of them is doing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from ops.errors import code_of, one_line, refusals

_NO_SUCH_SET = "StackSetNotFoundException"


@dataclass(frozen=True, slots=True)
class Instance:
    """One region's stack of a StackSet."""

    region: str
    stack_id: str
    status: str
    detail: str
    reason: str

    @property
    def failed(self) -> bool:
        """True if its last operation failed, or it is in the way of the next one."""
        return self.detail in {"FAILED", "INOPERABLE"} or self.status == "INOPERABLE"

    @property
    def current(self) -> bool:
        """True if it is as its StackSet is."""
        return self.status == "CURRENT" and not self.failed


def instances(cloudformation: Any, name: str) -> list[Instance]:
    """The stack instances of a StackSet by region; none if there is no such StackSet."""
    with refusals(f"cannot list the stack instances of {name}"):
        try:
            pages = cloudformation.get_paginator("list_stack_instances").paginate(StackSetName=name)
            found = [_instance(summary) for page in pages for summary in page["Summaries"]]
        except ClientError as error:
            if code_of(error) != _NO_SUCH_SET:
                raise
            return []
    return sorted(found, key=lambda instance: instance.region)


def _instance(summary: dict[str, Any]) -> Instance:
    return Instance(
        region=summary["Region"],
        stack_id=summary.get("StackId", ""),
        status=summary.get("Status", ""),
        detail=summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
        reason=one_line(summary.get("StatusReason", "")),
    )


class Progress:
    """Says each change of a stack instance once, and remembers why instances failed."""

    def __init__(self, cloudformation: Any, names: dict[str, str], say: Callable[[str], None]) -> None:
        self._cloudformation, self._names, self._say = cloudformation, names, say
        self._seen: dict[tuple[str, str], str] = {}
        self.failures: dict[str, str] = {}
        self.look(quiet=True)

    def look(self, *, quiet: bool = False) -> None:
        """Look at every StackSet once."""
        for what, name in self._names.items():
            for instance in instances(self._cloudformation, name):
                state = instance.detail or instance.status
                key = (what, instance.region)
                if self._seen.get(key) == state:
                    continue
                self._seen[key] = state
                if not quiet:
                    reason = f": {instance.reason}" if instance.failed and instance.reason else ""
                    self._say(f"{instance.region:<16} {what:<10} {state}{reason}")
                    if instance.failed:
                        # The first reason is the cause; later ones are what came of it.
                        self.failures.setdefault(instance.region, instance.reason or f"{what} failed")
