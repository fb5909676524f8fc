"""Event source mappings over a stream in memory: batching, order, draining, destinations."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.aws_request import AwsRequest
from emulator.clock import Clock
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.faults import Faults, parse_rule
from emulator.faults.spec import rule_of
from emulator.lambda_.event_source_mapping.batch import Discarded
from emulator.lambda_.event_source_mapping.configuration import MappingConfig
from emulator.lambda_.event_source_mapping.event_source import Page, SourceRecord, SourceUnavailableError
from emulator.lambda_.event_source_mapping.mapping import EventSourceMapping
from emulator.lambda_.event_source_mapping.redelivery import Strikes
from emulator.lambda_.invocation import MAX_PAYLOAD_BYTES, InvokeResult, failed
from emulator.writes import Writes
from tests.support.cloudwatch import of_region
from tests.support.functions import MAPPING as CONFIG


def record(sequence: int, key: str = "k", size: int = 0) -> SourceRecord:
    """A record whose event is JSON with its number and key, padded to a size."""
    event = {"n": sequence, "key": key, "pad": ""}
    padding = max(0, size - len(json.dumps(event)))
    return SourceRecord(str(sequence), key, time.time(), json.dumps({**event, "pad": "x" * padding}).encode())


@dataclass
class MemoryStream:
    """A stream whose shards are lists; a closed shard ends."""

    records: dict[str, list[SourceRecord]] = field(default_factory=lambda: {"s0": []})
    closed: set[str] = field(default_factory=set)
    parents: dict[str, str] = field(default_factory=dict)
    ended: set[str] = field(default_factory=set)
    trouble: int = 0
    given: int = 0
    reads: int = 0
    arn: str = "arn:aws:kinesis:us-east-1:123456789012:stream/metrics"
    batch_info_key: str = "KinesisBatchInfo"

    def shards(self) -> Sequence[str]:
        """The shards that may be read now."""
        return [
            shard
            for shard in self.records
            if shard not in self.ended and (shard not in self.parents or self.parents[shard] in self.ended)
        ]

    def position(self, shard: str, after: str | None) -> str:
        """An index."""
        if after is None:
            return "0"
        return str(1 + [item.sequence for item in self.records[shard]].index(after))

    def read(self, shard: str, position: str) -> Page:
        """Up to fifty records."""
        if self.trouble:
            self.trouble -= 1
            raise SourceUnavailableError("not now")
        start = int(position)
        found = self.records[shard][start : start + 50]
        end = start + len(found)
        self.given = end
        self.reads += 1
        last = shard in self.closed and end == len(self.records[shard])
        return Page(found, None if last else str(end), not found)

    def finished(self, shard: str) -> None:
        """Let children be read."""
        self.ended.add(shard)


@dataclass
class Function:
    """Remembers its batches; fails while `bad` numbers are among them."""

    bad: set[int] = field(default_factory=set)
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    processed: list[int] = field(default_factory=list)
    seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, event: bytes) -> InvokeResult:
        """Take a batch."""
        assert len(event) <= MAX_PAYLOAD_BYTES
        batch = json.loads(event)["Records"]
        with self.lock:
            self.batches.append(batch)
        time.sleep(self.seconds)
        if any(item["n"] in self.bad for item in batch):
            return failed("ValueError", "no")
        with self.lock:
            self.processed.extend(item["n"] for item in batch)
        return InvokeResult(b"{}")

    @property
    def numbers(self) -> list[int]:
        """Every record it got, in order."""
        return [item["n"] for batch in self.batches for item in batch]


@dataclass
class Kept:
    """A destination that keeps what it gets, after refusing some times."""

    refusals: int = 0
    sent: list[tuple[str, Discarded]] = field(default_factory=list)

    def send(self, shard: str, discarded: Discarded) -> None:
        """Keep what was given up, or refuse."""
        if self.refusals:
            self.refusals -= 1
            raise ClientError({"Error": {"Code": "SlowDown", "Message": ""}}, "PutObject")
        self.sent.append((shard, discarded))


Begin = Callable[..., EventSourceMapping]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start mappings until the test ends."""
    started: list[EventSourceMapping] = []

    def start(
        stream: MemoryStream, function: Function, destination: Kept | None = None, **changes: Any
    ) -> EventSourceMapping:
        started.append(mapping(stream, function, destination or Kept(), replace(CONFIG, **changes)))
        return started[-1]

    yield start
    for item in started:
        item.stop()
        item.join(5)


