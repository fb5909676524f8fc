"""Holds what the alert functions do against the reference evaluator, write by write and message by message."""

import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from itertools import chain, combinations
from typing import Any

from handlers.domain.alerts.rules.selection import group_rank
from handlers.domain.alerts.state.alert import SUMMARY_GROUP
from tests.support.alert_world import Record, Settings
from tests.support.reference_evaluator import (
    CATCH_UP_S,
    FIRING,
    Alert,
    Clockwork,
    Group,
    Message,
    RawPoint,
    ReferenceRule,
    Text,
    Transition,
)

_REMEMBERED = 10
# Two sweeps, as the one may have begun before an interval was ready.
_TOLD_WITHIN_S = 180


class DifferenceError(AssertionError):
    """The functions and the reference disagree."""


class Check:
    """Watches a world and tells the reference what happened in it."""

    def __init__(self, settings: Settings, start_s: int) -> None:
        self.clockwork = Clockwork(settings.tick, settings.grace)
        self.settings = settings
        self.start_s = start_s
        self.rules: dict[str, ReferenceRule] = {}
        self.records: dict[str, dict[int, Record]] = defaultdict(dict)
        self.known: set[tuple[str, int]] = set()
        self.points: list[RawPoint] = []
        self.claimed: dict[str, tuple[str, str]] = {}
        self.sent: list[Mapping[str, Any]] = []
        self.log: list[str] = []
        self.transitions = 0
        self.skip_to_s = 0
        self.reached_s = start_s
        # By their ids: what they match, and from when until when they hold.
        self.silences: dict[str, tuple[Mapping[str, Sequence[str]], int, int]] = {}
        # By rule and end of an interval: what a summary says.
        self.summed_up: dict[tuple[str, int], tuple[int, int]] = {}
        # Groups of rules that others name, of which the document does not say whether they are known, and are taken as
        # known, as they mute another's alert; and until that is seen, how many transitions they had, up to where.
        self.taken: Collection[tuple[str, Group]] = ()
        self.to_fire: dict[tuple[str, Group], tuple[int, int]] = {}

    # What the world is told to do

    def apply(self, key: str, document: Mapping[str, Any], in_force_s: int, now_s: float) -> None:
        """A rule is new or says something else."""
        self._note(now_s, f"apply {document} in force {in_force_s}")
        if key not in self.rules:
            self.rules[key] = ReferenceRule(self.clockwork, self.reached_s)
            self.rules[key].is_muted = self._is_muted
            self.rules[key].rank = group_rank
            self.rules[key].write(self.points)
        self.rules[key].apply(Text(document, in_force_s), now_s)
        self._forget_to_fire(key)

    def delete(self, key: str, now_s: float) -> None:
        """A rule is gone."""
        self._note(now_s, f"delete {key}")
        self.rules[key].delete(now_s)
        self._forget_to_fire(key)

    def _forget_to_fire(self, key: str) -> None:
        self.to_fire = {taken: seen for taken, seen in self.to_fire.items() if taken[0] != key}

    def silence(self, name: str, match: Mapping[str, Sequence[str]], from_s: int, until_s: int) -> None:
        """An operator silences alerts, or has a silence end at another time."""
        self._note(from_s, f"silence {name} {match} from {from_s} until {until_s}")
        self.silences[name] = (match, from_s, until_s)
        for reference in self.rules.values():
            reference.room_seen = (0, 0, 0)

    def dealt_with(self, shard: str, records: Iterable[Record], now_s: float) -> None:
        """The aggregator says that it has dealt with these; what it did not write had no point of a rule."""
        for record in records:
            self._know(shard, record, now_s)

    # What the world tells

    def written(self, shard: str, first: int, last: int, at_s: float) -> None:
        """The windows of a range of records are there."""
        for sequence, record in sorted(self.records[shard].items()):
            if first <= sequence <= last:
                self._know(shard, record, at_s)

    def saved(
        self, by: str, before: Mapping[str, Any], after: Mapping[str, Any], now_s: float, call: Any
    ) -> None:
        """An alert's item was changed."""
        key = after["rule_key"]["S"]
        document = json.loads(zlib.decompress(bytes(after["alert"]["B"])))
        group: Group = tuple(document["group"])
        step, arguments = call
        if group == SUMMARY_GROUP:
            self._summed_up(key, before, after, step, arguments, now_s)
            return
        alert = self._alert(key, group)
        if by == "machine":
            self._moved(key, alert, step, before, arguments, now_s)
            return
        if before.get("alert") == after.get("alert"):
            return
        reference = self.rules[key]
        if by == "reader":
            alert.is_acknowledged = "acknowledged" in document
            self._note(now_s, f"acknowledged {key} {group}: {alert.is_acknowledged}")
            self._compare(key, alert, document, now_s)
            return
        if by == "operator":
            closed = reference.close(group, now_s)
            self.to_fire.pop((key, group), None)
            self._compare(key, alert, document, now_s)
            self._note(now_s, f"closed {key} {group}: {closed}")
            self.transitions += len(closed)
            return
        end_s = self._reached(before, document)
        is_inhibited = by == "evaluator" and reference.rule is not None and bool(reference.rule.unless)
        was = deepcopy(alert) if is_inhibited else alert
        try:
            made = self._seen(key, alert, document, end_s, now_s, by)
        except DifferenceError:
            if not is_inhibited:
                raise
            made = self._muted_by_unsure(key, was, document, end_s, now_s)
        self._note(now_s, f"saved by {by}: {key} {group} evaluated to {end_s}: {made}")
        self.transitions += len(made)

    def _reached(self, before: Mapping[str, Any], document: Mapping[str, Any]) -> int:
        """The end of the last interval that the document knows of: an alert that it ended is left as it was then."""
        reached_s, history = document["evaluated_to"], document["history"]
        known = json.loads(zlib.decompress(bytes(before["alert"]["B"])))["history"] if before else []
        if history and (not known or history[-1] != known[-1]):
            reached_s = max(reached_s, history[-1]["at"])
        return reached_s // self.clockwork.tick_s * self.clockwork.tick_s

    def _summed_up(
        self,
        key: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        step: str,
        arguments: Mapping[str, Any],
        now_s: float,
    ) -> None:
        """The summary of what a cap held back was written, or the state machine has moved it."""
        if step in {"Claim", "Confirm", "Release"}:
            name = arguments["ExpressionAttributeNames"]["#entry"]
            body = json.loads(before["outbox"]["M"][name]["M"]["message"]["S"])
            self._note(now_s, f"{step} summary {key} {name}")
            self.claimed[name] = (body["dedupe_id"], json.dumps(body, sort_keys=True))
            return
        messages = [entry["M"] for entry in after["outbox"]["M"].values()]
        messages += [after["waiting"]["M"]] if "waiting" in after else []
        for message in messages:
            body = json.loads(message["message"]["S"])
            end_s, found = _seconds(body["at"]), body["summary"]
            known = self.summed_up.get((key, end_s))
            if known is None:
                ahead = self.rules[key].ahead(end_s, now_s, self.skip_to_s)
                known = self.summed_up[key, end_s] = ahead.summary(end_s)
                self._note(now_s, f"summary of {key} to {end_s}: {known}")
            told = found["alarms"], found["firing"]
            if end_s % 3_600 == 0 and told != known:
                raise DifferenceError(f"{now_s}: {key} summed up {told}, expected {known}")
            if end_s % 3_600 and known[1]:
                raise DifferenceError(f"{now_s}: {key} summary is over, and these fire: {known}")

    def _seen(
        self,
        key: str,
        alert: Alert,
        document: Mapping[str, Any],
        end_s: int,
        now_s: float,
        by: str = "evaluator",
    ) -> list[Transition]:
        """The transitions that the document shows of an alert."""
        reference = self.rules[key]
        unsure = by == "evaluator" and reference.may_be_known(alert.group)
        was = deepcopy(alert) if unsure else alert
        made = self._evaluated(reference, alert, end_s if by == "evaluator" else 0, now_s)
        try:
            self._compare(key, alert, document, now_s)
        except DifferenceError:
            if not unsure or alert.maybe_from is None:
                raise
            was.maybe_from = alert.maybe_from
            return self._taken_as_known(key, was, document, end_s, now_s)
        return made

    def _muted_by_unsure(
        self, key: str, was: Alert, document: Mapping[str, Any], end_s: int, now_s: float
    ) -> list[Transition]:
        """The transitions of an alert that others mute, if some of these are known of which nobody can say that yet."""
        rule = self.rules[key].rule
        unsure = [
            (name, group)
            for name, other in self.rules.items()
            if rule is not None and other.rule is not None and other.rule.rule_id == rule.unless
            for group in other.unsure(end_s, now_s, self.skip_to_s)
        ]
        for taken in chain.from_iterable(combinations(unsure, count) for count in range(1, len(unsure) + 1)):
            alert = self.rules[key].alerts[was.group] = deepcopy(was)
            self.taken = taken
            try:
                made = self._seen(key, alert, document, end_s, now_s)
            except DifferenceError:
                continue
            finally:
                self.taken = ()
            for name, group in taken:
                transitions = len(self.rules[name].alerts[group].transitions)
                self.to_fire.setdefault((name, group), (transitions, end_s))
            return made
        return self._seen(key, was, document, end_s, now_s)

    def _taken_as_known(
        self, key: str, was: Alert, document: Mapping[str, Any], end_s: int, now_s: float
    ) -> list[Transition]:
        """The transitions of a group of which the document does not say whether it is known: it seems to be."""
        reference = self.rules[key]
        try:
            alert = reference.take_as_known(was, in_time=True)
            made = self._evaluated(reference, alert, end_s, now_s)
            self._compare(key, alert, document, now_s)
        except DifferenceError:
            alert = reference.take_as_known(was, in_time=False)
            made = self._evaluated(reference, alert, end_s, now_s)
            self._compare(key, alert, document, now_s)
        return made

    def _evaluated(
        self, reference: ReferenceRule, alert: Alert, end_s: int, now_s: float
    ) -> list[Transition]:
        """The transitions of an alert up to an interval, or of its end."""
        found = reference.evaluate(end_s, now_s, self.skip_to_s, only=[alert.group]) if end_s else []
        return [made for _, made in found] + reference.end_alert(alert, now_s)

    def evaluating(self, payload: Mapping[str, Any]) -> None:
        """An evaluation begins, which leaves out what is more than three hours before its end."""
        first_s, last_s = payload["chunk"]["first"], payload["last"]
        oldest_s = last_s + self.clockwork.tick_s - CATCH_UP_S
        # Where nothing was ever evaluated there is nothing to make up for.
        self.skip_to_s = first_s if self.reached_s == self.start_s else oldest_s

    def progressed(self, evaluated_to: str, now_s: float) -> None:
        """An evaluation has come to its end: there is nothing that it should have made and has not."""
        pieces = json.loads(evaluated_to)
        self.reached_s = max(end_s for _, end_s, *_ in pieces)
        for rule_key, reference in self.rules.items():
            up_to_s = [end_s for begin, end_s, *_ in pieces if begin <= rule_key][-1]
            found = reference.evaluate(up_to_s, now_s, self.skip_to_s)
            self._note(now_s, f"evaluated {rule_key} to {up_to_s}")
            self._all_summed_up(rule_key, reference, up_to_s, now_s)
            self._have_fired(rule_key, reference, up_to_s, now_s)
            if found:
                raise DifferenceError(
                    f"{now_s}: evaluated up to {up_to_s}, and these were not made: {rule_key} {found}"
                )

    def _all_summed_up(self, key: str, reference: ReferenceRule, up_to_s: int, now_s: float) -> None:
        """The last hour that is over has its summary, if something was held back in it and no silence was in force."""
        end_s = up_to_s // 3_600 * 3_600
        if reference.rule is None or not reference.rule.cap or self.silences:
            return
        held = sum(
            end_s - 3_600 < at_s <= end_s for alert in reference.alerts.values() for at_s in alert.held_at
        )
        if held and (key, end_s) not in self.summed_up:
            raise DifferenceError(f"{now_s}: {key}: {held} held back until {end_s}, and not summed up")

    def _have_fired(self, key: str, reference: ReferenceRule, up_to_s: int, now_s: float) -> None:
        """What another's alert was muted by, though it may not have been known, was known, and fired."""
        for (name, group), (transitions, end_s) in list(self.to_fire.items()):
            if name == key and up_to_s >= end_s:
                del self.to_fire[name, group]
                if all(
                    made.state not in FIRING for made in reference.alerts[group].transitions[transitions:]
                ):
                    raise DifferenceError(f"{now_s}: {key} {group} muted another, and did not fire")

    def handed_out(self, page: Mapping[str, Any], chunk: Mapping[str, Any], now_s: float) -> None:
        """All that may be sent now of a chunk's rules is handed out: what SNS refused before, too."""
        if page["more"]:
            return
        found = {(item["rule_key"], item["group_key"]) for item in page["notifications"]}
        for key, reference in self.rules.items():
            if key < chunk["begin"] or (chunk["end"] and key >= chunk["end"]):
                continue
            for group, alert in reference.alerts.items():
                due = alert.due(now_s)
                if due is not None and (key, json.dumps(group, separators=(",", ":"))) not in found:
                    raise DifferenceError(f"{now_s}: not handed out: {key} {group} {due}")

    def published(self, parameters: Mapping[str, Any], now_s: float) -> None:
        """SNS has taken a message."""
        body = _body(parameters)
        self._note(now_s, f"published {body}")
        for claimed in self.claimed.values():
            if claimed == (body["dedupe_id"], json.dumps(body, sort_keys=True)):
                break
        else:
            raise DifferenceError(f"{now_s}: published what is not claimed: {body}")
        self.sent.append(body)

    # What must hold in the end

    def all_is_told(self, now_s: float, *, claimed: bool) -> None:
        """Some minutes of good weather later nothing is left to be told: nor what was claimed, once claims are void."""
        oldest_s = now_s - _TOLD_WITHIN_S - self.clockwork.grace_s
        for key, reference in self.rules.items():
            for group, alert in reference.alerts.items():
                rule = reference.rule
                is_held = rule is not None and self._is_inhibited(rule, group, alert.cursor)
                if alert.told is not None and (is_held or alert.is_capped):
                    continue
                if alert.told is not None and alert.state != "PENDING":
                    raise DifferenceError(f"{now_s}: {key} {group} should be told: {alert.state}")
                # What waited for a claim to be void has its time from then on.
                due = alert.due(oldest_s)
                if alert.ending is not None and alert.state != "OK":
                    raise DifferenceError(f"{now_s}: {key} {group} should have ended")
                left = [alert.on_its_way, alert.waiting]
                if not claimed:
                    left = [due] if alert.claimed_at_s is None else []
                if any(item.told.at_s < oldest_s for item in left if item is not None):
                    raise DifferenceError(f"{now_s}: not told: {key} {group} {left}")

    def _know(self, shard: str, record: Record, at_s: float) -> None:
        if (shard, record.sequence) in self.known:
            return
        self.known.add((shard, record.sequence))
        points = [point._replace(written_at_s=at_s) for point in record.points]
        self._note(at_s, f"written {shard} {record.sequence}: {points}")
        self.points += points
        for reference in self.rules.values():
            reference.write(points)

    def _alert(self, key: str, group: Group) -> Alert:
        if key not in self.rules or group not in self.rules[key].alerts:
            raise DifferenceError(f"an alert of nothing: {key} {group}")
        return self.rules[key].alerts[group]

    def _moved(
        self,
        key: str,
        alert: Alert,
        step: str,
        before: Mapping[str, Any],
        arguments: Mapping[str, Any],
        now_s: float,
    ) -> None:
        """The state machine claimed, confirmed or gave back."""
        names = arguments["ExpressionAttributeNames"]
        ((entry_id, entry),) = (
            (name, before["outbox"]["M"][name]["M"])
            for name in names.values()
            if name in before["outbox"]["M"]
        )
        self._note(now_s, f"{step} {key} {alert.group} {entry_id}")
        if step == "Claim":
            claimed_at_s = float(arguments["ExpressionAttributeValues"][":now"]["N"])
            if entry.get("claim") == arguments["ExpressionAttributeValues"][":claim"]:
                return
            due = alert.due(claimed_at_s, handed_out=True)
            body = json.loads(entry["message"]["S"])
            if due is None:
                raise DifferenceError(
                    f"{now_s}: claimed while another is on its way, or nothing to tell: {body}"
                )
            _same(now_s, body, _expected(due, alert.group))
            if not due.untold <= body["untold"] <= due.untold + due.perhaps:
                raise DifferenceError(f"{now_s}: untold {body['untold']}, expected {due}: {body}")
            alert.claim(claimed_at_s)
            self.claimed[entry_id] = (body["dedupe_id"], json.dumps(body, sort_keys=True))
        elif step == "Confirm":
            alert.confirm()
        else:
            alert.release()

    def _compare(self, key: str, alert: Alert, document: Mapping[str, Any], now_s: float) -> None:
        wanted = [
            (made.previous, made.state, made.at_s, made.late)
            for made in alert.transitions
            if made.previous != made.state
        ][-_REMEMBERED:]
        # Notes of what was not evaluated stand among them, and take their place among the last ten.
        notes = sum(item["from"] == item["to"] for item in document["history"])
        found = [
            (item["from"], item["to"], item["at"], bool(item["late"]))
            for item in document["history"]
            if item["kind"] != "reminder" and item["from"] != item["to"]
        ]
        if notes:
            wanted = wanted[len(wanted) - len(found) :]
        if found != wanted:
            raise DifferenceError(f"{now_s}: {key} {alert.group} history {found}, expected {wanted}")
        told = document["muted"]["told"] if "muted" in document else None
        if ("acknowledged" in document) is not alert.is_acknowledged:
            raise DifferenceError(
                f"{now_s}: {key} {alert.group} acknowledged: {document.get('acknowledged')}"
            )
        if told != alert.told:
            raise DifferenceError(f"{now_s}: {key} {alert.group} told {told}, expected {alert.told}")
        if document["state"] != alert.state or (alert.state != "OK" and document["since"] != alert.since_s):
            state = (document["state"], document["since"])
            raise DifferenceError(
                f"{now_s}: {key} {alert.group} is {state}, expected {alert.state, alert.since_s}"
            )

    def _is_muted(self, rule: Text, group: Group, end_s: int) -> bool:
        return self._is_silenced(rule, group, end_s) or self._is_inhibited(rule, group, end_s)

    def _is_inhibited(self, rule: Text, group: Group, end_s: int) -> bool:
        own = dict(zip(rule.by, group, strict=False))
        for key, reference in self.rules.items():
            other = reference.rule
            if other is None or not rule.unless or other.rule_id != rule.unless:
                continue
            known = [group for name, group in self.taken if name == key]
            for firing in reference.firing(end_s, float(end_s), self.skip_to_s, known):
                theirs = dict(zip(other.by, firing, strict=False))
                if all(theirs[name] == own[name] for name in theirs if name in own):
                    return True
        return False

    def _is_silenced(self, rule: Text, group: Group, end_s: int) -> bool:
        if len(group) != len(rule.by):
            return False
        own: dict[str, Sequence[str]] = {"rule": [rule.rule_id], "severity": [rule.severity]}
        own |= {name: [values] if isinstance(values, str) else values for name, values in rule.match.items()}
        own |= {name: [value or ""] for name, value in zip(rule.by, group, strict=True)}
        return any(
            from_s <= end_s < until_s
            and all(
                any(fnmatchcase(value, pattern) for pattern in patterns)
                for name, patterns in match.items()
                for value in own.get(name, [""])
            )
            for match, from_s, until_s in self.silences.values()
        )

    def _note(self, now_s: float, text: str) -> None:
        self.log.append(f"{now_s - self.start_s:10.3f} {text}")


