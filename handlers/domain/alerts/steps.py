"""The steps of the state machine `alert_evaluation`: what each sends to the evaluator, and what it gets back.

This is the contract between `statemachines/alert_evaluation.asl.json` and `handlers/alert_evaluator.py`; a test holds
the definition's paths against it. Times are whole seconds since 1970. During an update the one may be older than the
other for some executions: fields are added, not renamed.
"""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict


class Chunk(TypedDict):
    """A part of the rules: those with remainder `index` of `of`."""

    index: int
    of: int


class ExecutionInput(TypedDict):
    """The input of an execution: the start of the interval that a batch claimed, or none, for a sweep."""

    source: Literal["batch", "sweep"]
    tick: NotRequired[int]


class PlanInput(TypedDict):
    """Step `plan`: which intervals to evaluate."""

    step: Literal["plan"]
    input: ExecutionInput


class Plan(TypedDict):
    """Answer to `plan`: the intervals, the seconds to wait for them, the chunks to evaluate; or nothing is `found`."""

    found: bool
    first: NotRequired[int]
    last: NotRequired[int]
    wait_seconds: NotRequired[int]
    chunks: NotRequired[list[Chunk]]


class EvaluateInput(TypedDict):
    """Step `evaluate`: evaluate a chunk's rules in these intervals. The answer is the first page."""

    step: Literal["evaluate"]
    chunk: Chunk
    first: int
    last: int


class NextPageInput(TypedDict):
    """Step `hand_out`: the page of a chunk's notifications behind `after`."""

    step: Literal["hand_out"]
    chunk: Chunk
    after: str


class PendingNotification(TypedDict):
    """A notification with all that claiming, publishing and confirming it takes; numbers as DynamoDB wants them.

    `message` is the body, for all subscribers but those of `email`.
    """

    rule_key: str
    group_key: str
    entry: str
    subject: str
    message: str
    email: str
    attributes: Mapping[str, Mapping[str, str]]
    claimed_at: str
    stale_before: str


class Page(TypedDict):
    """Notifications to publish, and where the next page begins if there is `more`."""

    notifications: list[PendingNotification]
    count: int
    after: str
    more: bool


class FinishInput(TypedDict):
    """Step `finish`: mark the intervals as evaluated. The answer is empty."""

    step: Literal["finish"]
    first: int
    last: int


StepInput = PlanInput | EvaluateInput | NextPageInput | FinishInput
