"""The parts that a record may have."""

from typing import Any

import pytest

from emulator.timestream import Store
from emulator.timestream.errors import RejectedRecordsException, ValidationException
from tests.support.timestream_factory import (
    DATABASE,
    NOW_NS,
    TABLE,
    dimensions,
    record,
    select,
    single,
    write,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("DOUBLE", "-1.5e3", -1500.0),
        ("DOUBLE", ".5", 0.5),
        ("DOUBLE", "1.7976931348623157e308", 1.7976931348623157e308),
        ("BIGINT", "9223372036854775807", 2**63 - 1),
        ("BIGINT", "-9223372036854775808", -(2**63)),
        ("BOOLEAN", "TRUE", True),
        ("BOOLEAN", "false", False),
        ("VARCHAR", 'it\'s "quoted" \u00fc \U0001f30a', 'it\'s "quoted" \u00fc \U0001f30a'),
        ("VARCHAR", "x" * 1_900, "x" * 1_900),
    ],
)
def test_single_measure_of_each_type(store: Store, kind: str, text: str, value: Any) -> None:
    """A single measure stands in the column `measure_value::<type>` with exactly the value sent."""
    write(store, single(text, kind))
    assert select(store, f'"measure_value::{kind.lower()}", measure_name') == [(value, "load")]


@pytest.mark.parametrize("kind", ["DOUBLE", "BIGINT", "BOOLEAN", "VARCHAR", "TIMESTAMP"])
def test_multi_measure_of_each_type(store: Store, kind: str) -> None:
    """A measure inside a multi-measure record stands in a column of its own name and type."""
    text, value = {
        "DOUBLE": ("2.5", 2.5),
        "BIGINT": ("-3", -3),
        "BOOLEAN": ("true", True),
        "VARCHAR": ("up", "up"),
        "TIMESTAMP": ("1700000000123456789", 1_700_000_000_123_456_789),
    }[kind]
    write(store, record(MeasureValues=[{"Name": "m", "Value": text, "Type": kind}]))
    assert select(store, "epoch_ns(m)" if kind == "TIMESTAMP" else "m") == [(value,)]


