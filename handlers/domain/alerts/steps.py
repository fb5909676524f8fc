"""The steps of the state machine `alert_evaluation`: what each sends to the evaluator, and what it gets back.

This is the contract between `statemachines/alert_evaluation.asl.json` and `handlers/alert_evaluator.py`; a test holds
the definition's paths against it. Times are whole seconds since 1970. During an update the one may be older than the
other for some executions: fields are added, not renamed.
"""

from collections.abc import Mapping
from typing import Literal, NotRequired, TypedDict


class Chunk(TypedDict):
    """A part of the rules, by their keys: those from `begin` on and before `end`, or all others where it is empty.

    `first` is the start of its first interval to evaluate, `since` the end of the last one that is evaluated, `begun`
    the start of the first since when none was left out, `left` the end of the last one before that; `until` is when no
    more pages are begun. A chunk of the
    version before this one has its number only.
    """

    index: int
    of: int
    begin: NotRequired[str]
    end: NotRequired[str]
    first: NotRequired[int]
    since: NotRequired[int]
    begun: NotRequired[int]
    left: NotRequired[int]
    until: NotRequired[int]


class ExecutionInput(TypedDict):
    """The input of an execution: the start of the interval that a batch claimed, or none, for a sweep.

    `behind` is the state machine itself, which has not reached the interval yet.
    """

    source: Literal["batch", "sweep", "behind"]
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
    """Step `evaluate`: evaluate a chunk's rules in these intervals, as many as there is time for.

    The answer is the first page, or none and `behind` if intervals are left.
    """

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
    """Notifications to publish, and where the next page begins if there is `more`.

    With `behind` there are intervals left, and so notifications that may not be true any more: none is published.
    """

    notifications: list[PendingNotification]
    count: int
    after: str
    more: bool
    behind: NotRequired[bool]


StepInput = PlanInput | EvaluateInput | NextPageInput
