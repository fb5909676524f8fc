"""The functions of a deployment, running: invoked by name, fed by their event source mappings."""

import json
import math
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from emulator.client import local_client
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from emulator.cloudwatch.metrics import RegionMetrics
from emulator.direct_calls import DirectEndpoint
from emulator.errors import UnknownFunctionError, UnsupportedFunctionError
from emulator.faults import Faults
from emulator.http_server import Answerer
from emulator.iam.credentials import Issuer, issue_operators
from emulator.lambda_.asynchronous import AsynchronousInvocations
from emulator.lambda_.clock_file import ClockFile
from emulator.lambda_.concurrency import ExecutionEnvironments
from emulator.lambda_.configuration import FunctionConfig, read_functions
from emulator.lambda_.embedded_metrics import MetricStatistics
from emulator.lambda_.event_source_mapping.configuration import (
    UNLIMITED,
    MappingConfig,
    function_name,
    read_mappings,
)
from emulator.lambda_.event_source_mapping.destination import BucketDestination, Destination
from emulator.lambda_.event_source_mapping.event_source import EventSource
from emulator.lambda_.event_source_mapping.kinesis_stream import KinesisSource
from emulator.lambda_.event_source_mapping.mapping import EventSourceMapping
from emulator.lambda_.event_source_mapping.table_stream import TableStreamSource
from emulator.lambda_.execution_environment import ExecutionEnvironment, Installation
from emulator.lambda_.function_faults import FunctionFaults
from emulator.lambda_.invocation import InvokeResult
from emulator.lambda_.logs import FunctionLogs
from emulator.lambda_.vpc import VpcExits
from emulator.writes import Writes

# Processes per function, however many invocations wait: this is one machine.
_ENVIRONMENTS_LIMIT = 2


def start_functions(
    deployment: Deployment,
    *,
    endpoint_url: str,
    clock: Clock,
    code: Path,
    runtime: Path,
    logs: Path,
    endpoint: Answerer | None = None,
    direct: DirectEndpoint | None = None,
    act_as: Issuer = issue_operators,
    metrics: RegionMetrics | None = None,
    writes: Writes | None = None,
    faults: Faults | None = None,
) -> "Functions":
    """Make the deployment's functions invocable and start its event source mappings.

    A function's process starts with its first event; `act_as` gives the credentials of its role, and `endpoint` answers
    what functions in a VPC call through its endpoints. Streams are read from `direct`, where it answers at once.
    `metrics` gets what CloudWatch has of functions and mappings; by `writes` a mapping knows when there is something to
    read; `faults` strike them.
    Raises UnsupportedFunctionError, naming the logical id, for what would not run as on AWS.
    """
    for folder in (code, runtime):
        if not folder.is_dir():
            raise UnsupportedFunctionError(f"the functions cannot run: there is no folder {folder}")
    clock_file = ClockFile(clock)
    installation = Installation(code.resolve(), runtime.resolve(), clock_file.path, endpoint_url, act_as)
    exits = VpcExits(deployment, endpoint)
    try:
        return Functions(
            deployment,
            installation,
            clock,
            logs,
            exits,
            metrics=metrics or RegionMetrics(clock),
            writes=writes,
            direct=direct,
            faults=faults or Faults(),
            on_close=clock_file.close,
        )
    except BaseException:
        exits.close()
        clock_file.close()
        raise


