"""The fast evaluation against the slow one, over any way the same points may reach it."""

from dataclasses import dataclass
from heapq import heappop, heappush

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from handlers.domain.alerts.windows.cuts import BatchRange
from handlers.domain.point import Point
from tests.support.alert_pipeline import Pipeline, a_point
from tests.support.rules import a_rule
from tests.support.slow_evaluator import Event, RawPoint, SlowEvaluator

TIMING = Timing(interval_s=10, grace_s=4, write_time_s=1, visibility_delay_s=2, allowed_lateness_s=400)
BASE = 1_763_766_000
INTERVALS = 14
END = BASE + INTERVALS * TIMING.interval_s

VALUES = st.sampled_from([0.1, 0.2, 0.7, 1.0, 2.0, 2.5, 3.0, -1.0, 1e16, 1e-9])


@dataclass(frozen=True)
class Write:
    """One attempt to write down the windows of some neighbouring records of a shard."""

    at: float
    source: BatchRange
    points: tuple[Point, ...]


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Any rule of the grammar over short periods, so that edges are met often."""
    operator = draw(st.sampled_from([">", ">=", "<", "<=", "==", "!=", "inside", "outside"]))
    low = draw(st.sampled_from([0.1, 0.3, 1.0, 2.0]))
    high = low + draw(st.sampled_from([0.0, 0.5, 1.0]))
    threshold: float | list[float] = [low, high] if operator in ("inside", "outside") else low
    recovery: dict[str, object] = {"datapoints": draw(st.integers(1, 4))}
    if draw(st.booleans()) and operator in (">", ">="):
        recovery["threshold"] = low - 0.2
    elif draw(st.booleans()) and operator in ("<", "<="):
        recovery["threshold"] = low + 1
    out_of = draw(st.integers(1, 4))
    statistic = draw(st.sampled_from(["avg", "sum", "min", "max", "count"]))
    policies = [
        "breaching",
        "not_breaching",
        "ignore",
        "missing",
        *(["zero"] * (statistic in ("sum", "count"))),
    ]
    return a_rule(
        statistic=statistic,
        operator=operator,
        threshold=threshold,
        by=draw(st.sampled_from([[], ["host"]])),
        period=draw(st.sampled_from([10, 20, 30])),
        datapoints=f"{draw(st.integers(1, out_of))} of {out_of}",
        missing_data=draw(st.sampled_from(policies)),
        in_force_since=BASE,
        recovery=recovery,
        renotify=draw(st.sampled_from([0, 60])),
        notify_on_resolve=draw(st.booleans()),
    )


@st.composite
def batches(draw: st.DrawFn, *, in_time: bool) -> list[Write]:
    """Batches of two shards and everything that may be written of them: once, again, in halves, halves of halves."""
    writes: list[Write] = []
    for shard in ("shardId-000000000000", "shardId-000000000001"):
        sequence = draw(st.integers(1, 10**40))
        for _ in range(draw(st.integers(0, 8))):
            at = (
                BASE
                + draw(st.integers(0, INTERVALS * TIMING.interval_s - 20))
                + draw(st.sampled_from([0.0, 0.25]))
            )
            size = draw(st.integers(1, 5))
            points = tuple(draw(_points(at, in_time=in_time)) for _ in range(size))
            writes += draw(_attempts(at, BatchRange(shard, sequence, sequence + size - 1), points))
            sequence += size
    return writes


@st.composite
def _points(draw: st.DrawFn, at: float, *, in_time: bool) -> Point:
    oldest = TIMING.grace_s if in_time else 60
    time = int(at) - draw(st.integers(-40, oldest))
    return a_point(max(time, BASE), draw(VALUES), host=draw(st.sampled_from("abc")))


@st.composite
def _attempts(draw: st.DrawFn, at: float, source: BatchRange, points: tuple[Point, ...]) -> list[Write]:
    writes = [Write(at, source, points)]
    if draw(st.booleans()):
        writes.append(Write(at + draw(st.integers(0, 30)), source, points))
    middle = len(points) // 2
    if middle and draw(st.booleans()):
        later = at + draw(st.integers(0, 30))
        halves = (
            (BatchRange(source.shard, source.first, source.first + middle - 1), points[:middle]),
            (BatchRange(source.shard, source.first + middle, source.last), points[middle:]),
        )
        for half, share in halves:
            writes += draw(_attempts(later, half, share))
    return writes


def run(rule: Rule, writes: list[Write]) -> tuple[Pipeline, list[Event]]:
    """The transitions of the pipeline when every write and every evaluation happens at its time."""
    pipeline = Pipeline([rule], TIMING)
    pending = sorted(writes, key=lambda write: write.at)
    events: list[Event] = []
    for start in range(BASE, END, TIMING.interval_s):
        while pending and pending[0].at <= TIMING.ready_at(start):
            write = pending.pop(0)
            pipeline.write(write.points, write.source, write.at)
        before = len(pipeline.transitions)
        pipeline.evaluate(start)
        events += _sorted_events(pipeline, before)
    return pipeline, events


def _sorted_events(pipeline: Pipeline, before: int) -> list[Event]:
    found = (
        Event(group, str(item.kind), str(item.previous_state), str(item.state), item.at_s, item.value)
        for _, group, item in pipeline.transitions[before:]
    )
    return sorted(found, key=lambda entry: str(entry.group))


def expected(rule: Rule, writes: list[Write]) -> list[Event]:
    """The transitions that the slow evaluator makes of the same points, each known since its first write."""
    known: dict[tuple[str, int], RawPoint] = {}
    for write in sorted(writes, key=lambda write: write.at):
        for offset, point in enumerate(write.points):
            raw = RawPoint(write.at, _group(rule, point), point.time_ns // 10**9, point.value)
            known.setdefault((write.source.shard, write.source.first + offset), raw)
    return _slow_events(rule, list(known.values()))


def _group(rule: Rule, point: Point) -> Group:
    group = rule.selection.group_of(point.series)
    assert group is not None
    return group


def _slow_events(rule: Rule, points: list[RawPoint]) -> list[Event]:
    slow = SlowEvaluator(rule, points, TIMING.interval_s, TIMING.grace_s + TIMING.write_time_s)
    for start in range(BASE, END, TIMING.interval_s):
        slow.evaluate(start)
    return slow.events


PROPERTY = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@PROPERTY
@given(rules(), batches(in_time=True))
def test_any_split_over_shards_batches_and_retries_makes_the_transitions_of_the_raw_points(
    rule: Rule, writes: list[Write]
) -> None:
    """However points inside the grace are batched, repeated and bisected, the transitions are those of the points."""
    assert run(rule, writes)[1] == expected(rule, writes)


@PROPERTY
@given(rules(), batches(in_time=False))
def test_late_points_count_for_their_period(rule: Rule, writes: list[Write]) -> None:
    """Points that come after their period was evaluated change it as if it were looked at anew."""
    assert run(rule, writes)[1] == expected(rule, writes)


@PROPERTY
@given(rules(), batches(in_time=False))
def test_evaluating_again_changes_nothing(rule: Rule, writes: list[Write]) -> None:
    """An evaluation that is repeated makes no transition a second time."""
    pipeline, events = run(rule, writes)
    before = len(pipeline.transitions)
    pipeline.evaluate(END - TIMING.interval_s)
    assert pipeline.transitions[before:] == [], events


@dataclass(frozen=True)
class Delivery:
    """A batch that a poller delivers: its first record, its size, and how many of its ranges are written, how late."""

    at: float
    shard: str
    first: int
    size: int
    written: int
    delay: int


# The points of each record of a shard; a record may have none that a rule looks at.
Shards = dict[str, list[tuple[Point, ...]]]


@st.composite
def readings(draw: st.DrawFn) -> tuple[Shards, list[Delivery]]:
    """Shards that are read in batches of any size, and again from any checkpoint, by functions that crash or hang."""
    shards: Shards = {}
    deliveries = []
    for shard in ("shardId-000000000000", "shardId-000000000001"):
        at = BASE + draw(st.integers(0, 60))
        record = st.lists(_points(at + 20, in_time=False), max_size=2).map(tuple)
        shards[shard] = draw(st.lists(record, max_size=14))
        checkpoints, position = [0], 0
        for _ in range(draw(st.integers(0, 10))):
            if draw(st.integers(0, 3)) == 0:
                position = draw(st.sampled_from(checkpoints))
            size = min(draw(st.integers(1, 6)), len(shards[shard]) - position)
            if size:
                acknowledged = draw(st.booleans())
                written, delay = (
                    (99, 0) if acknowledged else (draw(st.integers(0, 2)), draw(st.integers(0, 30)))
                )
                deliveries.append(Delivery(at, shard, position, size, written, delay))
                position += size if acknowledged else 0
                checkpoints.append(position)
            at += draw(st.integers(0, 9))
    return shards, deliveries


def run_readings(rule: Rule, shards: Shards, deliveries: list[Delivery]) -> tuple[list[Event], list[Event]]:
    """The transitions of the pipeline, and those of the slow evaluator, to which a record is known once written."""
    pipeline, known = Pipeline([rule], TIMING), dict[tuple[str, int], float]()
    # What happens at a time: the place of a delivery, and of a range of it that is written then.
    agenda: list[tuple[float, int, BatchRange | None]] = []
    for number, delivery in enumerate(deliveries):
        heappush(agenda, (delivery.at, number, None))
    events: list[Event] = []
    for start in range(BASE, END, TIMING.interval_s):
        while agenda and agenda[0][0] <= TIMING.ready_at(start):
            at, number, part = heappop(agenda)
            delivery = deliveries[number]
            batch = BatchRange(delivery.shard, delivery.first + 1, delivery.first + delivery.size)
            records = shards[delivery.shard]
            if part is None:
                if any(records[batch.first - 1 : batch.last]):
                    for part in pipeline.cut(batch)[: delivery.written]:
                        heappush(agenda, (at + delivery.delay, number, part))
                continue
            for sequence in range(part.first, part.last + 1):
                known.setdefault((part.shard, sequence), at)
            inside = records[part.first - 1 : part.last]
            pipeline.write([point for record in inside for point in record], part, at)
        before = len(pipeline.transitions)
        pipeline.evaluate(start)
        events += _sorted_events(pipeline, before)
    points = [
        RawPoint(at, _group(rule, point), point.time_ns // 10**9, point.value)
        for (shard, sequence), at in known.items()
        for point in shards[shard][sequence - 1]
    ]
    return events, _slow_events(rule, points)


@PROPERTY
@given(rules(), readings())
def test_a_shard_that_is_read_again_in_other_batches_makes_the_transitions_of_its_points(
    rule: Rule, read: tuple[Shards, list[Delivery]]
) -> None:
    """From any checkpoint, in any batches, beside functions that still run: each record counts once."""
    found, wanted = run_readings(rule, *read)
    assert found == wanted
