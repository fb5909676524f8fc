"""The data catalog, through which readers find an hour: the port, and what publishing asks of it."""

from collections.abc import Sequence
from typing import Protocol

from handlers.domain.exports.columns import Column
from handlers.domain.exports.hour import Hour


class Catalog(Protocol):
    """Tables of the exports. Every call may raise `TransientError` or `ConfigurationError`."""

    def add_columns(self, dataset: str, columns: Sequence[Column]) -> int:
        """Appends those of the columns that the table does not have; how many those were."""
        ...

    def location(self, dataset: str, hour: Hour) -> str | None:
        """Where the hour's partition points; None if there is none."""
        ...

    def point(self, dataset: str, hour: Hour, location: str) -> None:
        """Points the hour's partition at a location, at once for every reader."""
        ...
