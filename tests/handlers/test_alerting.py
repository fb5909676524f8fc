"""The three functions of the alerts as Lambda calls them, over the tables of the template."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from handlers import alert_evaluator, rule_changes, window_aggregator
from handlers.adapters.dynamodb import alerts_table
from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.evaluation.evaluator import SWEEP_SECONDS
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.errors import ConfigurationError
from tests.support.alert_tables import ALERTS, RULES, WINDOWS, create_alert_tables
from tests.support.events import ARRIVAL_MS, batch, event, metric
from tests.support.rules import a_rule

START = ARRIVAL_MS // 1000
VARIABLES = {
    "ENVIRONMENT": "dev",
    "RULES_TABLE": RULES,
    "WINDOWS_TABLE": WINDOWS,
    "ALERTS_TABLE": ALERTS,
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:alerts",
    "TICK_SECONDS": "60",
    "GRACE_SECONDS": "10",
    "MAXIMUM_GROUPS": "100",
    "MAGNETIC_RETENTION_DAYS": "30",
    "AWS_REGION": "us-east-1",
}


class World:
    """Functions, tables, and a time that is moved by hand."""

    def __init__(self) -> None:
        self.now_s = START + 5.0
        self.started: list[int] = []
        self.refused: set[str] = set()
        self.dynamodb = boto3.client("dynamodb")
        create_alert_tables()
        self.build()

    def build(self) -> None:
        """Functions before their first invocation, which know no rule yet."""

        def clock() -> float:
            return self.now_s

        self.aggregator = window_aggregator.build(VARIABLES, connect=self.connect, clock=clock)
        self.evaluator = alert_evaluator.build(VARIABLES, connect=self.connect, clock=clock)
        self.rule_changes = rule_changes.build(VARIABLES, connect=self.connect, clock=clock)

    def connect(self, service: str, **_: Any) -> Any:
        """A client that refuses the actions in `refused`, in passing."""
        client = self if service == "stepfunctions" else boto3.client(service)
        return Refusing(client, self.refused)

    def start_execution(self, **arguments: Any) -> None:
        """Step Functions' action: notes the interval that the execution is for."""
        self.started.append(json.loads(arguments["input"])["tick"])

    def rule(self, rule: Rule) -> None:
        """Put a rule into force, known at once."""
        self.dynamodb.put_item(TableName=RULES, Item=item_of(rule))
        self.build()

    def delete_rule(self) -> None:
        """Delete the rule, known at once."""
        key = {"metric_name": {"S": "cpu.load"}, "rule_id": {"S": "cpu-hot"}}
        self.dynamodb.delete_item(TableName=RULES, Key=key)
        self.build()

    def step(self, name: str, **arguments: Any) -> Any:
        """The answer to a step of the state machine, as JSON brings it."""
        event: Any = json.loads(json.dumps({"step": name, **arguments}))
        return json.loads(json.dumps(self.evaluator.answer(event)))

    def post(self, *values: float, position: int = 0, **fields: Any) -> Any:
        """A batch with a request of these values."""
        body = batch(
            *(
                metric(value=value, timestamp=int(self.now_s * 1000) + n, **fields)
                for n, value in enumerate(values)
            )
        )
        happened = event(body)
        for record in happened["Records"]:
            sequence = str(int(record["kinesis"]["sequenceNumber"]) + position)
            record["kinesis"] |= {"sequenceNumber": sequence, "approximateArrivalTimestamp": self.now_s}
        return self.aggregator.aggregate(happened)

    def evaluate(self, interval_start_s: int | None = None) -> list[dict[str, Any]]:
        """The messages' bodies that an execution would be handed."""
        payload: dict[str, Any] = {"source": "sweep"}
        if interval_start_s is not None:
            payload |= {"source": "batch", "tick": interval_start_s}
        plan = self.step("plan", input=payload)
        if not plan["found"]:
            return []
        self.now_s += plan["wait_seconds"]
        intervals = {"first": plan["first"], "last": plan["last"]}
        found = []
        for chunk in plan["chunks"]:
            page = self.step("evaluate", chunk=chunk, **intervals)
            found += page["notifications"]
            while page["more"]:
                page = self.step("hand_out", chunk=chunk, after=page["after"])
                found += page["notifications"]
        self.step("finish", **intervals)
        for entry in found:
            self.confirm(entry)
        return [json.loads(entry["message"]) for entry in found]

    def confirm(self, entry: dict[str, Any]) -> None:
        """What the state machine does after it has published."""
        self.dynamodb.update_item(
            TableName=ALERTS,
            Key={"rule_key": {"S": entry["rule_key"]}, "group_key": {"S": entry["group_key"]}},
            UpdateExpression="SET outbox.#entry.confirmed_at = :now",
            ExpressionAttributeNames={"#entry": entry["entry"]},
            ExpressionAttributeValues={":now": {"N": entry["claimed_at"]}},
        )


