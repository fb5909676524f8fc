"""Only the objects that a query needs are read, each once."""

import pytest

from tests.support.athena_world import HOURS, World

DAY = [f"2026-11-24-{hour:02d}" for hour in range(24)]


@pytest.fixture
def world() -> World:
    """An object for each hour of a day, in `hot` as JSON; two of the hours in `cold` as Parquet too; and views."""
    world = World()
    world.add_json("hot", {"name": "string", "n": "bigint"}, keys={"hour": "string"}, parameters=HOURS)
    world.add_parquet("cold", {"name": "string", "n": "bigint"}, keys={"date": "string", "clock": "string"})
    for place, hour in enumerate(DAY):
        world.put_lines(f"hot/hour={hour}/a.jsonl.gz", {"name": f"hot {place % 2}", "n": place})
    for clock in ("05", "06"):
        world.put_parquet(f"cold/{clock}/x", {"name": ["cold"], "n": [int(clock)]})
        world.add_partition("cold", ["2026-11-24", clock], f"s3://data/cold/{clock}/")
    both = "SELECT hour, name, n FROM hot UNION ALL SELECT concat(date, '-', clock), name, n FROM cold"
    world.add_view("everything", both)
    ranked = (
        f"SELECT b.*, row_number() OVER (PARTITION BY hour, name ORDER BY n DESC) AS place FROM ({both}) b"
    )
    world.add_view("points", f"SELECT hour, name, n FROM ({ranked}) WHERE place = 1")
    wrong = ranked.replace("PARTITION BY hour, name", "PARTITION BY name")
    world.add_view("across", f"SELECT hour, name, n FROM ({wrong}) WHERE place = 1")
    return world


_TWICE = (
    "WITH p AS (SELECT * FROM points)"
    " SELECT (SELECT n FROM p WHERE hour = '2026-11-24-08'), (SELECT n FROM p WHERE hour = '2026-11-24-07')"
)
PRUNED = [
    ("SELECT * FROM points WHERE hour = '2026-11-24-05'", 2),
    ("SELECT * FROM points WHERE '2026-11-24-07' = hour AND n > 0", 1),
    ("SELECT * FROM points WHERE hour >= '2026-11-24-22'", 2),
    ("SELECT * FROM points WHERE hour BETWEEN '2026-11-24-05' AND '2026-11-24-07'", 5),
    ("SELECT * FROM points WHERE hour IN ('2026-11-24-05', '2026-11-24-11')", 3),
    ("SELECT * FROM points WHERE hour = '2026-11-24-05' OR hour LIKE '2026-11-24-1%'", 12),
    (
        "SELECT * FROM points WHERE (hour = '2026-11-24-05' AND n > 3) OR (hour = '2026-11-24-08' AND n < 9)",
        3,
    ),
    ("SELECT * FROM points WHERE NOT hour < '2026-11-24-23'", 1),
    ("SELECT * FROM points WHERE hour >= date_format(now() - INTERVAL '1' DAY, '%Y-%m-%d-%H')", 3),
    ("SELECT * FROM everything WHERE concat(hour, ':00') = '2026-11-24-06:00'", 2),
    ("SELECT * FROM cold WHERE clock = '05'", 1),
    ("SELECT * FROM (SELECT hour AS h, n FROM everything) WHERE h = '2026-11-24-05'", 2),
    ("SELECT * FROM (SELECT hour, sum(n) AS s FROM points GROUP BY hour) WHERE hour = '2026-11-24-06'", 2),
    ("SELECT * FROM (SELECT hour, sum(n) AS s FROM points GROUP BY 1) WHERE hour = '2026-11-24-06'", 2),
    ("SELECT * FROM (SELECT DISTINCT hour, name FROM points) WHERE hour = '2026-11-24-06'", 2),
    (
        "SELECT * FROM hot p LEFT JOIN hot q ON p.n = q.n AND q.hour = '2026-11-24-07' WHERE p.hour = '2026-11-24-08'",
        2,
    ),
    ("SELECT n FROM hot WHERE hour = '2026-11-24-05' AND n = (SELECT max(n) FROM cold)", 3),
    (_TWICE, 2),
    ("SELECT * FROM hot WHERE hour = '2026-11-23-00'", 0),
]
WHOLE = [
    "SELECT * FROM points",
    "SELECT * FROM points WHERE n = 5",
    "SELECT * FROM points WHERE hour = '2026-11-24-05' OR n = 5",
    "SELECT * FROM points WHERE hour = (SELECT max(date) FROM cold)",
    "SELECT * FROM across WHERE hour = '2026-11-24-05'",
    "SELECT * FROM (SELECT hour, n FROM everything LIMIT 100) WHERE hour = '2026-11-24-05'",
    "SELECT * FROM (SELECT max(hour) AS hour FROM everything) WHERE hour = '2026-11-24-05'",
    "SELECT * FROM (SELECT name, min(hour) AS hour FROM everything GROUP BY name) WHERE hour = '2026-11-24-05'",
    "SELECT p.n FROM (SELECT 1 AS n) o LEFT JOIN everything p ON o.n = p.n WHERE p.hour = '2026-11-24-05'",
    "SELECT * FROM everything WHERE CAST(hour AS bigint) = 5",
]


