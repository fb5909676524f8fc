"""Executions of the state machine that evaluates alerts, and what its steps can hold."""

import json
import uuid
from typing import Any

from handlers.adapters.aws import translated
from handlers.domain.alerts.notifications.pending_notifications import PageLimits
from handlers.domain.alerts.steps import ExecutionInput

# A state's input may hold 256 KiB, and what exceeds it cannot be caught; ours stay under 200 KiB.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PAGE_LIMITS = PageLimits(bytes=150_000, notifications=40)


@translated()
def start_evaluation(states: Any, state_machine_arn: str, interval_start_s: int) -> None:
    """Starts the evaluation of an interval, which waits by itself until it is time."""
    payload: ExecutionInput = {"source": "batch", "tick": interval_start_s}
    states.start_execution(
        stateMachineArn=state_machine_arn,
        name=f"tick-{interval_start_s}-{uuid.uuid4().hex[:12]}",
        input=json.dumps(payload),
    )