class Refusing:
    """A client that refuses some actions in passing."""

    def __init__(self, client: Any, refused: set[str]) -> None:
        self._client, self._refused = client, refused

    def __getattr__(self, action: str) -> Any:
        def refuse(**_: Any) -> None:
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, action)

        return refuse if action in self._refused else getattr(self._client, action)


@pytest.fixture
def world() -> Iterator[World]:
    """Functions before their first invocation."""
    with mock_aws():
        yield World()


def test_a_breaching_point_becomes_one_alarm_and_its_recovery_one_resolve(world: World) -> None:
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


def test_a_batch_that_breaches_starts_its_interval_at_once_and_others_start_the_one_before(
    world: World,
) -> None:
    """There may be no batch after a breach, so none is waited for; healthy intervals cost no waiting execution."""
    world.rule(a_rule())
    world.post(1.0)
    assert world.started == [START - 60]
    world.post(1.0, position=1)
    assert world.started == [START - 60]
    world.post(3.0, position=2)
    assert world.started == [START - 60, START]
    world.now_s = START + 61
    world.post(1.0, position=3)
    assert world.started == [START - 60, START]


def test_without_rules_nothing_is_written_or_started(world: World) -> None:
    """The consumer costs its invocations and no more."""
    world.post(3.0)
    assert world.started == []
    assert world.dynamodb.scan(TableName=WINDOWS)["Items"] == []


def test_an_evaluation_that_cannot_be_started_is_left_to_the_sweep(world: World) -> None:
    """The batch is not held up: its windows are written, and the interval is free for the sweep."""
    world.rule(a_rule())
    world.refused.add("start_execution")
    assert world.post(3.0) == {"batchItemFailures": []}
    world.now_s = START + 61
    [alarm] = world.evaluate()
    assert alarm["state"] == "ALARM"


def test_a_batch_whose_windows_cannot_be_written_comes_again(world: World, capsys: Any) -> None:
    """The stream is told the first record; the log says why, without names of the account."""
    world.rule(a_rule())
    world.refused.add("put_item")
    answer = world.post(3.0)
    assert len(answer["batchItemFailures"]) == 1
    log = json.loads(capsys.readouterr().out)
    assert (log["retry_from"], log["cause"]) == (
        answer["batchItemFailures"][0]["itemIdentifier"], "put_item: ThrottlingException"
    )  # fmt: skip


def test_the_sweep_evaluates_each_interval_that_was_not_evaluated_once(world: World) -> None:
    """It claims what is free, looks back a quarter of an hour, and finds nothing the second time."""
    world.rule(a_rule())
    world.now_s = START + 60.5
    plan = world.step("plan", input={"source": "sweep"})
    assert (plan["first"], plan["last"], plan["wait_seconds"]) == (START - SWEEP_SECONDS, START, 11)
    assert world.step("plan", input={"source": "sweep"}) == {"found": False}


def test_missing_data_fires_without_any_batch(world: World) -> None:
    """A host that falls silent is noticed by the sweep alone."""
    world.rule(a_rule(by=["host"], missing_data="missing", datapoints=2))
    world.post(1.0, dimensions={"host": "a"})
    assert world.evaluate(START) == []
    messages = []
    for number in (1, 2, 3):
        world.now_s = START + 60 * number + 60.2
        messages += [(number, message["kind"]) for message in world.evaluate()]
    assert messages == [(2, "missing")]


def test_requests_that_cannot_be_read_and_points_that_are_not_stored_do_not_count(world: World) -> None:
    """What the writer quarantines breaches nothing; of a point sent twice in a request the last counts."""
    world.rule(a_rule(statistic="count", operator=">=", threshold=2))
    twice = metric(timestamp=int(world.now_s * 1000))
    world_event = event(b"{", batch(metric(value=True), twice, {**twice, "value": 5}))
    for record in world_event["Records"]:
        record["kinesis"]["approximateArrivalTimestamp"] = world.now_s
    world.aggregator.aggregate(world_event)
    assert world.evaluate(START) == []


def test_a_deleted_rule_resolves_its_alerts_and_the_next_evaluation_notifies(world: World) -> None:
    """The stream's function ends the alert; its notification is sent although the rule is gone."""
    rule = a_rule(by=["host"])
    world.rule(rule)
    world.post(3.0, dimensions={"host": "a"})
    world.evaluate(START)
    world.delete_rule()
    change = {"SequenceNumber": "1", "OldImage": item_of(rule)}
    assert world.rule_changes.resolve({"Records": [{"dynamodb": change}]}) == {"batchItemFailures": []}
    [resolved] = world.evaluate(START + 60)
    assert (resolved["state"], resolved["reason"]) == ("OK", "the rule was deleted")
    assert world.evaluate(START + 120) == []


