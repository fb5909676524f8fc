"""Starts the state machine that evaluates alerts."""

import json
import uuid
from typing import Any

from handlers.adapters.aws import AWS_ERRORS, translate


class Executions:
    """The executions of one state machine."""

    def __init__(self, states: Any, state_machine_arn: str) -> None:
        self._states = states
        self._arn = state_machine_arn

    def start(self, tick: int) -> None:
        """Starts the evaluation of a tick, which waits by itself until it is time."""
        try:
            self._states.start_execution(
                stateMachineArn=self._arn,
                name=f"tick-{tick}-{uuid.uuid4().hex[:12]}",
                input=json.dumps({"source": "batch", "tick": tick}),
            )
        except AWS_ERRORS as error:
            raise translate(error) from error
