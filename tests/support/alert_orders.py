"""Every order of the steps of two executions over three intervals, with troubles between them, against the reference.

A state of the model is what lies in the tables and how far each execution has come. From each, every call that an
execution may make next is made in every way it may end: done, refused for good, lost on its way back, killed in the
middle, or never made. Paths that meet in one state go on as one.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.rules.reading import read_rule
from tests.support import asl
from tests.support.alert_check import Check, DifferenceError, in_order
from tests.support.alert_weather import a_request
from tests.support.alert_world import RULES, Record, Settings, World, one_thread, the_machine
from tests.support.reference_evaluator import RawPoint

SETTINGS = Settings(tick=60, grace=10)
START_S = 1_763_769_600
INTERVALS = 3
RULE: Mapping[str, Any] = {
    "rule_id": "r", "metric_name": "m", "by": ["host"], "statistic": "max", "operator": ">", "threshold": 2,
}  # fmt: skip
_SHARD = "shardId-000000000000"
_VALUES = {"b": 9.0, "o": 1.0}


@dataclass(frozen=True)
class Walker:
    """An execution: the interval it is for, and the answers that it was given."""

    interval_s: int
    answers: tuple[tuple[str, Any], ...] = ()
    is_dead: bool = False

    def pending(self) -> asl.Call | None:
        """The call that it makes next; none when it is at its end."""
        if self.is_dead:
            return None
        paths = [asl.walk(the_machine(), {"source": "batch", "tick": self.interval_s}, random.Random(1))]
        answers = iter(self.answers)
        value: Any = None
        error: asl.StateError | None = None
        while paths:
            try:
                wanted = paths[-1].throw(error) if error is not None else paths[-1].send(value)
            except StopIteration as stop:
                paths.pop()
                value = [stop.value]
                error = None
                continue
            except (asl.FailedError, asl.StateError) as failure:
                paths.pop()
                error = asl.StateError(str(failure))
                continue
            value, error = None, None
            if isinstance(wanted, asl.Branches):
                (path,) = wanted.paths
                paths.append(path)
            elif isinstance(wanted, asl.Call):
                kind, given = next(answers, ("", None))
                if not kind:
                    return wanted
                value, error = (given, None) if kind == "ok" else (None, asl.StateError(str(given)))
        return None

    def given(self, kind: str, value: Any) -> "Walker":
        """The execution after an answer; a refusal is that of each attempt."""
        walker = replace(self, answers=(*self.answers, (kind, value)))
        if kind != "ok":
            state = walker.pending()
            before = self.pending()
            while before is not None and state is not None and state.state == before.state:
                walker = replace(walker, answers=(*walker.answers, (kind, value)))
                state = walker.pending()
        return walker


@dataclass(frozen=True)
class State:
    """What lies in the tables, what the reference knows, how far the executions are, and the troubles left."""

    tables: Mapping[str, Mapping[Any, Any]]
    check: Check
    walkers: tuple[Walker, ...]
    troubles: int

    @property
    def name(self) -> object:
        """The same for states from which the same may come."""
        tables = sorted((name, sorted(map(str, items.items()))) for name, items in self.tables.items())
        return str((tables, self.walkers, self.troubles, [str(body) for body in self.check.sent]))


class Orders:
    """All that may come of a script: for each interval `b` (breaches), `o` (does not) or `.` (no point)."""

    def __init__(self, script: str, rule: Mapping[str, Any], intervals: Sequence[int], troubles: int) -> None:
        self.check = Check(SETTINGS, START_S - 60)
        self.world = World(SETTINGS, START_S - 60.0, 1, self.check)
        self.now_s = START_S + (INTERVALS + 1) * 60 + 20.0
        self.states = 0
        self.path: list[str] = []
        self.world.start = lambda _: None  # type: ignore[method-assign,assignment,return-value]
        with one_thread(lambda: self.world.now_s, lambda _: None):
            self._write(script, rule)
        walkers = tuple(Walker(START_S + 60 * interval) for interval in intervals)
        self._begin = State(self._tables(), self.check, walkers, troubles)

    def explore(self) -> int:
        """The number of states, all of which are right; `DifferenceError` with the path to one that is not."""
        seen: set[object] = set()
        left: list[tuple[State, tuple[str, ...]]] = [(self._begin, ())]
        with one_thread(lambda: self.world.now_s, lambda _: None):
            while left:
                state, path = left.pop()
                if state.name in seen:
                    continue
                seen.add(state.name)
                try:
                    after = [(found, (*path, step)) for found, step in self._after(state)]
                    if not after:
                        self._end(state)
                except DifferenceError as error:
                    raise DifferenceError(f"{error}\nafter {path}\n" + "\n".join(state.check.log)) from error
                left += after
        return len(seen)

    def _write(self, script: str, rule: Mapping[str, Any]) -> None:
        read = replace(read_rule(rule), in_force_since_s=START_S)
        self.world.tables[RULES].put_item(TableName=RULES, Item=item_of(read))
        self.check.apply(read.key, rule, START_S, self.world.now_s)
        # A point before, so that the group is known.
        for number, what in enumerate("o" + script):
            if what == ".":
                continue
            self.world.now_s = START_S + number * 60 + 30.0
            point = RawPoint(0, self.world.now_s, _VALUES[what], "m", "system", {"host": "a"})
            record = Record(number + 1, self.world.now_s, a_request([point]), [point])
            self.check.records[_SHARD][record.sequence] = record
            assert self.world.process(_SHARD, [record])
            self.check.dealt_with(_SHARD, [record], self.world.now_s)

    def _tables(self) -> dict[str, dict[Any, Any]]:
        return {name: dict(table.items) for name, table in self.world.tables.items()}

    def _restore(self, state: State) -> None:
        for name, table in self.world.tables.items():
            table.restore(state.tables[name])
        self.world.watcher = self.check = deepcopy(state.check)
        self.world.now_s = self.now_s

    def _after(self, state: State) -> Iterator[tuple[State, str]]:
        """Every state that may follow, and the step to it."""
        for number, walker in enumerate(state.walkers):
            call = walker.pending()
            if call is None:
                continue
            for way in self._ways(call, state):
                self._restore(state)
                moved = self._moved(walker, call, way)
                walkers = (*state.walkers[:number], moved, *state.walkers[number + 1 :])
                troubles = state.troubles - (way != "done")
                yield State(self._tables(), self.check, walkers, troubles), f"{number}: {call.state} {way}"

    def _ways(self, call: asl.Call, state: State) -> Sequence[str]:
        if not state.troubles:
            return ("done",)
        match call.state:
            case "Publish":
                return ("done", "refused", "lost", "dies")
            case "Claim" | "Confirm" | "Release":
                return ("done", "refused", "dies")
            case "Evaluate":
                return ("done", "dies", *(f"killed {calls}" for calls in range(1, 10)))
        return ("done", "dies")

    def _moved(self, walker: Walker, call: asl.Call, way: str) -> Walker:
        """The execution after its call, which is made as the way says."""
        if way == "dies":
            return replace(walker, is_dead=True)
        if way == "refused":
            return walker.given("error", "Refused")
        if way == "lost":
            self.world.answer(call)
            return walker.given("error", "States.Timeout")
        try:
            calls = int(way.removeprefix("killed ")) if way.startswith("killed") else 0
            return replace(walker, answers=(*walker.answers, ("ok", self.world.answer(call, calls))))
        except asl.StateError as error:
            return replace(walker, answers=(*walker.answers, ("error", error.name)))

    def _end(self, state: State) -> None:
        """Executions in good weather, the last when each claim is void: all is told, in order."""
        self._restore(state)
        for later in (1, 2, 8):
            self.world.now_s = self.now_s + 60 * later
            walker = Walker(START_S + 60 * (INTERVALS + later))
            while (call := walker.pending()) is not None:
                walker = self._moved(walker, call, "done")
        self.check.all_is_told(self.world.now_s, claimed=True)
        in_order(self.check.sent)
