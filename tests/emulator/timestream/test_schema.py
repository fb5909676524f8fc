"""Limits of tables and records, at their edges."""

from typing import Any

import orjson
import pytest

from emulator.timestream import Store, schema
from emulator.timestream.administration import create_table, update_table
from emulator.timestream.errors import RejectedRecordsException
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


def rejection(store: Store, *records: dict[str, Any]) -> str:
    """The reason for which the last of some records was rejected, and it alone."""
    with pytest.raises(RejectedRecordsException) as caught:
        write(store, *records)
    (one,) = caught.value.rejected
    assert one.index == len(records) - 1
    return one.reason


def test_table_takes_128_dimensions(store: Store) -> None:
    """The 128th dimension name of a table is admitted, the 129th is not; known ones go on."""
    names = [f"d{number}" for number in range(128)]
    for first in range(0, 128, 64):
        write(store, record(Dimensions=dimensions(**dict.fromkeys(names[first : first + 64], "x"))))
    assert "128" in rejection(
        store, record(Dimensions=dimensions(d0="x")), record(Dimensions=dimensions(more="x"))
    )
    assert store.status()["rows"] == 3


def test_record_takes_128_dimensions(store: Store) -> None:
    """One record may have all 128."""
    write(store, record(Dimensions=dimensions(**{f"d{number}": "x" for number in range(128)})))
    assert store.status()["rows"] == 1


def test_dimension_name_takes_60_bytes(store: Store) -> None:
    """Bytes count, not characters."""
    write(store, record(Dimensions=dimensions(**{"\u00fc" * 30: "x"})))
    assert "60 bytes" in rejection(store, record(Dimensions=dimensions(**{"\u00fc" * 30 + "u": "x"})))


def test_measure_name_takes_256_bytes(store: Store) -> None:
    """The name of a record's measure and the names inside a multi-measure record are limited alike."""
    write(store, single("1", MeasureName="m" * 256), record(MeasureValues=[_measure("v" * 256)]))
    assert "256 bytes" in rejection(store, single("1", MeasureName="m" * 257))
    assert "256 bytes" in rejection(store, record(MeasureValues=[_measure("v" * 257)]))