def mapping(
    stream: MemoryStream, function: Function, destination: Kept, config: MappingConfig
) -> EventSourceMapping:
    """A running mapping between these."""
    return EventSourceMapping(config, stream, invoke=function, destination=destination, clock=Clock())


@settings(max_examples=15, deadline=None)
@given(
    keys=st.lists(st.sampled_from("abcdef"), max_size=120),
    bad=st.sets(st.integers(0, 119), max_size=4),
    batch_size=st.integers(1, 40),
    parallelization=st.integers(1, 4),
)
def test_everything_on_the_stream_is_accounted_for(
    keys: list[str], bad: set[int], batch_size: int, parallelization: int
) -> None:
    """Each record is processed or discarded, once; each key's stay in order; only bad ones are discarded."""
    stream, function, kept = MemoryStream(), Function(bad=bad), Kept()
    stream.records["s0"] = [record(number, key) for number, key in enumerate(keys)]
    config = replace(CONFIG, batch_size=batch_size, parallelization=parallelization, max_retries=0)
    running = mapping(stream, function, kept, config)
    try:
        assert running.drain(20)
    finally:
        running.stop()
        running.join(5)
    given_up = sorted(int(item.sequence) for _, discarded in kept.sent for item in discarded.records)
    assert given_up == sorted(number for number in bad if number < len(keys))
    assert sorted([*function.processed, *given_up]) == list(range(len(keys)))
    assert set(function.numbers) == set(range(len(keys)))
    assert all(len(batch) <= batch_size for batch in function.batches)
    for key in set(keys):
        firsts = list(
            dict.fromkeys(item["n"] for batch in function.batches for item in batch if item["key"] == key)
        )
        assert firsts == sorted(firsts)


def test_a_batch_waits_for_its_window_or_its_size() -> None:
    """A full batch goes at once; what is left goes when the window has passed since its first record."""
    stream, function, clock = MemoryStream(), Function(), Clock()
    stream.records["s0"] = [record(number) for number in range(5)]
    config = replace(CONFIG, batch_size=4, window_s=3600.0)
    running = EventSourceMapping(config, stream, invoke=function, destination=None, clock=clock)
    try:
        _until(lambda: bool(function.batches))
        clock.advance(3000)
        time.sleep(0.3)
        assert [len(batch) for batch in function.batches] == [4]
        clock.advance(600)
        _until(lambda: len(function.batches) == 2)
        assert [len(batch) for batch in function.batches] == [4, 1]
    finally:
        running.stop()
        running.join(5)


def test_windows_and_pauses_are_the_local_clocks() -> None:
    """A batch that fills for an hour is processed when the clock has moved by one; so is what waits for a retry."""
    stream, function, clock = MemoryStream(), Function(bad={0}), Clock()
    stream.records["s0"] = [record(0), record(1)]
    config = replace(CONFIG, window_s=3600.0, max_retries=50, bisect=False)
    running = EventSourceMapping(config, stream, invoke=function, destination=None, clock=clock)
    try:
        time.sleep(0.5)
        assert function.batches == []

        def moves_on_to(attempts: int, *, step_s: float) -> None:
            # Again and again: what is waited for may begin only after the clock was moved.
            def has_come() -> bool:
                clock.advance(step_s)
                return len(function.batches) >= attempts

            _until(has_come)

        moves_on_to(1, step_s=600)
        moves_on_to(15, step_s=5)
    finally:
        running.stop()
        running.join(5)


def test_a_batch_stays_within_six_megabytes(begin: Begin) -> None:
    """Large records make small batches; one too large for any event goes to the destination."""
    stream, function, kept = MemoryStream(), Function(), Kept()
    sizes = [2_500_000, 2_500_000, 2_500_000, MAX_PAYLOAD_BYTES, 1000]
    stream.records["s0"] = [record(number, size=size) for number, size in enumerate(sizes)]
    assert begin(stream, function, kept, window_s=60.0).drain(20)
    assert [[item["n"] for item in batch] for batch in function.batches] == [[0, 1], [2], [4]]
    assert [int(kept.sent[0][1].records[0].sequence), kept.sent[0][1].invocations] == [3, 0]