@pytest.mark.parametrize(("sql", "objects"), PRUNED)
def test_a_condition_on_partition_columns_decides_what_is_read(world: World, sql: str, objects: int) -> None:
    """So many objects are read, and the bytes scanned are theirs as they are stored."""
    outcome = world.run(sql)
    assert len(world.reads) == objects
    assert outcome.scanned_bytes == sum(len(world.bodies["data", key]) for key in world.reads)


def test_a_table_that_is_read_in_two_places_is_scanned_twice(world: World) -> None:
    """A condition on a column that a join has from both sides holds for both, and the bytes of both count."""
    outcome = world.run("SELECT * FROM points p JOIN points q USING (hour) WHERE hour = '2026-11-24-05'")
    assert sorted(world.reads) == 2 * ["cold/05/x"] + 2 * ["hot/hour=2026-11-24-05/a.jsonl.gz"]
    assert outcome.scanned_bytes == sum(len(world.bodies["data", key]) for key in world.reads)


@pytest.mark.parametrize("sql", WHOLE)
def test_other_conditions_read_everything(world: World, sql: str) -> None:
    """Where a condition says nothing of partitions, or may not be taken so far down, every object is read."""
    world.run(sql)
    assert len([key for key in world.reads if key.startswith("hot/")]) == len(DAY)


@pytest.mark.parametrize(("sql", "_objects"), PRUNED)
def test_what_is_left_out_would_not_have_counted(world: World, sql: str, _objects: int) -> None:
    """A query over pruned partitions answers what it answers over all of them."""
    pruned = world.rows(sql)
    for table in ("hot", "cold"):
        described = dict(world.catalog["lake"][table])
        names = [key["Name"] for key in described["PartitionKeys"]]
        lines = []
        if table == "hot":
            lines = [{"name": f"hot {i % 2}", "n": i, "hour": hour} for i, hour in enumerate(DAY)]
        else:
            lines = [{"name": "cold", "n": n, "date": "2026-11-24", "clock": f"0{n}"} for n in (5, 6)]
        del world.catalog["lake"][table]
        world.add_json(table, {"name": "string", "n": "bigint", **dict.fromkeys(names, "string")})
        for key in [key for _, key in world.bodies if key.startswith(f"{table}/")]:
            del world.bodies["data", key]
        world.put_lines(f"{table}/all.json", *lines)
    assert sorted(map(str, world.rows(sql))) == sorted(map(str, pruned))


