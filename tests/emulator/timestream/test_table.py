"""Versions and retention against a model that fits on a page."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from emulator.timestream import Store, table, table_storage
from emulator.timestream.errors import RejectedRecordsException
from tests.support.timestream_factory import NOW_NS, ManualClock, create, dimensions, record, select, write

HOUR = 3_600_000_000_000
MEMORY_HOURS, MAGNETIC_DAYS = 2, 1
FUTURE = 15 * 60 * 1_000_000_000
# A folder in memory where the system has one: each example opens files of its own, and none is to outlive it.
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None

# Times on both sides of each edge of the window, and a few in the middle that collide often.
_edges = [0, -MEMORY_HOURS * HOUR, -MAGNETIC_DAYS * 24 * HOUR, FUTURE, -HOUR, -HOUR + 1]
_offsets = st.sampled_from([edge + step for edge in _edges for step in (-1, 0, 1)])
_records = st.builds(
    lambda host, offset, version, value: (host, offset, version, value),
    st.sampled_from(["a", "b"]),
    _offsets,
    st.sampled_from([None, 1, 2, 3]),
    st.sampled_from([1.0, 2.0]),
)
_steps = st.lists(
    st.one_of(
        st.lists(_records, min_size=1, max_size=6),
        st.sampled_from(["flush", "reopen"]),
        st.integers(1, HOUR // 2),
    ),
    max_size=12,
)


class Model:
    """The rules in plain Python: what is in the table, and what each write must answer."""

    def __init__(self, *, magnetic_writes: bool) -> None:
        self.rows: dict[tuple[str, int], tuple[int, float]] = {}
        self.magnetic_writes = magnetic_writes
        self.replaced = 0

    def write(self, now_ns: int, host: str, time: int, version: int | None, value: float) -> Any:
        """The store the record goes to, or why it does not."""
        version = 1 if version is None else version
        oldest = now_ns - (MAGNETIC_DAYS * 24 if self.magnetic_writes else MEMORY_HOURS) * HOUR
        if not oldest <= time < now_ns + FUTURE:
            return "outside"
        store = "memory" if time >= now_ns - MEMORY_HOURS * HOUR else "magnetic"
        existing = self.rows.get((host, time))
        if existing is None or version > existing[0]:
            self.replaced += existing is not None
            self.rows[host, time] = (version, value)
        elif existing[1] != value:
            return existing[0]
        return store


@pytest.mark.parametrize("magnetic_writes", [False, True])
@given(steps=_steps, kept=st.sampled_from([1, 4, 50_000]), generations=st.integers(1, 2))
# The newest of its series, which only the database has: after a restart, and after other flushes.
@example(steps=[[("a", -HOUR, 1, 1.0)], "reopen", [("a", -HOUR, 1, 2.0)]], kept=50_000, generations=1)
@example(
    steps=[
        [("a", -HOUR, 1, 1.0)],
        *[step for host in "bcd" for step in ("flush", [(host, -HOUR, 1, 1.0)])],
        "flush",
        [("a", -HOUR, 1, 2.0)],
    ],
    kept=1,
    generations=1,
)
@example(
    steps=[[("a", -HOUR, 1, 1.0)], "flush", [("b", -HOUR, 1, 1.0)], "flush", [("a", -HOUR, 1, 2.0)]],
    kept=1,
    generations=2,
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_store_agrees_with_the_model(
    steps: list[Any], kept: int, generations: int, magnetic_writes: bool
) -> None:
    """Any series of writes, flushes, restarts and clock moves answers and leaves what the rules say."""
    with (
        patch.object(table, "RECENT_ROWS", kept),  # as if so few rows of the last flushes were kept in memory
        patch.object(table, "_KEY_GENERATIONS", generations),
        TemporaryDirectory(dir=_MEMORY) as directory,
    ):
        clock = ManualClock()
        store = Store(Path(directory), "us-east-1", clock)
        create(
            store,
            RetentionProperties={
                "MemoryStoreRetentionPeriodInHours": MEMORY_HOURS,
                # Kept for longer than a test lasts: when rows leave is another test's matter.
                "MagneticStoreRetentionPeriodInDays": MAGNETIC_DAYS,
            },
            MagneticStoreWriteProperties={"EnableMagneticStoreWrites": magnetic_writes},
        )
        model = Model(magnetic_writes=magnetic_writes)
        for step in steps:
            if step == "flush":
                store.flush()
            elif step == "reopen":
                store.close()
                store = Store(Path(directory), "us-east-1", clock)
            elif isinstance(step, int):
                clock.now_ns += step
            else:
                _write_both(store, model, clock.now_ns, step)
        # A table without records has no columns of its own.
        found = select(store, "host, epoch_ns(time), value") if model.rows else []
        rows = {(host, time): value for host, time, value in found}
        left = {key: value for key, (_, value) in model.rows.items()}
        expired = clock.now_ns - MAGNETIC_DAYS * 24 * HOUR
        assert {key for key in left if key[1] >= expired} <= rows.keys() <= left.keys()
        assert rows == {key: left[key] for key in rows}
        status = store.status()
        assert status["replaced"] == model.replaced
        assert (
            status["accepted"] == status["rows"] + status["replaced"] + status["repeated"] + status["expired"]
        )
        store.close()


def _write_both(
    store: Store, model: Model, now_ns: int, records: list[tuple[str, int, int | None, float]]
) -> None:
    expected = [
        model.write(now_ns, host, now_ns + offset, version, value) for host, offset, version, value in records
    ]
    sent = [
        record(value, Dimensions=dimensions(host=host), Time=str(now_ns + offset), Version=version)
        for host, offset, version, value in records
    ]
    refused = {index: answer for index, answer in enumerate(expected) if answer not in {"memory", "magnetic"}}
    if refused:
        with pytest.raises(RejectedRecordsException) as caught:
            write(store, *sent)
        answers = {one.index: one.existing_version or "outside" for one in caught.value.rejected}
        assert answers == refused
    else:
        ingested = write(store, *sent)
        assert ingested["MemoryStore"] == expected.count("memory")
        assert ingested["MagneticStore"] == expected.count("magnetic")
        assert ingested["Total"] == len(expected)


def test_same_version_and_value_is_accepted_again(store: Store) -> None:
    """A retry of the same record is accepted, before and after a flush, and leaves one row."""
    write(store, record(Version=7))
    write(store, record(Version=7))
    store.flush()
    write(store, record(Version=7))
    assert select(store, "value") == [(1.5,)]
    assert store.status()["repeated"] == 2


def test_higher_version_with_the_same_value_raises_the_version(store: Store) -> None:
    """An equal value with a higher version leaves the value and needs a yet higher version to change it."""
    write(store, record(1, Version=1))
    write(store, record(1, Version=5))
    with pytest.raises(RejectedRecordsException) as caught:
        write(store, record(2, Version=4))
    assert caught.value.rejected[0].existing_version == 5


def test_lower_version_with_the_same_value_is_accepted_and_changes_nothing(store: Store) -> None:
    """A late copy of what is there already is no error."""
    write(store, record(1, Version=5))
    write(store, record(1, Version=2))
    with pytest.raises(RejectedRecordsException):
        write(store, record(2, Version=5))


def test_higher_version_replaces_the_whole_record(store: Store) -> None:
    """Measures that the newer version does not have are gone."""
    write(store, record(MeasureValues=[_double("a", 1), _double("b", 2)]))
    store.flush()
    write(store, record(MeasureValues=[_double("b", 3)], Version=2))
    assert select(store, "a, b") == [(None, 3.0)]


def test_order_of_dimensions_and_measures_is_no_matter(store: Store) -> None:
    """A record is the same when its dimensions and measures come in another order."""
    write(
        store, record(Dimensions=dimensions(x="1", y="2"), MeasureValues=[_double("a", 1), _double("b", 2)])
    )
    write(
        store, record(Dimensions=dimensions(y="2", x="1"), MeasureValues=[_double("b", 2), _double("a", 1)])
    )
    assert store.status()["rows"] == 1


def test_series_differ_by_measure_name_dimension_and_value(store: Store) -> None:
    """Records of one time stay apart when anything of their series differs, however it is cut into names."""
    write(
        store,
        record(1, Dimensions=dimensions(a="bc")),
        record(2, Dimensions=dimensions(ab="c")),
        record(3, Dimensions=dimensions(a="b", c="d")),
        record(4, Dimensions=dimensions(a="bc"), MeasureName="other"),
    )
    assert sorted(select(store, "value")) == [(1.0,), (2.0,), (3.0,), (4.0,)]


def test_conflict_within_one_call_rejects_the_later_record(store: Store) -> None:
    """Of two different values for one point in a call the second is rejected, the others are stored."""
    with pytest.raises(RejectedRecordsException) as caught:
        write(store, record(1), record(2), record(3, Time=str(NOW_NS + 1)))
    assert [one.shape() for one in caught.value.rejected] == [
        {
            "RecordIndex": 1,
            "Reason": "A record already exists with the same time, dimensions, measure name, and record version. "
            "A higher record version must be specified in order to update the measure value.",
            "ExistingVersion": 1,
        }
    ]
    assert sorted(select(store, "value")) == [(1.0,), (3.0,)]


def test_late_points_between_others_are_found_again(store: Store) -> None:
    """A point older than its series' newest one follows the same rules when it is in the database."""
    write(store, record(1), record(2, Time=str(NOW_NS - 10)))
    store.flush()
    write(store, record(5, Time=str(NOW_NS - 5)), record(2, Time=str(NOW_NS - 10)))
    with pytest.raises(RejectedRecordsException) as caught:
        write(store, record(9, Time=str(NOW_NS - 10)), record(9, Time=str(NOW_NS - 10), Version=3))
    assert [one.index for one in caught.value.rejected] == [0]
    assert sorted(select(store, "value")) == [(1.0,), (5.0,), (9.0,)]


def _double(name: str, value: float) -> dict[str, str]:
    return {"Name": name, "Value": str(value), "Type": "DOUBLE"}


def test_records_out_of_order_by_seconds_are_not_looked_up(store: Store) -> None:
    """Only a record that is older than what memory has of its series is asked for in the database."""
    asked: list[int] = []
    lookup = table_storage.lookup

    def counted(connection: Any, of: Any, keys: Any) -> Any:
        asked.append(len(keys))
        return lookup(connection, of, keys)

    with (
        patch.object(table_storage, "lookup", counted),
        patch.object(table, "RECENT_ROWS", 2),
        patch.object(table, "_KEY_GENERATIONS", 2),
    ):
        seconds = [10, 30, 20, 15, 25, 22, 12]
        for second in seconds:
            write(store, record(Time=str(NOW_NS + second * 10**9)))
            store.flush()
        assert asked == []
        for tenths in (100, *range(110, 119)):
            write(store, record(Time=str(NOW_NS + tenths * 10**8)))
            store.flush()
    assert asked
    assert set(asked) == {1}
    assert len(select(store, "value")) == len(seconds) + 9
