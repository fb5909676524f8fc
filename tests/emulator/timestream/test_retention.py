"""The window of times a table takes, as it moves and is changed."""

import pytest

from emulator.timestream import Store
from emulator.timestream.administration import update_table
from emulator.timestream.errors import RejectedRecordsException
from emulator.timestream.retention import DAY_NS, FUTURE_NS, HOUR_NS, Retention
from tests.support.timestream_factory import DATABASE, NOW_NS, TABLE, ManualClock, record, select, write


def taken(store: Store, time_ns: int) -> bool:
    """True if the table takes a record of a time."""
    try:
        write(store, record(Time=str(time_ns)))
    except RejectedRecordsException:
        return False
    return True


def update(store: Store, memory: int, magnetic: int, *, writes: bool = False) -> None:
    """Change the table's retention."""
    periods = {"MemoryStoreRetentionPeriodInHours": memory, "MagneticStoreRetentionPeriodInDays": magnetic}
    magnetic_writes = {"EnableMagneticStoreWrites": writes}
    names = {"DatabaseName": DATABASE, "TableName": TABLE}
    update_table(
        store, {**names, "RetentionProperties": periods, "MagneticStoreWriteProperties": magnetic_writes}
    )


def test_memory_store_takes_its_period_and_15_minutes_ahead(store: Store) -> None:
    """Both edges to the nanosecond: the oldest time is in, the one 15 minutes ahead is out."""
    assert taken(store, NOW_NS - 6 * HOUR_NS)
    assert not taken(store, NOW_NS - 6 * HOUR_NS - 1)
    assert taken(store, NOW_NS + FUTURE_NS - 1)
    assert not taken(store, NOW_NS + FUTURE_NS)


def test_magnetic_store_takes_what_is_older(store: Store) -> None:
    """With magnetic store writes on, the magnetic store's period is the limit, and the answer tells the stores."""
    update(store, 6, 2, writes=True)
    ingested = write(store, record(), record(Time=str(NOW_NS - 2 * DAY_NS)))
    assert ingested == {"Total": 2, "MemoryStore": 1, "MagneticStore": 1}
    with pytest.raises(RejectedRecordsException) as caught:
        write(store, record(Time=str(NOW_NS - 2 * DAY_NS - 1)))
    assert caught.value.rejected[0].reason.endswith("of the data ingestion window.")


def test_longer_memory_period_does_not_reach_back(store: Store, clock: ManualClock) -> None:
    """After 6 hours become 24, the window grows only as time goes by; after a restart, too."""
    update(store, 24, 10)
    assert not taken(store, NOW_NS - 6 * HOUR_NS - 1)
    clock.now_ns += HOUR_NS
    assert taken(store, NOW_NS - 6 * HOUR_NS)
    assert not taken(store, NOW_NS - 6 * HOUR_NS - 1)
    clock.now_ns += 18 * HOUR_NS
    assert not taken(store, NOW_NS - 5 * HOUR_NS - 1)
    assert taken(store, NOW_NS - 5 * HOUR_NS)


def test_shorter_memory_period_holds_at_once(store: Store) -> None:
    """After 6 hours become 1, older times are out."""
    update(store, 1, 10)
    assert not taken(store, NOW_NS - HOUR_NS - 1)
    assert taken(store, NOW_NS - HOUR_NS)


def test_records_leave_after_the_magnetic_period(store: Store, clock: ManualClock) -> None:
    """Records older than the retention are deleted when time has gone on, and counted."""
    update(store, 6, 1)
    write(store, record(1), record(2, Time=str(NOW_NS + 60_000_000_000)))
    assert len(select(store)) == 2
    clock.now_ns += DAY_NS + 30_000_000_000
    write(store, record(3, Time=str(clock.now_ns)))
    assert sorted(select(store, "value")) == [(2.0,), (3.0,)]
    status = store.status()
    assert (status["expired"], status["rows"]) == (1, 2)


def test_records_leave_without_new_ones(store: Store, clock: ManualClock) -> None:
    """A table that nobody writes to any more loses its old records, too."""
    update(store, 6, 1)
    write(store, record(1), record(2, Time=str(NOW_NS + 60_000_000_000)))
    assert len(select(store)) == 2
    clock.now_ns += DAY_NS + 30_000_000_000
    assert select(store, "value") == [(2.0,)]
    assert store.status()["expired"] == 1


def test_window_of_a_short_magnetic_period_is_the_memory_store() -> None:
    """Magnetic store writes never narrow what the memory store takes."""
    window = Retention(memory_hours=48, magnetic_days=1, magnetic_writes=True).window(NOW_NS)
    assert window.oldest == window.memory == NOW_NS - 48 * HOUR_NS
