"""The evaluator as the state machine calls it, after the aggregator."""

import json
from typing import Any

import pytest

from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.silences_table import SilencesTable
from handlers.domain.alerts.evaluation.planning import FIRST_LOOK_BACK_S, HANDING_OUT_S
from handlers.domain.alerts.silences.matcher import Matcher
from handlers.domain.alerts.silences.silence import Silence
from handlers.domain.errors import ConfigurationError
from tests.support.alert_functions import SECONDS, START, AlertFunctions
from tests.support.alert_tables import SILENCES
from tests.support.events import batch, event, metric
from tests.support.rules import a_rule


def test_a_breaching_point_becomes_one_alarm_and_its_recovery_one_resolve(world: AlertFunctions) -> None:
    """From the batch to the message and back, with no notification in between."""
    world.rule(a_rule(by=["host"], severity="critical"))
    assert world.post(3.0, dimensions={"host": "a"}) == {"batchItemFailures": []}
    [alarm] = world.evaluate(START)
    assert (alarm["state"], alarm["group"], alarm["value"]) == ("ALARM", {"host": "a"}, 3.0)
    world.post(4.0, position=1, dimensions={"host": "a"})
    assert world.evaluate(START + 60) == []
    world.post(1.0, position=2, dimensions={"host": "a"})
    [resolved] = world.evaluate(START + 120)
    assert (resolved["state"], resolved["kind"]) == ("OK", "resolved")
    assert resolved["dedupe_id"] != alarm["dedupe_id"]
    world.post(1.0, position=3, dimensions={"host": "a"})
    assert world.evaluate(START + 180) == []


def test_the_sweep_claims_the_last_interval_and_makes_up_for_those_before(world: AlertFunctions) -> None:
    """Where nothing was ever evaluated it begins a quarter of an hour back; a second sweep finds nothing to claim."""
    world.rule(a_rule())
    world.now_s = START + 60.5
    plan = world.step("plan", input={"source": "sweep"})
    assert (plan["first"], plan["last"], plan["wait_seconds"]) == (START - FIRST_LOOK_BACK_S, START, 11)
    assert world.step("plan", input={"source": "sweep"}) == {"found": False}


def test_an_execution_that_died_is_made_up_for_by_the_next(world: AlertFunctions) -> None:
    """Its intervals are evaluated in order, each as it would have been in its time, and only the last state is told."""
    world.rule(a_rule(by=["host"]))
    world.post(1.0, dimensions={"host": "a"})
    assert world.evaluate(START) == []
    for number, value in ((1, 3.0), (2, 1.0), (3, 4.0)):
        world.now_s = START + 60 * number + 5
        world.post(value, position=number, dimensions={"host": "a"})
    [alarm] = world.evaluate(START + 180)
    assert (alarm["state"], alarm["value"], alarm["at"][11:16]) == ("ALARM", 4.0, "00:04")
    assert alarm["untold"] == 2


def test_an_execution_whose_interval_is_evaluated_finds_nothing(world: AlertFunctions) -> None:
    """One that was started twice, or comes late."""
    world.rule(a_rule())
    world.evaluate(START + 60)
    assert world.step("plan", input={"source": "batch", "tick": START}) == {"found": False}


def test_executions_of_the_version_before_go_on(world: AlertFunctions) -> None:
    """They know chunks by their numbers, and a step that marks intervals as evaluated."""
    world.rule(a_rule(by=["host"]))
    world.post(3.0, dimensions={"host": "a"})
    world.now_s = START + 71
    page = world.step("evaluate", chunk={"index": 0, "of": 2}, first=START, last=START)
    assert page["count"] == 1
    assert world.step("evaluate", chunk={"index": 1, "of": 2}, first=START, last=START)["count"] == 0
    assert world.step("finish", first=START, last=START) == {}


