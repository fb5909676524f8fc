"""Random weather over the alert functions and the reference: `python -m tests.support.alert_weather --steps 1000000`.

Each seed is a world: a deployment, rules that change, points that come in any way, and troubles of any kind and length.
A difference is printed with the command that replays it.
"""

import argparse
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from typing import Any, NamedTuple
from unittest import mock

from handlers.adapters.dynamodb.rules_table import item_of
from handlers.adapters.dynamodb.silences_table import SilencesTable
from handlers.domain.alerts.evaluation import chunks
from handlers.domain.alerts.rules.reading import condition_revision, read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.silences.matcher import Matcher, Patterns
from handlers.domain.alerts.silences.silence import Silence
from handlers.domain.alerts.state.alert import Acknowledgement
from tests.support.alert_check import Check, DifferenceError, in_order
from tests.support.alert_world import RULES, SILENCES, Record, Settings, World, one_thread
from tests.support.reference_evaluator import FIRING, RawPoint

_HOUR = 3_600
_BASE = 489_936 * _HOUR
_VISIBILITY = 5
_KNOWN_AFTER_S = 30
_SHARDS = ("shardId-000000000000", "shardId-000000000001")
_VALUES = (0.1, 0.2, 0.7, 1.0, 2.0, 2.5, 3.0, -1.0, 0, 1e16, 1e-9)
_SILENCED: Sequence[tuple[Patterns, Patterns]] = (
    ((), ()),
    ((("rule", ("r1",)),), ()),
    ((("rule", ("r*",)), ("severity", ("high", "low"))), ()),
    ((), (("host", ("a",)),)),
    ((), (("host", ("", "b")),)),
    ((("rule", ("r*2", "*3")),), (("env", ("p*",)),)),
)
FEATURES = (
    "acks", "ahead", "again", "cap", "chunks", "clocks", "close", "deaths", "late", "long", "resolver", "repeats",
    "rules", "silences", "sns", "tables", "unless",
)  # fmt: skip
_NOT_CAPPED = frozenset({"acks", "close", "resolver", "rules", "unless"})
_TROUBLES = {
    "sns": ("topic refuses", "topic's answer is lost"),
    "tables": (
        "alerts refuses reads", "alerts refuses writes", "alerts's answer is lost", "windows refuses reads",
        "windows refuses writes", "windows's answer is lost", "rules refuses reads", "silences refuses reads",
        "machine refuses",
    ),
    "deaths": (
        "aggregator dies", "evaluator dies", "execution dies", "aggregator down", "evaluator down", "evaluator slow",
    ),
    "again": ("aggregator hangs",),
    "repeats": ("evaluator hangs",),
    "resolver": ("resolver dies", "resolver down"),
}  # fmt: skip


class Result(NamedTuple):
    """The end of a world."""

    seed: int
    steps: int
    transitions: int
    messages: int
    difference: str
    log: Sequence[str]


