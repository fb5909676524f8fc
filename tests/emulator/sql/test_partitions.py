"""Whatever a query says of partitions, leaving some out changes no answer."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.athena_world import World

HOURS = ("05", "06", "07", "08")
ROWS = [(f"r{i}", i % 5, HOURS[i % 4]) for i in range(12)]

_VALUES = st.sampled_from(HOURS)
_ATOMS = st.one_of(
    st.builds("hour {} '{}'".format, st.sampled_from(("=", "<>", "<", ">=")), _VALUES),
    st.builds("hour BETWEEN '{}' AND '{}'".format, _VALUES, _VALUES),
    st.builds("hour IN ('{}', '{}')".format, _VALUES, _VALUES),
    st.builds("concat('x', hour) = 'x{}'".format, _VALUES),
    st.builds("nullif(hour, '{}') IS NULL".format, _VALUES),
    st.builds("n {} {}".format, st.sampled_from(("=", ">")), st.integers(0, 4)),
    st.builds("(n = {} OR hour = '{}')".format, st.integers(0, 4), _VALUES),
    st.just("hour = (SELECT max(hour) FROM t)"),
)
_CONDITIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.builds("({} AND {})".format, inner, inner),
        st.builds("({} OR {})".format, inner, inner),
        st.builds("(NOT {})".format, inner),
    ),
    max_leaves=4,
)
_RANKED = (
    "SELECT hour, name, place AS n FROM (SELECT q.*, row_number() OVER (PARTITION BY {by} ORDER BY n, name, hour)"
    " AS place FROM ({inner}) q) WHERE place < 2"
)
_JOINED = (
    "WITH w AS ({inner}) SELECT a.hour, b.name, a.n"
    " FROM w a {side} JOIN w b ON a.name = b.name AND b.hour {sign} '06'"
)
_MERGED = "WITH w AS ({inner}) SELECT hour, a.name, b.n FROM w a {side} JOIN w b USING (hour)"
_TWICE = (
    "WITH w AS ({inner}) (SELECT * FROM w WHERE hour = '05') UNION ALL (SELECT * FROM w WHERE hour = '07')"
)
_SHAPES = st.one_of(
    st.builds("SELECT hour, name, n FROM ({{inner}}) WHERE {}".format, _CONDITIONS),
    st.builds(
        _RANKED.replace("{inner}", "{{inner}}").format, by=st.sampled_from(("hour", "n", "n, hour", "name"))
    ),
    st.builds(
        _JOINED.replace("{inner}", "{{inner}}").format,
        side=st.sampled_from(("", "LEFT", "RIGHT", "FULL")),
        sign=st.sampled_from(("=", ">")),
    ),
    st.builds(
        _MERGED.replace("{inner}", "{{inner}}").format, side=st.sampled_from(("", "LEFT", "RIGHT", "FULL"))
    ),
    st.sampled_from(
        (
            "(SELECT * FROM ({inner})) UNION ALL (SELECT '05', name, n FROM ({inner}))",
            "(SELECT * FROM ({inner})) UNION (SELECT * FROM ({inner}))",
            "(SELECT hour, 'x' AS name, n FROM ({inner})) EXCEPT (SELECT '06', 'x', n FROM t WHERE hour = '05')",
            "SELECT hour, min(name) AS name, sum(n) AS n FROM ({inner}) GROUP BY hour",
            "SELECT max(hour) AS hour, name, sum(n) AS n FROM ({inner}) GROUP BY name",
            "SELECT max(hour) AS hour, min(name) AS name, sum(n) AS n FROM ({inner})",
            "SELECT * FROM ({inner}) ORDER BY hour DESC, name, n LIMIT 4",
            _TWICE,
        )
    ),
)


@pytest.fixture(scope="module")
def worlds() -> Iterator[tuple[World, World]]:
    """The same rows in a table with a partition for each hour, and in one without partitions."""
    parted, whole = World(), World()
    parted.add_json("t", {"name": "string", "n": "bigint"}, keys={"hour": "string"})
    for hour in HOURS:
        parted.add_partition("t", [hour], f"s3://data/t/{hour}/")
        parted.put_lines(f"t/{hour}/a", *({"name": name, "n": n} for name, n, h in ROWS if h == hour))
    whole.add_json("t", {"name": "string", "n": "bigint", "hour": "string"})
    whole.put_lines("t/a", *({"name": name, "n": n, "hour": hour} for name, n, hour in ROWS))
    yield parted, whole
    parted.engine.close()
    whole.engine.close()


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(shapes=st.lists(_SHAPES, min_size=1, max_size=2), condition=_CONDITIONS, hour=_VALUES)
def test_pruned_and_whole_agree(
    worlds: tuple[World, World], shapes: list[str], condition: str, hour: str
) -> None:
    """Any query over partitions answers what it answers over one table of all rows."""
    source = "SELECT hour, name, n FROM t"
    for shape in shapes:
        source = shape.format(inner=source)
    for where in (f"hour = '{hour}'", condition):
        sql = f"SELECT * FROM ({source}) WHERE {where}"
        parted, whole = (sorted(map(str, world.rows(sql))) for world in worlds)
        assert parted == whole, sql
