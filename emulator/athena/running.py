"""Queries under way: each runs in a thread of a pool, and leaves its result in S3 before it has succeeded."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from emulator.athena.caller import CallersGlue, CallersObjects, Clients
from emulator.athena.executions import Execution, Executions, Failure
from emulator.athena.outcome import Outcome, QueryError, Statement
from emulator.athena.results import put_arguments, write_result
from emulator.athena.session import Session
from emulator.clock import Clock
from emulator.cloudwatch.metrics import Metrics
from emulator.iam.credentials import Credentials

ACTIVE = 20
"""Queries that may wait or run at once in a region; AWS's least quota of DML.

https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
"""

# The ErrorType of an engine's error that ends a query as CANCELLED: it read more than its work group lets it.
_OVER_LIMIT = 1014
_LOG = logging.getLogger(__name__)
_NAMESPACE = "AWS/Athena"
_THREADS = 4
_CANCELLED = "Query cancelled by user"
_INTERNAL = Failure("The query failed inside the server.", 1, 100)


class Runs(Protocol):
    """A runner of statements: an Engine."""

    def statement(self, sql: str) -> Statement:
        """The kind of a statement; QueryError for one that is refused at once."""

    def run(self, sql: str, session: Session, *, stoppable: Any) -> Outcome:
        """A statement's outcome; QueryError if it fails."""

    def close(self) -> None:
        """Give everything back."""


MakeEngine = Callable[[], Runs]
"""Makes the engine when the first statement comes: it is large, and many runs ask nothing."""


class Queries:
    """Runs executions until it is closed."""

    def __init__(
        self,
        make_engine: MakeEngine,
        executions: Executions,
        clients: Clients,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._make_engine = make_engine
        self._engine: Runs | None = None
        self._making = threading.Lock()
        self._executions = executions
        self._clients = clients
        self._clock = clock
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="athena-query")

    def close(self) -> None:
        """End every query, and wait for the threads."""
        for execution in self._executions.unfinished():
            self.stop(execution)
        self._pool.shutdown()
        if self._engine is not None:
            self._engine.close()

    def statement(self, sql: str) -> Statement:
        """The kind of a statement; QueryError for one that is refused at once."""
        return self._the_engine().statement(sql)

    def start(self, execution: Execution, caller: Credentials) -> None:
        """Run a query as soon as a thread is free."""
        self._pool.submit(self._run, execution, caller, time.perf_counter())

    def stop(self, execution: Execution) -> None:
        """Cancel a query; one that has ended stays as it is."""
        if execution.finish("CANCELLED", self._clock.now(), reason=_CANCELLED):
            self._publish(execution)

    def _run(self, execution: Execution, caller: Credentials, submitted_s: float) -> None:
        if not execution.begin():
            return
        began_s = time.perf_counter()
        execution.queued_ms = _ms(began_s - submitted_s)
        try:
            failure = self._fail(execution, caller)
        except Exception:  # noqa: BLE001 - a query must end, whatever went wrong
            _LOG.exception("query %s", execution.id)
            failure = _INTERNAL
        ended_s = time.perf_counter()
        execution.engine_ms, execution.total_ms = _ms(ended_s - began_s), _ms(ended_s - submitted_s)
        if failure is None:
            last = execution.finish("SUCCEEDED", self._clock.now())
        elif failure.type == _OVER_LIMIT:
            execution.scanned_bytes = execution.asked.scan_limit_bytes or 0
            last = execution.finish("CANCELLED", self._clock.now(), reason=failure.message)
        else:
            last = execution.finish("FAILED", self._clock.now(), reason=failure.message, failure=failure)
        if last:
            self._publish(execution)

    def _fail(self, execution: Execution, caller: Credentials) -> Failure | None:
        """The reason why a query fails, or nothing once its result is written."""
        asked = execution.asked
        glue = CallersGlue(self._clients.of("glue", asked.region, caller))
        # Some clients write the name as Hive's statements do.
        database = asked.context.get("Database", "default").strip("`")
        objects = CallersObjects(self._clients.of("s3", asked.region, caller), put_arguments(asked.result))
        session = Session(
            glue,
            objects,
            int(self._clock.now() * 1_000_000_000),
            execution.id,
            database=database,
            parameters=asked.parameters,
            bytes_limit=asked.scan_limit_bytes,
            output=f"{asked.location}/",
        )
        try:
            glue.check(dict.fromkeys(("default", database)))
            outcome = self._the_engine().run(asked.sql, session, stoppable=execution.stoppable)
            execution.scanned_bytes = outcome.scanned_bytes
            write_result(execution, outcome, objects)
        except QueryError as error:
            return Failure(error.message, error.category, error.type)
        return None

    def _the_engine(self) -> Runs:
        with self._making:
            if self._engine is None:
                self._engine = self._make_engine()
            return self._engine

    def _publish(self, execution: Execution) -> None:
        """Report a query that has ended to CloudWatch, if its work group wants that.

        https://docs.aws.amazon.com/athena/latest/ug/query-metrics-viewing.html
        """
        asked = execution.asked
        if not asked.published:
            return
        metrics = self._metrics.of(asked.region)
        dimensions = {
            "QueryState": "CANCELED" if execution.state == "CANCELLED" else execution.state,
            "QueryType": asked.statement.kind,
            "WorkGroup": asked.work_group,
        }
        metrics.put(_NAMESPACE, "ProcessedBytes", execution.scanned_bytes, dimensions, unit="Bytes")
        for name, value_ms in execution.timeline().items():
            metric = name.removesuffix("InMillis")
            metrics.put(_NAMESPACE, metric, value_ms, dimensions, unit="Milliseconds")


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