class Storm:
    """A world of one seed, step by step."""

    def __init__(self, seed: int, actions: int, features: Collection[str]) -> None:
        self.chance = chance = random.Random(seed)
        self.features = features
        self.actions = actions
        # A client's clock that is ahead, and a rule that is new: what was written before nobody asked for.
        self.ahead = "ahead" in features and chance.random() < 0.2
        # What one alert may tell depends on the others then: nobody may touch these while they are evaluated.
        self.capped = "cap" in features and chance.random() < 0.25
        if self.capped:
            self.features = [name for name in features if name not in _NOT_CAPPED]
        tick = chance.choice((10, 20, 30, 60, 60))
        ahead = [chance.choice((0.0, 1.0, 2.0)) for _ in range(2)] if "clocks" in features else [0.0, 0.0]
        if chance.random() < 0.5:
            ahead = [-value for value in ahead]
        self.settings = Settings(
            tick=tick,
            grace=chance.choice((2, 10, 10, 30, 65)),
            # So few that all rules are one chunk: the check takes a page of one for that of all.
            groups=100,
            aggregator_ahead=ahead[0],
            evaluator_ahead=ahead[1],
        )
        self.start = _BASE + chance.choice((0, 1_800, 3_000, 3_540)) + tick * chance.randint(0, 5)
        self.check = Check(self.settings, self.start)
        self.world = World(self.settings, float(self.start), chance.randrange(2**32), self.check)
        self.world.meanwhile = self._read_again
        self.shards: dict[str, list[Record]] = defaultdict(list)
        self.positions: dict[str, int] = defaultdict(int)
        self.rules: dict[str, Rule] = {}
        self.milliseconds = 0
        self.hosts = ("a", "b", "c")[: chance.randint(1, 3)]
        self.pending_changes: list[tuple[Any, Any]] = []
        self.silences: dict[str, Silence] = {}

    def run(self) -> None:
        """All of it, and the good weather after it."""
        world = self.world
        rules = 1 if "chunks" in self.features and self.chance.random() < 0.3 else chunks.RULES_PER_CHUNK
        with (
            one_thread(lambda: world.now_s, self._sleep),
            mock.patch.object(chunks, "RULES_PER_CHUNK", rules),
        ):
            self._sweep()
            for _ in range(self.chance.randint(1, 3)):
                self._add_rule()
            for _ in range(self.actions):
                self._act()
            world.weather.chances.clear()
            for name in self.silences:
                self._end_silence(name)
            world.run_until(world.now_s + 210 + self.settings.grace)
            self.check.all_is_told(world.now_s, claimed=False)
            world.run_until(world.now_s + 2 * 330 + self.settings.grace)
            self.check.all_is_told(world.now_s, claimed=True)
            in_order(self.check.sent)

    def _sleep(self, seconds: float) -> None:
        self.world.now_s += seconds

    def _sweep(self) -> None:
        self.world.start({"source": "sweep"})
        until = 60 - self.world.now_s % 60 + self.chance.choice((0.5, 1, 5, 30))
        self.world.after(until if until > 30 else until + 60, self._sweep)

    def _act(self) -> None:
        """One thing that happens, after some seconds."""
        world, chance = self.world, self.chance
        kind = chance.choices(
            ("batch", "wait", "rule", "trouble", "repeat", "cold", "long", "close", "silence", "ack"),
            (60, 8, 5, 7, 5, 2, 0.5, 2, 4, 2),
        )[0]
        if kind == "batch":
            self._batch()
        elif kind == "wait":
            world.run_until(world.now_s + chance.choice((5, 20, 60, 60, 150)))
        elif kind == "rule" and "rules" in self.features and not self.ahead:
            self._change_rules()
        elif kind == "trouble":
            self._trouble()
        elif kind == "repeat" and "repeats" in self.features:
            back = chance.choice((0, 1, 1, 2, 5, 20))
            tick = int(world.now_s) // self.settings.tick * self.settings.tick - back * self.settings.tick
            world.start({"source": "batch", "tick": tick} if chance.random() < 0.7 else {"source": "sweep"})
        elif kind == "cold":
            world.start_functions()
        else:
            self._act_rarely(kind)

    def _act_rarely(self, kind: str) -> None:
        """What operators do, and what happens once in a while."""
        feature, act = {
            "ack": ("acks", self._acknowledge),
            "close": ("close", self._close),
            "long": ("long", self._long_outage),
            "silence": ("silences", self._silence),
        }.get(kind, ("", self._close))
        if feature in self.features:
            act()

    def _acknowledge(self) -> None:
        """Somebody knows of an alert, or of one of which nobody is to know any more."""
        firing = [
            (key, group)
            for key, reference in sorted(self.check.rules.items())
            for group, alert in sorted(reference.alerts.items(), key=str)
            if key in self.rules and alert.state in FIRING
        ]
        if firing:
            key, group = self.chance.choice(firing)
            by = Acknowledgement("who", "why", int(self.world.now_s)) if self.chance.random() < 0.8 else None
            self.world.acknowledge(self.rules[key], group, by)

    def _silence(self) -> None:
        """An operator silences some alerts, or ends a silence before its time."""
        chance, now_s = self.chance, int(self.world.now_s)
        opened = [name for name, silence in self.silences.items() if not silence.is_over(now_s)]
        if opened and chance.random() < 0.4:
            self._end_silence(chance.choice(opened))
            return
        fields, dimensions = chance.choice(_SILENCED)
        from_s = now_s + chance.choice((0, 0, 0, 30, 200))
        silence = Silence(
            f"s{len(self.silences)}",
            Matcher(fields, dimensions),
            from_s,
            from_s + chance.choice((30, 60, 200, 600, 3_000)),
            "why",
            "who",
            now_s,
        )
        self.silences[silence.silence_id] = silence
        SilencesTable(self.world.tables[SILENCES], SILENCES).put(silence)
        self.check.silence(silence.silence_id, dict((*fields, *dimensions)), from_s, silence.until_s)

    def _end_silence(self, name: str) -> None:
        now_s, silence = int(self.world.now_s), self.silences[name]
        if SilencesTable(self.world.tables[SILENCES], SILENCES).end(name, "who", now_s):
            self.silences[name] = replace(silence, until_s=now_s)
            self.check.silence(name, self.check.silences[name][0], silence.from_s, now_s)

    def _close(self) -> None:
        """An operator closes an alert, or has a healthy group forgotten; again, if that failed."""
        chance = self.chance
        groups = [
            (key, group, alert.state)
            for key, reference in sorted(self.check.rules.items())
            for group, alert in sorted(reference.alerts.items(), key=str)
            if key in self.rules and len(group) == len(self.rules[key].by)
        ]
        opened = [found for found in groups if found[2] != "OK"]
        if groups:
            key, group, _ = chance.choice(opened if opened and chance.random() < 0.7 else groups)
            self.world.close(self.rules[key], group)

    def _batch(self) -> None:
        """A poller reads some records of a shard, new ones or old ones."""
        world, chance = self.world, self.chance
        at_s = self._clean(world.now_s + chance.choice((0.25, 1, 2, 5, 5, 10, 20)))
        world.run_until(at_s)
        while world.now_s > at_s + 0.01:  # a slow function was under way
            at_s = self._clean(world.now_s)
            world.run_until(at_s)
        shard = chance.choice(_SHARDS)
        log = self.shards[shard]
        for _ in range(chance.randint(0, 3)):
            log.append(self._record(shard, len(log) + 1))
        if "again" in self.features and chance.random() < 0.1:
            self.positions[shard] = chance.randint(0, self.positions[shard])
        begin = self.positions[shard]
        batch = log[begin : begin + chance.choice((1, 2, 5, 100))]
        if not batch:
            return
        if world.process(shard, batch):
            self.check.dealt_with(shard, batch, world.now_s + self.settings.aggregator_ahead)
            self.positions[shard] = begin + len(batch)

    def _read_again(self) -> None:
        """A new poller reads records from a checkpoint before, in other batches, while a function hangs."""
        for shard, log in self.shards.items():
            begin = self.chance.randint(0, self.positions[shard])
            batch = log[begin : begin + self.chance.choice((1, 2, 5))]
            if batch and self.world.process(shard, batch):
                self.check.dealt_with(shard, batch, self.world.now_s + self.settings.aggregator_ahead)

    def _clean(self, time_s: float) -> float:
        """The next time at which it does not hang on seconds which interval a write counts with.

        What is written up to five seconds after an interval was ready may count with it or with the next.
        """
        settings = self.settings
        before = max(0.0, settings.evaluator_ahead - settings.aggregator_ahead) + 1.25
        time_s = int(time_s * 4 + 1) / 4 + 0.125
        while True:
            phase = (time_s + settings.aggregator_ahead - settings.grace - 1) % settings.tick
            if _VISIBILITY < phase < settings.tick - before:
                return time_s
            time_s += 0.25

    def _record(self, shard: str, sequence: int) -> Record:
        """A request of one point or some."""
        chance = self.chance
        points = []
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            age = chance.uniform(0, min(self.settings.tick, 20))
            if "late" in self.features and chance.random() < 0.15:
                age = chance.choice((chance.uniform(0, 600), chance.uniform(0, 4_200)))
            elif self.ahead and chance.random() < 0.2:
                age = -chance.choice((1, 5, 70, 800))
            self.milliseconds = (self.milliseconds + 1) % 1_000
            milliseconds = int(self.world.now_s - age) * 1_000 + self.milliseconds
            dimensions = {"host": chance.choice(self.hosts), "env": chance.choice(("prod", "test"))}
            if chance.random() < 0.05:
                del dimensions["host"]
            points.append(
                RawPoint(
                    0,
                    milliseconds / 1_000,
                    chance.choice(_VALUES),
                    chance.choice(("m1", "m1", "m1", "m2")),
                    chance.choice(("system", "system", "application")),
                    dimensions,
                )
            )
        record = Record(sequence, self.world.now_s - 0.05, a_request(points), points)
        self.check.records[shard][sequence] = record
        return record

    def _trouble(self) -> None:
        """Something goes wrong for a while, always or now and then."""
        chance = self.chance
        kinds = [name for feature in self.features for name in _TROUBLES.get(feature, ())]
        if not kinds:
            return
        kind = chance.choice(sorted(kinds))
        likely = chance.choice((0.2, 0.5, 1.0))
        if kind == "execution dies":
            likely = chance.choice((0.02, 0.1, 0.3))
        self.world.weather.chances[kind] = likely
        lasts = chance.choice((1, 5, 20, 60, 200, 600, 1_500))
        self.world.after(lasts, lambda: self._end(kind))

    def _end(self, kind: str) -> None:
        self.world.weather.chances.pop(kind, None)

    def _long_outage(self) -> None:
        """The evaluation stands still for hours."""
        self.world.weather.chances["evaluator down"] = 1.0
        self.world.run_until(self.world.now_s + self.chance.choice((1_200, 5_000, 10_000, 15_000)))
        self._end("evaluator down")

    # Rules

    def _add_rule(self) -> None:
        document = self._document(f"r{self.chance.randint(1, 3)}")
        rule = read_rule(document)
        self._put(rule, document)

    def _change_rules(self) -> None:
        chance = self.chance
        choice = chance.choice(("add", "delete", "words", "condition", "condition", "anew"))
        if choice == "add" or not self.rules:
            self._add_rule()
            return
        key = chance.choice(sorted(self.rules))
        old = self.check.rules[key].rule
        if choice == "delete":
            self._delete(key)
            if chance.random() < 0.3:
                self.world.run_until(self.world.now_s + chance.choice((0, 1, 20)))
                assert old is not None
                self._put(read_rule(old.document), old.document)
            return
        assert old is not None
        document = dict(old.document)
        fresh = self._document(document["rule_id"])
        if choice == "words":
            words = (
                "severity",
                "annotation",
                "renotify",
                "notify_on_resolve",
                "forget_after",
                "unless",
                "hold",
            )
            document |= {name: fresh[name] for name in words if name in fresh and chance.random() < 0.5}
        elif choice == "condition":
            names = ["operator", "threshold", "recovery", "datapoints", "missing_data", "period"]
            if ("numerator" in fresh) == ("numerator" in document):
                names += [name for name in ("statistic", "denominator") if name in fresh]
            document |= {name: fresh[name] for name in names}
        else:
            document = fresh | {"metric_name": document["metric_name"]}
            if "numerator" in document:
                document["numerator"] = document["numerator"] | {"metric_name": document["metric_name"]}
        if _is_rule(document):
            self._put(read_rule(document), document)

    def _put(self, rule: Rule, document: Mapping[str, Any]) -> None:
        """Put a rule into the table, as `ops rules apply` does."""
        world = self.world
        now_s = int(world.now_s)
        old = self.rules.get(rule.key)
        in_force_s = groups_s = now_s + _KNOWN_AFTER_S
        if old is not None and condition_revision(old) == condition_revision(rule):
            in_force_s, groups_s = old.in_force_since_s, old.groups_since_s
        elif old is not None and _groups(old) == _groups(rule):
            groups_s = old.groups_since_s
        rule = replace(rule, in_force_since_s=in_force_s, groups_since_s=groups_s)
        item = item_of(rule)
        world.tables[RULES].put_item(TableName=RULES, Item=item)
        self.rules[rule.key] = rule
        self.check.apply(rule.key, document, in_force_s, world.now_s)
        self._stream(None if old is None else item_of(old), item)

    def _delete(self, key: str) -> None:
        rule = self.rules.pop(key)
        name = {"metric_name": {"S": rule.metric_name}, "rule_id": {"S": rule.rule_id}}
        self.world.tables[RULES].delete_item(TableName=RULES, Key=name)
        self.check.delete(key, self.world.now_s)
        self._stream(item_of(rule), None)

    def _stream(self, old: Any, new: Any) -> None:
        """A change reaches its function after a moment, after those before it, and until it is dealt with."""
        self.pending_changes.append((old, new))
        if len(self.pending_changes) == 1:
            self.world.after(self.chance.choice((0.5, 1, 4)), self._deliver)

    def _deliver(self) -> None:
        if self.world.resolve(*self.pending_changes[0]):
            self.pending_changes.pop(0)
        if self.pending_changes:
            self.world.after(self.chance.choice((0.5, 2, 10)), self._deliver)

    def _document(self, rule_id: str) -> dict[str, Any]:
        """Any rule."""
        while True:
            document = self._any_document(rule_id)
            if _is_rule(document):
                return document

    def _any_document(self, rule_id: str) -> dict[str, Any]:
        chance, tick = self.chance, self.settings.tick
        statistic = chance.choice(
            ("avg", "sum", "min", "max", "count", "stddev", "p50", "p99.9", "increase", "rate")
        )
        operator = chance.choice((">", ">=", "<", "<=", "==", "!=", "inside", "outside"))
        # A percentile may be two percent off, so no bound is a value.
        low = chance.choice((0.15, 0.4, 1.4, 2.2) if statistic.startswith("p") else (0.1, 0.3, 1.0, 2.0))
        high = low + chance.choice((0.0, 0.5, 1.0))
        out_of = chance.choice((1, 1, 2, 3, 5))
        recovery: dict[str, Any] = {"datapoints": chance.choice((1, 1, 2, 3))}
        if chance.random() < 0.5 and operator in {">", ">=", "<", "<="}:
            recovery["threshold"] = low - 0.1 if ">" in operator else low + 1
        document = {
            "rule_id": rule_id,
            "metric_name": chance.choice(("m1", "m1", "m2")),
            "metric_type": chance.choice(("any", "any", "system")),
            "match": chance.choice(({}, {}, {"env": "prod"}, {"env": ["prod", "test"]})),
            "by": chance.choice(([], ["host"], ["host"], ["host", "env"])),
            "statistic": statistic,
            "operator": operator,
            "threshold": [low, high] if operator in {"inside", "outside"} else low,
            "period": tick * chance.choice((1, 1, 2, 5, 60)),
            "datapoints": f"{chance.randint(1, out_of)} of {out_of}",
            "missing_data": chance.choice(
                ("breaching", "not_breaching", "ignore", "missing", "missing", "zero")
            ),
            "recovery": recovery,
            "severity": chance.choice(("low", "medium", "high", "critical")),
            "renotify": chance.choice((0, 0, 60, 300)),
            "notify_on_resolve": chance.random() < 0.8,
            "annotation": chance.choice(("one", "two", "")),
        }
        if chance.random() < 0.15:
            document |= _ratio(chance, document)
        if "unless" in self.features and rule_id != "r1" and chance.random() < 0.3:
            document["unless"] = chance.choice(("r1", "r2")[: int(rule_id[1:]) - 1])
        if chance.random() < 0.5:
            document["forget_after"] = chance.choice((3_700, 3_900, 4_200, 5_000, 7_300))
        if self.capped:
            document["messages_per_hour"] = chance.choice((1, 1, 2, 3))
        if chance.random() < 0.3:
            document["hold"] = chance.choice((1, tick, 100, 5 * tick, 900, 4_000, 6_000))
        return document


