"""Objects that the lake's writers put there: they go when the hours that are in them were compacted and published.

An object may go after an export that began when it was sure to be whole, as its points are in what was published then,
or lost to one that is. What came later waits for the next export, which it asks for if nothing else did.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple, Protocol, TypeVar

from handlers.domain.deadline import Deadline
from handlers.domain.exports.attempt import run_of
from handlers.domain.exports.hour import Hour, complete_at_s
from handlers.domain.exports.marking import WHOLE_S
from handlers.domain.exports.ports import Catalog, HourLedger
from handlers.domain.exports.record import Outcome, Record
from handlers.domain.exports.request import ExportLimits
from handlers.lake import REPLACED
from handlers.vocabulary import AGGREGATES, METRICS

# A query that began before a publication may still read what was there; Athena ends it after so long.
# https://docs.aws.amazon.com/athena/latest/ug/service-limits.html
READ_S = 30 * 60
# Of hours that have objects of their own so many are looked at in one run.
HOURS = 200
_AT_ONCE = 1000
_TURN = 200
_RESERVE_S = 30

_Item = TypeVar("_Item")


class Written(NamedTuple):
    """An object, and when it was written for the last time, in seconds since the epoch."""

    key: str
    at_s: float


class WrittenObjects(Protocol):
    """The objects of the writers. Every call may raise `TransientError` or `ConfigurationError`."""

    def hours(self) -> Sequence[Hour]:
        """The hours that have objects of their own."""

    def of_hour(self, hour: Hour) -> Iterable[Written]:
        """An hour's own objects."""

    def shared(self) -> Sequence[Written]:
        """The objects that hold points of many hours."""

    def hours_in(self, key: str) -> Collection[Hour] | None:
        """The hours of the points in an object; None if it cannot be read, or is gone."""

    def delete(self, keys: Iterable[str]) -> int:
        """Deletes objects; the number of those."""


@dataclass(frozen=True)
class Cleaner:
    """Lets objects go, as many as there is time for, and what the lake forgot; may die anywhere, and is run again."""

    objects: WrittenObjects
    ledger: HourLedger
    catalog: Catalog
    limits: ExportLimits
    now_s: float
    _records: dict[Hour, Record] = field(default_factory=dict)
    _locations: dict[tuple[str, Hour], str] = field(default_factory=dict)
    _asked: set[Hour] = field(default_factory=set)

    def clean(self, deadline: Deadline) -> int:
        """The number of objects deleted. What is left over is looked at in one of the next runs."""
        deleted = self._clean_hours(deadline) + self._clean_shared(deadline)
        # Hours whose files the bucket's lifecycle has deleted: every query of the views has to be told the others.
        for dataset in (METRICS, AGGREGATES, REPLACED):
            self.catalog.forget_partitions(dataset, self.limits.oldest_hour(self.now_s).plus(-48))
        return deleted

    def _clean_hours(self, deadline: Deadline) -> int:
        deleted, oldest = 0, self.limits.oldest_hour(self.now_s)
        hours = [hour for hour in _in_turn(self.objects.hours(), HOURS, self.now_s) if hour >= oldest]
        self._read(hours)
        for hour in hours:
            if deadline.seconds_left() < _RESERVE_S:
                break
            gone = [each.key for each in self.objects.of_hour(hour) if self._may_go(hour, each.at_s)]
            deleted += self.objects.delete(gone)
        return deleted

    def _clean_shared(self, deadline: Deadline) -> int:
        deleted, gone, shared = 0, [], self.objects.shared()
        for each in _in_turn(shared, len(shared), self.now_s):
            if deadline.seconds_left() < _RESERVE_S:
                break
            # Before that no export can have begun after it was whole and been published for long enough.
            if each.at_s + WHOLE_S + READ_S > self.now_s:
                continue
            hours = self.objects.hours_in(each.key)
            if hours is None:
                continue
            self._read(hours)
            if self._may_all_go(sorted(hours), each.at_s, deadline):
                gone.append(each.key)
            if len(gone) == _AT_ONCE:
                deleted += self.objects.delete(gone)
                gone = []
        return deleted + self.objects.delete(gone)

    def _may_all_go(self, hours: Iterable[Hour], at_s: float, deadline: Deadline) -> bool:
        """True if an object may go that holds points of all these hours; each that is not done is asked for."""
        may_go = True
        for hour in hours:
            if deadline.seconds_left() < _RESERVE_S:
                return False
            may_go = self._may_go(hour, at_s) and may_go
        return may_go

    def _read(self, hours: Iterable[Hour]) -> None:
        """Reads what is known of hours; one object may have points of thousands."""
        found = self.ledger.read(set(hours) - self._records.keys())
        self._records.update(found)
        published = [hour for hour, record in found.items() if record.published is not None]
        for dataset in (METRICS, REPLACED):
            for hour, location in self.catalog.partition_locations(dataset, published).items():
                self._locations[dataset, hour] = location

    def _may_go(self, hour: Hour, at_s: float) -> bool:
        """True if readers have an hour's points of an object, or the store has forgotten them; or it is asked for."""
        if hour < self.limits.oldest_hour(self.now_s):
            return True
        record = self._records.get(hour, Record(hour))
        if record.is_claimed(self.now_s):
            return False
        published = record.published
        if published is not None and at_s + WHOLE_S <= published.started_at_s:
            if self._is_shown(record):
                return published.published_at_s + READ_S <= self.now_s
        elif at_s + WHOLE_S > self.now_s:
            return False
        self._ask_for(record)
        return False

    def _is_shown(self, record: Record) -> bool:
        """True if the catalog sends readers to what the ledger says was published."""
        return record.published is not None and all(
            run_of(self._locations.get((dataset, record.hour), "")) == record.published.run
            for dataset in (METRICS, REPLACED)
        )

    def _ask_for(self, record: Record) -> None:
        """Makes an hour due again, if it is complete and nothing else has."""
        is_due = (
            record.due_at_s is not None or record.outcome == Outcome.EXPIRED or record.hour in self._asked
        )
        if not is_due and complete_at_s(record.hour, self.limits.lag_s) <= self.now_s:
            self.ledger.enter([record.hour], self.now_s, again=True)
            self._asked.add(record.hour)


def _in_turn(items: Sequence[_Item], limit: int, now_s: float) -> list[_Item]:
    """So many items, from another one on in the next hour, so that none waits for ever behind others that stay."""
    if not items:
        return []
    first = int(now_s // 3600) * min(limit, _TURN) % len(items)
    return list(islice([*items[first:], *items[:first]], limit))
