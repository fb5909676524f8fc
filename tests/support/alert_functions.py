"""The three functions of the alerts over the tables of the template, and what the state machine does with them."""

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

from handlers import alert_evaluator, rule_changes, window_aggregator
from handlers.adapters.dynamodb.alerts_table import AlertsTable
from handlers.adapters.dynamodb.rules_table import item_of
from handlers.domain.alerts.rules.rule import Rule
from tests.support.alert_tables import ALERTS, RULES, SILENCES, WINDOWS, create_alert_tables
from tests.support.events import ARRIVAL_MS, batch, event, metric

START = ARRIVAL_MS // 1000
# That an invocation has left.
SECONDS = 60.0
VARIABLES = {
    "PROJECT": "metrics",
    "ENVIRONMENT": "dev",
    "RULES_TABLE": RULES,
    "WINDOWS_TABLE": WINDOWS,
    "ALERTS_TABLE": ALERTS,
    "SILENCES_TABLE": SILENCES,
    "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:alerts",
    "TICK_SECONDS": "60",
    "GRACE_SECONDS": "10",
    "MAXIMUM_GROUPS": "100",
    "OTLP_ATTRIBUTES": "[]",
    "MAGNETIC_RETENTION_DAYS": "30",
    "AWS_REGION": "us-east-1",
}


class AlertFunctions:
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

        self.aggregator = window_aggregator.build(VARIABLES, self.connect, self.connect_dynamodb, clock)
        self.evaluator = alert_evaluator.build(VARIABLES, self.connect_dynamodb, clock)
        self.rule_changes = rule_changes.build(VARIABLES, self.connect_dynamodb, clock)

    def connect(self, _service: str, **_: Any) -> Any:
        """A client of Step Functions that refuses the actions in `refused`, in passing."""
        return Refusing(self, self.refused)

    def connect_dynamodb(self, **_: Any) -> Any:
        """A client of DynamoDB that does so."""
        return Refusing(boto3.client("dynamodb"), self.refused)

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

    def alerts(self) -> AlertsTable:
        """The alerts' table."""
        return AlertsTable(self.dynamodb, ALERTS)

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
        return self.aggregator.aggregate(happened, SECONDS)

    def evaluate(self, interval_start_s: int | None = None) -> list[dict[str, Any]]:
        """The messages' bodies that an execution would be handed."""
        payload: dict[str, Any] = {"source": "sweep"}
        if interval_start_s is not None:
            payload |= {"source": "batch", "tick": interval_start_s}
        found: list[dict[str, Any]] = []
        while (plan := self.step("plan", input=payload))["found"]:
            self.now_s += plan["wait_seconds"]
            payload = {"source": "behind", "tick": plan["last"]}
            more, behind = self.carry_out(plan)
            found += more
            if not behind:
                break
        return found

    def carry_out(self, plan: dict[str, Any]) -> tuple[list[dict[str, Any]], bool]:
        """The messages' bodies of a plan's chunks, and True if intervals are left."""
        found, behind = [], False
        for chunk in plan["chunks"]:
            page = self.step("evaluate", chunk=chunk, first=plan["first"], last=plan["last"])
            behind = behind or page.get("behind", False)
            found += page["notifications"]
            while page["more"]:
                page = self.step("hand_out", chunk=chunk, after=page["after"])
                found += page["notifications"]
        for entry in found:
            self.confirm(entry)
        return [json.loads(entry["message"]) for entry in found], behind

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
