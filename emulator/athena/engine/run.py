"""One statement on its way: the session that it is run for, what it uses, and whether it was stopped."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event
from weakref import ref

import duckdb

from emulator.athena.engine import errors
from emulator.athena.engine.storage import ObjectTables
from emulator.athena.outcome import QueryError
from emulator.athena.session import Session


@dataclass(frozen=True)
class Run:
    """A statement's run, with a connection of its own."""

    session: Session
    kept: ObjectTables
    cursor: duckdb.DuckDBPyConnection
    stopped: Event = field(default_factory=Event)

    def stop(self) -> None:
        """End the run, in whichever thread it is."""
        self.stopped.set()
        self.cursor.interrupt()

    def go_on(self) -> None:
        """Raise QueryError if the run was stopped."""
        if self.stopped.is_set():
            raise QueryError("Query was cancelled", 2, errors.CANCELLED)


def stopper(run: Run) -> Callable[[], None]:
    """The function that ends a run. Who has it does not keep the run, nor its connection, once that is over."""
    found = ref(run)

    def stop() -> None:
        still = found()
        if still is not None:
            still.stop()

    return stop
