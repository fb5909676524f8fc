"""The local AWS while it runs: its functions, APIs and schedules in each region, its clock and its end."""

import contextlib
import functools
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

from emulator.admin_api import AdminApi, StatusProvider
from emulator.apigateway.execute_api import OnAnswer
from emulator.apigateway.server import LOOPBACK, Gateway, serve_gateway
from emulator.apigateway.service import RestApis
from emulator.client import local_client
from emulator.clock import Clock
from emulator.cloudformation.deployment import Deployment
from emulator.cloudformation.stacks import Stacks
from emulator.cloudwatch.metrics import Metrics
from emulator.endpoint import Endpoint
from emulator.faults import Faults
from emulator.faults.controls import FaultControls
from emulator.iam.access import Access
from emulator.iam.credentials import OPERATOR
from emulator.kinesis.service import Kinesis
from emulator.lambda_.api import Invoker, LambdaApi
from emulator.lambda_.function_urls import FunctionUrls, OnUrlAnswer
from emulator.lambda_.invocation import InvokeResult, refused
from emulator.lambda_.service import Functions, start_functions
from emulator.scheduler.schedules import Schedules, load_schedules
from emulator.sns.deliveries import Deliveries
from emulator.sns.deliveries import Endpoint as Subscriber
from emulator.timestream_process import NoTimestream, TimestreamProcess
from emulator.writes import Writes

_BEFORE_JUMP_S = 10.0
# Of the age at which a record is given up: many smaller moves in a row make a large one.
_SHARE_OF_AGE = 0.1


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
        faults: Faults,
        fault_controls: FaultControls,
        functions: LambdaApi,
        kinesis: Kinesis,
        metrics: Metrics,
        rest_apis: RestApis,
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
        self._faults, self._fault_controls = faults, fault_controls
        self._functions = functions
        self._kinesis = kinesis
        self._metrics = metrics
        self._rest_apis = rest_apis
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
            direct=self._endpoint,
            act_as=self._access.issue,
            metrics=self._metrics.of(region),
            writes=self._writes,
            faults=self._faults,
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
            act_for=self._access.issue_to_service,
            roles=self._access,
            on_answer=on_answer,
            source_ip=source_ip,
            metrics=self._metrics.of(region),
            endpoint=self._endpoint,
        )
        self._rest_apis.serve(self.deployments[region], gateway.flush_authorizers, gateway.url)
        self._closing.callback(gateway.close)
        return gateway

    def serve_function_urls(
        self,
        region: str,
        *,
        ports: Mapping[str, int] | None = None,
        on_answer: OnUrlAnswer = lambda _: None,
        source_ip: str | None = None,
    ) -> FunctionUrls:
        """Serve the URLs of a region's functions on 127.0.0.1 until the end.

        A function whose name is in `ports` has that port, the others free ones. `on_answer` hears of each answer, and
        `source_ip` is where requests come from. Raises UnsupportedFunctionError and PortInUseError.
        """
        urls = FunctionUrls(
            self.deployments[region],
            invoke=functools.partial(self._invoke_by_url, region),
            may_invoke=self._access.everybody_may_invoke,
            clock=self.clock,
            metrics=self._metrics.of(region),
            ports=ports or {},
            on_answer=on_answer,
            source_ip=source_ip,
        )
        self._closing.callback(urls.close)
        return urls

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

    def add_faults(self, body: Mapping[str, Any]) -> None:
        """Put faults in force, as `/_local/faults` does; CloudError names the field that is wrong."""
        self._fault_controls.add(body)

    def status(self) -> dict[str, Any]:
        """The JSON object that `/_local/status` shows."""
        return self._admin.status()

    def invoke_with(self, invoker: Invoker) -> None:
        """Let this function run whatever is invoked through Lambda's API, in the place of functions in processes."""
        self._functions.invoke_with(invoker)

    def publish(self, deployment: Deployment) -> None:
        """Show a deployment to callers of the control planes; a replaced one may have other outputs.

        PermissionMissingError names a resource whose role lacks what AWS asks for.
        """
        self._access.publish(deployment)
        self._rest_apis.publish(deployment)
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

    def _invoke_by_url(self, region: str, name: str, payload: bytes, request_id: str) -> InvokeResult:
        if region not in self._running:
            return refused(500, "ServiceException", f"No function runs in {region}")
        return self._running[region].invoke(name, payload, request_id=request_id)

    def _invoke(self, region: str, name: str, payload: bytes, kind: str) -> InvokeResult:
        if region not in self._running:
            return refused(500, "ServiceException", f"No function runs in {region}")
        if kind == "Event":
            self._running[region].invoke_later(name, payload)
            return InvokeResult(b"", status=202)
        return self._running[region].invoke(name, payload)