def test_missing_data_fires_without_any_batch(world: AlertFunctions) -> None:
    """A host that falls silent is noticed by the sweep alone."""
    world.rule(a_rule(by=["host"], missing_data="missing", datapoints=2))
    world.post(1.0, dimensions={"host": "a"})
    assert world.evaluate(START) == []
    messages = []
    for number in (1, 2, 3):
        world.now_s = START + 60 * number + 60.2
        messages += [(number, message["kind"]) for message in world.evaluate()]
    assert messages == [(2, "missing")]


def test_an_orphan_is_ended_even_if_its_deletion_was_never_heard_of(world: AlertFunctions) -> None:
    """The evaluation finds alerts without a rule by itself."""
    world.rule(a_rule(by=["host"]))
    world.post(3.0, dimensions={"host": "a"})
    world.evaluate(START)
    world.delete_rule()
    [resolved] = world.evaluate(START + 60)
    assert resolved["reason"] == "the rule was deleted"


def test_more_notifications_than_a_payload_holds_are_handed_out_in_pages(world: AlertFunctions) -> None:
    """A hundred alarms at once stay under the state machine's limit, and each is handed out once."""
    world.rule(a_rule(by=["host"]))
    body = batch(
        *(
            metric(value=9, timestamp=int(world.now_s * 1000), dimensions={"host": f"h{n}"})
            for n in range(100)
        )
    )
    happened = event(body)
    happened["Records"][0]["kinesis"]["approximateArrivalTimestamp"] = world.now_s
    world.aggregator.aggregate(happened, SECONDS)
    page = None
    plan = world.step("plan", input={"source": "batch", "tick": START})
    world.now_s += plan["wait_seconds"]
    page = world.step("evaluate", chunk={"index": 0, "of": 1}, first=START, last=START)
    entries, pages = list(page["notifications"]), 1
    while page["more"]:
        assert len(json.dumps(page)) < 200 * 1024
        page = world.step("hand_out", chunk={"index": 0, "of": 1}, after=page["after"])
        entries += page["notifications"]
        pages += 1
    assert pages > 1
    assert len({entry["entry"] for entry in entries}) == len(entries) == 100


def test_what_an_execution_has_no_time_to_hand_out_is_left_to_the_next(world: AlertFunctions) -> None:
    """It ends in time instead of being ended with messages on their way, and the next one sends the rest."""
    world.rule(a_rule(by=["host"], missing_data="ignore"))
    now_ms = int(world.now_s * 1000)
    points = (metric(value=9, timestamp=now_ms, dimensions={"host": f"h{n}"}) for n in range(100))
    happened = event(batch(*points))
    happened["Records"][0]["kinesis"]["approximateArrivalTimestamp"] = world.now_s
    world.aggregator.aggregate(happened, SECONDS)
    plan = world.step("plan", input={"source": "batch", "tick": START})
    [chunk] = plan["chunks"]
    world.now_s += plan["wait_seconds"]
    assert chunk["until"] == int(world.now_s + HANDING_OUT_S)
    first = world.step("evaluate", chunk=chunk, first=START, last=START)
    world.now_s += HANDING_OUT_S
    last = world.step("hand_out", chunk=chunk, after=first["after"])
    assert (first["more"], last["count"], last["more"]) == (True, 40, False)
    for entry in (*first["notifications"], *last["notifications"]):
        world.confirm(entry)
    assert len(world.evaluate(START + 60)) == 20


def test_groups_over_the_cap_are_counted_and_their_rule_named(world: AlertFunctions, capsys: Any) -> None:
    """The metric raises the alarm, the log names the rule; other rules go on."""
    world.rule(a_rule(by=["host"]))
    world.rule(a_rule(rule_id="all"))
    body = batch(
        *(
            metric(value=9, timestamp=int(world.now_s * 1000), dimensions={"host": f"h{n}"})
            for n in range(150)
        )
    )
    happened = event(body)
    happened["Records"][0]["kinesis"]["approximateArrivalTimestamp"] = world.now_s
    world.aggregator.aggregate(happened, SECONDS)
    messages = world.evaluate(START)
    assert len(messages) == 101
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [line for line in lines if line.get("AlertRulesOverCap")]
    assert len(counted) == 2
    assert all(list(line["details"]["over_cap"]) == ["cpu-hot/cpu.load"] for line in counted)


