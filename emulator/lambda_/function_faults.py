"""Faults of one function: those of its calls, of its processes, and of the batches that it gets."""

import time
from collections.abc import Callable

from emulator.faults import FaultRule, Faults
from emulator.lambda_.configuration import FunctionConfig
from emulator.lambda_.invocation import InvokeResult, refused


class FunctionFaults:
    """The rules in force that name a function by its logical id or its name, or every function."""

    def __init__(self, faults: Faults, function: FunctionConfig) -> None:
        self._faults, self._region = faults, function.region
        self._names = frozenset({function.logical_id, function.name})

    def of_process(self) -> FaultRule | None:
        """The rule that strikes the process with its next event."""
        return self._faults.take_process(self._region, self._names)

    def of_delivery(self, kind: str) -> FaultRule | None:
        """The rule of this kind that strikes the delivery of a batch."""
        return self._faults.take_delivery(kind, self._region, self._names)

    def call(self, invoke: Callable[[], InvokeResult]) -> InvokeResult:
        """The result of a call of the function, or of the fault that strikes it."""
        rule = self._faults.take_invocation(self._region, self._names)
        if rule is None:
            return invoke()
        done = invoke() if rule.does else None
        time.sleep(rule.latency_ms / 1000)
        if not rule.answers:
            return done or invoke()
        answer = rule.answer("lambda")
        return refused(answer.status, answer.code, rule.message)
