"""Starts and ends the local AWS: its endpoint, its Timestream engine, and the stacks of each region."""

import contextlib
import functools
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from emulator.admin_api import AdminApi, StatusProvider
from emulator.apigateway.execute_api import OnAnswer
from emulator.apigateway.server import LOOPBACK, Gateway, serve_gateway
from emulator.athena.executions import Executions
from emulator.athena.running import MakeEngine, Runs
from emulator.athena.service import Athena
from emulator.client import local_client
from emulator.clock import Clock
from emulator.cloudformation.deploy import deploy
from emulator.cloudformation.deployment import Deployment
from emulator.cloudformation.resources.context import Context
from emulator.cloudformation.stacks import Stacks
from emulator.cloudwatch.alarms import AlarmEvaluator, Tell
from emulator.cloudwatch.metrics import Metrics
from emulator.endpoint import Endpoint
from emulator.faults import Faults
from emulator.http_server import HttpServer
from emulator.iam.access import Access, Policies
from emulator.iam.credentials import OPERATOR
from emulator.kinesis.service import Kinesis
from emulator.lambda_.api import Invoker, LambdaApi
from emulator.lambda_.invocation import InvokeResult, refused
from emulator.lambda_.service import Functions, start_functions
from emulator.moto import ACCOUNT_ID, kept_alarms, kinesis_streams, policies, state_machines
from emulator.moto import clock as moto_clock
from emulator.moto import cloudwatch as moto_cloudwatch
from emulator.moto import topics as moto_topics
from emulator.moto.app import MotoApp
from emulator.scheduler.schedules import Schedules, load_schedules
from emulator.sns.deliveries import Deliveries
from emulator.sns.deliveries import Endpoint as Subscriber
from emulator.timestream_process import NoTimestream, TimestreamProcess, free_port, timestream_command
from emulator.writes import Writes

_BEFORE_JUMP_S = 10.0
# Of the age at which a record is given up: many smaller moves in a row make a large one.
_SHARE_OF_AGE = 0.1
_BODY_LIMIT_BYTES = 1024 * 1024 * 1024