def test_a_muted_alert_is_counted_and_told_when_the_silence_is_over(
    world: AlertFunctions, capsys: Any
) -> None:
    """With when it began; an item that is no silence is counted, and keeps none of the others from holding."""
    table = SilencesTable(world.dynamodb, SILENCES)
    table.put(Silence("1a2b", Matcher(), START, START + 3_600, "why", "who", START))
    world.dynamodb.put_item(TableName=SILENCES, Item={"silence_id": {"S": "9"}, "version": {"N": "9"}})
    world.rule(a_rule(by=["host"], missing_data="ignore"))
    world.post(3.0, dimensions={"host": "a"})
    assert world.evaluate(START) == []
    assert table.end("1a2b", "who", int(world.now_s))
    [alarm] = world.evaluate(START + 60)
    assert (alarm["kind"], alarm["previous_state"], alarm["sequence"]) == ("alarm", "OK", 1)
    assert (alarm["since"][11:16], alarm["at"][11:16]) == ("00:01", "00:02")
    assert alarm["reason"].startswith("silence 1a2b is over, and it is still ALARM")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [line for line in lines if "AlertsMuted" in line]
    assert [line["AlertsMuted"] for line in counted] == [1, 0]
    assert {line["details"]["silences_unreadable"] for line in counted} == {1}


def test_a_conflict_is_decided_again_from_what_is_stored(
    world: AlertFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two evaluations of one interval at the same time notify once."""
    world.rule(a_rule())
    world.post(3.0)
    assert len(world.evaluate(START)) == 1
    # The second one does not see the alert that the first has just written.
    with monkeypatch.context() as unseen:
        unseen.setattr(AlertsTable, "open_keys", lambda _: [])
        world.step("evaluate", chunk={"index": 0, "of": 1}, first=START, last=START)
    assert world.step("hand_out", chunk={"index": 0, "of": 1}, after="")["count"] == 0


def test_an_unknown_step_is_refused(world: AlertFunctions) -> None:
    """A definition and a function that do not belong together are a deployment's fault."""
    with pytest.raises(ConfigurationError):
        world.step("dance")


def test_an_alert_is_notified_before_the_index_knows_of_it(
    world: AlertFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index follows its table with a delay; a notification that waits for it would leave an interval too late."""
    world.rule(a_rule(by=["host"]))
    world.post(3.0, dimensions={"host": "a"})
    monkeypatch.setattr(AlertsTable, "open_keys", lambda _: [])
    [alarm] = world.evaluate(START)
    assert alarm["state"] == "ALARM"
    assert world.evaluate(START + 60) == []


def test_while_the_topic_refuses_an_alert_keeps_one_notification(
    world: AlertFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on being evaluated, and what it has to tell stays one message: the last, and how many it stands for."""
    world.rule(a_rule(by=["host"], renotify=60))
    with monkeypatch.context() as refused:
        refused.setattr(AlertFunctions, "confirm", lambda *_: None)
        for number, value in enumerate([3.0, 4.0, 1.0, 3.0, 5.0, 1.0]):
            world.post(value, position=number, dimensions={"host": "a"})
            told = [(body["kind"], body["untold"]) for body in world.evaluate(START + 60 * number)]
            assert len(told) == 1
    assert told == [("resolved", 3)]
    world.post(1.0, position=9, dimensions={"host": "a"})
    [last] = world.evaluate(START + 360)
    assert (last["kind"], last["untold"]) == ("resolved", 3)
    assert world.evaluate(START + 420) == []
    assert world.alerts().open_keys() == []
