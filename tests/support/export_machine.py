"""The export's state machine in moto's interpreter, with functions that answer as a test says."""

import json
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from moto import mock_aws
from moto.awslambda_simple.models import LambdaSimpleBackend

from emulator import Clock
from emulator.moto import clock as moto_clock
from emulator.moto import state_machines

FILE = Path(__file__).parents[2] / "statemachines" / "metric_export.asl.json"
FUNCTIONS = ("Planner", "Unloader", "Publisher", "Tidier")
_ROLE = "arn:aws:iam::123456789012:role/states"
# Waits and retries last as long as they say, on a clock that is this much faster.
_SPEED = 500

Function = Callable[[dict[str, Any]], Any]


class FunctionError(Exception):
    """What a function raises, under the name that Lambda reports."""

    def __init__(self, error_type: str, message: str = "") -> None:
        super().__init__(message)
        self.error_type = error_type


@dataclass
class Ended:
    """How an execution ended."""

    status: str
    output: Any
    error: str
    cause: str
    states: list[str]


@dataclass
class Machine:
    """The deployed machine; set `functions` to what they shall do, keyed by name or name and step."""

    functions: dict[str, Function] = field(default_factory=dict)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    busiest: int = 0
    arn: str = ""
    topic: str = ""
    _running: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def steps(self, name: str) -> list[dict[str, Any]]:
        """The payloads a function was called with."""
        return [payload for called, payload in self.calls if called == name]

    def run(self, **payload: Any) -> Ended:
        """An execution, to its end."""
        states = boto3.client("stepfunctions")
        execution = states.start_execution(
            stateMachineArn=self.arn, name=f"run-{uuid.uuid4()}", input=json.dumps(payload)
        )["executionArn"]
        for _ in range(3000):
            described = states.describe_execution(executionArn=execution)
            if described["status"] != "RUNNING":
                break
            time.sleep(0.01)
        history = states.get_execution_history(executionArn=execution, maxResults=1000)["events"]
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in history
            if "stateEnteredEventDetails" in event
        ]
        output = json.loads(described["output"]) if described.get("output") else None
        return Ended(
            described["status"], output, described.get("error", ""), described.get("cause", ""), entered
        )

    def invoke(self, name: str, payload: dict[str, Any], headers: dict[str, str]) -> bytes:
        """What Lambda does: the function's answer, or its error as an answer with a header."""
        with self._lock:
            self.calls.append((name, payload))
            self._running["all"] += name == "Unloader"
            self.busiest = max(self.busiest, self._running["all"])
        try:
            function = self.functions.get(f"{name}.{payload.get('step')}") or self.functions[name]
            return json.dumps(function(payload)).encode()
        except FunctionError as error:
            headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorMessage": str(error), "errorType": error.error_type}).encode()
        finally:
            with self._lock:
                self._running["all"] -= name == "Unloader"


@contextmanager
def deployed(monkeypatch: Any) -> Iterator[Machine]:
    """The machine of the repository's own file, its tokens given values."""
    machine = Machine()

    def invoke(
        _: Any, function_name: str, __: Any, body: Any, ___: Any, response_headers: dict[str, str]
    ) -> bytes:
        name = function_name.rpartition("-")[2]
        return machine.invoke(name, json.loads(body), response_headers)

    monkeypatch.setattr(LambdaSimpleBackend, "invoke", invoke)
    begun = time.time()
    clock = Clock(lambda: begun + (time.time() - begun) * _SPEED)
    config: Any = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
    with mock_aws(config=config):
        state_machines.load()
        moto_clock.follow(clock)
        machine.topic = boto3.client("sns").create_topic(Name="operators")["TopicArn"]
        tokens = {f"{name}Arn": _create_function(name) for name in FUNCTIONS}
        tokens["OperatorTopicArn"] = machine.topic
        definition = FILE.read_text()
        for token, value in tokens.items():
            definition = definition.replace("${" + token + "}", value)
        machine.arn = boto3.client("stepfunctions").create_state_machine(
            name="metric-export", definition=definition, roleArn=_ROLE
        )["stateMachineArn"]
        try:
            yield machine
        finally:
            state_machines.end_executions()
            moto_clock.follow(Clock())


def _create_function(name: str) -> str:
    role = boto3.client("iam").create_role(RoleName=f"role-{name}", AssumeRolePolicyDocument="{}")["Role"][
        "Arn"
    ]
    return str(
        boto3.client("lambda").create_function(
            FunctionName=f"export-{name}",
            Runtime="python3.13",
            Role=role,
            Handler="h.h",
            Code={"ZipFile": b"x"},
        )["FunctionArn"]
    )
