"""Worlds in which every point comes in time, whatever happens to the evaluation, and what the functions make of it."""

import json
import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.rules.reading import read_rule
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group
from ops.rule_tests.times import moment_s
from tests.support.alert_weather import Storm, a_request
from tests.support.alert_world import RULES, Record, Settings, World, one_thread
from tests.support.reference_evaluator import RawPoint

_SHARDS = ("shardId-000000000000", "shardId-000000000001")
_VALUES = (0.1, 0.2, 0.7, 1.0, 2.0, 2.5, 3.0, -1.0, 0, 1e16, 1e-9)
_TROUBLES = ("evaluator dies", "evaluator down", "execution dies", "topic refuses")


class Told(NamedTuple):
    """A transition, or a message, of an alert: which, when, and what it says."""

    rule_key: str
    group: Group
    at_s: int
    said: tuple[Any, ...]


@dataclass
class Seen:
    """A watcher that notes transitions and messages."""

    transitions: set[Told] = field(default_factory=set)
    messages: set[Told] = field(default_factory=set)

    def saved(self, _by: str, _before: Any, after: Mapping[str, Any], _now_s: float, _call: Any) -> None:
        """Notes what the history of an alert has."""
        document = json.loads(zlib.decompress(bytes(after["alert"]["B"])))
        for entry in document["history"]:
            value = entry["periods"][-1]["value"] if entry["periods"] else None
            said = entry["from"], entry["to"], entry["kind"], entry["reason"], entry["late"], value
            self.transitions.add(Told(after["rule_key"]["S"], tuple(document["group"]), entry["at"], said))

    def published(self, parameters: Mapping[str, Any], _: float) -> None:
        """Notes a message."""
        body = json.loads(json.loads(parameters["Message"])["default"])
        group = tuple(body["group"].values())
        key = f"{body['rule']['rule_id']}/{body['metric_name']}"
        self.messages.add(
            Told(key, group, moment_s(body["at"]), (body["kind"], body["value"], body["sequence"]))
        )

    def __getattr__(self, _: str) -> Any:
        """Everything else that happens is not noted."""
        return lambda *_, **__: None


@dataclass
class Lived:
    """The rules of a world, its points, and what was seen from its beginning to its end."""

    rules: Sequence[Rule]
    points: Sequence[RawPoint]
    settings: Settings
    begin_s: int
    end_s: int
    seen: Seen


def live(seed: int, *, intervals: int = 30, troubled: bool = True) -> Lived:
    """The life of a world: rules of any kind, points in time, and an evaluation that may fail and make up for it."""
    storm = Storm(seed, 0, ["unless"])
    chance = storm.chance
    settings = replace(storm.settings, aggregator_ahead=0.0, evaluator_ahead=0.0)
    if not troubled:
        # Shorter intervals may be evaluated several at once, and of their messages the last is sent.
        settings = replace(settings, tick=60)
    # Rules look back to a full hour, and are in force from the beginning of a period on.
    begin_s = storm.start // 3_600 * 3_600 + 3_600
    seen = Seen()
    world = World(settings, float(begin_s - settings.tick), seed, seen)
    rules = []
    for number in range(1, chance.randint(2, 4)):
        document = {**storm._document(f"r{number}"), "period": settings.tick * chance.choice((1, 1, 2, 5))}
        document.pop("forget_after", None)
        rules.append(replace(read_rule(document), in_force_since_s=begin_s, groups_since_s=begin_s))
    for rule in rules:
        world.tables[RULES].put_item(TableName=RULES, Item=item_of(rule))
    end_s = begin_s + intervals * settings.tick
    points: list[RawPoint] = []

    def sweep() -> None:
        world.start({"source": "sweep"})
        world.after(60, sweep)

    def sleep(seconds: float) -> None:
        world.now_s += seconds

    with one_thread(lambda: world.now_s, sleep):
        world.after(1, sweep)
        sequences = dict.fromkeys(_SHARDS, 0)
        for start_s in range(begin_s, end_s, settings.tick):
            if troubled and chance.random() < 0.2:
                _trouble(world, chance)
            at = [chance.uniform(start_s, start_s + settings.tick) for _ in range(chance.randint(0, 3))]
            for at_s in sorted(at):
                world.run_until(at_s)
                batch = list(_points(chance, storm.hosts, start_s, at_s, len(points)))
                shard = chance.choice(_SHARDS)
                sequences[shard] += 1
                assert world.process(shard, [Record(sequences[shard], world.now_s, a_request(batch), batch)])
                points += batch
        world.weather.chances.clear()
        # An execution that died leaves a claim, which another takes over after some minutes.
        world.run_until(end_s + (400 if troubled else 70) + settings.grace)
    return Lived(rules, points, settings, begin_s, end_s, seen)


def _trouble(world: World, chance: random.Random) -> None:
    """Something goes wrong for some intervals; an alert's history has every transition until then."""
    trouble = chance.choice(_TROUBLES)
    world.weather.chances[trouble] = chance.choice((0.3, 1.0))
    lasts_s = world.settings.tick * chance.choice((0.5, 2, 5))

    def end() -> None:
        world.weather.chances.pop(trouble, None)

    world.after(lasts_s, end)


def _points(
    chance: random.Random, hosts: Sequence[str], start_s: int, until_s: float, number: int
) -> Iterator[RawPoint]:
    """Some points of an interval until now, none at the time of another."""
    for place in range(chance.choice((1, 1, 2, 4))):
        dimensions = {"host": chance.choice(hosts), "env": chance.choice(("prod", "test"))}
        if chance.random() < 0.05:
            del dimensions["host"]
        milliseconds = (number + place) % 1_000
        time_s = max(start_s, int(chance.uniform(start_s, until_s)) - 1) + milliseconds / 1_000
        yield RawPoint(
            0,
            time_s,
            chance.choice(_VALUES),
            chance.choice(("m1", "m1", "m1", "m2")),
            chance.choice(("system", "system", "application")),
            dimensions,
        )
