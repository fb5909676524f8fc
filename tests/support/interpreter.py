"""Runs the deployed definitions in moto's interpreter, with functions of the test's own and failures on request."""

import io
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service import (
    state_task_service_dynamodb,
    state_task_service_sns,
)

DEFINITIONS = Path("statemachines")
REGION = "us-east-1"
_ROLE = "arn:aws:iam::123456789012:role/machine"
_CALLERS = (lambda_eval_utils, state_task_service_dynamodb, state_task_service_sns)
_SECONDS = 60.0

Function = Callable[[dict[str, Any]], Any]


class FunctionError(Exception):
    """Raised by a test's function: what the state machine sees is an error of this name."""


@dataclass(frozen=True)
class Ended:
    """An execution's end, and the states it went through, in the order they were entered."""

    status: str
    output: Any
    error: str
    entered: list[str]


@dataclass
class Interpreter:
    """One definition with its tokens; `functions` are called by ARN, `faults` fail calls by `service:action`."""

    file: str
    tokens: Mapping[str, str]
    functions: dict[str, Function] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    calls: list[tuple[str, Any]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def run(self, payload: Any) -> Ended:
        """Start an execution and wait for its end."""
        states = boto3.client("stepfunctions", region_name=REGION)
        definition = re.sub(
            r"\$\{(\w+)\}", lambda token: self.tokens[token[1]], (DEFINITIONS / self.file).read_text()
        )
        number = len(self.calls)
        machine = states.create_state_machine(
            name=f"machine-{time.monotonic_ns()}-{number}", definition=definition, roleArn=_ROLE
        )["stateMachineArn"]
        arn = states.start_execution(stateMachineArn=machine, name="run", input=json.dumps(payload))[
            "executionArn"
        ]
        until = time.monotonic() + _SECONDS
        while (found := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
            assert time.monotonic() < until, "the execution does not end"
            time.sleep(0.01)
        history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
        entered = [
            event["stateEnteredEventDetails"]["name"]
            for event in history
            if "stateEnteredEventDetails" in event
        ]
        output = json.loads(found["output"]) if found.get("output") else None
        return Ended(found["status"], output, found.get("error", ""), entered)

    def client(self, region: str, service: str, **_: Any) -> Any:
        """What the interpreter calls services with."""
        if service == "lambda":
            return _Functions(self)
        return _Faulty(self, service, boto3.client(service, region_name=region))


@dataclass
class _Functions:
    interpreter: Interpreter

    def invoke(self, *, FunctionName: str, Payload: Any) -> dict[str, Any]:  # noqa: N803 -- AWS's names
        payload = json.loads(Payload)
        self.interpreter.calls.append((FunctionName, payload))
        _fail(self.interpreter.faults[f"lambda:{payload.get('step', '')}"], "Invoke")
        answer: dict[str, Any] = {"StatusCode": 200}
        try:
            result = self.interpreter.functions[FunctionName](payload)
        except FunctionError as error:
            answer["FunctionError"] = "Unhandled"
            result = {"errorType": str(error), "errorMessage": ""}
        return {**answer, "Payload": io.BytesIO(json.dumps(result).encode())}


@dataclass
class _Faulty:
    interpreter: Interpreter
    service: str
    client: Any

    def __getattr__(self, action: str) -> Callable[..., Any]:
        def call(**arguments: Any) -> Any:
            name = f"{self.service}:{_name(action, arguments)}"
            self.interpreter.calls.append((name, arguments))
            _fail(self.interpreter.faults[name], action)
            return getattr(self.client, action)(**arguments)

        return call


def _name(action: str, arguments: Mapping[str, Any]) -> str:
    """A claim from a confirmation, which are the same action."""
    target = re.search(r"\.(claimed_at|confirmed_at) = :now", arguments.get("UpdateExpression", ""))
    return {"claimed_at": "claim", "confirmed_at": "confirm"}[target[1]] if target else action


def _fail(faults: list[str], operation: str) -> None:
    if faults:
        code = faults.pop(0)
        if code:
            metadata = {"HTTPStatusCode": 400, "RequestId": "r"}
            error = {"Error": {"Code": code, "Message": "a fault on request"}, "ResponseMetadata": metadata}
            raise ClientError(error, operation)


@contextmanager
def interpreting(interpreter: Interpreter) -> Iterator[None]:
    """AWS in moto; retries wait no time, but how long they would have is noted."""
    config: Any = {"stepfunctions": {"execute_state_machine": True}}
    pauses = mock.Mock(side_effect=interpreter.pauses.append)
    with mock_aws(config=config), mock.patch.object(retrier_decl, "time", mock.Mock(sleep=pauses)):
        patches = [mock.patch.object(module, "boto_client_for", interpreter.client) for module in _CALLERS]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()