def test_an_orphan_is_ended_even_if_its_deletion_was_never_heard_of(world: World) -> None:
    """The evaluation finds alerts without a rule by itself."""
    world.rule(a_rule(by=["host"]))
    world.post(3.0, dimensions={"host": "a"})
    world.evaluate(START)
    world.delete_rule()
    [resolved] = world.evaluate(START + 60)
    assert resolved["reason"] == "the rule was deleted"


def test_a_changed_rule_resolves_its_alerts_and_the_same_rule_again_does_not(world: World) -> None:
    """Only a change of what the rule says ends what it said."""
    rule = a_rule()
    world.rule(rule)
    world.post(3.0)
    world.evaluate(START)
    same = {"SequenceNumber": "1", "OldImage": item_of(rule), "NewImage": item_of(a_rule(in_force_since=9))}
    other = {"SequenceNumber": "2", "OldImage": item_of(rule), "NewImage": item_of(a_rule(threshold=9))}
    world.rule_changes.resolve({"Records": [{"dynamodb": same}]})
    world.rule(a_rule(threshold=9))
    world.rule_changes.resolve({"Records": [{"dynamodb": other}]})
    [resolved] = world.evaluate(START + 60)
    assert resolved["reason"] == "the rule was changed"


def test_images_that_are_no_rules_have_no_alerts(world: World) -> None:
    """A rule written for the first time, and an item that never was a rule, are none of this function's business."""
    new = {"SequenceNumber": "1", "NewImage": item_of(a_rule())}
    bad = {"SequenceNumber": "2", "OldImage": {"rule_id": {"S": "x"}}}
    records = [{"dynamodb": change} for change in (new, bad)]
    assert world.rule_changes.resolve({"Records": records}) == {"batchItemFailures": []}


def test_more_notifications_than_a_payload_holds_are_handed_out_in_pages(world: World) -> None:
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
    world.aggregator.aggregate(happened)
    page = None
    plan = world.step("plan", input={"source": "batch", "tick": START})
    world.now_s += plan["wait_seconds"]
    page = world.step("evaluate", chunk={"index": 0, "of": 1}, first=START, last=START)
    entries, pages = list(page["notifications"]), 1
    while page["more"]:
        assert len(json.dumps(page)) < 100 * 1024
        page = world.step("hand_out", chunk={"index": 0, "of": 1}, after=page["after"])
        entries += page["notifications"]
        pages += 1
    assert pages > 1
    assert len({entry["entry"] for entry in entries}) == len(entries) == 100


def test_groups_over_the_cap_are_counted_and_their_rule_named(world: World, capsys: Any) -> None:
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
    world.aggregator.aggregate(happened)
    messages = world.evaluate(START)
    assert len(messages) == 101
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counted = [line for line in lines if line.get("AlertRulesOverCap")]
    assert len(counted) == 2
    assert all(list(line["details"]["over_cap"]) == ["cpu-hot/cpu.load"] for line in counted)


def test_a_conflict_is_decided_again_from_what_is_stored(
    world: World, monkeypatch: pytest.MonkeyPatch
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


def test_an_unknown_step_is_refused(world: World) -> None:
    """A definition and a function that do not belong together are a deployment's fault."""
    with pytest.raises(ConfigurationError):
        world.step("dance")


def test_an_alert_is_notified_before_the_index_knows_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index follows its table with a delay; a notification that waits for it would leave an interval too late."""
    world.rule(a_rule(by=["host"]))
    world.post(3.0, dimensions={"host": "a"})
    monkeypatch.setattr(AlertsTable, "open_keys", lambda _: [])
    [alarm] = world.evaluate(START)
    assert alarm["state"] == "ALARM"
    assert world.evaluate(START + 60) == []


def test_an_alert_with_too_much_unsent_stands_still_and_goes_on_when_it_is_sent(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its item must not grow until it cannot be written, which would stop its rules' evaluation for good."""
    world.rule(a_rule(by=["host"]))
    monkeypatch.setattr(alerts_table, "OUTBOX_BYTES", 100)
    with monkeypatch.context() as refused:
        refused.setattr(World, "confirm", lambda *_: None)
        world.post(3.0, dimensions={"host": "a"})
        assert [body["state"] for body in world.evaluate(START)] == ["ALARM"]
        world.post(1.0, position=1, dimensions={"host": "a"})
        world.post(3.0, position=2, dimensions={"host": "b"})
        messages = world.evaluate(START + 60)
        assert [(body["state"], body["group"]["host"]) for body in messages] == [
            ("ALARM", "a"),
            ("ALARM", "b"),
        ]
    world.evaluate(START + 60)
    world.post(1.0, position=3, dimensions={"host": "a"})
    world.post(4.0, position=4, dimensions={"host": "b"})
    [resolved] = world.evaluate(START + 120)
    assert (resolved["state"], resolved["group"]) == ("OK", {"host": "a"})
