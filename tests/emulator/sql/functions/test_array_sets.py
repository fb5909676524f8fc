"""Arrays as sets, against plain Python."""

from hypothesis import given
from hypothesis import strategies as st

from tests.support.sql_fleet import Ask, many, one

_ARRAYS = st.lists(st.one_of(st.none(), st.integers(-2, 3)), max_size=8)


def _sql(items: list[int | None]) -> str:
    return (
        f"CAST(ARRAY[{', '.join('NULL' if item is None else str(item) for item in items)}] AS ARRAY(INTEGER))"
    )


def _distinct(items: list[int | None]) -> list[int | None]:
    return list(dict.fromkeys(items))


@many
@given(first=_ARRAYS, second=_ARRAYS)
def test_sets(ask: Ask, first: list[int | None], second: list[int | None]) -> None:
    """Distinct elements, union, intersection and difference keep the order of first sight, and one NULL."""
    a, b = _sql(first), _sql(second)
    found = ask(
        f"SELECT array_distinct({a}), array_union({a}, {b}), array_intersect({a}, {b}), array_except({a}, {b})"
    )
    assert found.rows[0] == [
        _distinct(first),
        _distinct([*first, *second]),
        [item for item in _distinct(first) if item in second],
        [item for item in _distinct(first) if item not in second],
    ]


@many
@given(first=_ARRAYS, second=_ARRAYS)
def test_overlap(ask: Ask, first: list[int | None], second: list[int | None]) -> None:
    """arrays_overlap is true for a shared element, and unknown without one where a NULL might be it."""
    shared = {item for item in first if item is not None} & {item for item in second if item is not None}
    wanted = True if shared else None if None in first or None in second else False
    assert one(ask, f"arrays_overlap({_sql(first)}, {_sql(second)})") is wanted


def test_null_arrays(ask: Ask) -> None:
    """Without one of the arrays there is no result; elements of other types meet at their common one."""
    none = "CAST(NULL AS ARRAY(INTEGER))"
    found = ask(
        f"SELECT array_union({none}, ARRAY[1]), arrays_overlap(ARRAY[1], {none}), array_distinct({none})"
    )
    assert found.rows == [[None, None, None]]
    assert one(ask, "array_union(ARRAY[1], ARRAY[2.5e0])") == [1.0, 2.5]
