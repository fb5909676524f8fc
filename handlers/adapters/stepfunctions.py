"""Executions of the state machine that evaluates alerts, and what its steps can hold."""

import json
import uuid
from typing import Any

from handlers.adapters.aws import translated
from handlers.domain.alerts.notifications.pending_notifications import PageLimits
from handlers.domain.alerts.steps import ExecutionInput

# A state's input may hold 256 KiB, and what exceeds it cannot be caught; ours stay under 100 KiB.
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
PAGE_LIMITS = PageLimits(bytes=60_000, notifications=40)


class Executions:
    """The executions of one state machine."""

    def __init__(self, states: Any, state_machine_arn: str) -> None:
        self._states = states
        self._arn = state_machine_arn

    @translated()
    def start(self, interval_start_s: int) -> None:
        """Starts the evaluation of an interval, which waits by itself until it is time."""
        payload: ExecutionInput = {"source": "batch", "tick": interval_start_s}
        self._states.start_execution(
            stateMachineArn=self._arn,
            name=f"tick-{interval_start_s}-{uuid.uuid4().hex[:12]}",
            input=json.dumps(payload),
        )
