"""Asynchronous invocations: tried again as Lambda does, and dropped after that.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.lambda_.invocation import InvokeResult

_LOG = logging.getLogger(__name__)
_AT_ONCE = 4
_LOOK_EVERY_S = 0.2
# After an error of the function it is tried twice more.
_PAUSES_S = (60.0, 120.0)
# What is throttled, or fails in Lambda itself, comes back from the queue for six hours.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _LONGEST_S = 1.0, 300.0, 6 * 3600.0


@dataclass(slots=True)
class _Event:
    function: str
    invoke: Callable[[], InvokeResult]
    accepted_s: float
    due_s: float = 0.0
    failures: int = 0
    refusals: int = 0


class AsynchronousInvocations:
    """Invokes what is offered, several at a time; close it when done."""

    def __init__(self, clock: Clock, metrics: RegionMetrics) -> None:
        self._clock, self._metrics = clock, metrics
        self._waiting: list[_Event] = []
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._attempts = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="function-event")
        self._thread: threading.Thread | None = None

    def offer(self, function: str, invoke: Callable[[], InvokeResult]) -> None:
        """Have a function invoked, and again if that fails; it does not wait."""
        self._try(_Event(function, invoke, self._clock.now()))

    def close(self) -> None:
        """Try nothing any more; an attempt under way is not waited for."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(5)
        self._attempts.shutdown(wait=False, cancel_futures=True)

    def _try(self, event: _Event) -> None:
        if not self._stopped.is_set():
            self._attempts.submit(self._attempt, event)

    def _attempt(self, event: _Event) -> None:
        result = event.invoke()
        if result.throttled:
            pause_s = min(_FIRST_PAUSE_S * 2.0**event.refusals, _LONGEST_PAUSE_S)
            event.refusals += 1
        elif result.function_error is not None:
            pause_s = _PAUSES_S[event.failures] if event.failures < len(_PAUSES_S) else _LONGEST_S
            event.failures += 1
        else:
            return
        event.due_s = self._clock.now() + pause_s
        if self._stopped.is_set():
            return
        if event.due_s >= event.accepted_s + _LONGEST_S:
            _LOG.warning("an asynchronous invocation of %s failed for good", event.function)
            self._metrics.put("AWS/Lambda", "AsyncEventsDropped", 1, {"FunctionName": event.function})
            return
        with self._lock:
            self._waiting.append(event)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="function-events", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_S):
            now_s = self._clock.now()
            with self._lock:
                due = [event for event in self._waiting if event.due_s <= now_s]
                self._waiting = [event for event in self._waiting if event.due_s > now_s]
            for event in due:
                self._try(event)
