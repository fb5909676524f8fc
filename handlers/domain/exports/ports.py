"""The ports of exports: the store of points, the ledger of hours, the data catalog and the bucket.

Every call may raise `TransientError` or `ConfigurationError`. Times are seconds since the epoch.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from handlers.domain.deadline import Deadline
from handlers.domain.exports.columns import Column, Layout
from handlers.domain.exports.hour import Hour
from handlers.domain.exports.job import Claim, PointCount, Unload, UnloadRequest
from handlers.domain.exports.record import Published, Record


class UnloadFailed(Exception):  # noqa: N818 -- the state machine and its operators read this name
    """The store could not finish a query or an UNLOAD; nothing is published, and another attempt may do better."""


class LostClaim(Exception):  # noqa: N818 -- the state machine reads this name
    """Another execution took the hour over, because this one was silent for longer than a lease."""


class ExportSource(Protocol):
    """The store of points as exports read it: counted by the hour, and unloaded as Parquet files into the bucket.

    Every call may also raise `UnloadFailed`.
    """

    kind: str  # of the store, as the vocabulary has it
    call_s: float  # a call may block for so long
    longest_unload_s: float  # after so long the store has ended every UNLOAD

    def layout(self, deadline: Deadline) -> Layout:
        """The columns that points have by now."""

    def count_points(self, hour: Hour, deadline: Deadline) -> PointCount:
        """The number of points whose time lies in the hour, with the first and last of their times."""

    def start_unload(self, request: UnloadRequest) -> Unload:
        """An UNLOAD that was started, or has ended already. Starting it twice with one client token starts it once."""

    def poll_unload(self, request: UnloadRequest, unload: Unload) -> Unload:
        """The UNLOAD as it is by now. Each call blocks for at most `call_s`."""

    def stop_unload(self, unload: Unload) -> None:
        """Has the store end an UNLOAD that nobody waits for, if it can; nothing if it does not answer."""


class HourLedger(Protocol):
    """One `Record` per hour, and how far the schedule has come. A claim belongs to one execution at a time."""

    def watermark(self) -> Hour | None:
        """The newest hour that was entered by the schedule; None before the first."""

    def advance(self, hour: Hour) -> None:
        """Moves the watermark forward to an hour; never back."""

    def enter(self, hours: Iterable[Hour], due_at_s: float, *, again: bool) -> None:
        """Makes hours due. Those that have an entry are left alone, unless they are wanted `again`."""

    def due(self, now_s: float, limit: int) -> Sequence[Hour]:
        """The hours due by now, the longest due first; one that was entered just now may still be missing."""

    def read(self, hours: Iterable[Hour]) -> Mapping[Hour, Record]:
        """The entries that there are."""

    def renew(self, claim: Claim, now_s: float) -> None:
        """Keeps a claim alive; `LostClaim` when another execution has the hour, and nothing may be published."""

    def complete(self, claim: Claim, published: Published, lag_s: float) -> None:
        """Enters a publication and gives the claim back; `LostClaim` as in `renew`."""

    def expire(self, hour: Hour, now_s: float) -> None:
        """Takes an hour that the store has forgotten off the list of due ones; nothing while it is claimed."""


class Catalog(Protocol):
    """The data catalog, through which readers find the files of an hour: one table per dataset."""

    def add_columns(self, dataset: str, columns: Sequence[Column]) -> int:
        """Appends those of the columns that the table does not have; the number of those."""

    def partition_location(self, dataset: str, hour: Hour) -> str | None:
        """The location of the hour's partition; None if there is none."""

    def partition_locations(self, dataset: str, hours: Sequence[Hour]) -> Mapping[Hour, str]:
        """The locations of those partitions of many hours that there are."""

    def set_partition_location(self, dataset: str, hour: Hour, location: str) -> None:
        """Sends readers of the hour to another location, all of them at once."""

    def forget_partitions(self, dataset: str, before: Hour) -> int:
        """Removes some of the partitions of days before an hour's; the number of those."""


class ExportBucket(Protocol):
    """The bucket of the exported files."""

    name: str

    def read(self, key: str) -> bytes | None:
        """An object's content; None if there is none."""

    def write(self, key: str, content: bytes) -> None:
        """Puts an object."""

    def end_of(self, key: str, bytes_: int) -> tuple[bytes, int]:
        """The last bytes of an object, all of them if it has no more, and its size; `Mismatch` if there is none."""

    def listing(self, prefix: str) -> Iterable[tuple[str, int]]:
        """Key and size of every object below a prefix, page by page."""

    def folders(self, prefix: str) -> Sequence[str]:
        """The names of the folders right below a prefix."""

    def delete(self, keys: Iterable[str]) -> int:
        """Deletes objects; the number of those."""
