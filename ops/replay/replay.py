"""A replay: requests of any time go through the product's aggregator and evaluator, by a clock of its own."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from handlers.adapters.stepfunctions import PAGE_LIMITS
from handlers.domain.alerts.evaluation.evaluator import Evaluator
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.windows.aggregator import Aggregator
from handlers.domain.ingest.envelope import NO_CLIENT, StreamRecord
from handlers.domain.ingest.reading import BatchReading
from handlers.domain.ingest.request_reader import RequestReader
from handlers.domain.ingest.store import StoreLimits
from ops.replay.memory_ports import MemoryAlerts, MemoryRules, MemoryWindows

_SHARD = "shardId-000000000000"


class PointRefusedError(ValueError):
    """The pipeline would set a point of a request aside, or answer 400 to it; the message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """Points as a client sends them, in the API's own JSON, and the second at which they come."""

    at_s: int
    metrics: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Deployment:
    """The settings of a deployment that alerts depend on."""

    timing: Timing
    origin: Origin
    group_cap: int
    limits: StoreLimits


class Replay:
    """Rules, in force from a second on, and what they make of the requests that come."""

    def __init__(self, rules: Iterable[Rule], deployment: Deployment, in_force_since_s: int) -> None:
        timing = self._timing = deployment.timing
        known = MemoryRules(
            [
                replace(rule, in_force_since_s=in_force_since_s, groups_since_s=in_force_since_s)
                for rule in rules
            ]
        )
        self.alerts = MemoryAlerts()
        self._windows = MemoryWindows(timing)
        self._records = 0
        self._reader = _StrictReader(deployment.limits, frozenset())
        self._aggregator = Aggregator(
            known, self._windows, lambda _: None, timing, deployment.group_cap, lambda: self._windows.now_s
        )
        self._evaluator = Evaluator(
            known,
            self._windows,
            self.alerts,
            timing,
            deployment.origin,
            deployment.group_cap,
            PAGE_LIMITS,
            stopwatch=lambda: 0.0,
        )

    def run(self, requests: Iterable[Request], intervals: Iterable[int]) -> None:
        """Evaluates the intervals when they are ready, each with what had come by then.

        Both in their order. Raises PointRefusedError where the pipeline would not take a point.
        """
        coming = sorted(requests, key=lambda request: request.at_s)
        done = 0
        for start_s in intervals:
            now_s = self._timing.ready_at(start_s)
            while done < len(coming) and coming[done].at_s <= now_s:
                last = done
                while last < len(coming) and coming[last].at_s == coming[done].at_s:
                    last += 1
                self._receive(coming[done:last])
                done = last
            self._evaluate(start_s, now_s)

    def _receive(self, batch: Sequence[Request]) -> None:
        """Aggregates what comes at one time as one batch, with a record for each request."""
        self._windows.now_s = float(batch[0].at_s)
        self._aggregator.process([self._record(request) for request in batch], self._reader)

    def _record(self, request: Request) -> StreamRecord:
        self._records += 1
        body = json.dumps({"metrics": request.metrics}).encode()
        return StreamRecord(
            "json", NO_CLIENT, str(self._records), request.at_s * 1000, self._records, _SHARD, body
        )

    def _evaluate(self, start_s: int, now_s: int) -> None:
        plan = self._evaluator.plan(start_s, now_s)
        if plan["found"]:
            for chunk in plan["chunks"]:
                self._evaluator.evaluate(chunk, plan["first"], plan["last"], now_s)


class _StrictReader(RequestReader):
    """A reader that leaves out nothing in silence."""

    def read(self, records: Sequence[StreamRecord]) -> BatchReading:
        reading = super().read(records)
        for violation in reading.invalid.values():
            raise PointRefusedError(violation.message)
        for found in reading.others.values():
            for _, violation in found.refusals:
                raise PointRefusedError(f"{violation.field}: {violation.message}")
        return reading
