"""An engine of Athena's that answers by a table, for tests of the service around it."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from emulator.athena.outcome import Outcome, QueryError, ResultColumn, Statement
from emulator.athena.session import Session

Answer = Callable[[Session], Outcome]
_WORDS = {
    "UNLOAD": ("DML", "UNLOAD"),
    "SHOW": ("UTILITY", "SHOW_TABLES"),
    "CREATE": ("DDL", "CREATE_VIEW"),
    "CTAS": ("DDL", "CREATE_TABLE_AS_SELECT"),
}


class ScriptedEngine:
    """Answers statements by their texts: `SELEC(` is no SQL, and `wait` waits until it is stopped."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.sessions: list[Session] = []
        self.waiting = threading.Event()
        self.stopped = threading.Event()
        self.closed = False

    def statement(self, sql: str) -> Statement:
        """The kind of a statement by its first word."""
        word = sql.split(maxsplit=1)[0].upper()
        if word == "SELEC(":
            raise QueryError("line 1:1: mismatched input 'SELEC'", 2, 1006)
        kind, substatement = _WORDS.get(word, ("DML", "SELECT"))
        return Statement(kind, substatement)  # type: ignore[arg-type]

    def run(self, sql: str, session: Session, *, stoppable: Any) -> Outcome:
        """The outcome that is in the table."""
        self.sessions.append(session)
        if sql == "wait":
            stopped = threading.Event()
            stoppable(stopped.set)
            self.waiting.set()
            if stopped.wait(30):
                self.stopped.set()
        return self.answers.get(sql, lambda _: selected(("one", "integer"), rows=[["1"]]))(session)

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True


def selected(
    *columns: tuple[str, str], rows: Sequence[Sequence[str | None]], scanned_bytes: int = 0
) -> Outcome:
    """The outcome of a SELECT."""
    named = [ResultColumn(*column) for column in columns]
    return Outcome(Statement("DML", "SELECT"), named, iter(rows), scanned_bytes)
