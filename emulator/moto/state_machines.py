"""moto's interpreter of state machines, made to go by the local clock and to end with the local run.

Loading it takes over a second, so it happens only where there are state machines. Its own waits would last as long as
they say however far the clock is moved, compare UTC with the machine's time zone, and cut up to a second off.
"""

import contextlib
import dataclasses
import functools
import importlib
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import moto
import orjson

from emulator.aws_request import AwsRequest
from emulator.client import local_client
from emulator.cloudwatch.metrics import Metrics
from emulator.iam.credentials import Issuer, issue_operators
from emulator.moto import ACCOUNT_ID, api_tasks
from emulator.moto import clock as moto_clock
from emulator.moto.api_tasks import UrlOf
from emulator.moto.clock import local_now

_PARSER = "moto.stepfunctions.parser"
_WAITS = f"{_PARSER}.asl.component.state.wait.wait_function"
# So soon a wait is over when its execution is stopped.
_SLICE_S = 0.25
_END_S = 5.0
# The longest a function runs.
_TASK_S = 900.0
# Definitions, and paths in them, that are kept parsed.
_DEFINITIONS, _PATHS = 32, 1024
_ENDS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}

_loading = threading.Lock()


class _Tasks:
    """The endpoint that tasks call now, and who gives them the credentials of a role.

    A class with no objects on purpose: moto's modules are one for the whole process.
    """

    endpoint_url = ""
    act_as: Issuer = staticmethod(issue_operators)
    url_of: UrlOf = staticmethod(lambda _: None)
    clients: ClassVar[dict[tuple[str, str, str], Any]] = {}
    moto_client: Any = None
    metrics: Metrics | None = None

    @classmethod
    def call_api(cls, parameters: Mapping[str, Any], role_arn: str) -> api_tasks.ApiAnswer:
        """The answer of an API that is served now."""
        return api_tasks.call_api(parameters, role_arn, cls.url_of, cls.act_as)

    @classmethod
    def client(cls, region: str, service: str, state_credentials: Any) -> Any:
        """A client that calls as the machine's role, or as the state says; moto's own where there is no endpoint."""
        if not cls.endpoint_url:
            return cls.moto_client(region, service, state_credentials)
        role_arn = state_credentials.role_arn
        if (region, service, role_arn) not in cls.clients:
            cls.clients[region, service, role_arn] = local_client(
                service,
                endpoint_url=cls.endpoint_url,
                region=region,
                caller=cls.act_as(role_arn, "stepfunctions"),
                read_timeout_s=_TASK_S,
                validated=False,
            )
        return cls.clients[region, service, role_arn]


def load() -> None:
    """Load the interpreter, the first time this is called."""
    with _loading:
        with _without_batch():
            importlib.import_module(f"{_PARSER}.models")
        wait = importlib.import_module(f"{_WAITS}.wait_function").WaitFunction
        timestamp = importlib.import_module(f"{_WAITS}.timestamp").Timestamp
        if wait._wait_interval is not _wait_interval:
            wait._wait_interval = _wait_interval
            timestamp._get_wait_seconds = _seconds_until
            moto_clock.follow_in_loaded(_PARSER, sleep=_sleep)
            _count_executions()
            _parse_once()
            api_tasks.install(_Tasks.call_api)
            original = importlib.import_module(f"{_PARSER}.asl.utils.boto_client").boto_client_for
            _Tasks.moto_client = staticmethod(original)
            for name, module in list(sys.modules.items()):
                if name.startswith(_PARSER) and getattr(module, "boto_client_for", None) is original:
                    module.boto_client_for = _Tasks.client  # type: ignore[attr-defined]


@contextlib.contextmanager
def _without_batch() -> Iterator[None]:
    """Let one word of moto's Batch be imported without the service, which brings EC2 with it."""
    batch = "moto.batch"
    if batch in sys.modules:
        yield
        return
    package = ModuleType(batch)
    package.__path__ = [str(Path(moto.__file__).with_name("batch"))]
    sys.modules[batch] = package
    try:
        yield
    finally:
        del sys.modules[batch]


