"""The engine runs statements side by side, and stops one when asked to."""

import gc
import threading
from collections.abc import Callable

import pytest

from emulator.athena.engine import Engine
from emulator.athena.engine.run import Run
from emulator.athena.outcome import QueryError
from emulator.athena.ports import StoredObject
from tests.support.athena_world import World


@pytest.fixture
def world() -> World:
    """A table of ten rows."""
    world = World()
    world.add_json("t", {"n": "bigint"})
    world.put_lines("t/a.gz", *({"n": n} for n in range(10)))
    return world


def test_a_query_is_stopped_from_another_thread(world: World) -> None:
    """Whoever has the function that stops it ends it while it runs, and it says so."""
    stops: list[Callable[[], None]] = []
    endless = (
        "SELECT count(*) FROM t a, t b, t c, t d, t e, t f, t g, t h, t i, t j, t k WHERE a.n + k.n > -1"
    )
    outcome = world.engine.run(endless, world.session(), stoppable=stops.append)
    timer = threading.Timer(0.3, stops[0])
    timer.start()
    with pytest.raises(QueryError, match="Query was cancelled") as stopped:
        list(outcome.rows)
    timer.join()
    assert (stopped.value.category, stopped.value.type) == (2, 1011)


def test_a_query_is_stopped_while_it_reads(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No object is read after it was stopped."""
    stops: list[Callable[[], None]] = []
    world.put_lines("t/b", {"n": 11})
    read = world.read

    def stopping(stored: StoredObject) -> bytes:
        stops[0]()
        return read(stored)

    monkeypatch.setattr(world, "read", stopping)
    with pytest.raises(QueryError, match="Query was cancelled"):
        world.engine.run("SELECT * FROM t", world.session(), stoppable=stops.append)
    assert world.reads == ["t/a.gz"]


def test_a_run_that_is_over_is_kept_by_nobody(world: World) -> None:
    """The function that stops it may be kept, and called, for as long as its owner likes; the connection is not."""
    stops: list[Callable[[], None]] = []
    session = world.session()
    list(world.engine.run("SELECT * FROM t", session, stoppable=stops.append).rows)
    unload = "UNLOAD (SELECT n FROM t) TO 's3://out/' WITH (format = 'JSON')"
    world.engine.run(unload, session, stoppable=stops.append)
    gc.collect()
    assert not [run for run in gc.get_objects() if isinstance(run, Run) and run.session is session]
    for stop in stops:
        stop()


def test_queries_side_by_side(world: World) -> None:
    """Each of many threads has its own answer."""
    found: dict[int, list[list[str | None]]] = {}

    def ask(number: int) -> None:
        found[number] = world.rows(f"SELECT sum(n) + {number}, count(*) FROM t")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [[str(45 + number), "10"]] for number in range(8)}


def test_kinds_are_told_before_a_run() -> None:
    """The kind of a statement is known without anything that it names."""
    assert Engine.statement("SELECT * FROM nowhere").word == "SELECT"


@pytest.mark.parametrize(
    ("sql", "message", "type_"),
    [
        (
            "SELECT x FROM t",
            "COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved or requester is not",
            1006,
        ),
        (
            "SELECT 1 FROM nope",
            "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.lake.nope' does not exist",
            1301,
        ),
        ("SELECT 1 FROM no.t", "SCHEMA_NOT_FOUND: line 1:15: Schema 'no' does not exist", 1301),
        ("SELECT 1 FROM c.lake.t", "CATALOG_NOT_FOUND: line 1:15: Catalog 'c' does not exist", 1006),
        ("SELECT nope(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'nope' not registered", 1006),
        (
            "SELECT n FROM t WHERE n = 'x'",
            "TYPE_MISMATCH: line 1:25: Cannot apply operator: bigint = varchar",
            1006,
        ),
        ("SELECT n FROM t a, t b", "AMBIGUOUS_NAME: line 1:8: Column 'n' is ambiguous", 1006),
        (
            "SELECT n, count(*) FROM t",
            "EXPRESSION_NOT_AGGREGATE: line 1:8: 'n' must be an aggregate expression",
            1006,
        ),
        (
            "SELECT n FROM t ORDER BY 2",
            "INVALID_COLUMN_REFERENCE: line 1:26: ORDER BY position 2 is not",
            1006,
        ),
        ("SELECT n / 0 FROM t", "DIVISION_BY_ZERO: Division by zero", 1001),
        ("SELECT CAST('x' || '' AS bigint)", "INVALID_CAST_ARGUMENT: Cannot cast 'x' to bigint", 1001),
        (
            "SELECT n * 9223372036854775807 FROM t",
            "NUMERIC_VALUE_OUT_OF_RANGE: multiplication overflow",
            1001,
        ),
        ("SELECT * FROM t TABLESAMPLE BERNOULLI (50)", "NOT_SUPPORTED: line 1:17: ", 1200),
    ],
)
def test_errors(world: World, sql: str, message: str, type_: int) -> None:
    """Errors have Trino's names, Athena's words, and its number for them."""
    with pytest.raises(QueryError) as failed:
        list(world.run(sql).rows)
    assert failed.value.message.lower().startswith(message.lower())
    assert (failed.value.category, failed.value.type) == (2, type_)