EngineCommand = Callable[[int, Path, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class FromOutput:
    """A parameter's value that an earlier stack of the same region puts out."""

    stack: str
    output: str


@dataclass(frozen=True, slots=True)
class StackTemplate:
    """A stack to create in every region."""

    name: str
    body: Mapping[str, Any]
    parameters: Mapping[str, str | FromOutput] = field(default_factory=dict)


class Cloud:
    """The running local AWS; a context manager that closes it."""

    def __init__(
        self,
        *,
        access: Access,
        admin: AdminApi,
        clock: Clock,
        deliveries: Deliveries,
        endpoint: Endpoint,
        engine: TimestreamProcess | NoTimestream,
        functions: LambdaApi,
        kinesis: Kinesis,
        metrics: Metrics,
        stacks: Stacks,
        url: str,
        writes: Writes,
    ) -> None:
        self.endpoint_url = url
        self.deployments: dict[str, Deployment] = {}
        self.clock = clock
        self._closing = contextlib.ExitStack()
        self._access = access
        self._admin = admin
        self._deliveries = deliveries
        self._endpoint = endpoint
        self._engine = engine
        self._functions = functions
        self._kinesis = kinesis
        self._metrics = metrics
        self._running: dict[str, Functions] = {}
        self._stacks = stacks
        self._writes = writes
        admin.before_jump(self.clear_streams)
        admin.add_status("timestream", lambda: engine.control("GET", "/_local/status")[1])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def client(self, service: str, region: str, *, role_arn: str = "") -> Any:
        """An SDK client of a service in a region, the operator's or a role's; close it when done."""
        caller = self._access.issue(role_arn, "client") if role_arn else OPERATOR
        return local_client(service, endpoint_url=self.endpoint_url, region=region, attempts=4, caller=caller)

    def start_functions(self, region: str, *, code: Path, runtime: Path, logs: Path) -> Functions:
        """Run a region's functions and event source mappings until the end; Lambda's API invokes them.

        `code` is the folder that every function's handler is found in, `runtime` one with AWS's runtime client
        (`pip install --target RUNTIME awslambdaric`), `logs` where each function's lines go.
        Raises UnsupportedFunctionError.
        """
        functions = start_functions(
            self.deployments[region],
            endpoint_url=self.endpoint_url,
            clock=self.clock,
            code=code,
            runtime=runtime,
            logs=logs,
            endpoint=self._endpoint,
            act_as=self._access.issue,
            metrics=self._metrics.of(region),
            writes=self._writes,
        )
        self._closing.callback(functions.close)
        self._running[region] = functions
        self._functions.invoke_with(self._invoke)
        return functions

    def serve_api(
        self,
        region: str,
        *,
        port: int = 0,
        on_answer: OnAnswer = lambda _: None,
        source_ip: str = LOOPBACK,
    ) -> Gateway:
        """Serve a region's REST API on 127.0.0.1 until the end; `on_answer` is called with every answer.

        The API's policy is held against `source_ip`, wherever a request comes from.

        Raises UnsupportedApiError and PortInUseError.
        """
        gateway = serve_gateway(
            self.deployments[region],
            port=port,
            endpoint_url=self.endpoint_url,
            clock=self.clock,
            act_as=self._access.issue,
            on_answer=on_answer,
            source_ip=source_ip,
            metrics=self._metrics.of(region),
        )
        self._closing.callback(gateway.close)
        return gateway

    def start_schedules(self, region: str) -> Schedules:
        """Fire a region's schedules until the end. Raises UnsupportedScheduleError."""
        found = load_schedules(self.deployments[region])
        schedules = Schedules(
            found,
            functools.cache(lambda role: self.client("stepfunctions", region, role_arn=role)),
            self.clock,
            self._metrics.of(region),
        )
        self._closing.callback(schedules.close)
        return schedules.start()

    def subscribers(self, region: str) -> Mapping[str, Subscriber]:
        """The counts of a region's subscribers that had a notification, by endpoint."""
        return self._deliveries.status(region)

    def add_status(self, name: str, provider: StatusProvider) -> None:
        """Show what `provider` returns (anything JSON can hold) under this name at `/_local/status`."""
        self._admin.add_status(name, provider)

    def status(self) -> dict[str, Any]:
        """The JSON object that `/_local/status` shows."""
        return self._admin.status()

    def invoke_with(self, invoker: Invoker) -> None:
        """Let this function run whatever is invoked through Lambda's API, in the place of functions in processes."""
        self._functions.invoke_with(invoker)

    def publish(self, deployment: Deployment) -> None:
        """Show a deployment to callers of CloudFormation and Lambda; a replaced one may have other outputs.

        PermissionMissingError names a resource whose role lacks what AWS asks for.
        """
        self._access.publish(deployment)
        self._stacks.publish(deployment)
        self._functions.publish(deployment)

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 at which its endpoint listens."""
        return int(self.endpoint_url.rpartition(":")[2])

    @contextlib.contextmanager
    def clear_streams(self, jump_s: float) -> Iterator[bool]:
        """Hold the writes to streams while the clock is moved by so much; True once what is on them was dealt with.

        A move that makes no record too old waits for nothing. What a fault holds up is waited for a few seconds only:
        then it grows old, as it would.
        """
        running = [
            functions
            for functions in self._running.values()
            if jump_s >= functions.least_record_age_s * _SHARE_OF_AGE
        ]
        if not running:
            yield True
            return
        until_s = time.monotonic() + _BEFORE_JUMP_S
        with self._kinesis.held():
            empty = [functions.drain(max(0.1, until_s - time.monotonic())) for functions in running]
            yield all(empty)

    def check(self) -> None:
        """Raise EngineError when a part of the local AWS has ended by itself."""
        self._engine.check()

    def keep(self, closing: contextlib.ExitStack) -> None:
        """Take over the parts that have to be ended with the local AWS."""
        self._closing = closing

    def close(self) -> None:
        """End everything: no thread, process or port is left."""
        self._closing.close()

    def _invoke(self, region: str, name: str, payload: bytes, kind: str) -> InvokeResult:
        if region not in self._running:
            return refused(500, "ServiceException", f"No function runs in {region}")
        if kind == "Event":
            self._running[region].invoke_later(name, payload)
            return InvokeResult(b"", status=202)
        return self._running[region].invoke(name, payload)


def _make_athena() -> Runs:
    from emulator.athena.engine import Engine  # noqa: PLC0415 - large, and many runs ask nothing

    return Engine()


def start(
    regions: Sequence[str],
    templates: Sequence[StackTemplate],
    *,
    data_dir: Path,
    aws_port: int = 0,
    clock: Clock | None = None,
    engine: EngineCommand | None = timestream_command,
    make_athena: MakeEngine = _make_athena,
) -> Cloud:
    """Start the local AWS and create the stacks, in order, in each region; the last one is a region's deployment.

    `data_dir` keeps what Timestream stores, which is not there if `engine` is None; port 0 takes a free one.
    Raises PortInUseError, EngineError, TemplateError or PermissionMissingError, each a line to show, with nothing left
    running.
    """
    with contextlib.ExitStack() as closing:
        cloud = _start_endpoint(
            aws_port, data_dir, clock or Clock(), engine, make_athena, closing, _types(templates), regions
        )
        for region in regions:
            cloud.deployments[region] = _create_stacks(cloud, region, templates)
        cloud.keep(closing.pop_all())
    return cloud


def _start_endpoint(
    aws_port: int,
    data_dir: Path,
    clock: Clock,
    command: EngineCommand | None,
    make_athena: MakeEngine,
    closing: contextlib.ExitStack,
    types: Set[str],
    regions: Sequence[str],
) -> Cloud:
    server = HttpServer(aws_port, name="aws-endpoint", body_limit=_BODY_LIMIT_BYTES, clock=clock)
    closing.callback(server.close)
    # The engine loads while moto does: it is the slowest part of the start.
    engine = _start_engine(server.url, data_dir, command) if command else NoTimestream()
    closing.callback(engine.close)
    executions = Executions()
    access = Access(
        ACCOUNT_ID,
        Policies(policies.role_policies, policies.trust_policy, policies.resource_policy),
        executions.work_group_of,
    )
    closing.enter_context(state_machines.tasks_call(server.url, access.issue))
    moto_clock.follow(clock)
    closing.callback(moto_clock.follow, Clock())
    closing.enter_context(kinesis_streams.installed())
    moto = MotoApp()
    closing.callback(moto.close)
    metrics = Metrics(clock)
    closing.enter_context(moto_cloudwatch.installed(metrics))
    closing.enter_context(state_machines.counted(metrics))
    deliveries = Deliveries(clock, metrics)
    closing.callback(deliveries.close)
    closing.enter_context(moto_topics.installed(deliveries, metrics))
    faults, functions, stacks, writes = Faults(), LambdaApi(), Stacks(clock), Writes()
    kinesis = Kinesis(clock, metrics)
    admin = AdminApi(access, clock, faults, engine, regions)
    athena = Athena(
        make_engine=make_athena,
        executions=executions,
        endpoint_url=server.url,
        clock=clock,
        metrics=metrics,
        others=moto.answer,
    )
    endpoint = Endpoint(
        access=access,
        admin=admin,
        athena=athena,
        engine=engine,
        faults=faults,
        functions=functions,
        kinesis=kinesis,
        metrics=metrics,
        moto=moto,
        stacks=stacks,
        writes=writes,
    )
    server.start(endpoint)
    closing.callback(athena.close)
    closing.callback(endpoint.close)
    if "AWS::StepFunctions::StateMachine" in types:
        state_machines.load()  # while the engine is not ready anyway
    engine.wait_until_ready()
    engine.follow(clock, closing)
    alarms = AlarmEvaluator(metrics, clock, kept_alarms.alarms, _topics(server.url))
    closing.callback(alarms.close)
    alarms.start()
    return Cloud(
        access=access,
        admin=admin,
        clock=clock,
        deliveries=deliveries,
        endpoint=endpoint,
        engine=engine,
        functions=functions,
        kinesis=kinesis,
        metrics=metrics,
        stacks=stacks,
        url=server.url,
        writes=writes,
    )


def _topics(endpoint_url: str) -> Tell:
    """A publisher to topics, for CloudWatch."""
    client = functools.cache(functools.partial(local_client, "sns", endpoint_url=endpoint_url))

    def tell(region: str, topic: str, subject: str, message: str) -> None:
        client(region=region).publish(TopicArn=topic, Subject=subject, Message=message)

    return tell


def _types(templates: Sequence[StackTemplate]) -> Set[str]:
    return {
        str(resource.get("Type"))
        for template in templates
        for resource in template.body.get("Resources", {}).values()
    }


def _start_engine(endpoint_url: str, data_dir: Path, command: EngineCommand) -> TimestreamProcess:
    port = free_port()
    environment = {
        **os.environ,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "PYTHONPATH": str(Path(__file__).resolve().parents[1]),
    }
    return TimestreamProcess(
        port,
        command(port, data_dir / "timestream", endpoint_url),
        log=data_dir / "timestream.log",
        environment=environment,
    )


def _create_stacks(cloud: Cloud, region: str, templates: Sequence[StackTemplate]) -> Deployment:
    created: dict[str, Deployment] = {}
    for template in templates:
        with contextlib.closing(
            Context(region=region, stack_name=template.name, endpoint_url=cloud.endpoint_url)
        ) as context:
            parameters = {
                name: created[value.stack].outputs[value.output] if isinstance(value, FromOutput) else value
                for name, value in template.parameters.items()
            }
            created[template.name] = deploy(template.body, context=context, parameters=parameters)
        cloud.publish(created[template.name])
    return created[templates[-1].name]
