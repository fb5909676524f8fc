"""What is made once for a series, and how much of it is kept."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from handlers.adapters.timestream.prepared import Prepared, Preparer, align, pair_bytes
from handlers.domain.point import Series

ONE = Series("cpu", "system", (("host", 'a"é'), ("zone", "\U0001f600")))


def prepared(series: Series) -> Prepared:
    """The series as it is prepared the first time."""
    [found] = Preparer().prepare([series])
    return found


def dimensions(start: str) -> dict[str, str]:
    """The dimensions of a record that begins so."""
    record = orjson.loads(f'{start}1.0"}}]}}')
    return {pair["Name"]: pair["Value"] for pair in record.get("Dimensions", [])}


@given(st.frozensets(st.sampled_from(["metric_name", "metric_type", "host", "zone", "other"])))
def test_a_record_lacks_what_the_call_shares(shared: frozenset[str]) -> None:
    """The dimensions of the other names stand in it, whatever their letters."""
    whole = {"metric_name": "cpu", "metric_type": "system", **dict(ONE.dimensions)}
    expected = {name: value for name, value in whole.items() if name not in shared}
    assert dimensions(prepared(ONE).start_without(shared)) == expected


def test_sizes_count_bytes() -> None:
    """Names and values by the bytes of their UTF-8."""
    assert pair_bytes(("host", "é")) == 6
    assert prepared(ONE).size == len("metric_namecpumetric_typesystemhostzone") + 4 + 4


def test_a_series_is_prepared_once() -> None:
    """The same object stands for it in every batch, and whenever it comes again in one."""
    preparer = Preparer()
    other = Series("cpu", "system", ())
    first, second, third = preparer.prepare([ONE, other, ONE])
    assert first is third
    assert preparer.prepare([other, ONE]) == [second, first]


def test_a_stream_of_new_series_does_not_grow_it() -> None:
    """Of those of earlier batches no more is kept than the bound, and a batch is whole however large it is."""
    preparer = Preparer(kept_bytes=500)
    for batch in range(10):
        some = [Series(f"{batch}.{number}", "system", ()) for number in range(100)]
        assert [one.series for one in preparer.prepare(some)] == some
        assert preparer.kept == 100


def test_shapes_that_keep_changing_do_not_grow_a_series() -> None:
    """What was made for calls that share other dimensions is let go."""
    one = prepared(ONE)
    for number in range(20):
        one.start_without(frozenset({f"name{number}"}))
    assert len(one.starts) <= 4


def test_rows_have_the_columns_of_all_series() -> None:
    """Whatever batches came before, a series has a value or nothing for each name."""
    first, second = Series("a", "system", (("host", "h"),)), Series("b", "system", (("zone", "z"),))
    preparer = Preparer()
    for batch in ([first], [first, second], [second], [second, first], [first, first]):
        names, rows = align(preparer.prepare(batch))
        assert {"metric_name", "metric_type", *(name for one in batch for name, _ in one.dimensions)} <= {
            *names
        }
        for one, row in zip(batch, rows, strict=True):
            values = {"metric_name": one.metric_name, "metric_type": "system", **dict(one.dimensions)}
            assert dict(zip(names, row, strict=True)) == {name: values.get(name, "") for name in names}
