"""The alert evaluation's definition, branch by branch, in moto's interpreter."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from handlers.adapters.stepfunctions import PAGE_LIMITS
from tests.support.alert_tables import ALERTS, create_alert_tables
from tests.support.state_machine import FunctionError, Machine

EVALUATOR = "AlertEvaluator"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alerts"
NOW = 1_763_769_671
ATTEMPTS = 5
DEFINITION = json.loads(Path("statemachines/alert_evaluation.asl.json").read_text())
_CHUNK = DEFINITION["States"]["Chunks"]["ItemProcessor"]["States"]
NOTIFICATION_STATES = _CHUNK["Notifications"]["ItemProcessor"]["States"]


class Steps:
    """An evaluator that does as it is told: what it answers at each step, and what it was asked."""

    def __init__(self) -> None:
        self.plan: dict[str, Any] = {
            "found": True, "first": NOW - 71, "last": NOW - 71, "wait_seconds": 0, "chunks": [{"index": 0, "of": 1}],
        }  # fmt: skip
        self.pages: dict[int, list[dict[str, Any]]] = {}
        self.errors: dict[str, list[str]] = {}
        self.asked: list[dict[str, Any]] = []

    def __call__(self, event: dict[str, Any]) -> Any:
        """The function."""
        self.asked.append(event)
        step = event["step"]
        if self.errors.get(step):
            error = self.errors[step].pop(0)
            if error:
                raise FunctionError(error)
        if step == "plan":
            return self.plan
        pages = self.pages.get(event["chunk"]["index"], [])
        return pages.pop(0) if pages else a_page([])

    def steps(self, name: str) -> int:
        """How often a step was asked for."""
        return sum(event["step"] == name for event in self.asked)


def a_page(entries: list[str], *, more: bool = False) -> dict[str, Any]:
    """A page of notifications with these ids."""
    notifications = [
        {
            "rule_key": "rule/metric", "group_key": f'["{entry}"]', "entry": entry, "subject": f"[HIGH] {entry}",
            "message": json.dumps({"id": entry, "strange": "\\ufffe \U0001f600 {}"}), "email": f"{entry} is hot",
            "attributes": {
                "severity": {"DataType": "String", "StringValue": "high"},
                "value": {"DataType": "Number", "StringValue": "3"},
            },
            "claimed_at": str(NOW), "stale_before": str(NOW - 330),
        }
        for entry in entries
    ]  # fmt: skip
    return {"notifications": notifications, "count": len(entries), "after": f"after {entries}", "more": more}


class World:
    """The machine with its table, its topic, and a queue that hears everything."""

    def __init__(self, machine: Machine) -> None:
        self.machine, self.steps = machine, Steps()
        machine.functions[EVALUATOR] = self.steps
        self.dynamodb = boto3.client("dynamodb")
        create_alert_tables()
        sns, self.sqs = boto3.client("sns"), boto3.client("sqs")
        topic = sns.create_topic(Name="alerts")["TopicArn"]
        self.queue = self.sqs.create_queue(QueueName="everything")["QueueUrl"]
        arn = "arn:aws:sqs:us-east-1:123456789012:everything"
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})

    def put(self, entry: str, *, claimed_at: int = 0, confirmed_at: int = 0) -> None:
        """An alert with one notification in its outbox."""
        numbers = {"claimed_at": {"N": str(claimed_at)}, "confirmed_at": {"N": str(confirmed_at)}}
        self.dynamodb.put_item(
            TableName=ALERTS,
            Item={
                "rule_key": {"S": "rule/metric"}, "group_key": {"S": f'["{entry}"]'},
                "outbox": {"M": {entry: {"M": numbers}}},
            },
        )  # fmt: skip

    def fail_chunk(self, index: int) -> None:
        """Lets the evaluation of a chunk fail for good."""

        def steps(event: dict[str, Any]) -> Any:
            if event["step"] == "evaluate" and event["chunk"]["index"] == index:
                raise FunctionError("ConfigurationError")
            return self.steps(event)

        self.machine.functions[EVALUATOR] = steps

    def entry(self, entry: str) -> tuple[int, int]:
        """When the notification was claimed and confirmed."""
        key = {"rule_key": {"S": "rule/metric"}, "group_key": {"S": f'["{entry}"]'}}
        numbers = self.dynamodb.get_item(TableName=ALERTS, Key=key)["Item"]["outbox"]["M"][entry]["M"]
        return int(numbers["claimed_at"]["N"]), int(numbers["confirmed_at"]["N"])

    def heard(self) -> list[str]:
        """The ids of all messages since the last time."""
        found = []
        while messages := self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += [json.loads(message["Body"])["id"] for message in messages]
            for message in messages:
                assert message["MessageAttributes"]["severity"]["StringValue"] == "high"
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return sorted(found)


def action(name: str, arguments: Mapping[str, Any]) -> str:
    """Claim, confirmation and release by their own names, as they are the same action."""
    target = re.search(r"\.(claim|confirm)ed_at = :(now|never)", arguments.get("UpdateExpression", ""))
    if target is None:
        return name
    return target[1] if target[2] == "now" else "release"


@pytest.fixture
def world(deployed: Callable[..., Machine]) -> World:
    """A machine over empty tables."""
    tokens = {"AlertsTableName": ALERTS, "AlertTopicArn": TOPIC}
    return World(deployed("alert_evaluation.asl.json", [EVALUATOR], tokens, action))


def test_a_sweep_that_finds_nothing_ends_at_once(world: World) -> None:
    """Most sweeps are one step: every interval is claimed."""
    world.steps.plan = {"found": False}
    ended = world.machine.run(source="sweep")
    assert (ended.status, ended.states) == ("SUCCEEDED", ["Plan", "IsThereWork", "NothingToDo"])
    assert world.steps.asked == [{"step": "plan", "input": {"source": "sweep"}}]


def test_an_interval_without_news_is_evaluated(world: World) -> None:
    """Plan, wait, evaluate each chunk; nothing is published."""
    world.steps.plan["chunks"] = [{"index": 0, "of": 2}, {"index": 1, "of": 2}]
    world.steps.plan["wait_seconds"] = 1
    ended = world.machine.run(source="batch", tick=NOW - 71)
    assert ended.status == "SUCCEEDED"
    assert ended.states[:4] == ["Plan", "IsThereWork", "WaitForGrace", "Chunks"]
    assert ended.states[-2:] == ["DidAllSucceed", "Evaluated"]
    assert ended.states.count("ChunkDone") == 2
    assert world.steps.asked[0]["input"] == {"source": "batch", "tick": NOW - 71}
    chunks = [event["chunk"]["index"] for event in world.steps.asked if event["step"] == "evaluate"]
    assert sorted(chunks) == [0, 1]
    assert world.heard() == []


def test_intervals_that_are_left_are_planned_again_before_anything_is_sent(world: World) -> None:
    """While a chunk is behind, its notifications wait; a chunk that is not sends its own."""
    world.put("a")
    world.put("b")
    world.steps.plan["chunks"] = [{"index": 0, "of": 2}, {"index": 1, "of": 2}]
    behind = {**a_page([]), "behind": True}
    world.steps.pages = {0: [behind, behind, a_page(["a"])], 1: [{**a_page(["b"]), "behind": False}]}
    ended = world.machine.run(source="sweep")
    assert ended.status == "SUCCEEDED"
    assert ended.states.count("GoOn") == ended.states.count("ChunkBehind") == 2
    planned = [event["input"] for event in world.steps.asked if event["step"] == "plan"]
    assert planned == [{"source": "sweep"}] + [{"source": "behind", "tick": NOW - 71}] * 2
    assert world.heard() == ["a", "b"]


def test_a_chunk_that_fails_ends_an_execution_that_is_behind(world: World) -> None:
    """The next execution goes on with both; each chunk notes by itself how far it came."""
    world.steps.plan["chunks"] = [{"index": 0, "of": 2}, {"index": 1, "of": 2}]
    world.steps.pages[1] = [{**a_page([]), "behind": True}]
    world.fail_chunk(0)
    ended = world.machine.run(source="batch", tick=1)
    assert (ended.status, ended.error) == ("FAILED", "NotEvaluated")
    assert "GoOn" not in ended.states


def test_news_is_claimed_published_and_confirmed(world: World) -> None:
    """Each notification goes through its outbox, once, with its attributes."""
    for entry in ("a", "b", "c"):
        world.put(entry)
    world.steps.pages[0] = [a_page(["a", "b", "c"])]
    assert world.machine.run(source="batch", tick=1).status == "SUCCEEDED"
    assert world.heard() == ["a", "b", "c"]
    assert world.entry("b") == (NOW, NOW)


def test_people_get_a_text_and_every_other_subscriber_the_body(world: World) -> None:
    """What SNS is given has the body, as it was, for all protocols but e-mail."""
    world.put("a")
    world.steps.pages[0] = [a_page(["a"])]
    published = []
    original = world.machine.call

    def call(client: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        if name == "Publish":
            published.append(arguments)
        return original(client, name, arguments)

    world.machine.call = call  # type: ignore[assignment, method-assign]
    world.machine.run(source="batch", tick=1)
    [arguments] = published
    [notification] = a_page(["a"])["notifications"]
    texts = json.loads(arguments["Message"])
    assert texts == {"default": notification["message"], "email": "a is hot"}
    assert (arguments["MessageStructure"], arguments["Subject"]) == ("json", "[HIGH] a")
    assert world.heard() == ["a"]


def test_an_evaluator_of_the_version_before_claims_nothing(world: World) -> None:
    """While a stack is updated or rolled back, its pages have no text for people: the next execution sends them."""
    world.put("a")
    page = a_page(["a"])
    del page["notifications"][0]["email"]
    world.steps.pages[0] = [page]
    assert world.machine.run(source="batch", tick=1).error == "NotNotified"
    assert (world.entry("a"), world.heard()) == ((0, 0), [])


def test_pages_are_handed_out_until_there_are_no_more(world: World) -> None:
    """More notifications than a payload holds come one page after the other."""
    for entry in ("a", "b", "c"):
        world.put(entry)
    world.steps.pages[0] = [a_page(["a"], more=True), a_page([], more=True), a_page(["b", "c"])]
    ended = world.machine.run(source="batch", tick=1)
    assert ended.status == "SUCCEEDED"
    assert world.heard() == ["a", "b", "c"]
    afters = [event["after"] for event in world.steps.asked if event["step"] == "hand_out"]
    assert afters == ["after ['a']", "after []"]


@pytest.mark.parametrize(
    ("claimed_at", "confirmed_at", "heard"),
    [(NOW - 1, 0, []), (NOW - 400, NOW - 399, []), (NOW - 331, 0, ["a"])],
    ids=["another's", "confirmed", "of a dead execution"],
)
def test_what_another_execution_claimed_is_left_to_it(
    world: World, claimed_at: int, confirmed_at: int, heard: list[str]
) -> None:
    """A young claim or a confirmation stops this execution, an old claim does not."""
    world.put("a", claimed_at=claimed_at, confirmed_at=confirmed_at)
    world.steps.pages[0] = [a_page(["a"])]
    ended = world.machine.run(source="batch", tick=1)
    assert ended.status == "SUCCEEDED"
    assert ("ClaimedByAnother" in ended.states) == (not heard)
    assert world.heard() == heard
    if not heard:
        assert world.entry("a") == (claimed_at, confirmed_at)
        assert world.machine.pauses == []


def test_two_executions_of_one_transition_publish_once(world: World) -> None:
    """The second finds the claim of the first."""
    world.put("a")
    for _ in range(2):
        world.steps.pages[0] = [a_page(["a"])]
        assert world.machine.run(source="batch", tick=1).status == "SUCCEEDED"
    assert world.heard() == ["a"]


@pytest.mark.parametrize("step", ["plan", "evaluate", "hand_out"])
def test_a_step_that_fails_in_passing_is_tried_again(world: World, step: str) -> None:
    """Throttles and passing errors cost seconds, no alert; the pauses grow, with jitter."""
    world.steps.pages[0] = [a_page([], more=True)]
    world.steps.errors[step] = ["TransientError", "Sandbox.Timedout", "", ""]
    world.machine.faults[f"lambda:{EVALUATOR}.{step}"] = ["TooManyRequestsException", "", ""]
    assert world.machine.run(source="batch", tick=1).status == "SUCCEEDED"
    pauses = world.machine.pauses
    assert len(pauses) == 3
    assert all(0 <= pause <= limit for pause, limit in zip(pauses, (1, 2, 4), strict=True))
    assert len({round(pause, 6) for pause in pauses}) == 3


@pytest.mark.parametrize(
    ("step", "error"),
    [
        ("plan", "NotPlanned"),
        ("evaluate", "NotEvaluated"),
        ("hand_out", "NotEvaluated"),
    ],
)
def test_a_step_that_fails_for_good_ends_in_a_failure(world: World, step: str, error: str) -> None:
    """After five attempts the execution fails, which an alarm watches; the next one goes on from where it was."""
    world.steps.pages[0] = [a_page([], more=True)]
    world.steps.errors[step] = ["TransientError"] * 9
    ended = world.machine.run(source="batch", tick=1)
    assert (ended.status, ended.error) == ("FAILED", error)
    assert world.steps.steps(step) == ATTEMPTS


@pytest.mark.parametrize("step", ["plan", "evaluate", "hand_out"])
def test_a_wrong_configuration_is_not_tried_again(world: World, step: str) -> None:
    """What only a deployment can mend fails at once."""
    world.steps.pages[0] = [a_page([], more=True)]
    world.steps.errors[step] = ["ConfigurationError"] * 9
    assert world.machine.run(source="batch", tick=1).status == "FAILED"
    assert world.steps.steps(step) == 1


def test_a_chunk_that_fails_does_not_stop_the_others(world: World) -> None:
    """The other chunks are evaluated and their notifications sent; the execution fails afterwards."""
    world.put("b")
    world.steps.plan["chunks"] = [{"index": 0, "of": 2}, {"index": 1, "of": 2}]
    world.steps.pages = {1: [a_page(["b"])]}
    world.fail_chunk(0)
    ended = world.machine.run(source="batch", tick=1)
    assert (ended.status, ended.error) == ("FAILED", "NotEvaluated")
    assert "ChunkFailed" in ended.states
    assert world.heard() == ["b"]


@pytest.mark.parametrize("call", ["dynamodb:claim", "sns:Publish", "dynamodb:confirm"])
def test_a_call_that_fails_in_passing_is_tried_again(world: World, call: str) -> None:
    """A throttled claim, publish or confirm is repeated, and the notification arrives once."""
    world.put("a")
    world.steps.pages[0] = [a_page(["a"])]
    world.machine.faults[call] = ["ThrottlingException", "InternalServerError"]
    assert world.machine.run(source="batch", tick=1).status == "SUCCEEDED"
    assert len(world.machine.pauses) == 2
    assert world.heard() == ["a"]
    assert world.entry("a") == (NOW, NOW)


@pytest.mark.parametrize(
    ("call", "attempts", "heard", "entry"),
    [
        ("dynamodb:claim", 5, ["b"], (0, 0)),
        ("sns:Publish", 7, ["b"], (0, 0)),
        ("dynamodb:confirm", 11, ["a", "b"], (NOW, 0)),
    ],
)
def test_a_notification_that_cannot_be_sent_waits_in_its_outbox(
    world: World, call: str, attempts: int, heard: list[str], entry: tuple[int, int]
) -> None:
    """The others are sent, and the execution fails; what SNS has not got is free for the next execution."""
    world.put("a")
    world.put("b")
    world.steps.pages[0] = [a_page(["a"]), a_page(["b"])]
    world.machine.faults[call] = ["ThrottlingException"] * attempts
    ended = world.machine.run(source="batch", tick=1)
    assert (ended.status, ended.error) == ("FAILED", "NotNotified")
    assert world.entry("a") == entry
    world.machine.run(source="batch", tick=1)
    assert world.heard() == heard


@pytest.mark.parametrize(("call", "seconds"), [("sns:Publish", 15), ("dynamodb:confirm", 120)])
def test_a_call_is_tried_for_as_long_as_it_may_help(world: World, call: str, seconds: int) -> None:
    """SNS gets a quarter of a minute, as the next execution tries again; a confirmation two minutes, as none does."""
    world.put("a")
    world.steps.pages[0] = [a_page(["a"])]
    world.machine.faults[call] = ["ThrottlingException"] * 20
    world.machine.run(source="batch", tick=1)
    [limits] = [
        state["Retry"][-1]
        for name, state in NOTIFICATION_STATES.items()
        if call.endswith((name, name.lower()))
    ]
    pauses = [
        min(limits["BackoffRate"] ** number, limits["MaxDelaySeconds"])
        for number in range(limits["MaxAttempts"])
    ]
    assert len([pause for pause in world.machine.pauses if pause <= max(pauses)]) >= limits["MaxAttempts"]
    # With full jitter a pause lasts half of it, in the mean.
    assert 0.9 * seconds <= sum(pauses) / 2 <= 1.3 * seconds


def test_a_page_of_which_nothing_could_be_sent_is_the_last(world: World) -> None:
    """Where SNS refuses everything, the other pages wait for the next execution instead of five minutes of attempts."""
    for entry in ("a", "b", "c"):
        world.put(entry)
    world.steps.pages[0] = [a_page(["a", "b"], more=True), a_page(["c"])]
    world.machine.faults["sns:Publish"] = ["ThrottlingException"] * 14
    ended = world.machine.run(source="batch", tick=1)
    assert (ended.status, ended.error) == ("FAILED", "NotNotified")
    assert world.steps.steps("hand_out") == 0
    assert [world.entry(entry) for entry in "abc"] == [(0, 0)] * 3


def test_a_page_of_which_some_could_be_sent_is_followed_by_the_next(world: World) -> None:
    """One message that SNS will never take does not hold up all that come behind it."""
    for entry in ("a", "b", "c"):
        world.put(entry)
    world.steps.pages[0] = [a_page(["a", "b"], more=True), a_page(["c"])]
    original = world.machine.call

    def call(client: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        if name == "Publish" and '"a"' in json.loads(arguments["Message"])["default"]:
            world.machine.faults["sns:Publish"] = ["InvalidParameterException"]
        return original(client, name, arguments)

    world.machine.call = call  # type: ignore[assignment, method-assign]
    assert world.machine.run(source="batch", tick=1).error == "NotNotified"
    assert world.heard() == ["b", "c"]


def test_a_claim_whose_answer_was_lost_is_known_as_its_own(world: World) -> None:
    """The attempt that is repeated finds its own claim, and publishes instead of leaving it to nobody."""
    world.put("a")
    world.steps.pages[0] = [a_page(["a"])]
    world.machine.lost["dynamodb:claim"] = 1
    assert world.machine.run(source="batch", tick=1).status == "SUCCEEDED"
    assert world.heard() == ["a"]
    assert world.entry("a") == (NOW, NOW)


def test_a_message_whose_answer_was_lost_is_a_copy_under_its_id(world: World) -> None:
    """SNS took it each time; who gets it can tell, and it is confirmed in the end."""
    world.put("a")
    world.steps.pages[0] = [a_page(["a"])]
    world.machine.lost["sns:Publish"] = 2
    assert world.machine.run(source="batch", tick=1).status == "SUCCEEDED"
    assert world.heard() == ["a", "a", "a"]
    assert world.entry("a") == (NOW, NOW)


def test_the_notifications_of_a_page_are_sent_at_once() -> None:
    """A page takes as long as one of them, also where SNS refuses them all."""
    notifications = _CHUNK["Notifications"]
    assert notifications["MaxConcurrency"] == PAGE_LIMITS.notifications


def test_a_release_leaves_the_claim_of_another_alone(world: World) -> None:
    """A claim that could not be made is given back only if it was made after all."""
    world.put("a", claimed_at=NOW - 1)
    world.steps.pages[0] = [a_page(["a"])]
    world.machine.faults["dynamodb:claim"] = ["ThrottlingException"] * 5
    assert world.machine.run(source="batch", tick=1).error == "NotNotified"
    assert world.entry("a") == (NOW - 1, 0)


def test_a_claim_that_cannot_be_given_back_stays(world: World) -> None:
    """It is void when no execution that made it can live any more."""
    world.put("a")
    world.steps.pages[0] = [a_page(["a"])]
    world.machine.faults["sns:Publish"] = ["ThrottlingException"] * 7
    world.machine.faults["dynamodb:release"] = ["ThrottlingException"] * 5
    assert world.machine.run(source="batch", tick=1).error == "NotNotified"
    assert world.entry("a") == (NOW, 0)


def test_an_entry_that_is_gone_when_it_is_confirmed_is_not_tried_again(world: World) -> None:
    """Nothing can be confirmed any more, so the execution fails at once."""
    world.put("a")
    world.steps.pages[0] = [a_page(["a"])]
    world.machine.faults["dynamodb:confirm"] = ["ConditionalCheckFailedException"]
    assert world.machine.run(source="batch", tick=1).status == "FAILED"
    assert world.machine.pauses == []


def test_answers_that_are_no_answers_end_in_a_failure(world: World) -> None:
    """A page or a plan that the maps cannot read is caught, not lost."""
    world.steps.pages[0] = [{"count": 1, "notifications": "none", "more": False, "after": ""}]
    assert world.machine.run(source="batch", tick=1).error == "NotEvaluated"