def test_table_takes_8192_measure_names(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new measure name beyond the limit is rejected, a known one is not."""
    assert schema.MAX_MEASURE_NAMES == 8_192
    monkeypatch.setattr(schema, "MAX_MEASURE_NAMES", 2)
    write(store, single("1", MeasureName="a"), single("1", MeasureName="b"))
    assert "measure names" in rejection(
        store, single("1", MeasureName="a", Time=str(NOW_NS + 1)), single("1", MeasureName="c")
    )


def test_multi_measure_record_takes_256_measures(store: Store) -> None:
    """The 257th measure of a record is one too many, wherever else there is room."""
    measures = [{"Name": f"m{number}", "Value": "true", "Type": "BOOLEAN"} for number in range(257)]
    assert "256 measures" in rejection(store, record(MeasureValues=measures))


def test_table_takes_1024_multi_measures(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new measure of multi-measure records beyond the limit is rejected."""
    assert schema.MAX_MULTI_MEASURES == 1_024
    monkeypatch.setattr(schema, "MAX_MULTI_MEASURES", 3)
    write(store, record(MeasureValues=[_measure("a"), _measure("b"), _measure("c")]))
    assert "3 measures" in rejection(store, record(MeasureValues=[_measure("a"), _measure("d")]))


def test_multi_measure_record_takes_256_doubles(store: Store) -> None:
    """256 measures of 8 bytes are allowed whatever the dimensions are."""
    measures = [_measure(f"m{number}") for number in range(256)]
    write(store, record(MeasureValues=measures))
    assert store.status()["rows"] == 1


def test_record_takes_2048_bytes(store: Store) -> None:
    """The texts of a record, dimensions and values, add up to at most 2,048 bytes."""
    text = {"Name": "m", "Value": "x" * 2_046, "Type": "VARCHAR"}
    write(store, record(Dimensions=dimensions(d="x"), MeasureValues=[text]))
    longer = {**text, "Value": "x" * 2_047}
    assert "2049 bytes" in rejection(store, record(Dimensions=dimensions(d="y"), MeasureValues=[longer]))
    assert "2049 bytes" in rejection(store, record(Dimensions=dimensions(d="x"), MeasureValues=[longer]))
    assert "2050 bytes" in rejection(store, record(Dimensions=dimensions(d="\u00fc"), MeasureValues=[longer]))


def test_dimensions_take_2048_bytes(store: Store) -> None:
    """Names and values of a series' dimensions add up to at most 2,048 bytes."""
    write(store, record(Dimensions=dimensions(d="x" * 2_047)))
    assert "2049 bytes" in rejection(store, record(Dimensions=dimensions(d="x" * 2_048)))


def test_measure_values_take_2048_bytes(store: Store) -> None:
    """Numbers count 8 bytes, truth values 1, texts their length."""
    numbers = [_measure(f"m{number}") for number in range(250)]
    text = {"Name": "t", "Value": "x" * 48, "Type": "VARCHAR"}
    write(store, record(MeasureValues=[*numbers, text]))
    assert "2049 bytes" in rejection(store, record(MeasureValues=[*numbers, {**text, "Value": "x" * 49}]))


def test_measure_keeps_its_type(store: Store) -> None:
    """A measure name has one type per table, be it single or inside multi-measure records."""
    write(store, single("1"), record())
    assert "DOUBLE" in rejection(store, single("1", "BIGINT"))
    assert "MULTI" in rejection(store, single("1", MeasureName="metric"))
    measure = {"Name": "value", "Value": "1", "Type": "BIGINT"}
    assert "DOUBLE" in rejection(store, record(MeasureValues=[measure]))


def test_dimension_and_measure_do_not_share_a_name(store: Store) -> None:
    """A name in use for one cannot become the other, nor be both in one record."""
    write(store, record())
    assert "dimension" in rejection(store, record(MeasureValues=[_measure("host")]))
    assert "measure" in rejection(store, record(Dimensions=dimensions(value="x")))
    both = record(Dimensions=dimensions(fresh="x"), MeasureValues=[_measure("fresh")])
    assert "dimension" in rejection(store, both)
    write(store, record(Dimensions=dimensions(fresh="x")))


def test_required_partition_key(store: Store) -> None:
    """A record without a required partition key is rejected; with an optional one it is stored."""
    create_keyed(store, "REQUIRED")
    request = {"DatabaseName": DATABASE, "TableName": "keyed"}
    keyed, bare = record(), record(Dimensions=dimensions(host="a"))
    assert "metric_name" in rejection_in(store, request, [keyed, bare])
    _update_key(store, "OPTIONAL")
    store.write({**request, "Records": [bare]}, _body({**request, "Records": [bare]}), {})
    _update_key(store, "REQUIRED")
    assert "metric_name" in rejection_in(store, request, [bare])


def test_new_dimensions_of_rejected_records_take_no_room(store: Store) -> None:
    """A record rejected for its time leaves no column behind."""
    rejection(store, record(Dimensions=dimensions(stray="x"), Time="1"))
    write(store, record())
    with store.reader() as (catalog, _):
        assert "stray" not in [column.name for column in catalog.table(DATABASE, TABLE).columns]
    assert select(store, "count(*)") == [(1,)]


def create_keyed(store: Store, enforcement: str) -> None:
    """Create a second table with a partition key."""
    create_table(store, {"DatabaseName": DATABASE, "TableName": "keyed", "Schema": _key(enforcement)})


def rejection_in(store: Store, request: dict[str, Any], records: list[dict[str, Any]]) -> str:
    """The reason for which the last record was rejected."""
    whole = {**request, "Records": records}
    with pytest.raises(RejectedRecordsException) as caught:
        store.write(whole, _body(whole), {})
    assert [one.index for one in caught.value.rejected] == [len(records) - 1]
    return caught.value.rejected[0].reason


def _update_key(store: Store, enforcement: str) -> None:
    update_table(store, {"DatabaseName": DATABASE, "TableName": "keyed", "Schema": _key(enforcement)})


def _key(enforcement: str) -> dict[str, Any]:
    key = {"Type": "DIMENSION", "Name": "metric_name", "EnforcementInRecord": enforcement}
    return {"CompositePartitionKey": [key]}


def _body(request: dict[str, Any]) -> bytes:
    return orjson.dumps(request)


def _measure(name: str) -> dict[str, str]:
    return {"Name": name, "Value": "1", "Type": "DOUBLE"}


def test_measures_list_their_dimensions_as_describe_does(store: Store) -> None:
    """A measure's dimensions come in the order of the table's columns, which is that of their first appearance."""
    write(store, record(Dimensions=dimensions(zone="z")))
    write(store, record(Dimensions=dimensions(app="a", zone="z")))
    store.flush()
    (measure,) = store.catalog.measures(DATABASE, TABLE)
    assert measure.dimensions == ("zone", "app")
    described = store.catalog.table(DATABASE, TABLE).columns
    assert [column.name for column in described if column.role == "DIMENSION"] == ["zone", "app"]
