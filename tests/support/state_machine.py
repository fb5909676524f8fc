"""A deployed definition in moto's interpreter: functions that answer as a test says, and calls that fail on request."""

import io
import json
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from emulator import Clock
from emulator.moto import clock as moto_clock
from emulator.moto import state_machines

DEFINITIONS = Path(__file__).parents[2] / "statemachines"
REGION = "us-east-1"
_ROLE = "arn:aws:iam::123456789012:role/states"
_FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:"
# Waits last as long as they say, on a clock that is this much faster.
_SPEED = 500
_RUN_S = 60.0

Function = Callable[[dict[str, Any]], Any]


class FunctionError(Exception):
    """Raised by a test's function: what the state machine sees is an error of this name."""

    def __init__(self, error_type: str, message: str = "") -> None:
        super().__init__(message)
        self.error_type = error_type


@dataclass(frozen=True)
class Ended:
    """An execution's end, and the states it went through, in the order they were entered."""

    status: str
    output: Any
    error: str
    cause: str
    states: list[str]


@dataclass
class Machine:
    """A definition with its tokens.

    `functions` are keyed by name, or by name and step; `faults` are error codes for the next calls of `service:Action`,
    "" lets one pass; `lost` are how many next calls are made and not answered; `action` tells calls apart that are one
    action. Retries wait no time, `pauses` has their seconds.
    """

    arn: str
    action: Callable[[str, Mapping[str, Any]], str]
    functions: dict[str, Function] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    lost: Counter[str] = field(default_factory=Counter)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    busiest: Counter[str] = field(default_factory=Counter)
    _running: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def steps(self, name: str) -> list[dict[str, Any]]:
        """The payloads a function was called with."""
        return [payload for called, payload in self.calls if called == name]

    def run(self, **payload: Any) -> Ended:
        """An execution, to its end."""
        states = boto3.client("stepfunctions", region_name=REGION)
        execution = states.start_execution(
            stateMachineArn=self.arn, name=f"run-{uuid.uuid4()}", input=json.dumps(payload)
        )["executionArn"]
        until = time.monotonic() + _RUN_S
        while (found := states.describe_execution(executionArn=execution))["status"] == "RUNNING":
            assert time.monotonic() < until, "the execution does not end"
            time.sleep(0.03)
        history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in history
            if "stateEnteredEventDetails" in event
        ]
        output = json.loads(found["output"]) if found.get("output") else None
        return Ended(found["status"], output, found.get("error", ""), found.get("cause", ""), entered)

    def call(self, client: Any, action: str, arguments: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer to a call of a service, None where moto shall give it; `ClientError` for a fault."""
        service = client.meta.service_model.service_name
        if (service, action) == ("lambda", "Invoke"):
            name, payload = (
                arguments["FunctionName"].removeprefix(_FUNCTION),
                json.loads(arguments["Payload"]),
            )
            self._fail(f"lambda:{name}.{payload.get('step')}", action)
            return self._invoke(name, payload)
        self._fail(f"{service}:{self.action(action, arguments)}", action)
        return None

    def answered(self, client: Any, action: str, arguments: Mapping[str, Any]) -> None:
        """A `ClientError` for a call that was made if its answer is to be lost."""
        call = f"{client.meta.service_model.service_name}:{self.action(action, arguments)}"
        if self.lost[call] > 0:
            self.lost[call] -= 1
            self.faults[call].insert(0, "InternalServerError")
            self._fail(call, action)

    def _fail(self, call: str, action: str) -> None:
        codes = self.faults.get(call)
        code = codes.pop(0) if codes else ""
        if code:
            metadata = {"HTTPStatusCode": 400, "RequestId": "r"}
            error: Any = {
                "Error": {"Code": code, "Message": "a fault on request"},
                "ResponseMetadata": metadata,
            }
            raise ClientError(error, action)

    def _invoke(self, name: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Lambda's answer: that of the function, or its error as an answer that is marked as one."""
        with self._lock:
            self.calls.append((name, payload))
            self._running[name] += 1
            self.busiest[name] = max(self.busiest[name], self._running[name])
        answer: dict[str, Any] = {"StatusCode": 200}
        try:
            result = (self.functions.get(f"{name}.{payload.get('step')}") or self.functions[name])(payload)
        except FunctionError as error:
            answer["FunctionError"] = "Unhandled"
            result = {"errorMessage": str(error), "errorType": error.error_type}
        finally:
            with self._lock:
                self._running[name] -= 1
        return {**answer, "Payload": io.BytesIO(json.dumps(result).encode())}


@contextmanager
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """moto's AWS with its interpreter, as the emulator runs it, on a fast clock."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    begun = time.time()
    config: Any = {"stepfunctions": {"execute_state_machine": True}}
    with mock_aws(config=config):
        state_machines.load()
        monkeypatch.setattr(state_machines, "_SLICE_S", 5 / _SPEED)
        moto_clock.follow(Clock(lambda: begun + (time.time() - begun) * _SPEED))
        try:
            yield
        finally:
            state_machines.end_executions()
            moto_clock.follow(Clock())


def deploy(
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    functions: Sequence[str],
    tokens: Mapping[str, str],
    action: Callable[[str, Mapping[str, Any]], str] = lambda name, _: name,
) -> Machine:
    """The machine of one of the repository's own files, its tokens given values; the token of a function is NAMEArn."""
    definition = (DEFINITIONS / file).read_text()
    for token, value in {**{f"{name}Arn": f"{_FUNCTION}{name}" for name in functions}, **tokens}.items():
        definition = definition.replace("${" + token + "}", value)
    created = boto3.client("stepfunctions").create_state_machine(
        name=Path(file).stem.partition(".")[0], definition=definition, roleArn=_ROLE
    )
    machine = Machine(created["stateMachineArn"], action)
    original = BaseClient._make_api_call

    def call(client: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        answer = machine.call(client, name, arguments)
        if answer is not None:
            return answer
        found = original(client, name, arguments)
        machine.answered(client, name, arguments)
        return found

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    monkeypatch.setattr(retrier_decl, "time", SimpleNamespace(sleep=machine.pauses.append))
    return machine
