"""The execution environments of a function, as many as are needed and allowed."""

import functools
import random
import secrets
import threading
import time
from collections.abc import Callable

from emulator.cloudwatch.metrics import RegionMetrics
from emulator.lambda_ import invocation
from emulator.lambda_.configuration import FunctionConfig
from emulator.lambda_.execution_environment import ExecutionEnvironment
from emulator.lambda_.function_faults import FunctionFaults
from emulator.lambda_.invocation import MAX_PAYLOAD_BYTES, InvokeResult

# X-Ray samples the first request of each second and 5 % of the others.
_SAMPLED_SHARE = 0.05
_TOO_MANY_REQUESTS = 429


class ExecutionEnvironments:
    """Runs invocations of one function, each in an environment of its own."""

    def __init__(
        self,
        config: FunctionConfig,
        create: Callable[[], ExecutionEnvironment],
        *,
        most: int,
        metrics: RegionMetrics,
        faults: FunctionFaults,
    ) -> None:
        self.config = config
        self._faults = faults
        self._metrics = metrics
        self._name = {"FunctionName": config.name}
        self._create = create
        self._most = most
        self._free: list[ExecutionEnvironment] = []
        self._busy = 0
        self._all: list[ExecutionEnvironment] = []
        self._changed = threading.Condition()
        self._closed = False
        self._sampled_second = 0

    def invoke(self, payload: bytes, request_id: str = "") -> InvokeResult:
        """Run one event; refused beyond the payload limit and beyond the reserved concurrency, or by a fault."""
        if len(payload) > MAX_PAYLOAD_BYTES:
            return invocation.too_large()
        result = self._faults.call(functools.partial(self._invoke, payload, request_id))
        self._count("Throttles", result.status == _TOO_MANY_REQUESTS)
        return result

    def _invoke(self, payload: bytes, request_id: str) -> InvokeResult:
        environment = self._take()
        if environment is None:
            return invocation.throttled()
        self._count("ConcurrentExecutions", self._busy)
        began_s = time.perf_counter()
        try:
            result = environment.invoke(
                payload, trace=self._trace(), fault=self._faults.of_process(), request_id=request_id
            )
        finally:
            self._give_back(environment)
        self._count("Invocations", 1)
        self._count("Errors", result.function_error is not None)
        self._count("Duration", (time.perf_counter() - began_s) * 1000, unit="Milliseconds")
        return result

    def close(self) -> None:
        """End every process; invocations that run end in an error."""
        with self._changed:
            self._closed = True
            environments = tuple(self._all)
            self._changed.notify_all()
        for environment in environments:
            environment.close()

    def _take(self) -> ExecutionEnvironment | None:
        """A free environment, waiting for one when this machine's share is in use; None when throttled.

        An invocation that waits here would run on AWS, so it counts among those that run.
        """
        reserved = self.config.reserved_concurrency
        with self._changed:
            if reserved is not None and self._busy >= reserved:
                return None
            self._busy += 1
            while not self._closed and not self._free and len(self._all) >= self._most:
                self._changed.wait()
            if self._closed:
                self._busy -= 1
                return None
            if self._free:
                return self._free.pop()
            self._all.append(self._create())
            return self._all[-1]

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._changed:
            self._busy -= 1
            self._free.append(environment)
            self._changed.notify()

    def _count(self, metric: str, value: float, *, unit: str = "Count") -> None:
        """Put a metric of CloudWatch's on this function.

        https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
        """
        self._metrics.put("AWS/Lambda", metric, value, self._name, unit=unit)

    def _trace(self) -> str:
        now = int(time.time())
        sampled = self.config.traced and (
            now != self._sampled_second or random.random() < _SAMPLED_SHARE  # noqa: S311 - sampling
        )
        self._sampled_second = now
        root = f"1-{now:08x}-{secrets.token_hex(12)}"
        return f"Root={root};Parent={secrets.token_hex(8)};Sampled={int(sampled)}"