def test_drain_does_not_wait_for_the_window(begin: Begin) -> None:
    """Records on the stream are processed at once, also what arrives while an invocation runs."""
    stream, function = MemoryStream(), Function(seconds=0.3)
    stream.records["s0"] = [record(number) for number in range(3)]
    running = begin(stream, function, window_s=300.0)
    begun = time.monotonic()
    assert running.drain(20)
    assert time.monotonic() - begun < 5
    assert function.numbers == [0, 1, 2]
    stream.records["s0"].append(record(3))
    assert running.drain(20)
    assert function.numbers == [0, 1, 2, 3]


def test_drain_tells_when_it_ran_out_of_time(begin: Begin) -> None:
    """A record that goes on failing is neither processed nor given up."""
    stream, function = MemoryStream(), Function(bad={0})
    stream.records["s0"] = [record(0)]
    assert not begin(stream, function, max_retries=-1).drain(0.5)


def test_a_source_in_trouble_is_read_again_from_the_same_place(begin: Begin) -> None:
    """No record is lost or doubled when reads fail."""
    stream, function = MemoryStream(trouble=2), Function()
    stream.records["s0"] = [record(number) for number in range(120)]
    running = begin(stream, function)
    _until(lambda: stream.given >= 50)
    stream.trouble = 1
    stream.records["s0"].append(record(120))
    assert running.drain(20)
    assert function.numbers == list(range(121))


def test_a_destination_in_trouble_is_tried_again(begin: Begin) -> None:
    """A record that was given up is not lost because the bucket refused once."""
    stream, function, kept = MemoryStream(), Function(bad={1}), Kept(refusals=2)
    stream.records["s0"] = [record(number) for number in range(3)]
    assert begin(stream, function, kept, max_retries=0).drain(20)
    assert [(shard, item.records[0].sequence) for shard, item in kept.sent] == [("s0", "1")]


def strikes(*specs: str) -> Strikes:
    """The faults in short, as a mapping asks for those of its function."""
    faults = Faults(seed=1)
    for spec in specs:
        faults.add(parse_rule(rule_of(spec)))
    return lambda kind: faults.take_delivery(kind, "us-east-1", frozenset({"writer"}))


def struck(function: Function, records: int, *specs: str, batch_size: int = 4) -> None:
    """Deliver records to a function while these faults strike."""
    stream = MemoryStream()
    stream.records["s0"] = [record(number) for number in range(records)]
    config = replace(CONFIG, batch_size=batch_size)
    running = EventSourceMapping(
        config, stream, invoke=function, destination=None, clock=Clock(), strikes=strikes(*specs)
    )
    try:
        assert running.drain(20)
    finally:
        running.stop()
        running.join(5)


def test_a_batch_that_succeeded_may_come_again() -> None:
    """Once more at once, and then the next one."""
    function = Function()
    struck(function, 8, "lambda/writer=repeatx1")
    assert function.numbers == [0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7]


def test_what_comes_again_may_be_cut_otherwise() -> None:
    """The last part of a batch comes with what follows it, in order."""
    function = Function()
    struck(function, 8, "lambda/writer=recutx1")
    first, second, *_ = [[item["n"] for item in batch] for batch in function.batches]
    assert first == [0, 1, 2, 3]
    assert 1 <= second[0] <= 3
    assert second == list(range(second[0], second[0] + 4))
    assert set(function.numbers) == set(range(8))
    assert len(function.numbers) == 8 + 4 - second[0]