@contextlib.contextmanager
def tasks_call(endpoint_url: str, act_as: Issuer, url_of: UrlOf) -> Iterator[None]:
    """Let tasks call the services of this endpoint, and APIs, as their machine's role, until the end."""
    _Tasks.endpoint_url, _Tasks.act_as, _Tasks.url_of = (
        endpoint_url,
        staticmethod(act_as),
        staticmethod(url_of),
    )
    try:
        yield
    finally:
        for client in _Tasks.clients.values():
            client.close()
        _Tasks.clients, _Tasks.endpoint_url = {}, ""


@contextlib.contextmanager
def counted(metrics: Metrics) -> Iterator[None]:
    """Put CloudWatch's metrics of executions into these until the end."""
    _Tasks.metrics = metrics
    try:
        yield
    finally:
        _Tasks.metrics = None


def named(request: AwsRequest) -> AwsRequest:
    """A request to start an execution with a name in it, as AWS gives one where the caller does not.

    moto would take every execution without a name for the same one.
    """
    if request.operation != "StartExecution":
        return request
    parameters = request.json()
    if parameters.get("name"):
        return request
    body = orjson.dumps({**parameters, "name": str(uuid.uuid4())})
    return dataclasses.replace(request, body=body)


def end_executions() -> None:
    """Stop every execution that still runs, and wait until its thread is gone."""
    models = sys.modules.get(f"{_PARSER}.models")
    if models is None:
        return
    for backend in models.stepfunctions_parser_backends[ACCOUNT_ID].values():
        for machine in backend.state_machines:
            for execution in machine.executions:
                environment = getattr(execution.exec_worker, "env", None)
                if environment is not None and environment.is_running():
                    environment.set_stop(stop_date=datetime.now(UTC), cause="The local run ended", error=None)
    threads = importlib.import_module(f"{_PARSER}.utils").TMP_THREADS
    deadline = time.monotonic() + _END_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    threads.clear()


def _parse_once() -> None:
    """Have each definition and path parsed once: moto parses a definition for each execution, longer than it runs.

    What an execution changes stands in its environment alone, as the iterations of one Map share its states, too.
    """
    parser = importlib.import_module(f"{_PARSER}.asl.parse.asl_parser").AmazonStateLanguageParser
    parser.parse = staticmethod(functools.lru_cache(_DEFINITIONS)(parser.parse))
    paths = importlib.import_module(f"{_PARSER}.asl.utils.json_path")
    paths.parse = functools.lru_cache(_PATHS)(paths.parse)  # type: ignore[attr-defined]


def _count_executions() -> None:
    """Have moto's executions counted when they start and when they end.

    https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
    """
    module = importlib.import_module(f"{_PARSER}.backend.execution")
    start, terminated = module.Execution.start, module.BaseExecutionWorkerCommunication.terminated

    def counted_start(self: Any) -> None:
        start(self)
        _count(self, "ExecutionsStarted", 1)

    def counted_end(self: Any) -> None:
        terminated(self)
        execution = self.execution
        took_ms = (execution.stop_date - execution.start_date).total_seconds() * 1000
        _count(execution, _ENDS[execution.exec_status.value], 1)
        _count(execution, "ExecutionTime", took_ms, unit="Milliseconds")

    module.Execution.start = counted_start
    module.BaseExecutionWorkerCommunication.terminated = counted_end


def _count(execution: Any, metric: str, value: float, *, unit: str = "Count") -> None:
    if _Tasks.metrics is not None:
        place = {"StateMachineArn": str(execution.state_machine.arn)}
        _Tasks.metrics.of(execution.region_name).put("AWS/States", metric, value, place, unit=unit)


def _wait_interval(self: Any, env: Any, wait_seconds: float) -> None:  # noqa: ARG001 - stands in for a method
    deadline_s = local_now() + wait_seconds
    while env.is_running() and (left := deadline_s - local_now()) > 0:
        moto_clock.wait(min(left, _SLICE_S))


def _seconds_until(self: Any, env: Any) -> float:
    self.string.eval(env=env)
    text: str = env.stack.pop()
    if not self._is_valid_timestamp_pattern(text):
        failure = importlib.import_module(f"{_PARSER}.asl.component.common.error_name.failure_event")
        raise failure.FailureEventException(self._create_failure_event(env, text))
    return datetime.fromisoformat(text).timestamp() - local_now()


def _sleep(seconds: float) -> None:
    """Sleep for this long by the local clock, which may be moved on the way; retries do."""
    deadline_s = local_now() + seconds
    while (left := deadline_s - local_now()) > 0:
        moto_clock.wait(min(left, _SLICE_S))