def test_timestamp_measure_counts_in_the_time_unit_of_its_record(store: Store) -> None:
    """TimeUnit holds for the time of a record and for its measures of type TIMESTAMP."""
    moment = {"Name": "m", "Value": "1700000000", "Type": "TIMESTAMP"}
    write(store, record(MeasureValues=[moment], Time=str(NOW_NS // 10**9), TimeUnit="SECONDS"))
    assert select(store, "epoch_ns(m), epoch_ns(time)") == [(1_700_000_000 * 10**9, NOW_NS)]


@pytest.mark.parametrize(
    ("unit", "factor"), [("SECONDS", 10**9), (None, 10**6), ("MICROSECONDS", 1_000), ("NANOSECONDS", 1)]
)
def test_time_units(store: Store, unit: str | None, factor: int) -> None:
    """Time counts in TimeUnit, milliseconds by default, and keeps its nanoseconds."""
    time = (NOW_NS - 123_456_789) // factor
    write(store, record(Time=str(time), TimeUnit=unit))
    assert select(store, "epoch_ns(time)") == [(time * factor,)]


def test_double_is_the_default_type(store: Store) -> None:
    """A record without MeasureValueType is a DOUBLE."""
    write(store, single("3", kind=None))
    assert select(store, '"measure_value::double"') == [(3.0,)]


def test_common_attributes_are_merged_into_each_record(store: Store) -> None:
    """Dimensions add up; for the rest the record's own attribute wins."""
    common = single("1", Dimensions=dimensions(region="eu"), Version=3)
    write(
        store,
        {"Dimensions": dimensions(host="a")},
        {"MeasureValue": "2", "MeasureName": "idle"},
        common=common,
    )
    rows = select(store, 'region, host, measure_name, "measure_value::double", epoch_ns(time)')
    assert sorted(rows, key=str) == sorted(
        [("eu", "a", "load", 1.0, NOW_NS), ("eu", None, "idle", 2.0, NOW_NS)], key=str
    )


def test_names_that_differ_by_case_are_different_columns(store: Store) -> None:
    """`Host`, `host` and `HOST` are three dimensions, each with its own values."""
    write(store, record(Dimensions=dimensions(Host="1", host="2", HOST="3")))
    with store.reader() as (catalog, _):
        columns = catalog.table(DATABASE, TABLE).columns
    physical = {column.name: column.physical for column in columns}
    assert [column.name for column in columns][:3] == ["HOST", "Host", "host"]
    quoted = ", ".join(f'"{physical[name]}"' for name in ("Host", "host", "HOST"))
    assert select(store, quoted) == [("1", "2", "3")]


def test_hostile_names_and_values_are_only_data(store: Store) -> None:
    """Quotes, semicolons, line breaks and NULs in names and values are stored as they are."""
    name, value = 'a"; DROP TABLE t1; --', "x'\n\x00;\u2028"
    write(store, record(Dimensions=[{"Name": name, "Value": value}]))
    assert select(store, '"a""; DROP TABLE t1; --"') == [(value,)]


def test_columns_come_in_the_order_of_aws(store: Store) -> None:
    """Dimensions come first, then measure_name and time, then measures."""
    write(store, single("1"), record(MeasureName="multi"))
    with store.reader() as (catalog, _):
        columns = catalog.table(DATABASE, TABLE).columns
    assert [(column.name, column.type, column.role) for column in columns] == [
        ("host", "VARCHAR", "DIMENSION"),
        ("metric_name", "VARCHAR", "DIMENSION"),
        ("measure_name", "VARCHAR", "MEASURE_NAME"),
        ("time", "TIMESTAMP", "TIMESTAMP"),
        ("measure_value::double", "DOUBLE", "MEASURE_VALUE"),
        ("value", "DOUBLE", "MULTI"),
    ]


_MULTI = [{"Name": "value", "Value": "1", "Type": "DOUBLE"}]


@pytest.mark.parametrize(
    "broken",
    [
        single("abc"),
        single("nan"),
        single("Infinity"),
        single("1e999"),
        single("1_000"),
        single("\u0661"),
        single(""),
        single("1.5", "BIGINT"),
        single("9223372036854775808", "BIGINT"),
        single("yes", "BOOLEAN"),
        single("x" * 2_049, "VARCHAR"),
        single("1", "TIMESTAMP"),
        single("1", "FLOAT"),
        single("1", MeasureName=None),
        single("1", MeasureValues=_MULTI),
        record(MeasureValue="1"),
        record(MeasureValues=[]),
        record(MeasureValues=None),
        record(MeasureValues=_MULTI * 2),
        record(MeasureValues=[{"Name": "value", "Value": "1"}]),
        record(MeasureValues=[{"Name": "value", "Value": 1, "Type": "DOUBLE"}]),
        record(MeasureValues=[{"Name": "value", "Value": "1", "Type": "MULTI"}]),
        record(MeasureValues=[{"Name": "time", "Value": "1", "Type": "DOUBLE"}]),
        record(MeasureValues={"Name": "value"}),
        record(Time=None),
        record(Time="1.5"),
        record(Time="-1"),
        record(Time=NOW_NS),
        record(Time=str(2**63)),
        record(TimeUnit="HOURS"),
        record(TimeUnit=["SECONDS"]),
        record(Version=0),
        record(Version=-1),
        record(Version=True),
        record(Version="2"),
        record(Version=2**63),
        record(Dimensions=None),
        record(Dimensions=[]),
        record(Dimensions=dimensions(host="")),
        record(Dimensions=[{"Name": "host"}]),
        record(Dimensions=[{"Name": "host", "Value": 1}]),
        record(Dimensions=[{"Name": "", "Value": "a"}]),
        record(Dimensions=[{"Name": "host", "Value": "a", "DimensionValueType": "BIGINT"}]),
        record(Dimensions=dimensions(host="a") * 2),
        record(Dimensions=dimensions(time="a")),
        record(Dimensions=dimensions(measure_value="a")),
        record(Dimensions=dimensions(Time="a")),
        record(Dimensions=dimensions(MEASURE_NAME="a")),
        record(Dimensions=dimensions(Ts_mine="a")),
        record(MeasureName="time"),
        record(MeasureName="TIME"),
        single("1", MeasureName="ts_x"),
        record(Dimensions=dimensions(measure_name="a")),
        record(Dimensions=dimensions(ts_mine="a")),
        record(Dimensions=dimensions(ts_non_existent_col="a")),
        record(Dimensions=dimensions(**{f"d{number}": "x" for number in range(129)})),
        record(Dimensions=["host"]),
        "no record",
    ],
    ids=lambda broken: str(broken)[:60] + "...",
)
def test_malformed_record_refuses_the_whole_call(store: Store, broken: Any) -> None:
    """A malformed record is a ValidationException, and no record of the call is stored."""
    with pytest.raises(ValidationException):
        write(store, record(Time=str(NOW_NS - 1)), broken)
    assert store.status()["rows"] == 0


@pytest.mark.parametrize("count", [0, 101])
def test_number_of_records_is_limited(store: Store, count: int) -> None:
    """A call has 1 to 100 records."""
    with pytest.raises(ValidationException):
        write(store, *[record(Time=str(NOW_NS - number)) for number in range(count)])


def test_hundred_records_are_accepted(store: Store) -> None:
    """A call may have 100 records."""
    assert write(store, *[record(Time=str(NOW_NS - number)) for number in range(100)])["Total"] == 100


def test_dimension_both_common_and_own_refuses_the_call(store: Store) -> None:
    """A dimension may not stand in CommonAttributes and in a record."""
    with pytest.raises(ValidationException, match="unique names"):
        write(store, record(), common={"Dimensions": dimensions(host="b")})


def test_rejected_records_leave_the_others_stored(store: Store) -> None:
    """Rejections carry the 0-based index of their records; every other record of the call is stored."""
    past = str(NOW_NS - 7 * 3_600_000_000_000)
    with pytest.raises(RejectedRecordsException) as caught:
        write(store, record(Time=past), record(), record(Time=past), record(2, Time=str(NOW_NS - 1)))
    assert [one.index for one in caught.value.rejected] == [0, 2]
    assert caught.value.rejected[0].reason.startswith("The record timestamp is outside the time range [")
    assert sorted(select(store, "value")) == [(1.5,), (2.0,)]
