"""Attempts at records that are tried alone, noted before they begin: a process that dies cannot say so afterwards."""

from typing import Protocol

from handlers.domain.ingest.envelope import StreamRecord


class Attempts(Protocol):
    """Notes of attempts that outlive the process. Times are seconds of the epoch.

    Both may raise `TransientError`.
    """

    def begin(self, record: StreamRecord, *, now_s: float, until_s: float) -> int:
        """The number of attempts at the record before this one that began and did not end.

        This one is over at `until_s` at the latest, however it ends; one that may still be under way is not counted.
        """

    def end(self, record: StreamRecord) -> None:
        """Forgets the attempts: one came to an end, if only by an error."""


class NoAttempts:
    """Notes nothing."""

    def begin(self, record: StreamRecord, *, now_s: float, until_s: float) -> int:  # noqa: ARG002 - as in `Attempts`
        """None."""
        return 0

    def end(self, record: StreamRecord) -> None:
        """Does nothing."""
