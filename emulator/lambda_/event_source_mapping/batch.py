"""A batch retried, split and discarded as an event source mapping does it.

https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html

Splitting does not use up retries: a batch that fails is halved (or cut at the reported record) until single records
fail, and only those are counted. Without splitting, each failed attempt counts, a partial one too.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from emulator.lambda_.event_source_mapping.configuration import UNLIMITED, MappingConfig
from emulator.lambda_.event_source_mapping.event_source import SourceRecord, event_of
from emulator.lambda_.invocation import InvokeResult

RETRIES_EXHAUSTED: Final = "RetryAttemptsExhausted"
AGE_EXCEEDED: Final = "RecordAgeExceeded"


@dataclass(frozen=True, slots=True)
class Discarded:
    """Records that were given up, and why; `result` is the last answer, None when there was none."""

    records: Sequence[SourceRecord]
    condition: str
    invocations: int
    result: InvokeResult | None


@dataclass(slots=True)
class _Work:
    records: Sequence[SourceRecord]
    failures: int = 0
    invocations: int = 0
    result: InvokeResult | None = None


class BatchProcessor:
    """Takes batches to their end, one after the other, in order."""

    def __init__(
        self,
        config: MappingConfig,
        *,
        invoke: Callable[[bytes], InvokeResult],
        discard: Callable[[Discarded], None],
        now: Callable[[], float],
        back_off: Callable[[int], bool],
        observe: Callable[[Sequence[SourceRecord], float, bool], None] = lambda *_: None,
    ) -> None:
        """`back_off(n)` waits before the n-th retry (0: after a split) and tells if to go on.

        `observe` is told of the records of each invocation, when it began, and if the function failed on any.
        """
        self._config = config
        self._invoke = invoke
        self._discard = discard
        self._now = now
        self._back_off = back_off
        self._observe = observe

    def process(self, batch: Sequence[SourceRecord]) -> bool:
        """True once every record is processed or given up; False when told to stop before that."""
        waiting = [_Work(batch)]
        refusals = 0
        while waiting:
            work = self._without_old(waiting.pop())
            if not work.records:
                continue
            sent_s = self._now()
            result = self._invoke(event_of(work.records))
            if result.throttled:
                refusals += 1
                waiting.append(work)
                if not self._back_off(refusals):
                    return False
                continue
            refusals = 0
            work.invocations += 1
            work.result = result
            failed_at = first_failed(result, work.records, report=self._config.report_failures)
            self._observe(work.records, sent_s, failed_at is not None)
            if failed_at is not None:
                retry = self._again(work, failed_at, waiting)
                if retry is not None and not self._back_off(retry):
                    return False
        return True

    def _without_old(self, work: _Work) -> _Work:
        """Give up the records beyond the maximum age; they are the first ones, as arrival is in order."""
        if self._config.max_age_s == UNLIMITED:
            return work
        oldest = self._now() - self._config.max_age_s
        old = 0
        while old < len(work.records) and work.records[old].arrival_s <= oldest:
            old += 1
        if old:
            self._discard(Discarded(work.records[:old], AGE_EXCEEDED, work.invocations, work.result))
        return _Work(work.records[old:], work.failures, work.invocations, work.result)

    def _again(self, work: _Work, failed_at: int, waiting: list[_Work]) -> int | None:
        """Put back what is to be tried again, the earliest on top, or give it up; return the retry's number."""
        rest = work.records[failed_at:]
        parts = [rest]
        failures = work.failures
        split = self._config.bisect and (failed_at > 0 or len(rest) > 1)
        if split and failed_at == 0:
            parts = [rest[: len(rest) // 2], rest[len(rest) // 2 :]]
        if not split:
            failures += 1
            if self._config.max_retries != UNLIMITED and failures > self._config.max_retries:
                self._discard(Discarded(rest, RETRIES_EXHAUSTED, work.invocations, work.result))
                return None
        waiting.extend(_Work(part, failures, work.invocations, work.result) for part in reversed(parts))
        return 0 if split else failures


def first_failed(result: InvokeResult, records: Sequence[SourceRecord], *, report: bool) -> int | None:
    """The index from which the batch failed; None when all of it succeeded."""
    if result.function_error is not None or result.status != 200:
        return 0
    if not report:
        return None
    try:
        reply: Any = json.loads(result.payload or b"null")
    except ValueError:
        return 0
    if reply is None or reply == "":
        return None
    if not isinstance(reply, dict):
        return 0
    failures = reply.get("batchItemFailures")
    if failures is None:
        return None
    return _lowest(failures, records)


def _lowest(failures: Any, records: Sequence[SourceRecord]) -> int | None:
    """The lowest reported record; the whole batch for a report that is not understood."""
    if not isinstance(failures, list):
        return 0
    index = {record.sequence: position for position, record in enumerate(records)}
    lowest: int | None = None
    for item in failures:
        identifier = item.get("itemIdentifier") if isinstance(item, dict) else None
        if not isinstance(identifier, str) or identifier not in index:
            return 0
        lowest = index[identifier] if lowest is None else min(lowest, index[identifier])
    return lowest
