"""The alert functions, their tables, the topic and the state machine over a clock of their own, in any weather.

Everything happens in the order of the clock: batches are read, executions walk the deployed definition call by call,
changes of rules reach their function. Calls are refused, answers lost, functions killed between any two calls, and
executions dropped, as `Weather` says. Who watches is told of each write that succeeded.
"""

import heapq
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol
from unittest import mock

from botocore.exceptions import ClientError, ReadTimeoutError

from handlers import alert_evaluator, rule_changes, window_aggregator
from handlers.adapters.dynamodb import alerts_table, rules_table, windows_table
from handlers.domain.alerts.evaluation.resolver import CLOSED
from handlers.domain.alerts.notifications.stored_alert import AlertKey
from handlers.domain.alerts.rules.rule import Rule
from handlers.domain.alerts.rules.selection import Group, group_key
from handlers.domain.alerts.state.alert import Acknowledgement
from handlers.vocabulary import (
    ALERT_RULES_KEY,
    ALERT_WINDOWS_KEY,
    ALERTS_KEY,
    OPEN_INDEX,
    OPEN_KEY,
    SILENCES_KEY,
)
from tests.support import asl
from tests.support.memory_dynamodb import MemoryDynamoDB, MemoryTables

RULES, WINDOWS, ALERTS, SILENCES = "rules", "windows", "alerts", "silences"
_DEFINITION = Path(__file__).parents[2] / "statemachines" / "alert_evaluation.asl.json"
_TOKENS = {
    "AlertEvaluatorArn": "evaluator",
    "AlertsTableName": ALERTS,
    "AlertTopicArn": "topic",
    "WindowsTableName": WINDOWS,
}
_DEFINITE = ("ThrottledException", "InternalErrorException", "AuthorizationErrorException")
# A record is tried for at most this long; so is a change of a rule, but that world is never so bad.
_PAUSE_S = 2.0


class Killed(BaseException):
    """A function's process is gone, between two of its calls."""


class Watcher(Protocol):
    """Who is told of everything that counts, at the time at which it does."""

    def written(self, shard: str, first: int, last: int, at_s: float) -> None:
        """The windows of a range of records are there, and carry this time."""

    def saved(
        self, by: str, before: Mapping[str, Any], after: Mapping[str, Any], now_s: float, call: Any
    ) -> None:
        """An alert's item was changed by a function, or in a state of the machine."""

    def evaluating(self, payload: Mapping[str, Any]) -> None:
        """The evaluator is called to evaluate."""

    def progressed(self, evaluated_to: str, now_s: float) -> None:
        """An evaluation has come to its end, and noted how far all rules are."""

    def handed_out(self, page: Mapping[str, Any], chunk: Mapping[str, Any], now_s: float) -> None:
        """An execution that was alone since it began to evaluate is to publish the notifications of a page."""

    def published(self, parameters: Mapping[str, Any], now_s: float) -> None:
        """SNS has taken a message."""


@dataclass
class Weather:
    """Troubles: how likely each kind is for a call at the moment."""

    chances: dict[str, float] = field(default_factory=dict)

    def strikes(self, trouble: str, chance: random.Random) -> bool:
        """True if it strikes now."""
        likely = self.chances.get(trouble, 0.0)
        return likely > 0 and chance.random() < likely


@dataclass(frozen=True)
class Settings:
    """A deployment, and how far the clocks of its functions are ahead, in seconds."""

    tick: int
    grace: int
    groups: int = 1_000
    aggregator_ahead: float = 0.0
    evaluator_ahead: float = 0.0

    def variables(self) -> dict[str, str]:
        """The variables of the functions."""
        return {
            "PROJECT": "metrics",
            "ENVIRONMENT": "test",
            "RULES_TABLE": RULES,
            "WINDOWS_TABLE": WINDOWS,
            "ALERTS_TABLE": ALERTS,
            "SILENCES_TABLE": SILENCES,
            "STATE_MACHINE_ARN": "machine",
            "TICK_SECONDS": str(self.tick),
            "GRACE_SECONDS": str(self.grace),
            "MAXIMUM_GROUPS": str(self.groups),
            "OTLP_ATTRIBUTES": "[]",
            "MAGNETIC_RETENTION_DAYS": "30",
            "AWS_REGION": "eu-west-1",
        }


