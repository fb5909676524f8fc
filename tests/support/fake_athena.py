"""An Athena for tests that need no SQL: it runs nothing, and answers about each query what a test says."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.support.scripted_client import refusal


class FakeAthena:
    """Queries by their client tokens. `states` are what the looks at each query find, in turn, and then SUCCEEDED."""

    def __init__(
        self, *states: str, rows: Sequence[Sequence[str | None]] = (), manifest: str | None = None
    ) -> None:
        self.states = states
        self.rows = rows
        self.manifest = manifest
        self.reason = ""
        self.started: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.refusals: list[str] = []  # codes of the next calls that are refused
        self._ids: dict[str, str] = {}
        self._looks: dict[str, Iterator[str]] = {}

    def start_query_execution(self, **arguments: Any) -> dict[str, Any]:
        """A query's id; the same for a token that was seen before."""
        self._refuse()
        token = arguments.get("ClientRequestToken", f"none {len(self.started)}")
        if token not in self._ids:
            self.started.append(arguments)
            self._ids[token] = f"query-{len(self.started)}"
            self._looks[self._ids[token]] = iter(self.states)
        return {"QueryExecutionId": self._ids[token]}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803 -- AWS's
        """The next state."""
        self._refuse()
        state = next(self._looks[QueryExecutionId], "SUCCEEDED")
        found: dict[str, Any] = {"Status": {"State": state}}
        if self.reason:
            found["Status"]["StateChangeReason"] = self.reason
        if self.manifest is not None:
            found["Statistics"] = {"DataManifestLocation": self.manifest}
        return {"QueryExecution": found}

    def get_query_results(self, **_: Any) -> dict[str, Any]:
        """The rows, below one of names."""
        self._refuse()
        rows = [[{"VarCharValue": "name"}], *([_datum(value) for value in row] for row in self.rows)]
        return {"ResultSet": {"Rows": [{"Data": row} for row in rows]}}

    def stop_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803 -- AWS's
        """Remembers it."""
        self.stopped.append(QueryExecutionId)
        self._refuse()
        return {}

    def _refuse(self) -> None:
        if self.refusals:
            raise refusal(self.refusals.pop(0), "Athena's words")


def _datum(value: str | None) -> dict[str, str]:
    return {} if value is None else {"VarCharValue": value}
