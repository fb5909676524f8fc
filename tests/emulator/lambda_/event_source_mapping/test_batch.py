"""Properties of batches: whatever fails, every record is processed or given up, once and in order."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.lambda_.event_source_mapping.batch import (
    AGE_EXCEEDED,
    BatchProcessor,
    Discarded,
    first_failed,
)
from emulator.lambda_.event_source_mapping.configuration import UNLIMITED, MappingConfig
from emulator.lambda_.event_source_mapping.event_source import SourceRecord
from emulator.lambda_.invocation import InvokeResult, failed, throttled
from tests.support.functions import MAPPING as CONFIG

NOW = 10_000.0


def record(number: int, *, age_s: float = 1.0) -> SourceRecord:
    """The record with this sequence number; its event is the number."""
    return SourceRecord(str(number), f"key-{number}", NOW - age_s, str(number).encode())


def batch(size: int) -> list[SourceRecord]:
    """Records 0, 1, 2 and so on."""
    return [record(number) for number in range(size)]


def report(*numbers: int) -> InvokeResult:
    """The answer of a function that reports these sequence numbers."""
    failures = [{"itemIdentifier": str(number)} for number in numbers]
    return InvokeResult(json.dumps({"batchItemFailures": failures}).encode())


RAISED = failed("ValueError", "no")
OK = report()


@dataclass
class Run:
    """The course of a batch."""

    respond: Callable[[list[int]], InvokeResult]
    invoked: list[list[int]] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    done: list[int] = field(default_factory=list)
    discarded: list[Discarded] = field(default_factory=list)
    pauses: list[int] = field(default_factory=list)

    @property
    def given_up(self) -> list[int]:
        """The records that were discarded."""
        return [int(item.sequence) for discarded in self.discarded for item in discarded.records]


def run(
    config: MappingConfig,
    records: Sequence[SourceRecord],
    respond: Callable[[list[int]], InvokeResult],
    *,
    go_on: Callable[[int], bool] = lambda _: True,
) -> Run:
    """Process a batch with a function that answers to a list of sequence numbers."""
    seen = Run(respond)

    def invoke(event: bytes) -> InvokeResult:
        numbers = [int(number) for number in event[len(b'{"Records":[') : -len(b"]}")].split(b",")]
        seen.invoked.append(numbers)
        result = respond(numbers)
        if not result.throttled:
            given = [record(number) for number in numbers]
            done = numbers[: first_failed(result, given, report=config.report_failures)]
            seen.done.extend(done)
            seen.ended.extend(done)
        return result

    def discard(discarded: Discarded) -> None:
        seen.discarded.append(discarded)
        seen.ended.extend(int(item.sequence) for item in discarded.records)

    def back_off(retry: int) -> bool:
        seen.pauses.append(retry)
        return go_on(len(seen.pauses))

    BatchProcessor(config, invoke=invoke, discard=discard, now=lambda: NOW, back_off=back_off).process(
        records
    )
    return seen


@given(
    size=st.integers(1, 40),
    poison=st.sets(st.integers(0, 39)),
    reporting=st.sets(st.integers(0, 39)),
    bisect=st.booleans(),
    report_failures=st.booleans(),
    retries=st.integers(0, 3),
    hiccups=st.lists(st.sampled_from(["raise", "throttle", "garbage", None]), max_size=12),
)
def test_every_record_is_processed_or_given_up_once_and_in_order(
    size: int,
    poison: set[int],
    reporting: set[int],
    bisect: bool,
    report_failures: bool,
    retries: int,
    hiccups: list[str | None],
) -> None:
    """For any mix of poison records, ways to fail and passing trouble, nothing is lost, doubled or reordered."""
    passing = iter(hiccups)

    def respond(numbers: list[int]) -> InvokeResult:
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        trouble = next(passing, None)
        if trouble == "throttle":
            return throttled()
        if trouble == "garbage" and report_failures:
            return report(99)
        if trouble is not None:
            return RAISED
        bad = [number for number in numbers if number in poison]
        if not bad:
            return OK
        return report(*bad) if report_failures and bad[0] in reporting else RAISED

    config = replace(CONFIG, bisect=bisect, report_failures=report_failures, max_retries=retries)
    seen = run(config, batch(size), respond)
    assert seen.ended == list(range(size))
    assert not poison & set(seen.done)
    for discarded in seen.discarded:
        assert discarded.condition == "RetryAttemptsExhausted"
        assert discarded.invocations > retries


@given(size=st.integers(1, 40), poison=st.sets(st.integers(0, 39)), reporting=st.sets(st.integers(0, 39)))
def test_bisecting_gives_up_the_poison_records_alone(
    size: int, poison: set[int], reporting: set[int]
) -> None:
    """With bisect a good record is never lost with its bad neighbour, and processed once."""

    def respond(numbers: list[int]) -> InvokeResult:
        bad = [number for number in numbers if number in poison]
        if not bad:
            return OK
        return report(*reversed(bad)) if bad[0] in reporting else RAISED

    seen = run(CONFIG, batch(size), respond)
    poison = {number for number in poison if number < size}
    assert set(seen.given_up) == poison
    assert set(seen.done) == set(range(size)) - poison
    assert all(len(discarded.records) == 1 for discarded in seen.discarded)


def test_a_failed_batch_is_halved_without_using_up_retries() -> None:
    """The halves go in order; only the single record that goes on failing is counted."""
    seen = run(replace(CONFIG, max_retries=1), batch(4), lambda numbers: RAISED if 2 in numbers else OK)
    assert seen.invoked == [[0, 1, 2, 3], [0, 1], [2, 3], [2], [2], [3]]
    assert seen.pauses == [0, 0, 1]
    assert (seen.given_up, seen.discarded[0].invocations) == ([2], 4)


def test_a_partial_answer_cuts_the_batch_at_the_lowest_reported_record() -> None:
    """Records before it are done; the rest is retried from there."""
    answers = iter([report(3, 2), OK])
    seen = run(CONFIG, batch(5), lambda _: next(answers))
    assert seen.invoked == [[0, 1, 2, 3, 4], [2, 3, 4]]


def test_without_bisect_the_rest_of_the_batch_is_given_up_with_the_record_that_blocks_it() -> None:
    """The attempts that reported counted as retries, the partial one too."""
    config = replace(CONFIG, bisect=False, max_retries=2)
    seen = run(config, batch(5), lambda numbers: report(3) if 3 in numbers else OK)
    assert seen.invoked == [[0, 1, 2, 3, 4], [3, 4], [3, 4]]
    assert seen.given_up == [3, 4]


def test_reports_are_ignored_unless_the_mapping_asks_for_them() -> None:
    """Without ReportBatchItemFailures an answer is a success, whatever it says."""
    seen = run(replace(CONFIG, report_failures=False), batch(3), lambda _: report(1))
    assert (seen.done, seen.given_up) == ([0, 1, 2], [])


def test_unlimited_retries_never_give_up() -> None:
    """-1 retries until the record works."""
    attempts = iter([RAISED] * 50 + [OK])
    seen = run(replace(CONFIG, max_retries=UNLIMITED), batch(1), lambda _: next(attempts))
    assert (seen.done, len(seen.invoked)) == ([0], 51)


def test_throttling_is_no_failed_attempt() -> None:
    """A function that cannot be invoked uses up no retries, and the batch stays whole."""
    answers = iter([throttled()] * 9 + [OK])
    seen = run(replace(CONFIG, max_retries=0), batch(3), lambda _: next(answers))
    assert seen.done == [0, 1, 2]
    assert seen.pauses == list(range(1, 10))


def test_old_records_are_given_up_before_the_others_are_tried() -> None:
    """MaximumRecordAge is judged record by record, before each attempt."""
    records = [record(0, age_s=61), record(1, age_s=60), record(2, age_s=59)]
    seen = run(replace(CONFIG, max_age_s=60.0), records, lambda _: OK)
    assert seen.invoked == [[2]]
    assert (seen.given_up, seen.discarded[0].condition) == ([0, 1], AGE_EXCEEDED)


def test_records_grow_old_while_they_are_retried() -> None:
    """Between two attempts the age limit may pass; unlimited retries end there."""
    times = iter([0.0, 0.0, 100.0])
    seen: list[Discarded] = []
    BatchProcessor(
        replace(CONFIG, max_retries=UNLIMITED, max_age_s=60.0),
        invoke=lambda _: RAISED,
        discard=seen.append,
        now=lambda: NOW + next(times),
        back_off=lambda _: True,
    ).process([record(0)])
    assert [(item.condition, item.invocations) for item in seen] == [(AGE_EXCEEDED, 1)]


def test_stopping_leaves_the_rest_neither_done_nor_given_up() -> None:
    """A batch is left where it is by a mapping that is told to stop."""
    seen = run(CONFIG, batch(4), lambda _: RAISED, go_on=lambda pauses: pauses < 3)
    assert seen.ended == []


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", None),
        (b"null", None),
        (b'""', None),
        (b"{}", None),
        (b'{"batchItemFailures": null}', None),
        (b'{"batchItemFailures": []}', None),
        (b'{"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "1"}]}', 1),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', 0),
        (b'{"batchItemFailures": [{"identifier": "1"}]}', 0),
        (b'{"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "77"}]}', 0),
        (b'{"batchItemFailures": ["1"]}', 0),
        (b'{"batchItemFailures": "1"}', 0),
        (b'["1"]', 0),
        (b"{", 0),
    ],
)
def test_what_an_answer_says_about_the_batch(payload: bytes, expected: int | None) -> None:
    """Nothing reported is success; a report that names no record of the batch fails all of it."""
    assert first_failed(InvokeResult(payload), batch(3), report=True) == expected
