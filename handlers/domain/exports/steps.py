"""The inputs and outputs of the state machine's steps: the contract with `statemachines/metric_export.asl.json`.

`now` is the time at which Step Functions entered the state, `by` the name of the execution. An `error` is what a state
caught, or one line about it where a step answers with one.
"""

from collections.abc import Mapping
from typing import Any, Literal, NotRequired, TypedDict


class ExecutionInput(TypedDict, total=False):
    """The request of an execution, or of its next round; hours like 2026-11-22T02, `cutoff` in epoch seconds."""

    scheduled_time: str
    first: str
    last: str
    cutoff: float
    round: int


class ChooseInput(TypedDict):
    """The planner's first step."""

    step: Literal["choose"]
    now: str
    input: ExecutionInput


class ChooseOutput(TypedDict):
    """The hours of a round, and the input of the next one if there is `more`."""

    hours: list[str]
    more: bool
    next: ExecutionInput


class ClaimInput(TypedDict):
    """The unloader's first step with an hour; it answers with a `JobPayload` or a `BusyHour`."""

    step: Literal["claim"]
    now: str
    hour: str
    by: str


class JobPayload(TypedDict):
    """A job on its way; `counted` has the fields of `PointCount`, each of `unloads` those of `Unload`."""

    hour: str
    by: str
    attempt: int
    started_at: float
    dimensions: list[str]
    written: bool
    store: NotRequired[str]
    counted: dict[str, Any]
    unloads: dict[str, dict[str, Any]]
    phase: Literal["unload", "publish"]


class BusyHour(TypedDict):
    """An hour that another execution has: the result of this one's."""

    hour: str
    by: str
    phase: Literal["busy"]
    outcome: Literal["busy"]
    error: str


class UnloadInput(TypedDict):
    """A further step of the unloader; it answers with the job as it is then."""

    step: Literal["start", "poll"]
    now: str
    job: JobPayload


class PublishInput(TypedDict):
    """The publisher's step; it answers with an `HourResult`."""

    now: str
    job: JobPayload


class GiveUpInput(TypedDict):
    """The planner's step with an hour whose export failed; it answers with an `HourResult`."""

    step: Literal["give_up"]
    now: str
    hour: str
    by: str
    error: Mapping[str, str]  # Error and Cause, as Step Functions hands them to a state that catches it


class HourResult(TypedDict):
    """The end of one hour in this execution."""

    hour: str
    outcome: Literal["exported", "empty", "failed", "busy"]
    run: NotRequired[str]
    rows: NotRequired[int]
    bytes: NotRequired[int]
    error: NotRequired[str]


class SummariseInput(TypedDict):
    """The planner's last step of a round."""

    step: Literal["summarise"]
    now: str
    results: list[HourResult]


class SummariseOutput(TypedDict):
    """The numbers of hours and of failed ones, and the message to operators that the machine sends if any failed."""

    hours: int
    failed: int
    subject: str
    message: str


class TidyInput(TypedDict):
    """The tidier's step."""

    now: str


class TidyOutput(TypedDict):
    """The numbers of hours cleaned up, and of objects deleted."""

    hours: int
    objects: int
