"""The cap on a rule's messages: what is told, what is held back, and the summary of the hour."""

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from handlers.domain.alerts.evaluation.resolver import Resolver
from handlers.domain.alerts.notifications.email_text import email_text
from handlers.domain.alerts.notifications.stored_alert import AlertUpdate, StoredAlert
from handlers.domain.alerts.periods import Timing
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import group_rank
from handlers.domain.alerts.silences.matcher import Matcher
from handlers.domain.alerts.silences.silence import Silence, SilenceSet
from handlers.domain.alerts.state.alert import SUMMARY_GROUP, Acknowledgement
from handlers.domain.alerts.state.transition import Kind
from handlers.domain.alerts.windows.cuts import BatchRange
from tests.support.alert_pipeline import ORIGIN, Pipeline, a_point
from tests.support.rules import a_rule

START = 1_763_769_600
HOSTS = [f"h{number}" for number in range(8)]
FIRST = sorted(HOSTS, key=lambda host: group_rank((host,)))
SCHEMA = json.loads(Path("docs/alert-notification.schema.json").read_text())


def capped(most: int = 3, **fields: Any) -> Rule:
    """A rule that sends so many messages in an hour."""
    return a_rule(**{"by": ["host"], "messages_per_hour": most} | fields)


class Hours:
    """A pipeline by the minute, of which the hosts are told that breach; all others are healthy."""

    def __init__(self, *rules: Rule) -> None:
        self.pipeline = Pipeline(rules, Timing())
        self.sequence = 0
        self.minute = 0

    def post(self, breaching: Iterable[str]) -> None:
        """The next minute's points."""
        self.sequence += 1
        at_s, hot = START + 60 * self.minute + 5, set(breaching)
        points = [a_point(at_s, 9.0 if host in hot else 1.0, host=host) for host in HOSTS]
        self.pipeline.write(points, BatchRange("s-0", self.sequence, self.sequence), at_s)
        self.minute += 1

    def minutes(self, count: int, breaching: Iterable[str] = ()) -> None:
        """So many minutes in which these breach, each evaluated in time."""
        hot = list(breaching)
        for _ in range(count):
            self.post(hot)
            self.execute()

    def execute(self) -> None:
        """An execution for the last minute."""
        start_s, evaluator = START + 60 * (self.minute - 1), self.pipeline.evaluator
        now_s = Timing().ready_at(start_s)
        while (plan := evaluator.plan(start_s, now_s))["found"]:
            for chunk in plan["chunks"]:
                evaluator.evaluate(chunk, plan["first"], plan["last"], now_s)

    @property
    def bodies(self) -> list[Mapping[str, Any]]:
        """The messages, each of which the schema allows."""
        found = [message.body for _, message in self.pipeline.table.published]
        for body in found:
            jsonschema.validate(body, SCHEMA)
        return found

    @property
    def heard(self) -> list[str]:
        """The messages: the minute, the host or the numbers of a summary, and the kind."""
        told = []
        for _, message in self.pipeline.table.published:
            body = message.body
            at = int((_seconds(body["at"]) - START) // 60)
            summary = body.get("summary")
            who = body["group"].get("host") if summary is None else f"{summary['alarms']}/{summary['firing']}"
            told.append(f"{at} {who} {body['kind']}")
        return told

    @property
    def writes(self) -> int:
        """The number of items that were written."""
        return len(self.pipeline.updates)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def of(hosts: Iterable[str], text: str) -> list[str]:
    """The messages of these hosts."""
    return [text.format(host) for host in hosts]


def test_an_hour_tells_the_first_and_then_the_rest_in_one_summary() -> None:
    """Eight hosts breach, three are told; at the end of the hour one message tells of the five, and of who fires."""
    hours = Hours(capped())
    hours.minutes(2, HOSTS)
    assert hours.heard == of(FIRST[:3], "1 {} alarm")
    hours.minutes(57, FIRST[:5])
    assert sorted(hours.heard[3:]) == []
    hours.minutes(1, FIRST[:5])
    assert hours.heard[3:] == ["60 5/2 alarm"]
    summary = hours.bodies[-1]
    assert summary["summary"]["groups"] == [{"host": host} for host in FIRST[3:5]]
    assert (summary["group"], summary["state"], summary["value"]) == ({}, "ALARM", None)
    assert summary["reason"] == (
        "5 further alarms of cpu-hot from 2025-11-22T00:00:00Z to 2025-11-22T01:00:00Z, held back as messages_per_hour "
        "is 3; 2 alerts that were held back still fire"
    )
    assert hours.bodies[2]["reason"].endswith(
        "(that is messages_per_hour, 3: what fires before 2025-11-22T01:00:00Z is held back, and summed up then)"
    )


def test_what_was_told_is_resolved_and_what_was_held_back_is_resolved_with_the_summary() -> None:
    """Every alert_id that was told as firing is told to be over, once, and no other is."""
    hours = Hours(capped())
    hours.minutes(61, HOSTS)
    hours.minutes(3)
    assert sorted(hours.heard[4:]) == sorted([*of(FIRST[:3], "62 {} resolved"), "62 0/0 resolved"])
    fires = Counter(body["alert_id"] for body in hours.bodies if body["state"] == "ALARM")
    over = Counter(body["alert_id"] for body in hours.bodies if body["state"] == "OK")
    assert fires == over
    assert set(over.values()) == {1}
    assert hours.pipeline.table.open_keys() == []


def test_a_storm_that_is_over_with_its_hour_is_told_all_the_same() -> None:
    """What was held back and is over is no silence: the summary says that there was something, and that it is over."""
    hours = Hours(capped(notify_on_resolve=False))
    hours.minutes(2, HOSTS)
    hours.minutes(58)
    assert hours.heard[3:] == ["60 5/0 resolved"]
    assert [group["host"] for group in hours.bodies[-1]["summary"]["groups"]] == FIRST[3:]
    hours.minutes(2)
    assert hours.pipeline.table.open_keys() == []


def test_the_next_hour_has_room_for_what_is_new_and_not_for_what_was_summed_up() -> None:
    """What a summary told of is not told once more; the next summary tells of what is held back then."""
    hours = Hours(capped(2))
    hours.minutes(60, FIRST[:4])
    hours.minutes(5, FIRST[:4])
    assert hours.heard[3:] == []
    hours.minutes(55, FIRST)
    assert hours.heard[3:] == [*of(FIRST[4:6], "66 {} alarm"), "120 2/4 reminder"]
    hours.minutes(60, FIRST)
    assert hours.heard[6:] == []


def test_a_flapping_group_uses_up_the_hour_alone_and_ends_in_its_summary() -> None:
    """Each alarm counts, and each resolve of what was told is told; the rule without `by` has the same cap."""
    hours = Hours(capped(2, by=[], statistic="max"))
    for _ in range(15):
        hours.minutes(2, ["h1"])
        hours.minutes(2)
    assert [text.split()[-1] for text in hours.heard] == [*["alarm", "resolved"] * 2, "resolved"]
    assert hours.heard[4:] == ["60 13/0 resolved"]


def test_reminders_leave_half_of_the_room_to_alarms_and_of_a_summary_there_is_one() -> None:
    """They count, wait until there is room, and what was held back is remembered with the summary, at full hours."""
    hours = Hours(capped(4, renotify=600))
    hours.minutes(59, FIRST[:1])
    one, two, three = FIRST[:3]
    assert hours.heard == [f"1 {one} alarm", f"11 {one} reminder"]
    hours.minutes(61, FIRST)
    assert sorted(hours.heard[2:5]) == sorted([f"60 {two} alarm", f"60 {three} alarm", "60 5/5 alarm"])
    assert hours.heard[5:] == [f"61 {one} reminder", f"70 {two} reminder", "120 0/5 reminder"]


def test_what_was_held_back_before_an_outage_is_told_with_the_next_hour_that_ends() -> None:
    """Where the end of an hour is not made up for, what it held back and what still fires is no secret."""
    hours = Hours(capped())
    hours.minutes(30, HOSTS)
    hours.minute += 290
    hours.minutes(45, HOSTS)
    # Three hours are made up for.
    assert hours.heard[3:] == ["180 0/5 alarm"]


def test_without_a_cap_all_are_told() -> None:
    """0 is no cap; and where one is taken away, what it held back is told."""
    hours = Hours(capped(0))
    hours.minutes(2, HOSTS)
    assert len(hours.heard) == 8
    hours = Hours(capped())
    hours.minutes(2, HOSTS)
    hours.pipeline.rules = [capped(0)]
    hours.minutes(1, HOSTS)
    assert sorted(hours.heard[3:]) == sorted(of(FIRST[3:], "3 {} alarm"))


def test_a_silence_takes_nothing_of_the_hour_and_its_end_is_within_the_cap() -> None:
    """What a silence holds back counts when it is told; what is too much then is held back by the cap."""
    hours = Hours(capped())
    silence = Silence("s", Matcher((), ()), START, START + 600, "why", "who", START)

    class Silences:
        def fresh(self) -> SilenceSet:
            return SilenceSet([silence])

    object.__setattr__(hours.pipeline.evaluator, "silences", Silences())
    hours.minutes(9, HOSTS)
    assert hours.heard == []
    hours.minutes(51, HOSTS)
    assert sorted(hours.heard) == sorted([*of(FIRST[:3], "10 {} alarm"), "60 5/5 alarm"])


def test_an_operator_closes_the_summary_with_the_rest_and_acknowledges_it() -> None:
    """Closed, it is resolved and nothing of it stays open; acknowledged, it is not remembered."""
    hours = Hours(capped(renotify=3_600))
    hours.minutes(60, HOSTS)
    table, now_s = hours.pipeline.table, START + 3_615
    resolver = Resolver(table, ORIGIN)
    [summary] = [item for item in table.load(table.open_keys()) if item.alert.is_summary]
    assert resolver.acknowledge(summary, Acknowledgement("who", "why", now_s), now_s)
    hours.minutes(60, HOSTS)
    assert not [text for text in hours.heard if text.startswith("120 ") and "/" in text]
    for stored in table.load(table.of_rule("cpu-hot/cpu.load")):
        resolver.end(stored, "the rule was deleted", START + 7_300)
    assert hours.heard[-9:].count("121 0/0 resolved") == 1
    assert table.open_keys() == []


def test_the_mail_says_how_many_which_and_where_to_look() -> None:
    """A summary's text has the numbers, the first groups, and the command; its subject has the numbers."""
    hours = Hours(capped(1))
    hours.minutes(60, HOSTS)
    message = hours.pipeline.table.published[-1][1]
    assert message.subject == "[test eu-west-1] MEDIUM ALARM cpu-hot: cpu.load 7 more alarms, 7 still fire"
    assert email_text(message.body).splitlines() == [
        "MEDIUM ALARM since 2025-11-22 01:00:00 UTC",
        f"{message.body['reason']}.",
        "",
        "They fire:",
        *(f"  host={host}" for host in FIRST[1:]),
        "",
        "Look: python -m ops alerts show --environment test --region eu-west-1 cpu-hot",
    ]


@pytest.mark.parametrize("seed", range(3))
def test_executions_that_die_between_writes_or_run_twice_change_nothing(seed: int) -> None:
    """Whatever part of the alerts was written when an execution died, or meets another, the messages are the same."""
    chance = random.Random(seed)
    weather = [chance.sample(HOSTS, chance.choice((0, 2, 5, 8))) for _ in range(123)]
    rule = capped(chance.choice((1, 3, 5)), renotify=600, hold=chance.choice((0, 300)))
    quiet, bad = Hours(rule), Hours(rule)
    save = bad.pipeline.table.save

    def may_die(update: AlertUpdate, known: StoredAlert | None, now_s: float) -> bool:
        if chance.random() < 0.03:
            raise RuntimeError("killed")
        return save(update, known, now_s)

    def until_done(execute: Callable[[], None]) -> None:
        while True:
            try:
                execute()
            except RuntimeError:
                continue
            break

    bad.pipeline.table.save = may_die  # type: ignore[method-assign]
    backlog = 0
    for hot in weather:
        quiet.minutes(1, hot)
        bad.post(hot)
        backlog += 1
        if backlog == 7 or chance.random() < 0.7:
            until_done(bad.execute)
            backlog = 0
    until_done(bad.execute)
    assert told(bad) == told(quiet)


def told(hours: Hours) -> list[tuple[object, ...]]:
    """The transitions that were written, but for their order in an interval."""
    return sorted(
        (item.at_s, str(group), str(item.kind), item.reason.split(" (that is")[0])
        for _, group, item in hours.pipeline.transitions
        if item.kind is not Kind.SILENT
    )


def test_a_cap_costs_an_alert_one_more_write_an_hour_at_most() -> None:
    """Alerts of the hour stay open until its end, and are not written in between where they are healthy."""
    writes: dict[int, int] = {}
    for most in (0, 3):
        hours = Hours(capped(most))
        hours.minutes(1, HOSTS)
        hours.minutes(70)
        writes[most] = hours.writes
        assert hours.pipeline.table.open_keys() == []
    # One for each alert at the end of the hour, and one for the summary.
    assert writes[3] - writes[0] == len(HOSTS) + 1


def test_the_summary_is_an_alert_of_a_group_that_no_rule_has() -> None:
    """Its keys are none of a group's, whatever the rule groups by."""
    assert len(SUMMARY_GROUP) > 5
