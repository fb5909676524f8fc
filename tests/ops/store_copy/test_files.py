"""Files of CSV as Timestream unloads them."""

import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.domain.ingest.envelope import StreamRecord
from handlers.domain.point import Point, Series
from ops.errors import OperatorError
from ops.store_copy.files import in_parts, read_points

RECORD = StreamRecord("", "", "copy/d", 0, 1, "copy-d", b"")
NAMES = ["host", "az"]
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


def cell(text: str) -> str:
    """A cell: in quotes if it needs them, with a backslash before quotes and backslashes."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"' if set(text) & set('",\r\n\\') else text


def read(text: str) -> list[Point]:
    """The points of a file."""
    return list(read_points(io.BytesIO(gzip.compress(text.encode())), NAMES, RECORD))


@given(TEXTS, TEXTS, st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**62))
def test_texts_values_and_times_are_what_they_were(name: str, host: str, value: float, time_ns: int) -> None:
    """Commas, quotes, backslashes and line breaks among them; each nanosecond and each bit of a double."""
    [point] = read(f"{cell(name)},system,{cell(host)},z,{time_ns},{value!r}\n")
    assert point == Point(Series(name, "system", (("az", "z"), ("host", host))), time_ns, value, 0, RECORD)


def test_a_dimension_that_is_null_is_none() -> None:
    """A series has what is there, in the order of names."""
    found = [point.series.dimensions for point in read("a,system,,,1,1.0\na,system,h,,1,1.0E-300\n")]
    assert found == [(), (("host", "h"),)]


@pytest.mark.parametrize(
    "row", ["a,system,1,1.0", "a,system,h,z,now,1.0", "a,system,h,z,1,", 'a,system,h,z,1,"1.0']
)
def test_a_row_that_is_none_of_a_point_fails_the_file(row: str) -> None:
    """Nothing is guessed."""
    with pytest.raises(OperatorError, match="a file that Timestream unloaded cannot be read"):
        read(f"{row}\n")


def test_a_file_that_breaks_off_fails() -> None:
    """Whoever reads it learns of it at its end."""
    body = gzip.compress(b"a,system,h,z,1,1.0\n" * 1000)
    with pytest.raises(OperatorError, match="cannot be read"):
        list(read_points(io.BytesIO(body[:-10]), NAMES, RECORD))


def test_points_come_in_parts() -> None:
    """So many at a time, the rest at the end, and no empty part."""
    points = read("a,system,h,z,1,1.0\n" * 4)
    assert [len(part) for part in in_parts(points, 3)] == [3, 1]
    assert [len(part) for part in in_parts(points, 2)] == [2, 2]
    assert list(in_parts([], 2)) == []