@dataclass
class Execution:
    """An execution of the machine, until it ends or is dropped."""

    number: int
    deadline: float
    is_over: bool = False
    failed: str = ""


@dataclass
class Record:
    """A record of a shard, and whether its windows are known to be there."""

    sequence: int
    arrival_s: float
    body: bytes
    points: Any


class World:
    """A deployment that is moved on event by event."""

    def __init__(self, settings: Settings, now_s: float, seed: int, watcher: Watcher) -> None:
        self.settings = settings
        self.now_s = now_s
        self.chance = random.Random(seed)
        self.weather = Weather()
        self.watcher = watcher
        self.steps = 0
        self.executions: list[Execution] = []
        self.ended: list[Execution] = []
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self.tables = {
            RULES: MemoryDynamoDB(RULES, ALERT_RULES_KEY, {}),
            WINDOWS: MemoryDynamoDB(WINDOWS, ALERT_WINDOWS_KEY, {}),
            ALERTS: MemoryDynamoDB(ALERTS, ALERTS_KEY, {OPEN_INDEX: OPEN_KEY}),
            SILENCES: MemoryDynamoDB(SILENCES, SILENCES_KEY, {}),
        }
        self.dynamodb = MemoryTables(self.tables)
        self._deadly = self._hangs = 0
        # Something that happens while a function hangs between two of its calls.
        self.meanwhile: Callable[[], None] = _nothing
        self._by = ""
        self._step = ""
        # By the clock of the function that is called.
        self._called_at_s = now_s
        self.start_functions()

    def start_functions(self) -> None:
        """Start the functions' processes, which know nothing yet."""
        with _rules_by(lambda: self.now_s):
            aggregator = partial(window_aggregator.build, connect=partial(self._connect, "aggregator"))
            self.aggregator = self._build("aggregator", aggregator, self.settings.aggregator_ahead)
            self.evaluator = self._build("evaluator", alert_evaluator.build, self.settings.evaluator_ahead)
            self.resolver = self._build("resolver", rule_changes.build, self.settings.evaluator_ahead)

        evaluator = replace(self.evaluator.evaluator, stopwatch=lambda: self.now_s)
        self.evaluator = replace(self.evaluator, evaluator=evaluator)

    def _build(self, name: str, build: Callable[..., Any], ahead: float) -> Any:
        connect = partial(self._connect, name, "dynamodb")
        return build(self.settings.variables(), connect_dynamodb=connect, clock=lambda: self.now_s + ahead)

    # Events

    def after(self, seconds: float, event: Callable[[], None]) -> None:
        """Has something happen so much later."""
        heapq.heappush(self._events, (self.now_s + seconds, next(self._numbers), event))

    def run_until(self, time_s: float) -> None:
        """Moves on to a time, through all that happens before it."""
        while self._events and self._events[0][0] <= time_s:
            at, _, event = heapq.heappop(self._events)
            self.now_s = max(self.now_s, at)
            self.steps += 1
            event()
        self.now_s = max(self.now_s, time_s)

    # Functions

    def process(self, shard: str, records: Sequence[Record]) -> bool:
        """True if the aggregator has dealt with a batch."""
        event = {"Records": [_kinesis(shard, record) for record in records]}
        answer = self._invoke("aggregator", lambda: self.aggregator.aggregate(event, 60.0))
        return answer is not None and not answer["batchItemFailures"]

    def evaluate(self, payload: dict[str, Any]) -> Any:
        """The evaluator's answer to a step."""
        self._step = payload["step"]
        if self._step == "evaluate":
            self.watcher.evaluating(payload)
        hangs = self._hangs
        answer = self._invoke("evaluator", lambda: self.evaluator.answer(json.loads(json.dumps(payload))))
        if answer is None:
            raise asl.StateError("Lambda.Unknown")
        if payload["step"] == "evaluate" and hangs == self._hangs and not answer.get("behind"):
            self.watcher.handed_out(answer, payload["chunk"], self._called_at_s)
        return json.loads(json.dumps(answer))

    def resolve(self, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> bool:
        """True if the function of rule changes has dealt with one."""
        change: dict[str, Any] = {"SequenceNumber": "1"}
        change |= {"OldImage": old} if old else {}
        change |= {"NewImage": new} if new else {}
        event = {"Records": [{"dynamodb": change}]}
        answer = self._invoke("resolver", lambda: self.resolver.resolve(event))
        return answer is not None and not answer["batchItemFailures"]

    def close(self, rule: Rule, group: Group) -> bool:
        """True if an operator has closed a group's alert, or forgotten a group that has none."""

        def call() -> bool:
            found = self.resolver.resolver.alerts.load([AlertKey(rule.key, group_key(group))])
            for stored in found:
                self.resolver.resolver.end(stored, CLOSED, self.now_s)
            if not found:
                self.resolver.resolver.forget(rule, group, self.now_s)
            return True

        return bool(self._invoke("operator", call))

    def acknowledge(self, rule: Rule, group: Group, by: Acknowledgement | None) -> bool:
        """True if somebody knows of a group's alert now, or nobody any more."""

        def call() -> bool:
            found = self.resolver.resolver.alerts.load([AlertKey(rule.key, group_key(group))])
            return any(self.resolver.resolver.acknowledge(stored, by, int(self.now_s)) for stored in found)

        return bool(self._invoke("reader", call))

    def _invoke(self, name: str, call: Callable[[], Any]) -> Any:
        """The answer of a function, None if it failed, was killed, or could not be invoked."""
        if self.weather.strikes(f"{name} down", self.chance):
            return None
        self._by, was = name, self._by
        clocks = {"aggregator": self.settings.aggregator_ahead, "operator": 0.0, "reader": 0.0}
        ahead = clocks.get(name, self.settings.evaluator_ahead)
        self._called_at_s = self.now_s + ahead
        if self.weather.strikes(f"{name} dies", self.chance):
            self._deadly = self.chance.randint(1, 12)
        try:
            return call()
        except (Killed, Exception) as error:
            if not isinstance(error, Killed) and not _is_weather(error):
                raise
            return None
        finally:
            self._by, self._deadly = was, 0

    # Executions

    def start(self, payload: Mapping[str, Any]) -> Execution:
        """An execution that has begun."""
        execution = Execution(len(self.executions), self.now_s + the_machine()["TimeoutSeconds"])
        self.executions.append(execution)
        path = asl.walk(the_machine(), dict(payload), self.chance)

        def ended(_: Any, error: Exception | None) -> None:
            execution.is_over = True
            execution.failed = "" if error is None else str(error)
            self.ended.append(execution)

        self.after(self._latency(), lambda: self._resume(execution, path, None, None, ended))
        return execution

    def _resume(
        self,
        execution: Execution,
        path: asl.Path,
        value: Any,
        error: asl.StateError | None,
        done: Callable[[Any, Exception | None], None],
    ) -> None:
        """Goes on with an execution, or with one of its branches, to where it next waits for something."""
        if execution.is_over:
            return
        if self.now_s > execution.deadline or self.weather.strikes("execution dies", self.chance):
            execution.is_over, execution.failed = True, "dropped"
            self.ended.append(execution)
            return
        try:
            wanted = path.throw(error) if error is not None else path.send(value)
        except StopIteration as stop:
            done(stop.value, None)
            return
        except (asl.FailedError, asl.StateError) as failure:
            done(None, failure)
            return
        go_on = partial(self._resume, execution, path, done=done)
        match wanted:
            case asl.Pause(seconds):
                self.after(seconds, partial(go_on, None, None))
            case asl.Call():
                self.after(self._latency(), lambda: self._perform(execution, wanted, go_on))
            case asl.Branches(paths, most):
                self._branch(execution, list(paths), most, go_on)

    def _branch(
        self, execution: Execution, paths: list[asl.Path], most: int, go_on: Callable[..., None]
    ) -> None:
        """Goes through the branches of a Map, so many at a time; the first that fails fails it."""
        outputs: list[Any] = [None] * len(paths)
        waiting = list(enumerate(paths))
        left = len(paths)
        failed = False

        def done(number: int, value: Any, error: Exception | None) -> None:
            nonlocal left, failed
            if failed:
                return
            if error is not None:
                failed = True
                go_on(None, error if isinstance(error, asl.StateError) else asl.StateError(str(error)))
                return
            outputs[number] = value
            left -= 1
            if waiting:
                begin()
            elif not left:
                go_on(outputs, None)

        def begin() -> None:
            number, path = waiting.pop(0)
            self.after(
                self._latency(), lambda: self._resume(execution, path, None, None, partial(done, number))
            )

        if not paths:
            self.after(0, partial(go_on, [], None))
        for _ in range(min(most, len(paths))):
            begin()

    def _perform(self, execution: Execution, call: asl.Call, go_on: Callable[..., None]) -> None:
        """Makes a task's call and goes on with its answer."""
        if execution.is_over:
            return
        try:
            answer = self.answer(call)
        except asl.StateError as error:
            self.after(self._latency(), partial(go_on, None, error))
        else:
            self.after(self._latency(), partial(go_on, answer, None))

    def answer(self, call: asl.Call, deadly: int = 0) -> Any:
        """The answer to a task's call; its function is killed at the so many-th call of its own."""
        self._deadly = deadly
        match call.resource.removeprefix("arn:aws:states:::"):
            case "lambda:invoke":
                return {"Payload": self.evaluate(call.parameters["Payload"])}
            case "dynamodb:updateItem":
                self._by, self._step, self._called_at_s = "machine", call.state, self.now_s
                try:
                    return self._call("dynamodb", "update_item", **call.parameters)
                except ClientError as error:
                    raise asl.StateError(f"DynamoDB.{error.response['Error']['Code']}") from error
                except ReadTimeoutError as error:
                    raise asl.StateError("States.Timeout") from error
                finally:
                    self._by = ""
            case "sns:publish":
                if self.weather.strikes("topic refuses", self.chance):
                    raise asl.StateError(f"SNS.{self.chance.choice(_DEFINITE)}")
                self.watcher.published(call.parameters, self.now_s)
                if self.weather.strikes("topic's answer is lost", self.chance):
                    raise asl.StateError("States.Timeout")
                return {}
        raise AssertionError(call.resource)

    # Clients

    def _connect(self, function: str, service: str, **_: Any) -> Any:
        return _Client(self, service)

    def _call(self, service: str, operation: str, **arguments: Any) -> Any:
        """The answer of a service to a function: it may refuse, and its answer may be lost."""
        if self._deadly == 1:
            raise Killed
        self._deadly = max(0, self._deadly - 1)
        self.steps += 1
        if self._by == "aggregator" and self.weather.strikes("aggregator hangs", self.chance):
            self.weather.chances.pop("aggregator hangs")
            self.meanwhile()
        if self._by == "evaluator" and self.weather.strikes("evaluator hangs", self.chance):
            self._hang()
        slow = self._by == "evaluator" and self.weather.strikes("evaluator slow", self.chance)
        self.now_s += self.chance.choice((0.5, 1.0, 2.0)) if slow else 0.002
        if service == "stepfunctions":
            if self.weather.strikes("machine refuses", self.chance):
                raise _refusal(operation)
            self.start(json.loads(arguments["input"]))
            return {}
        table = _table_of(operation, arguments)
        kind = "reads" if operation in {"get_item", "batch_get_item", "query", "scan"} else "writes"
        if self.weather.strikes(f"{table} refuses {kind}", self.chance):
            raise _refusal(operation)
        before = self._before(operation, table, arguments)
        answer = getattr(self.dynamodb, operation)(**arguments)
        if kind == "writes":
            self._tell(operation, table, before, arguments)
            if self.weather.strikes(f"{table}'s answer is lost", self.chance):
                raise ReadTimeoutError(endpoint_url=table)
        return answer

    def _hang(self) -> None:
        """Lets some seconds pass for all others, between two calls of a function."""
        self.weather.chances.pop("evaluator hangs")
        self._hangs += 1
        was = self._by, self._step, self._called_at_s, self._deadly
        if self.chance.random() < 0.5:
            self.start({"source": "sweep"})
        self.run_until(self.now_s + self.chance.choice((0.5, 2, 5, 20, 50)))
        self._by, self._step, self._called_at_s, self._deadly = was

    def _before(self, operation: str, table: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if operation != "update_item" or table != ALERTS:
            return {}
        return self.tables[table].get_item(
            TableName=table, Key=arguments["Key"], ConsistentRead=True
        ).get("Item", {})  # fmt: skip

    def _tell(
        self, operation: str, table: str, before: Mapping[str, Any], arguments: Mapping[str, Any]
    ) -> None:
        """Tell the watcher what was written."""
        if table == ALERTS:
            after = self.tables[table].get_item(TableName=table, Key=arguments["Key"], ConsistentRead=True)
            self.watcher.saved(
                self._by, before, after.get("Item", {}), self._called_at_s, (self._step, arguments)
            )
        elif table == WINDOWS and operation in {"put_item", "transact_write_items"}:
            puts = arguments.get("TransactItems") or [{"Put": arguments}]
            for item in (put["Put"]["Item"] for put in puts):
                source = item[ALERT_WINDOWS_KEY[1]]["S"]
                shard, *rest = source.split("#")
                if rest and "-" in rest[0] and shard.startswith("shardId"):
                    first, _, last = rest[0].partition("-")
                    self.watcher.written(shard, int(first), int(last), int(item["written_at"]["N"]) / 1000)
        elif table == WINDOWS and arguments["Key"][ALERT_WINDOWS_KEY[1]]["S"] == "progress":
            values = arguments["ExpressionAttributeValues"]
            self.watcher.progressed(values[":progress"]["S"], self._called_at_s)

    def _latency(self) -> float:
        return self.chance.choice((0.01, 0.03, 0.1, 0.4))


class _Client:
    """A client of a function: each of its calls is one of the world's."""

    def __init__(self, world: World, service: str) -> None:
        self._world, self._service = world, service

    def __getattr__(self, operation: str) -> Any:
        return partial(self._world._call, self._service, operation)


class _OneByOne:
    """An executor that starts no threads: they would take most of a model's time, and make no run repeatable."""

    def __init__(self, _: int) -> None:
        self.map = map

    def __enter__(self) -> "_OneByOne":
        return self

    def __exit__(self, *_: object) -> None:
        return None


@contextmanager
def _rules_by(clock: Callable[[], float]) -> Iterator[None]:
    """Has rules grow old by a clock that is told, and not by the machine's."""
    function: Any = rules_table.RulesTable.__init__
    was = function.__defaults__
    function.__defaults__ = (clock, *was[1:])
    try:
        yield
    finally:
        function.__defaults__ = was


@contextmanager
def one_thread(clock: Callable[[], float], sleep: Callable[[float], None]) -> Iterator[None]:
    """Has the adapters' reads and writes one after another, on a clock that is told; nothing is logged."""
    handlers = (alert_evaluator, window_aggregator, rule_changes)
    with (
        mock.patch.object(alerts_table, "ThreadPoolExecutor", _OneByOne),
        mock.patch.object(windows_table, "ThreadPoolExecutor", _OneByOne),
        mock.patch.object(windows_table, "time", SimpleNamespace(sleep=sleep, time=clock)),
        mock.patch.multiple(handlers[0], write_lines=_silent),
        mock.patch.multiple(handlers[1], write_lines=_silent),
        mock.patch.multiple(handlers[2], write_lines=_silent),
    ):
        yield


def _nothing() -> None:
    """Nothing happens."""


def _silent(_: object) -> None:
    """Logs nothing."""


@cache
def the_machine() -> dict[str, Any]:
    """The deployed definition, with the names of this world."""
    definition = _DEFINITION.read_text(encoding="utf-8")
    for token, value in _TOKENS.items():
        definition = definition.replace("${" + token + "}", value)
    assert "${" not in definition
    found: dict[str, Any] = json.loads(definition)
    return found


def _table_of(operation: str, arguments: Mapping[str, Any]) -> str:
    if operation == "batch_get_item":
        return str(next(iter(arguments["RequestItems"])))
    if operation == "transact_write_items":
        return str(next(iter(arguments["TransactItems"]))["Put"]["TableName"])
    return str(arguments["TableName"])


def _refusal(operation: str) -> ClientError:
    answer: Any = {
        "Error": {"Code": "ThrottlingException"},
        "ResponseMetadata": {"HTTPStatusCode": 400},
    }
    return ClientError(answer, operation)


def _is_weather(error: Exception) -> bool:
    """True for what the weather does, as a function's own code passes it on."""
    known = {"TransientError", "ThrottledError", "ReadTimeoutError"}
    if isinstance(error, ClientError):
        return str(error.response["Error"]["Code"]) == "ThrottlingException"
    return type(error).__name__ in known


def _kinesis(shard: str, record: Record) -> dict[str, Any]:
    from base64 import b64encode

    return {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": f"json/-/{record.sequence}",
            "sequenceNumber": str(record.sequence),
            "data": b64encode(record.body).decode(),
            "approximateArrivalTimestamp": record.arrival_s,
        },
        "eventID": f"{shard}:{record.sequence}",
    }
