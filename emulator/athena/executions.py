"""Query executions: what was asked, how far it is, and what it came to."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from emulator.athena.outcome import ResultColumn, Statement

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]
ENGINE_VERSION = {
    "SelectedEngineVersion": "AUTO",
    "EffectiveEngineVersion": "Athena engine version 3",
}
# AWS keeps them for 45 days: https://docs.aws.amazon.com/athena/latest/ug/queries-viewing-history.html
_KEPT = 10_000
_UNFINISHED = frozenset({"QUEUED", "RUNNING"})
_NAMES = {"DML": "{}.csv", "DDL": "{}.txt", "UTILITY": "{}.txt"}
# Statements that write files elsewhere have nothing but the beginning of the names of what lists these.
_NAMES_OF_LISTS = {"CREATE_TABLE_AS_SELECT": "tables/{}", "UNLOAD": "{}"}


@dataclass(frozen=True, slots=True)
class Failure:
    """The reason of a failed query, as AthenaError has it.

    https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
    """

    message: str
    category: int
    type: int

    def shape(self) -> dict[str, Any]:
        """The structure in the answer."""
        retryable = 1400 <= self.type < 1500 or self.category == 1
        return {
            "ErrorCategory": self.category,
            "ErrorType": self.type,
            "ErrorMessage": self.message,
            "Retryable": retryable,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """A query as it was asked for, with the work group's settings applied."""

    region: str
    token: str
    sql: str
    work_group: str
    statement: Statement
    location: str
    """The folder of results, without a slash at its end."""
    result: Mapping[str, Any] = field(default_factory=dict)
    """The rest of the result configuration: encryption, owner, ACL."""
    context: Mapping[str, str] = field(default_factory=dict)
    parameters: Sequence[str] = ()
    scan_limit_bytes: int | None = None
    published: bool = False
    reuse: Mapping[str, Any] = field(default_factory=dict)
    identity: Sequence[str] = ()
    """The texts that must be the same for a token to be taken again."""


class Execution:
    """One query; its changes of state are safe from many threads."""

    def __init__(self, id_: str, asked: Asked, submitted_s: float) -> None:
        self.id = id_
        self.asked = asked
        self.submitted_s = submitted_s
        self.state: State = "QUEUED"
        self.reason = ""
        self.failure: Failure | None = None
        self.completed_s: float | None = None
        self.columns: Sequence[ResultColumn] = ()
        self.update_count: int | None = None
        self.manifest = ""
        self.scanned_bytes = 0
        self.output_rows = 0
        self.output_bytes = 0
        self.queued_ms = 0
        self.engine_ms = 0
        self.total_ms = 0
        self._lock = threading.Lock()
        self._stop: Callable[[], None] = lambda: None

    @property
    def output(self) -> str:
        """The address of the result: of a file, or where the names of what lists the written files begin."""
        asked = self.asked.statement
        name = _NAMES_OF_LISTS.get(asked.word, _NAMES[asked.kind]).format(self.id)
        return f"{self.asked.location}/{name}"

    @property
    def lists_files(self) -> bool:
        """True for a statement that writes files and answers no rows."""
        return self.asked.statement.word in _NAMES_OF_LISTS

    @property
    def finished(self) -> bool:
        """True once nothing changes any more."""
        return self.state not in _UNFINISHED

    def begin(self) -> bool:
        """Go from QUEUED to RUNNING; False for a query that was stopped before."""
        with self._lock:
            if self.finished:
                return False
            self.state = "RUNNING"
            return True

    def stoppable(self, stop: Callable[[], None]) -> None:
        """Take the function that ends the query; it is called at once if the query was stopped already."""
        with self._lock:
            self._stop = stop
            stopped = self.finished
        if stopped:
            stop()

    def finish(self, state: State, at_s: float, *, reason: str = "", failure: Failure | None = None) -> bool:
        """Go to a last state; False if there is one already."""
        with self._lock:
            if self.finished:
                return False
            self.completed_s, self.reason, self.failure = at_s, reason, failure
            self.state = state
            stop = self._stop
        if state == "CANCELLED":
            stop()
        return True

    def shape(self) -> dict[str, Any]:
        """The structure QueryExecution."""
        asked = self.asked
        shown: dict[str, Any] = {
            "QueryExecutionId": self.id,
            "Query": asked.sql,
            "StatementType": asked.statement.kind,
            "SubstatementType": asked.statement.word,
            "ResultConfiguration": {**asked.result, "OutputLocation": self.output},
            "ResultReuseConfiguration": asked.reuse or {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": dict(asked.context),
            "Status": self._status(),
            "Statistics": self._statistics(),
            "WorkGroup": asked.work_group,
            "EngineVersion": ENGINE_VERSION,
        }
        if asked.parameters:
            shown["ExecutionParameters"] = list(asked.parameters)
        return shown

    def timeline(self) -> dict[str, int]:
        """The milliseconds that each part took."""
        return {
            "QueryQueueTimeInMillis": self.queued_ms,
            "ServicePreProcessingTimeInMillis": 0,
            "QueryPlanningTimeInMillis": 0,
            "EngineExecutionTimeInMillis": self.engine_ms,
            "ServiceProcessingTimeInMillis": max(0, self.total_ms - self.queued_ms - self.engine_ms),
            "TotalExecutionTimeInMillis": self.total_ms,
        }

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted_s}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.completed_s is not None:
            status["CompletionDateTime"] = self.completed_s
        if self.failure is not None:
            status["AthenaError"] = self.failure.shape()
        return status

    def _statistics(self) -> dict[str, Any]:
        statistics: dict[str, Any] = {
            **self.timeline(),
            "DataScannedInBytes": self.scanned_bytes,
            "ResultReuseInformation": {"ReusedPreviousResult": False},
        }
        if self.manifest:
            statistics["DataManifestLocation"] = self.manifest
        return statistics


class Executions:
    """The executions of every region, the newest ones; safe to use from many threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Execution] = OrderedDict()
        self._by_token: dict[tuple[str, str], Execution] = {}
        self._lock = threading.Lock()

    def add(self, execution: Execution) -> Execution | None:
        """The execution, or the one that its token began before; None if that was asked for something else."""
        asked = execution.asked
        with self._lock:
            known = self._by_token.get((asked.region, asked.token))
            if known is not None:
                return known if known.asked.identity == asked.identity else None
            self._kept[asked.region, execution.id] = execution
            self._by_token[asked.region, asked.token] = execution
            if len(self._kept) > _KEPT:
                (region, _), oldest = self._kept.popitem(last=False)
                del self._by_token[region, oldest.asked.token]
            return execution

    def find(self, region: str, id_: str) -> Execution | None:
        """An execution by its id."""
        return self._kept.get((region, id_))

    def of_work_group(self, region: str, name: str) -> list[Execution]:
        """Those of a work group, the newest first."""
        with self._lock:
            kept = list(self._kept.values())
        return [one for one in reversed(kept) if (one.asked.region, one.asked.work_group) == (region, name)]

    def unfinished(self) -> list[Execution]:
        """Those that wait or run."""
        with self._lock:
            return [one for one in self._kept.values() if not one.finished]

    def work_group_of(self, region: str, id_: str) -> str:
        """The work group that an execution runs in; an unknown one is looked for in `primary`."""
        found = self.find(region, id_)
        return "primary" if found is None else found.asked.work_group