def test_a_batch_may_overlap_with_itself_and_with_later_ones() -> None:
    """It comes a second time while it, or a later one, is processed; a drain waits for it."""
    function = Function(seconds=0.05)
    struck(function, 8, "lambda/writer=overlapx1", "lambda/writer=overlap:120x1")
    assert sorted(function.numbers) == sorted([*range(8), *range(8)])
    assert function.numbers[:8] == [0, 1, 2, 3, 0, 1, 2, 3]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_comes_again_nothing_is_left_out(seed: int) -> None:
    """With all of it at random, every record is processed, and the first time in order."""
    function = Function()
    struck(
        function,
        100 + seed,
        "lambda=repeat@30%",
        "lambda/writer=recut@50%",
        "lambda/writer=overlap:5@30%",
        batch_size=7,
    )
    assert set(function.numbers) == set(range(100 + seed))


def test_a_child_shard_is_read_after_its_parent(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a reshard, order holds for each key across the two shards."""
    monkeypatch.setattr("emulator.lambda_.event_source_mapping.mapping._LIST_EVERY_S", 0.05)
    stream, function = MemoryStream(), Function(seconds=0.2)
    stream.records = {"s0": [record(0), record(1)], "s1": [record(2)]}
    stream.parents, stream.closed = {"s1": "s0"}, {"s0"}
    begin(stream, function)
    _until(lambda: len(function.numbers) == 3)
    assert function.numbers == [0, 1, 2]
    assert stream.ended == {"s0"}


def test_a_stream_whose_writes_are_told_of_is_left_alone_until_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """A write to a stream has it read at once, one to a table does not; a drain and the end wait for nothing."""
    monkeypatch.setattr("emulator.lambda_.event_source_mapping.mapping.IDLE_S", 3600.0)
    stream, function, writes = MemoryStream(), Function(), Writes()
    running = EventSourceMapping(
        CONFIG, stream, invoke=function, destination=None, clock=Clock(), writes=writes
    )
    request = partial(AwsRequest, "POST", "/", body=b"{}")

    def tell(service: str, operation: str) -> None:
        scope = f"AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/{service}/aws4_request, SignedHeaders=a"
        writes.note(request(headers=(("X-Amz-Target", f"x.{operation}"), ("Authorization", scope))))

    try:
        _until(lambda: stream.reads == 1)
        stream.records["s0"].append(record(0))
        tell("dynamodb", "PutItem")
        time.sleep(0.4)
        assert stream.reads == 1
        tell("kinesis", "PutRecord")
        _until(lambda: function.numbers == [0])
        stream.records["s0"].append(record(1))
        assert running.drain(20)
        assert function.numbers == [0, 1]
    finally:
        running.stop()
        began_s = time.monotonic()
        running.join(60)
    assert time.monotonic() - began_s < 30


def test_stopping_ends_every_thread(begin: Begin) -> None:
    """A mapping that is closed in the middle of its retries leaves no thread behind."""
    before = threading.active_count()
    stream, function = MemoryStream(), Function(bad={0})
    stream.records["s0"] = [record(0)]
    running = begin(stream, function, max_retries=-1)
    _until(lambda: len(function.batches) > 1)
    running.stop()
    running.join(5)
    assert threading.active_count() <= before


def _until(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_cloudwatch_has_the_age_of_records_and_what_became_of_them() -> None:
    """The age when the function was called; events sent, failed, given up to the destination or dropped."""
    stream, kept = MemoryStream(), Kept()
    metrics, clock = RegionMetrics(Clock()), Clock()
    stream.records["s0"] = [replace(record(number), arrival_s=time.time() - 10) for number in range(4)]
    config = replace(CONFIG, max_retries=0, counts_events=True)
    for destination in (kept, None):
        running = EventSourceMapping(
            config, stream, invoke=Function(bad={2}), destination=destination, clock=clock, metrics=metrics
        )
        assert running.drain(20)
        running.stop()
        running.join(5)
    function, mapped = {"FunctionName": config.function_name}, {"EventSourceMappingUUID": config.uuid}
    of = partial(of_region, metrics, "AWS/Lambda", dimensions=mapped)
    assert 10_000 <= (of_region(metrics, "AWS/Lambda", "IteratorAge", function, "Minimum") or 0) < 20_000
    assert of("OnFailureDestinationDeliveredEventCount") == of("DroppedEventCount") == 1
    assert (of("InvokedEventCount") or 0) > (of("FailedInvokeEventCount") or 0) > 0
