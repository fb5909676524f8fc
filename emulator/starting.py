"""Starts the local AWS: its endpoint, its Timestream engine, and the stacks of each region."""

import contextlib
import functools
import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.admin_api import AdminApi
from emulator.apigateway.service import RestApis
from emulator.athena.executions import Executions
from emulator.athena.running import MakeEngine, Runs
from emulator.athena.service import Athena
from emulator.client import local_client
from emulator.clock import Clock
from emulator.cloud import Cloud
from emulator.cloudformation.deploy import deploy
from emulator.cloudformation.deployment import Deployment
from emulator.cloudformation.resources.context import Context
from emulator.cloudformation.stacks import Stacks
from emulator.cloudwatch.alarms import AlarmEvaluator, Tell
from emulator.cloudwatch.metrics import Metrics
from emulator.endpoint import Endpoint
from emulator.faults import Faults
from emulator.faults.controls import FaultControls
from emulator.http_server import HttpServer
from emulator.iam.access import Access, Policies
from emulator.kinesis.service import Kinesis
from emulator.lambda_.api import LambdaApi
from emulator.moto import ACCOUNT_ID, kept_alarms, kinesis_streams, policies, state_machines
from emulator.moto import clock as moto_clock
from emulator.moto import cloudwatch as moto_cloudwatch
from emulator.moto import topics as moto_topics
from emulator.moto.app import MotoApp
from emulator.sns.deliveries import Deliveries
from emulator.sns.invoking import invoker
from emulator.timestream_process import NoTimestream, TimestreamProcess, free_port, timestream_command
from emulator.writes import Writes

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
    executions, functions = Executions(), LambdaApi()

    def resource_policy(arn: str) -> policies.Document | None:
        return functions.policy(arn) if arn.startswith("arn:aws:lambda:") else policies.resource_policy(arn)

    access = Access(
        ACCOUNT_ID,
        Policies(policies.role_policies, policies.trust_policy, resource_policy),
        executions.work_group_of,
    )
    rest_apis = RestApis()
    closing.enter_context(state_machines.tasks_call(server.url, access.issue, rest_apis.url))
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
    faults, stacks, writes = Faults(), Stacks(clock), Writes()
    invoke = invoker(server.url, access.issue_to_service)
    closing.enter_context(moto_topics.installed(deliveries, metrics, faults, invoke))
    kinesis = Kinesis(clock, metrics)
    named = {"function": functions.names, "subscription": moto_topics.subscriptions}
    controls = FaultControls(faults, engine, regions, named)
    admin = AdminApi(access, clock, controls)
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
        rest_apis=rest_apis,
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
        faults=faults,
        fault_controls=controls,
        functions=functions,
        kinesis=kinesis,
        metrics=metrics,
        rest_apis=rest_apis,
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