def _seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def _body(parameters: Mapping[str, Any]) -> Any:
    text = parameters["Message"]
    body = json.loads(text)
    return json.loads(body["default"]) if parameters.get("MessageStructure") == "json" else body


def _expected(message: Message, group: Group) -> dict[str, Any]:
    """The fields of a body that the document determines."""
    made, rule = message.told, message.words
    expected = {
        "kind": made.kind,
        "state": made.state,
        "previous_state": made.told_from or made.previous,
        "severity": rule.severity,
        "metric_name": rule.metric_name,
        "metric_type": rule.metric_type,
        "group": dict(zip(rule.by, group, strict=True)),
        "threshold": rule.threshold,
        "since": _time(made.since_s),
        "at": _time(made.at_s),
        "late": made.late,
        "annotation": rule.annotation,
    }
    before_s = rule.start_of(made.since_s) - rule.period
    start_s = before_s if made.period_start_s is None else made.period_start_s
    value = None if made.value is None else float(made.value)
    if value is not None and rule.statistic.startswith("p"):
        value = Near(value)
    period = {"seconds": rule.period, "start": _time(start_s), "end": _time(start_s + rule.period)}
    return {**expected, "value": value, "period": period}


class Near(float):
    """A percentile, which the document gives within two percent."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, int | float) and abs(other - float(self)) <= abs(float(self)) * 0.02

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = float.__hash__


def _same(now_s: float, body: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    wrong = {name: (body.get(name), value) for name, value in expected.items() if body.get(name) != value}
    if wrong:
        raise DifferenceError(f"{now_s}: told (found, expected) {wrong}; body {body}")


def _time(time_s: int) -> str:
    return datetime.fromtimestamp(time_s, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_order(sent: Sequence[Mapping[str, Any]]) -> None:
    """Of each alert the messages were taken in their order, and copies of one follow each other."""
    last: dict[str, tuple[int, str]] = {}
    for body in sent:
        before = last.get(body["alert_id"], (-1, ""))
        this = (body["sequence"], body["dedupe_id"])
        if this != before and (this[0] <= before[0] or this[1] == before[1]):
            raise DifferenceError(f"after {before}: {body}")
        last[body["alert_id"]] = this