def _ratio(chance: random.Random, document: dict[str, Any]) -> dict[str, Any]:
    """The fields of a ratio whose numerator has the points of a rule, in place of the rule's own."""
    statistics = ("count", "sum", "increase")
    above = {name: document.pop(name) for name in ("metric_type", "match")}
    return {
        "statistic": "ratio",
        "numerator": {
            **above,
            "metric_name": document["metric_name"],
            "statistic": chance.choice(statistics),
        },
        "denominator": {
            "metric_name": chance.choice(("m1", "m2")),
            "match": chance.choice(({}, {}, {"env": "test"})),
            "statistic": chance.choice(statistics),
            "at_least": chance.choice((1, 0.5, 2)),
        },
    }


def _groups(rule: Rule) -> object:
    return replace(rule.selection, period_s=0)


def a_request(points: Sequence[RawPoint]) -> bytes:
    """The body of a request with these points."""
    return json.dumps({"metrics": [_metric(point) for point in points]}).encode()


def _metric(point: RawPoint) -> dict[str, Any]:
    return {
        "metric_name": point.metric_name,
        "metric_type": point.metric_type,
        "value": point.value,
        "timestamp": round(point.time * 1_000),
        "dimensions": dict(point.dimensions),
    }


def _is_rule(document: Mapping[str, Any]) -> bool:
    try:
        read_rule(document)
    except ValueError:
        return False
    return True