def test_an_object_is_read_once(world: World) -> None:
    """Objects that an earlier query read are not read again, unless they were written again.

    The first of each table is, as who may not read it is to be refused.
    """
    world.rows("SELECT * FROM hot")
    world.put_lines("hot/hour=2026-11-24-05/a.jsonl.gz", {"name": "new", "n": 1})
    world.reads.clear()
    assert ["new", "1", "2026-11-24-05"] in world.rows("SELECT * FROM hot")
    assert world.reads == ["hot/hour=2026-11-24-00/a.jsonl.gz", "hot/hour=2026-11-24-05/a.jsonl.gz"]


@pytest.mark.parametrize("hidden", ["_hour.json", ".part", "_temporary/a.json", "deep/.x/a.json"])
def test_hidden_objects_are_not_read(world: World, hidden: str) -> None:
    """What begins with _ or a full stop is no data; folders are searched."""
    world.put_lines(f"cold/05/{hidden}", "not Parquet")
    assert len(world.rows("SELECT * FROM cold")) == 2
    world.put_parquet("cold/05/deep/er/x", {"name": ["deep"], "n": [7]})
    assert len(world.rows("SELECT * FROM cold")) == 3


def test_a_limit_of_bytes_ends_a_query_before_it_reads(world: World) -> None:
    """A query over its limit fails without an object read; one below it does not."""
    assert world.failure("SELECT * FROM hot", bytes_limit=100) == "Bytes scanned limit was exceeded"
    assert not world.reads
    assert world.rows("SELECT * FROM hot WHERE hour = '2026-11-24-05'", bytes_limit=100)


def test_the_path_of_each_row(world: World) -> None:
    """ "$path" is there for those who name it."""
    found = world.rows("""SELECT "$path", n FROM hot WHERE hour = '2026-11-24-05'""")
    assert found == [["s3://data/hot/hour=2026-11-24-05/a.jsonl.gz", "5"]]
    assert len(world.run("""SELECT *, "$path" FROM hot""").columns) == 4


def test_partition_columns_have_their_types(world: World) -> None:
    """A partition column of a number is compared as one, Hive's name for none is NULL, and other text fails."""
    world.add_json("numbered", {"n": "bigint"}, keys={"part": "int"})
    for part in ("2", "10"):
        world.add_partition("numbered", [part], f"s3://data/numbered/{part}")
        world.put_lines(f"numbered/{part}/a", {"n": 1})
    assert world.rows("SELECT part FROM numbered WHERE part > 9") == [["10"]]
    world.add_partition("numbered", ["__HIVE_DEFAULT_PARTITION__"], "s3://data/numbered/none")
    world.put_lines("numbered/none/a", {"n": 5})
    assert world.rows("SELECT n, part FROM numbered WHERE part IS NULL") == [["5", None]]
    world.add_partition("numbered", ["x"], "s3://data/numbered/x")
    assert world.failure("SELECT * FROM numbered WHERE part > 9").startswith("HIVE_INVALID_PARTITION_VALUE")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        (
            "projection.hour.range",
            "",
            "INVALID_TABLE_PROPERTY: Table property 'projection.hour.range' is missing",
        ),
        (
            "projection.hour.type",
            "injected",
            "NOT_SUPPORTED: Partition projection of type 'injected' (column hour)",
        ),
        (
            "storage.location.template",
            "s3://data/hot/",
            "INVALID_TABLE_PROPERTY: storage.location.template has no",
        ),
        ("storage.location.template", "file:///${hour}", "NOT_SUPPORTED: Location 'file:///"),
    ],
)
def test_a_table_that_is_described_wrongly(world: World, name: str, value: str, message: str) -> None:
    """A property that is missing, wrong or not supported fails the queries that read the table, and is named."""
    world.catalog["lake"]["hot"]["Parameters"][name] = value
    assert world.failure("SELECT * FROM points").startswith(message)


def test_nothing_at_all(world: World) -> None:
    """A lake without objects and partitions has no rows."""
    world.bodies.clear()
    world.registered.clear()
    assert world.rows("SELECT * FROM points") == []
    assert world.rows("SELECT count(*), max(n) FROM points WHERE hour = '2026-11-24-05'") == [["0", None]]
