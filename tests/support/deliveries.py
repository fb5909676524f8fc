"""The way of one alert's notifications, step by step: the table's real writes, and the definition's real expressions.

An execution evaluates what is new of a script, hands out, claims, publishes, and confirms or gives back. Each step is
one reading or one writing of the item, so that a test may put any step of another execution between two of them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.domain.alerts.notifications.notification import Origin
from handlers.domain.alerts.notifications.outbox import CLAIM_SECONDS
from handlers.domain.alerts.notifications.pending_notifications import PageLimits, next_page
from handlers.domain.alerts.notifications.stored_alert import AlertKey, AlertUpdate, StoredAlert
from handlers.domain.alerts.state.alert import Alert
from handlers.domain.alerts.state.decision import Decision
from handlers.domain.alerts.state.transition import Kind, Transition, recorded
from handlers.domain.alerts.steps import PendingNotification
from handlers.vocabulary import ALERTS_KEY, AlertState
from tests.support.memory_dynamodb import Item, MemoryDynamoDB
from tests.support.rules import a_rule

RULE = a_rule(renotify=60)
ORIGIN = Origin("eu-west-1", "test")
KEY = AlertKey(RULE.key, "[]")
TABLE = "alerts"
_LIMITS = PageLimits(bytes=100_000, notifications=40)
_CHUNK = json.loads(Path("statemachines/alert_evaluation.asl.json").read_text())["States"]["Chunks"]
_STATES = _CHUNK["ItemProcessor"]["States"]["Notifications"]["ItemProcessor"]["States"]

# What an alert does in one interval, by a letter: it fires, misses data, is resolved, reminds, or is over in silence.
KINDS = {
    "A": (Kind.ALARM, AlertState.ALARM),
    "M": (Kind.MISSING, AlertState.MISSING),
    "R": (Kind.RESOLVED, AlertState.OK),
    "r": (Kind.REMINDER, None),
    "s": (Kind.SILENT, AlertState.OK),
    ".": (None, None),
}


@dataclass
class World:
    """The table, what SNS took, and the time."""

    script: str
    now_s: int = 1_000_000
    dynamodb: MemoryDynamoDB = field(default_factory=lambda: MemoryDynamoDB(TABLE, ALERTS_KEY))
    told: list[Mapping[str, Any]] = field(default_factory=list)
    confirmed: frozenset[str] = frozenset()

    @property
    def table(self) -> AlertsTable:
        """The adapter over the table."""
        return AlertsTable(self.dynamodb, TABLE)

    def load(self) -> StoredAlert | None:
        """The item as it is."""
        return next(iter(self.table.load([KEY])), None)

    def copy(self) -> "World":
        """The same world, which goes its own way from here."""
        other = World(self.script, self.now_s, told=list(self.told), confirmed=self.confirmed)
        other.dynamodb.items = deepcopy(self.dynamodb.items)
        return other

    def call(self, state: str, notification: PendingNotification, claim: str) -> bool:
        """A call of the definition; false if its condition does not hold."""
        given = {"notification": notification, "claim": claim}
        parameters = _filled(_STATES[state]["Parameters"], given) | {"TableName": TABLE}
        try:
            self.dynamodb.update_item(**parameters)
        except ClientError:
            return False
        return True


@dataclass(frozen=True)
class Execution:
    """An execution on its way through its steps, which evaluates what the script has up to `upto`."""

    name: str
    upto: int
    step: str = "load"
    known: StoredAlert | None = None
    notification: PendingNotification | None = None

    def choices(self) -> Sequence[str]:
        """The things that may happen at the next step."""
        if self.step in ("ended", "dead"):
            return ()
        if self.step == "publish":
            return ("taken", "refused", "lost", "die")
        if self.step == "claim":
            return ("done", "refused", "lost", "die")
        if self.step in ("confirm", "release"):
            return ("done", "refused", "die")
        return ("done", "die")

    def after(self, world: World, choice: str) -> "Execution":
        """The execution after its next step in the world, which it changes."""
        if choice == "die":
            return replace(self, step="dead", known=None, notification=None)
        return getattr(self, f"_{self.step}")(world, choice)

    def _load(self, world: World, _: str) -> "Execution":
        return replace(self, step="save", known=world.load())

    def _save(self, world: World, _: str) -> "Execution":
        update = evaluated(world.script, self.known, self.upto)
        changed = bool(update.transitions) or (
            self.known is not None and update.settles(self.known, world.now_s)
        )
        if changed and not world.table.save(update, self.known, world.now_s):
            return replace(self, step="load", known=None)
        return replace(self, step="hand_out", known=None)

    def _hand_out(self, world: World, _: str) -> "Execution":
        page = next_page([KEY], world.table.load, "", world.now_s, _LIMITS)["notifications"]
        return replace(self, step="claim", notification=page[0]) if page else replace(self, step="ended")

    def _claim(self, world: World, choice: str) -> "Execution":
        assert self.notification is not None
        holds = choice != "refused" and world.call("Claim", self.notification, self.name)
        if choice == "done" and not holds:
            return replace(self, step="ended", notification=None)
        return replace(self, step="publish" if choice == "done" else "release")

    def _publish(self, world: World, choice: str) -> "Execution":
        assert self.notification is not None
        if choice != "refused":
            world.told.append(json.loads(self.notification["message"]))
        return replace(self, step="confirm" if choice == "taken" else "release")

    def _confirm(self, world: World, choice: str) -> "Execution":
        assert self.notification is not None
        if choice == "done" and world.call("Confirm", self.notification, self.name):
            world.confirmed |= {self.notification["entry"]}
        return replace(self, step="ended", notification=None)

    def _release(self, world: World, choice: str) -> "Execution":
        assert self.notification is not None
        if choice == "done":
            world.call("Release", self.notification, self.name)
        return replace(self, step="ended", notification=None)


def evaluated(script: str, known: StoredAlert | None, upto: int) -> AlertUpdate:
    """The alert after its script up to there; `newest_s` says how far it came before."""
    before = Alert(RULE.key, ()) if known is None else known.alert
    update = AlertUpdate(None if known is None else before, before)
    for number in range(before.newest_s, upto):
        kind, state = KINDS[script[number]]
        alert = replace(update.alert, newest_s=number + 1)
        if kind is None:
            update.alert = alert
            continue
        transition = Transition(
            kind=kind,
            previous_state=alert.state,
            state=state or alert.state,
            at_s=60 * (number + 1),
            since_s=60 * (number + 1),
            reason="",
            late=False,
            datapoints=(),
            number=alert.sequence + (kind is not Kind.SILENT),
        )
        changed = recorded(replace(alert, state=transition.state), transition)
        update.apply(Decision(changed, transition), RULE, ORIGIN)
    return update


def until_sent(world: World) -> None:
    """The executions of the minutes after the trouble, until nothing is left to be sent."""
    for number in range(12):
        execution = Execution(f"after-{number}", len(world.script))
        while execution.step not in ("ended", "dead"):
            execution = execution.after(world, "taken" if execution.step == "publish" else "done")
        stored = world.load()
        assert stored is not None
        if stored.outbox.is_empty:
            return
        world.now_s += 60
    raise AssertionError(f"something is unsent after {12 * 60 - CLAIM_SECONDS} s in which nothing failed")


def _filled(template: Any, given: Mapping[str, Any]) -> Any:
    """The parameters of a state with its paths followed."""
    if not isinstance(template, dict):
        return template
    filled: Item = {}
    for name, value in template.items():
        if name.endswith(".$"):
            found: Any = given
            for part in re.findall(r"\w+", value):
                found = found[part]
            filled[name.removesuffix(".$")] = found
        else:
            filled[name] = _filled(value, given)
    return filled