def storm(seed: int, actions: int = 120, features: Collection[str] = FEATURES) -> Result:
    """The end of the world of a seed."""
    run = Storm(seed, actions, sorted(features))
    difference = ""
    try:
        run.run()
    except DifferenceError as error:
        difference = str(error)
    except Exception as error:
        difference = f"{type(error).__name__}: {error}"
        if "-v" in sys.argv:
            raise
    check = run.check
    return Result(seed, run.world.steps, check.transitions, len(check.sent), difference, check.log)


def command(seed: int, actions: int, features: Collection[str]) -> str:
    """The command that replays a seed."""
    without = [name for name in FEATURES if name not in features]
    options = f" --without {' '.join(without)}" if without else ""
    return f"python -m tests.support.alert_weather --seed {seed} --actions {actions}{options}"


def _many(seeds: Sequence[int], actions: int, features: Collection[str]) -> list[Result]:
    return [storm(seed, actions, features)._replace(log=()) for seed in seeds]


def storms(
    first: int,
    steps: int,
    actions: int,
    features: Collection[str],
    processes: int,
    report: Callable[[Result], None],
) -> tuple[int, int]:
    """Worlds, one seed after another, until there were so many steps; the steps and the transitions."""
    done = transitions = 0
    if processes == 1:
        while done < steps:
            result = storm(first, actions, features)
            done, transitions, first = done + result.steps, transitions + result.transitions, first + 1
            report(result)
        return done, transitions
    with ProcessPoolExecutor(processes) as pool:
        running: list[Future[list[Result]]] = []
        while done < steps:
            while len(running) < 2 * processes:
                running.append(pool.submit(_many, range(first, first + 10), actions, features))
                first += 10
            for result in running.pop(0).result():
                done, transitions = done + result.steps, transitions + result.transitions
                report(result)
        for rest in running:
            rest.cancel()
    return done, transitions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run worlds, and print each difference with the command that replays it."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.alert_weather", description=__doc__)
    parser.add_argument("--steps", type=int, default=100_000, help="events to go through (default 100,000)")
    parser.add_argument("--seed", type=int, help="this world only, with its log")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--actions", type=int, default=120, help="what happens to a world (default 120)")
    parser.add_argument("--without", nargs="*", default=[], choices=FEATURES, help="troubles to leave out")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("-v", action="store_true", help="with the traceback of what fails otherwise")
    options = parser.parse_args(arguments)
    features = [name for name in FEATURES if name not in options.without]
    if options.seed is not None:
        result = storm(options.seed, options.actions, features)
        print("\n".join(result.log))
        print(result.difference or "no difference", f"({result.steps} steps)")
        return bool(result.difference)
    began, differences, messages, worlds = time.monotonic(), 0, 0, 0

    def report(result: Result) -> None:
        nonlocal differences, messages, worlds
        worlds, messages = worlds + 1, messages + result.messages
        if result.difference:
            differences += 1
            print(
                f"{result.difference[:600]}\n  {command(result.seed, options.actions, features)}", flush=True
            )

    steps, transitions = storms(
        options.first, options.steps, options.actions, features, options.processes, report
    )
    print(
        f"{steps:,} steps in {worlds:,} worlds, {transitions:,} transitions, {messages:,} messages, "
        f"{differences} differences, {time.monotonic() - began:.0f} s"
    )
    return bool(differences)


if __name__ == "__main__":
    sys.exit(main())