class Functions:
    """Running functions and mappings; close them when done."""

    def __init__(
        self,
        deployment: Deployment,
        installation: Installation,
        clock: Clock,
        log_folder: Path,
        exits: VpcExits,
        *,
        metrics: RegionMetrics,
        writes: Writes | None,
        direct: DirectEndpoint | None,
        faults: Faults,
        on_close: Callable[[], None],
    ) -> None:
        configs = read_functions(deployment)
        mappings = read_mappings(deployment)
        for mapping in mappings:
            _check(mapping, configs)
        places = {
            name: replace(installation, endpoint_url=exits.url_of(config)) if config.vpc else installation
            for name, config in configs.items()
        }
        self._clock = clock
        self._exits = exits
        self._metrics = metrics
        self._writes = writes
        self._direct = direct
        self._on_close = on_close
        self._closed = False
        self._logs = FunctionLogs(
            log_folder,
            clock,
            lambda name: local_client(
                "logs",
                endpoint_url=installation.endpoint_url,
                region=deployment.region,
                attempts=3,
                caller=installation.act_as(configs[name].role_arn, name),
            ),
            metrics,
        )
        # A process dies with the thread that started it, so one thread that lives as long as this starts them all.
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="function-spawner")
        self._later = AsynchronousInvocations(clock, metrics)
        self._faults = {name: FunctionFaults(faults, config) for name, config in configs.items()}
        self._environments = {
            name: ExecutionEnvironments(
                config,
                self._creator(config, places[name]),
                most=_ENVIRONMENTS_LIMIT,
                metrics=metrics,
                faults=self._faults[name],
            )
            for name, config in configs.items()
        }
        self._mappings = tuple(
            self._start(item, configs[item.function_name], installation) for item in mappings
        )

    @property
    def mappings(self) -> tuple[EventSourceMapping, ...]:
        """The event source mappings."""
        return self._mappings

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the functions."""
        return tuple(self._environments)

    @property
    def unreachable(self) -> tuple[str, ...]:
        """A line for each call of a function to what its VPC has no endpoint for."""
        return tuple(self._exits.unreachable)

    def invoke(self, name_or_arn: str, payload: Any, *, request_id: str = "") -> InvokeResult:
        """Invoke a function and wait for its answer; `payload` is JSON as bytes, or what becomes JSON.

        The invocation has the `request_id` that its event names, if there is one.
        Raises UnknownFunctionError when the deployment has no such function.
        """
        return self._environments_of(name_or_arn).invoke(_encoded(payload), request_id)

    def invoke_later(self, name_or_arn: str, payload: Any) -> None:
        """Invoke a function without waiting, as InvocationType Event does, and again if that fails."""
        environments, event = self._environments_of(name_or_arn), _encoded(payload)
        self._later.offer(environments.config.name, partial(environments.invoke, event))

    def metrics(self) -> Mapping[str, Mapping[str, MetricStatistics]]:
        """The metrics that functions embedded in their logs, by function and metric name."""
        return self._logs.metrics()

    @property
    def least_record_age_s(self) -> float:
        """The age at which the first of the event source mappings gives a record up; infinite if none does."""
        ages = (mapping.config.max_age_s for mapping in self._mappings)
        return min((age_s for age_s in ages if age_s != UNLIMITED), default=math.inf)

    @property
    def given_up(self) -> Mapping[str, int]:
        """The number of records that event source mappings gave up, by function."""
        counts: dict[str, int] = {}
        for mapping in self._mappings:
            name = mapping.config.function_name
            counts[name] = counts.get(name, 0) + mapping.given_up
        return counts

    def drain(self, timeout_s: float) -> bool:
        """True if everything that is on the streams now was processed or given up within `timeout_s` seconds."""
        until = time.monotonic() + timeout_s
        return all(mapping.drain(max(0.1, until - time.monotonic())) for mapping in self._mappings)

    def close(self) -> None:
        """Stop the mappings, end every process, ship the last log lines. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        for mapping in self._mappings:
            mapping.stop()
        for environments in self._environments.values():
            environments.close()
        for mapping in self._mappings:
            mapping.join(5)
        self._later.close()
        self._spawner.shutdown(wait=True)
        self._logs.close()
        self._exits.close()
        self._on_close()

    def _environments_of(self, name_or_arn: str) -> ExecutionEnvironments:
        try:
            return self._environments[function_name(name_or_arn)]
        except KeyError:
            raise UnknownFunctionError(name_or_arn) from None

    def _creator(self, config: FunctionConfig, installation: Installation) -> Any:
        return lambda: ExecutionEnvironment(config, installation, self._clock, self._logs, self._spawn)

    def _spawn(self, command: list[str], variables: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        return self._spawner.submit(
            subprocess.Popen,
            command,
            cwd=variables["LAMBDA_TASK_ROOT"],
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ).result()

    def _start(
        self, config: MappingConfig, function: FunctionConfig, installation: Installation
    ) -> EventSourceMapping:
        place: Any = {
            "endpoint_url": installation.endpoint_url,
            "region": function.region,
            "caller": installation.act_as(function.role_arn, function.name),
        }
        source: EventSource
        if _service(config.source_arn) == "dynamodb":
            source = TableStreamSource(config, **place)
        else:
            source = KinesisSource(config, role_arn=function.role_arn, endpoint=self._direct, **place)
        destination: Destination | None = None
        if config.destination_arn:
            destination = BucketDestination(
                config,
                source,
                function_arn=function.arn,
                clock=self._clock,
                **place,
            )
        return EventSourceMapping(
            config,
            source,
            invoke=self._environments[function.name].invoke,
            destination=destination,
            clock=self._clock,
            metrics=self._metrics,
            writes=self._writes,
            strikes=self._faults[function.name].of_delivery,
        )


def _check(mapping: MappingConfig, configs: Mapping[str, FunctionConfig]) -> None:
    if mapping.function_name not in configs:
        raise UnsupportedFunctionError(f"{mapping.logical_id}: there is no function {mapping.function_name}")
    if _service(mapping.source_arn) not in {"dynamodb", "kinesis"}:
        raise UnsupportedFunctionError(f"{mapping.logical_id}: {mapping.source_arn} is not read here")
    if mapping.destination_arn and _service(mapping.destination_arn) != "s3":
        raise UnsupportedFunctionError(
            f"{mapping.logical_id}: {mapping.destination_arn} takes no failures here"
        )


def _service(arn: str) -> str:
    return arn.split(":")[2]


def _encoded(payload: Any) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload, separators=(",", ":")).encode()
